"""What guest and host will see of a way to sell, step by step: for the room's page in the admin. Pure functions."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings

from core.dates import write_minutes
from core.money import format_minor
from rooms import sales_modes
from rooms.models import Room, Venue
from rooms.pricing.policies import tiers_in_short
from rooms.sales_modes import Approval, Capture

GUEST, HOST, SITE = "Guest", "Host", "Roomhold"
HELD, GOOD, QUIET = "held", "good", "quiet"
NOTHING = "Nothing moves"


@dataclass(frozen=True)
class Facts:
    """What of a room and its venue the steps depend on; `amount` as people write it, empty where it is free."""

    amount: str
    visit: str
    policy: str
    takes_online_payment: bool
    answer_hours: int
    hold_limit_minutes: int

    @property
    def pays_online(self) -> bool:
        return bool(self.amount) and self.takes_online_payment


@dataclass(frozen=True)
class Stage:
    """One step: who acts until when, what either side sees, and what becomes of the money (`tone`: its color)."""

    who: str
    title: str
    when: str
    guest: str
    host: str
    money: str
    tone: str = QUIET


@dataclass(frozen=True)
class Walk:
    """A way to sell from the first click to the last cent; `refusals` says why it is not to be had."""

    approval: str
    capture: str
    name: str
    stages: list[Stage]
    notes: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


def facts_of(room: Room) -> Facts:
    """Return what the steps depend on; a room without venue yet gets the usual values."""
    venue = room.venue if room.venue_id else Venue(currency="EUR")
    price = room.price_minor or 0
    is_new = not room.pk and not price
    return Facts(
        amount="the price" if is_new else format_minor(price, venue.currency) if price else "",
        visit=sales_modes.VISITS.get(room.kind, "visit"),
        policy=tiers_in_short(room.tiers),
        takes_online_payment=venue.takes_online_payment,
        answer_hours=venue.answer_hours,
        hold_limit_minutes=venue.hold_limit_minutes,
    )


def walks(room: Room) -> list[Walk]:
    """Return every combination of approval and capture for a room, those that are refused with their reason."""
    facts = facts_of(room)
    venue = Venue(hold_limit_minutes=facts.hold_limit_minutes)
    return [
        Walk(
            approval, capture, name, list(_stages(approval, capture, facts)), _notes(approval, capture, facts),
            sorted(set(sales_modes.refusals(venue, approval, capture).values())),
        )
        for (approval, capture), name in sales_modes.WAY_NAMES.items()
    ]  # fmt: skip


# --- the steps ------------------------------------------------------------------------------------------------


def _stages(approval: str, capture: str, facts: Facts) -> Iterator[Stage]:
    if not facts.pays_online:
        yield from _unpaid(approval, facts)
        return
    is_afterwards = capture == Capture.AFTER_COMPLETION
    if approval == Approval.AFTER_PAYMENT:
        yield _hold(facts, "Books and places the hold", f"{write_minutes(settings.PAYMENT_MINUTES)} to pay")
        yield _answer(facts, "Stays held. A no, or no answer, releases it", HELD)
        yield _sure(facts, HELD, "Stays held") if is_afterwards else _charged_by_yes(facts)
    elif approval == Approval.BEFORE_PAYMENT:
        yield _asked(facts)
        yield _answer(facts, NOTHING, QUIET)
        pay = _hold if is_afterwards else _paid
        title = "Places the hold: confirmed" if is_afterwards else "Pays: confirmed"
        yield pay(facts, title, "12 hours, or until the start; then the booking expires")
    else:
        pay = _hold if is_afterwards else _paid
        title = "Books and places the hold: confirmed" if is_afterwards else "Books and pays: confirmed"
        yield pay(facts, title, f"{write_minutes(settings.PAYMENT_MINUTES)} to pay")
    if is_afterwards:
        yield from _charged_afterwards(facts)


def _hold(facts: Facts, title: str, when: str) -> Stage:
    is_sure = title.endswith("confirmed")
    host = "A confirmed booking" if is_sure else "Nothing until the money is held; then a request"
    return Stage(
        GUEST, title, when,
        guest=f"“Held, not taken: {facts.amount}”, then the payment page.", host=f"{host}, and a mail.",
        money=f"{_sentence(facts.amount)} held", tone=HELD,
    )  # fmt: skip


def _asked(facts: Facts) -> Stage:
    return Stage(
        GUEST, "Sends a request", "",
        guest="“Ask first, pay after.” No card is asked for.",
        host="A request in the inbox, and a mail. The time is set aside.", money=NOTHING,
    )  # fmt: skip


def _answer(facts: Facts, money: str, tone: str) -> Stage:
    return Stage(
        HOST, "Answers: approve or decline",
        f"{_hours(facts.answer_hours)}, by the start at the latest",
        guest="“Awaiting the host”, and the time left to answer.",
        host="Approve and Decline; reminders at half time and 2 hours before the end.", money=money, tone=tone,
    )  # fmt: skip


def _charged_by_yes(facts: Facts) -> Stage:
    return Stage(
        SITE, "Charges the card and confirms", "seconds after your yes",
        guest="“You're booked”, and a mail with the calendar entry.", host="Confirmed, and the money under Payments.",
        money=f"{_sentence(facts.amount)} charged", tone=GOOD,
    )  # fmt: skip


def _sure(facts: Facts, tone: str, money: str) -> Stage:
    return Stage(
        SITE, "Confirms", "with your yes", guest="“You're booked”, and a mail with the calendar entry.",
        host="Confirmed.", money=money, tone=tone,
    )  # fmt: skip


def _paid(facts: Facts, title: str, when: str) -> Stage:
    return Stage(
        GUEST, title, when,
        guest=f"“Pay {facts.amount}” on the booking's page and in the mail, then “You're booked”.",
        host="A confirmed booking, and a mail.", money=f"{_sentence(facts.amount)} charged", tone=GOOD,
    )  # fmt: skip


def _charged_afterwards(facts: Facts) -> Iterator[Stage]:
    yield Stage(
        HOST, f"Completes the {facts.visit}",
        "once it began; else by itself 24 hours after its end, at the latest 2 hours before the hold ends",
        guest="“Thank you for your visit”.", host="Complete, on the booking's page.", money="Stays held", tone=HELD,
    )  # fmt: skip
    yield Stage(
        SITE, "Charges the card", "30 minutes later, always before the hold ends",
        guest="The charge on the booking's page.", host="The money under Payments.",
        money=f"{_sentence(facts.amount)} charged", tone=GOOD,
    )  # fmt: skip


def _unpaid(approval: str, facts: Facts) -> Iterator[Stage]:
    money = f"{_sentence(facts.amount)} paid at the venue" if facts.amount else "Nothing to pay"
    if approval == Approval.NONE:
        yield Stage(
            GUEST, "Books: confirmed at once", "", guest="“You're booked”, and a mail with the calendar entry.",
            host="A confirmed booking, and a mail.", money=money,
        )  # fmt: skip
        return
    yield Stage(
        GUEST, "Sends a request", "", guest="“The host answers your request.”",
        host="A request in the inbox, and a mail. The time is set aside.", money=money,
    )  # fmt: skip
    yield _answer(facts, NOTHING, QUIET)
    yield _sure(facts, GOOD, money)


# --- what else to know ----------------------------------------------------------------------------------------


def _notes(approval: str, capture: str, facts: Facts) -> list[str]:
    notes = []
    if capture == Capture.AFTER_COMPLETION and facts.pays_online:
        reach = facts.hold_limit_minutes - int(sales_modes.HOLD_RESERVE.total_seconds() // 60)
        notes.append(
            f"A card stays held for {_span(facts.hold_limit_minutes)}. Any {facts.visit} that ends later than "
            f"{_span(reach)} after booking is charged at confirmation instead; the guest is told before paying."
        )
    elif approval == Approval.AFTER_PAYMENT and facts.pays_online:
        notes.append(
            f"The card stays held for {_span(facts.hold_limit_minutes)} at most; the time to answer always ends before."
        )
    before = "" if approval == Approval.NONE else " Before your yes: everything."
    notes.append(f"If the guest cancels: {facts.policy}.{before}")
    notes.append("If you cancel: everything goes back to the guest.")
    return notes


def _hours(count: int) -> str:
    return f"{count} hour{'' if count == 1 else 's'}"


def _span(minutes: int) -> str:
    """Write `7 days`, `6 days 12 hours`, `30 minutes`."""
    days, rest = divmod(max(minutes, 0), 24 * 60)
    parts = [write_minutes(days * 24 * 60)] if days else []
    return " ".join([*parts, write_minutes(rest)] if rest or not parts else parts)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
