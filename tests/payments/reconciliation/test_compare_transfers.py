"""Transfers to venues, compared with Stripe's own list of them."""

import pytest

from core import clock
from payments.ledger import posting as ledger
from payments.models import Drift, Payout, PayoutRun
from payments.providers.stripe.client import platform_account
from payments.providers.stripe.connect import stripe_connect
from payments.reconciliation import services as discrepancies
from payments.reconciliation.fixes import CannotMend
from tests.payments.comparing import look, run


@pytest.fixture
def confirmed(journey):
    journey.authorize()
    journey.approve()
    journey.work()
    return journey


@pytest.fixture
def transferred(confirmed) -> Payout:
    """A payout of €100.00 that was transferred to a venue's account."""
    account = platform_account().client.v1.accounts.create({"type": "express", "country": "FR"}).id
    confirmed.sandbox.control("account", {"account": account, "state": "enabled"})
    confirmed.advance(days=3)
    sent = stripe_connect().transfer(
        amount_minor=10_000, currency="EUR", destination=account, group="PO-1", key="PO-1"
    )
    now = clock.now()
    made = Payout.objects.create(
        run=PayoutRun.objects.create(cutoff_at=now), venue=confirmed.room.venue, currency="EUR", key="PO-1",
        amount_minor=10_000, method="stripe", status="paid", provider_ref=sent.ref, sent_at=now, closed_at=now,
    )  # fmt: skip
    ledger.post_payout(made)
    ledger.post_payout_paid(made)
    return made


def test_transfer_that_agrees_is_no_difference(transferred):
    assert look() == []


def test_transfer_of_another_amount_waits_for_staff(transferred):
    Payout.objects.update(amount_minor=9_000)

    run()

    drift = Drift.objects.get()
    assert (drift.kind, drift.provider_ref, drift.state) == ("amount", transferred.provider_ref, "open")
    assert drift.ours == "payout of €90.00"
    assert drift.theirs.startswith("transfer of €100.00 to acct_")
    with pytest.raises(CannotMend, match=r"Still payout of €90\.00 here"):
        discrepancies.mend(drift.pk, by=None)


def test_transfer_without_payout_is_reported(transferred):
    Payout.objects.update(key="PO-2")

    assert [(kind, ours) for kind, ours, _theirs in look()] == [
        ("unknown_here", "no such payout"), ("unknown_there", "payout of €100.00"),
    ]  # fmt: skip
