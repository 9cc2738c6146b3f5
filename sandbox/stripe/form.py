"""The card form of the checkout page: read, checked, and shown again as typed."""

import re
from dataclasses import dataclass, field, replace

from sandbox import paypages
from sandbox.markup import Markup, element, joined

FIELDS = ("email", "number", "expiry", "cvc", "name")


@dataclass(frozen=True)
class Form:
    """What the guest typed, and what is wrong with it by field."""

    email: str = ""
    number: str = ""
    expiry: str = ""
    cvc: str = ""
    name: str = ""
    errors: dict[str, str] = field(default_factory=dict, kw_only=True)

    @classmethod
    def checked(cls, values: dict[str, str], now: int) -> "Form":
        """Read a sent form at sandbox time `now`."""
        form = cls(*(values.get(name, "").strip()[:200] for name in FIELDS))
        checks = {
            "email": bool(re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", form.email))
            or "Enter an e-mail address.",
            "number": paypages.is_plausible(form.number) or "Your card number is incomplete or invalid.",
            "expiry": paypages.expiry_error(form.expiry, now) or True,
            "cvc": bool(re.fullmatch(r"[0-9]{3,4}", form.cvc)) or "Your card’s security code is incomplete.",
            "name": bool(form.name) or "Enter the name on the card.",
        }
        return replace(form, errors={name: one for name, one in checks.items() if isinstance(one, str)})

    def filled_with(self, number: str, email: str, name: str) -> "Form":
        return replace(
            self,
            email=self.email or email,
            number=paypages.spaced(number),
            expiry="12 / 34",
            cvc="123",
            name=self.name or name,
        )

    @property
    def is_empty(self) -> bool:
        return not self.number

    def html(self) -> Markup:
        number = self._field("number", "Card number", "cc-number", "numeric", "1234 1234 1234 1234")
        expiry = self._field("expiry", "Expiry (MM / YY)", "cc-exp", "numeric", "MM / YY")
        cvc = self._field("cvc", "CVC", "cc-csc", "numeric", "CVC")
        pair = element("div", joined([expiry, cvc]), class_="pair")
        email = self._field("email", "E-mail", "email", "email", "")
        return joined([email, number, pair, self._field("name", "Name on card", "cc-name", "text", "")])

    def _field(self, name: str, label: str, autocomplete: str, mode: str, placeholder: str) -> Markup:
        return paypages.field(
            name,
            label,
            getattr(self, name),
            wrong=self.errors.get(name),
            is_focused=next(iter(self.errors), None) == name,
            kind="email" if name == "email" else "text",
            autocomplete=autocomplete,
            mode=mode,
            placeholder=placeholder,
        )
