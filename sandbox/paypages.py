"""What the pay pages of all providers share: answers to a browser, fields of a form, card numbers, guests on order."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.markup import Markup, element, joined, render

SEE_OTHER = 303


class BadVisit(ValueError):
    """A visit that no guest could make; the message says why."""


@dataclass(frozen=True)
class Page:
    """An answer to the browser: HTML, or a place to go."""

    status: int
    html: str = ""
    location: str = ""


def framed(title: str, content: Markup) -> str:
    return render("page.html", title=f"{title} · sandbox", stylesheet="checkout.css", content=content)


def notice(status: int, merchant: str, heading: str, text: str, url: str | None, label: str) -> Page:
    """A page that only says how things are, with one way on."""
    link = element("p", element("a", label, href=url)) if url else Markup()
    content = render("notice.html", merchant=merchant, heading=heading, text=text, link=link)
    return Page(status, framed(heading, content))


def field(
    name: str,
    label: str,
    value: str,
    *,
    wrong: str | None = None,
    is_focused: bool = False,
    kind: str = "text",
    autocomplete: str = "off",
    mode: str = "text",
    placeholder: str = "",
) -> Markup:
    """One labeled input; `wrong` is shown below it and tied to it."""
    box = element(
        "input",
        id=name,
        name=name,
        value=value,
        type=kind,
        inputmode=mode,
        autocomplete=autocomplete,
        placeholder=placeholder or None,
        required=True,
        autofocus=is_focused,
        aria_invalid="true" if wrong else None,
        aria_describedby=f"{name}-wrong" if wrong else None,
    ).removesuffix("</input>")
    parts = [element("label", label, for_=name), Markup(box)]
    if wrong:
        parts.append(element("span", wrong, class_="wrong", id=f"{name}-wrong"))
    return element("div", joined(parts), class_="field")


def is_plausible(number: str) -> bool:
    """Twelve to nineteen digits that pass the check digit."""
    digits = bare(number)
    if not (digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19):
        return False
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + position % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def bare(number: str) -> str:
    return number.replace(" ", "").replace("-", "")


def spaced(number: str) -> str:
    """As printed on a card: groups of four, or 4-6-5 for American Express."""
    digits = bare(number)
    if digits[:2] in ("34", "37"):
        return f"{digits[:4]} {digits[4:10]} {digits[10:]}"
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def expiry_error(typed: str, now: int) -> str:
    """What is wrong with a card's expiry date at sandbox time `now`; empty for nothing."""
    match = re.fullmatch(r"(0?[1-9]|1[0-2])\s*/?\s*(?:20)?([0-9]{2})", typed)
    if match is None:
        return "Your card’s expiry date is incomplete."
    today = datetime.fromtimestamp(now, UTC)
    if (2000 + int(match[2]), int(match[1])) < (today.year, today.month):
        return "Your card’s expiry date is in the past."
    return ""
