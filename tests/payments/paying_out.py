"""Payouts to a venue's account at Stripe, for tests about what comes of them."""

from typing import TYPE_CHECKING

from payments.models import Payout
from payments.payouts import services as payouts
from payments.providers.stripe.client import platform_account

if TYPE_CHECKING:
    from tests.payments.conftest import Journey


def connected_account(journey: "Journey", *, state: str = "enabled") -> str:
    account = platform_account().call(
        lambda client: client.v1.accounts.create({"type": "express", "country": "FR"})
    )
    if state:
        journey.sandbox.control("account", {"account": account.id, "state": state})
    return account.id


def payout() -> Payout:
    """The payout a run makes of it, not sent yet."""
    payouts.begin_run()
    payouts.continue_run()
    return Payout.objects.latest("pk")


def theirs(journey: "Journey") -> list[dict]:
    return journey.sandbox.control("books")["stripe"]["transfers"]
