"""Where a venue's payouts go: read from its settings once, at the run, and frozen as text on the payout."""

import json
from dataclasses import asdict, dataclass

from django.urls import reverse

from payments.models import PaymentSettings, Payout
from payments.payouts.bank_files import BankAccount
from rooms.models import Venue
from rooms.team.approval import Check


@dataclass(frozen=True)
class Payee:
    """A bank account with its holder, or an account at Stripe; `destination` is as much of it as a payout shows."""

    method: str
    holder: str = ""
    number: str = ""
    bank_code: str = ""
    connected_account: str = ""

    @property
    def destination(self) -> str:
        """acct_…, or the last four digits of the bank account; empty where the details are missing."""
        if self.method == Payout.Method.STRIPE:
            return self.connected_account
        return self.number[-4:] if self.holder else ""

    def freeze(self) -> str:
        """Return it as text, to be kept encrypted."""
        return json.dumps(asdict(self), ensure_ascii=False)


def payee_of(settings: PaymentSettings | None) -> Payee:
    """Return whom a venue with these settings wants paid by now."""
    if settings is None:
        return Payee(method="")
    if settings.payout_method == PaymentSettings.Method.STRIPE:
        return Payee(method=settings.payout_method, connected_account=settings.stripe_account_ref)
    return Payee(
        method=settings.payout_method, holder=settings.account_holder, number=settings.bank_account,
        bank_code=settings.bank_code,
    )  # fmt: skip


def problem_of(settings: PaymentSettings | None) -> str:
    """Return why Stripe would not pay the account that payouts go to, as far as it was asked; or nothing."""
    if settings is None or settings.payout_method != PaymentSettings.Method.STRIPE:
        return ""
    return settings.stripe_account_problem


def bank_account_of(payout: Payout) -> BankAccount | None:
    """Return the bank account frozen on a payout; None where none was (a payout from before they were kept)."""
    if not payout.payee:
        return None
    payee = Payee(**json.loads(payout.payee))
    return BankAccount(payee.holder, payee.number, payee.bank_code)


def payee_check(venue: Venue) -> Check:
    """Whether the venue says where its money goes; see settings.VENUE_CHECKS."""
    settings = PaymentSettings.objects.filter(venue=venue).first()
    path = reverse("admin:payments_venuepayments_change", args=[venue.pk])
    is_payable = bool(payee_of(settings).destination) and not problem_of(settings)
    return Check("Payee: where your money goes", is_payable, path)
