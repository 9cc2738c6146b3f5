"""Payouts through Stripe Connect, over HTTP against the sandbox, faults included."""

import pytest

from core import clock
from payments import tasks
from payments.ledger import posting as ledger
from payments.models import PaymentSettings, Payout
from payments.payouts import services as payouts
from payments.payouts import transfers
from payments.providers.base import Misconfigured, Unavailable
from tests.payments.paying_out import connected_account, payout, theirs
from tests.support.invariants import check_books

Status = Payout.Status


def test_transfer_goes_to_the_account_of_the_run_though_the_payee_was_changed_since(due):
    made = payout()
    PaymentSettings.objects.update(stripe_account_ref="acct_1OtherAccount")

    tasks.sweep_payouts()

    [transfer] = theirs(due)
    assert (transfer["destination"], transfer["amount_minor"]) == (made.destination, 18_000)


def test_payout_is_transferred_and_paid(due):
    made = payout()

    tasks.sweep_payouts()

    made.refresh_from_db()
    [transfer] = theirs(due)
    assert (made.status, made.provider_ref, made.amount_minor) == ("paid", transfer["id"], 18_000)
    assert (transfer["amount_minor"], transfer["currency"].upper()) == (18_000, "EUR")
    assert (transfer["destination"], transfer["transfer_group"]) == (made.destination, made.key)
    assert ledger.balances(transaction__payout=made) == {"venue": 18_000, "payout": 0, "clearing": -18_000}
    check_books()


def test_sending_twice_transfers_once(due):
    made = payout()

    transfers.send(made.pk)
    transfers.send(made.pk)

    assert due.effects["transfer"] == 1


@pytest.mark.parametrize(
    "fault", ["timeout_after", "reset", "error_500", "error_429", "html_502", "stored_500"]
)
def test_payout_whose_answer_is_lost_is_found_or_made_once(due, fault):
    made = payout()
    due.fault("transfers.create", fault)

    with pytest.raises(Unavailable):
        transfers.send(made.pk)
    unknown = Payout.objects.get(pk=made.pk).status
    for _ in range(3):
        due.advance(minutes=1)
        tasks.sweep_payouts()

    made.refresh_from_db()
    assert unknown == "sending"
    if fault == "stored_500":
        # Stripe repeats this failure for as long as the key lives: nothing was moved, the venue is owed it again.
        assert (made.status, due.effects.get("transfer", 0)) == ("failed", 0)
    else:
        assert (made.status, due.effects["transfer"]) == ("paid", 1)
        assert made.provider_ref == theirs(due)[0]["id"]
    check_books()


def test_transfer_done_but_unanswered_is_read_and_not_asked_for_again(due):
    made = payout()
    due.fault("transfers.create", "timeout_after")
    with pytest.raises(Unavailable):
        transfers.send(made.pk)
    due.fault("transfers.create", "error_500", times=9)  # a second try would fail
    due.advance(minutes=1)

    transfers.send(made.pk)

    made.refresh_from_db()
    assert made.status == "paid"


def test_process_killed_before_the_call_is_made_good_by_the_sweep(due):
    made = payout()
    transfers._lease(made.pk)  # the process dies here

    tasks.sweep_payouts()
    in_lease = Payout.objects.get(pk=made.pk).status
    due.advance(minutes=1)
    tasks.sweep_payouts()

    made.refresh_from_db()
    assert (in_lease, made.status, due.effects["transfer"]) == ("sending", "paid", 1)


def test_account_that_may_not_be_paid_fails_the_payout_and_the_venue_is_owed_it_again(due):
    made = payout()
    due.sandbox.control("account", {"account": made.destination, "state": "restricted"})

    transfers.send(made.pk)

    made.refresh_from_db()
    assert made.status == "failed"
    assert "insufficient_capabilities_for_transfer" in made.error
    assert ledger.balances(transaction__payout=made) == {"venue": 0, "payout": 0}
    check_books()


def test_money_not_available_yet_waits_and_is_paid_when_it_is(journey):
    ref = connected_account(journey)
    PaymentSettings.objects.create(
        venue=journey.room.venue, payout_method="stripe", stripe_account_ref=ref, payout_delay_hours=0
    )
    journey.authorize()
    journey.approve()
    journey.work()
    journey.booking.starts_at = clock.now()  # begun today, charged today
    journey.booking.save(update_fields=["starts_at"])
    made = payout()
    transfers.send(made.pk)
    early = Payout.objects.get(pk=made.pk)
    journey.advance(days=3)

    transfers.send(made.pk)

    made.refresh_from_db()
    assert (early.status, early.error.split(":")[0]) == ("waiting", "balance_insufficient")
    assert (made.status, made.error, journey.effects["transfer"]) == ("paid", "", 1)
    check_books()


def test_wrong_key_leaves_the_payout_under_way_for_staff_to_mend(due, settings):
    made = payout()
    settings.STRIPE_SECRET_KEY = ""

    with pytest.raises(Misconfigured):
        transfers.send(made.pk)

    made.refresh_from_db()
    assert (made.status, "STRIPE_SECRET_KEY" in made.error) == ("sending", True)


def test_transfer_taken_back_at_stripe_is_marked_returned_by_staff(due):
    made = payout()
    transfers.send(made.pk)

    payouts.close(made.pk, Status.RETURNED, reason="Reversed in Stripe's dashboard")

    assert set(ledger.balances(transaction__payout=made).values()) == {0}
    check_books()
