"""The card form of the pay page: read, checked, and shown again as typed."""

import re
from dataclasses import dataclass, field, replace

from sandbox import paypages
from sandbox.markup import Markup, element, joined

LOCAL = ("8600", "9860", "5614")  # Uzcard and Humo have no CVC


@dataclass(frozen=True)
class Form:
    """What the guest typed, and what is wrong with it by field."""

    number: str = ""
    expiry: str = ""
    cvc: str = ""
    errors: dict[str, str] = field(default_factory=dict, kw_only=True)

    @classmethod
    def checked(cls, values: dict[str, str], now: int) -> "Form":
        """Read a sent form at sandbox time `now`."""
        form = cls(*(values.get(name, "").strip()[:60] for name in ("number", "expiry", "cvc")))
        errors = {}
        if not paypages.is_plausible(form.number):
            errors["number"] = "The card number is incomplete or invalid."
        if wrong := paypages.expiry_error(form.expiry, now):
            errors["expiry"] = wrong
        if not (form.is_local or re.fullmatch(r"[0-9]{3}", form.cvc)):
            errors["cvc"] = "Three digits from the back of the card."
        return replace(form, errors=errors)

    @classmethod
    def filled_with(cls, number: str) -> "Form":
        form = cls(paypages.spaced(number), "12 / 34")
        return form if form.is_local else replace(form, cvc="123")

    @property
    def is_local(self) -> bool:
        return paypages.bare(self.number).startswith(LOCAL)

    def html(self) -> Markup:
        number = self._field("number", "Card number", "cc-number", "0000 0000 0000 0000")
        expiry = self._field("expiry", "Expiry (MM / YY)", "cc-exp", "MM / YY")
        cvc = self._field("cvc", "CVC (if any)", "cc-csc", "")
        return joined([number, element("div", joined([expiry, cvc]), class_="pair")])

    def _field(self, name: str, label: str, autocomplete: str, placeholder: str) -> Markup:
        return paypages.field(
            name,
            label,
            getattr(self, name),
            wrong=self.errors.get(name),
            is_focused=next(iter(self.errors), None) == name,
            autocomplete=autocomplete,
            mode="numeric",
            placeholder=placeholder,
        )
