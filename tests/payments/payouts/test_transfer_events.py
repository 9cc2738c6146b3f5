"""Messages about transfers and connected accounts: they find the payout, which is then asked for at Stripe."""

import pytest

from payments.models import Drift, Payout
from payments.payouts import transfers
from payments.providers.stripe.client import platform_account
from payments.webhooks import stripe as stripe_inbox
from tests.payments.paying_out import payout
from tests.payments.webhooks.test_event_types import bring, events_of
from tests.support.invariants import check_books


def event_of(journey, kind: str) -> dict:
    return [event for event in events_of(journey) if event["type"] == kind][-1]


def take_back(made: Payout, amount_minor: int) -> None:
    """Somebody reverses a transfer in Stripe's dashboard."""
    platform_account().call(
        lambda client: client.v1.transfers.reversals.create(made.provider_ref, {"amount": amount_minor})
    )


@pytest.fixture
def paid(due) -> Payout:
    made = payout()
    transfers.send(made.pk)
    made.refresh_from_db()
    return made


def test_message_of_a_transfer_finds_its_payout_and_changes_nothing(due, paid):
    row = bring(event_of(due, "transfer.created"))

    assert (row.outcome, row.note) == ("processed", "payout paid")
    assert due.effects["transfer"] == 1
    check_books()


def test_transfer_taken_back_at_stripe_returns_the_payout_and_owes_it_again(due, paid):
    take_back(paid, paid.amount_minor)
    row = bring(event_of(due, "transfer.reversed"))

    paid.refresh_from_db()
    assert (row.note, paid.status) == ("payout returned", "returned")
    check_books()


def test_transfer_taken_back_in_part_is_flagged_for_staff(due, paid):
    take_back(paid, 1_000)
    bring(event_of(due, "transfer.reversed"))

    paid.refresh_from_db()
    assert paid.status == "paid"
    assert Drift.objects.get().theirs == "€10.00 taken back"


def test_message_of_an_account_lets_its_waiting_payout_go(due):
    made = payout()
    due.sandbox.control("account", {"account": made.destination, "state": "enabled"})
    row = bring(event_of(due, "account.updated"))

    made.refresh_from_db()
    assert (row.outcome, row.note, made.status) == ("processed", "1 waiting payouts tried", "paid")


def test_provider_out_of_reach_leaves_the_message_waiting(due, paid):
    take_back(paid, paid.amount_minor)
    event = event_of(due, "transfer.reversed")
    due.fault("transfers.list", "error_500")
    row = bring(event)

    assert (row.outcome, row.attempts) == ("waiting", 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "note"),
    [("transfer.created", "not a transfer of ours"), ("account.updated", "not an account of a venue")],
)
def test_message_of_a_strange_transfer_or_account_is_ignored(kind, note):
    found = stripe_inbox.subject_of({"type": kind, "livemode": False, "data": {"object": {"id": "x_1"}}})

    assert found == stripe_inbox.Subject(ignored=note)
