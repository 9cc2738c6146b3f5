"""Money at Stripe against clearing: every movement of the balance and the sums, fees and payouts to our bank too."""

import datetime as dt

import pytest
from django.db import connection
from django.urls import reverse

from core import clock
from payments import tasks
from payments.ledger import posting as ledger
from payments.models import Dispute, Drift, LedgerEntry, LedgerTransaction, Payment, ReconciliationRun
from payments.providers.stripe.balance import stripe_balance
from payments.providers.stripe.client import platform_account
from payments.reconciliation import compare_balance, runs
from payments.reconciliation import services as discrepancies
from payments.reconciliation.compare_balance import Standing, standings_now
from payments.reconciliation.fixes import CannotMend
from tests.payments.comparing import delete, look, run
from tests.payments.conftest import Journey
from tests.payments.lifecycle.test_dispute_tracking import FRAUDULENT, confirmed
from tests.payments.octo_way import OctoJourney, own_account
from tests.payments.paying_out import payout
from tests.support import factories

# 2.9 % of 200.00 and 0.30; a dispute costs 15.00.
PRICE, FEE, DISPUTE_FEE = 20_000, 610, 1_500


@pytest.fixture
def taken(journey):
    """A booking of €200.00, taken by card long enough ago to be compared."""
    confirmed(journey)
    journey.advance(minutes=11)
    return journey


def standing() -> list[tuple[str, int, int]]:
    return [(one.currency, one.ours_minor, one.theirs_minor) for one in standings_now()]


def money() -> Drift:
    return Drift.objects.get(kind="money")


def unbook(key: str) -> None:
    """Take a movement out of the ledger, past the trigger that keeps it as it is."""
    movement = LedgerTransaction.objects.get(key=key)
    with connection.cursor() as cursor:
        # What waits to be checked at the end is checked now, while it is whole.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    delete("DELETE FROM payments_ledgerentry WHERE transaction_id = %s", movement.pk)
    delete("DELETE FROM payments_ledgertransaction WHERE id = %s", movement.pk)


def test_clearing_is_what_the_account_holds_and_has_paid_out(taken):
    before = standing()
    taken.sandbox.control("account", {"account": "platform", "schedule": "daily"})
    taken.advance(days=4)

    assert before == standing() == [("EUR", PRICE - FEE, PRICE - FEE), ("GBP", 0, 0), ("USD", 0, 0)]
    assert dict(stripe_balance().paid_out(clock.now())) == {"EUR": PRICE - FEE}
    assert look() == []


def test_dispute_and_transfer_are_compared_and_agree(due):
    payout()
    tasks.sweep_payouts()
    confirmed(other := Journey(due.sandbox), FRAUDULENT)
    other.sync()

    due.advance(minutes=11)

    kinds = {one.kind for one in stripe_balance().movements(clock.now() - dt.timedelta(days=30), clock.now())}
    assert kinds == {"charge", "adjustment", "transfer"}
    assert look() == []


def test_transfer_taken_back_weeks_later_is_found_though_no_message_came(due):
    made = payout()
    tasks.sweep_payouts()
    made.refresh_from_db()
    due.advance(days=20)
    platform_account().call(lambda client: client.v1.transfers.reversals.create(made.provider_ref, {}))
    due.advance(minutes=11)

    run()

    made.refresh_from_db()
    assert made.status == "returned"
    assert list(Drift.objects.values_list("kind", "state")) == [("money", "mended")]
    assert standing()[0] == ("EUR", PRICE - FEE, PRICE - FEE)


def test_fee_of_a_dispute_that_is_not_booked_is_found_with_its_amount(journey):
    """Rows and ledger agree with each other, and both are wrong: only the balance tells."""
    confirmed(journey, FRAUDULENT)
    journey.sync()
    journey.advance(minutes=11)
    dispute = Dispute.objects.get()
    unbook(f"dispute-fee:{dispute.pk}")
    Dispute.objects.update(fee_minor=0)

    found = look()

    assert found == [
        ("money", "clearing −€200.00", "adjustment −€215.00"),
        ("money", "clearing −€6.10", "held and paid out −€21.10"),
    ]


def test_movement_that_differs_is_shown_with_amount_account_and_mode(taken, client):
    movement = LedgerTransaction.objects.get(key=f"capture:{taken.payment.pk}")
    to_shop = "UPDATE payments_ledgerentry SET account = 'venue_shop' WHERE account = 'clearing'"
    delete(f"{to_shop} AND transaction_id = %s", movement.pk)
    run()

    drift = Drift.objects.get(kind="money", provider_ref__startswith="txn_")
    client.force_login(factories.staff())
    page = client.get(reverse("admin:payments_drift_changelist")).content.decode()

    assert (drift.payment, drift.booking) == (taken.payment, taken.booking)
    assert (drift.amount_minor, drift.currency, drift.account, drift.is_live) == (PRICE, "EUR", None, False)
    assert (drift.ours, drift.theirs) == ("clearing −€6.10", "charge €193.90")
    assert "€200.00" in page
    assert "The platform’s" in page
    with pytest.raises(CannotMend, match=r"Still clearing −€6\.10 here, charge €193\.90 there"):
        discrepancies.mend(drift.pk, by=None)


def test_lost_message_of_a_fee_is_healed_by_looking(taken):
    unbook(f"processing-fee:{taken.payment.pk}")
    Payment.objects.update(provider_fee_minor=None)

    run()

    assert set(Drift.objects.values_list("kind", "state")) <= {("amount", "mended"), ("money", "mended")}
    assert standing()[0] == ("EUR", PRICE - FEE, PRICE - FEE)


def test_money_that_stripe_took_by_itself_waits_for_staff_until_they_set_it_aside(taken):
    taken.sandbox.control("account", {"account": "platform", "fee_minor": 700, "currency": "eur"})
    taken.advance(minutes=11)
    run()

    open_ = list(Drift.objects.order_by("pk").values_list("ours", "theirs", "amount_minor", "state"))
    for drift in Drift.objects.all():
        discrepancies.set_aside(drift.pk, note="Booked by hand", by=factories.staff())
    again = run()

    assert open_ == [
        ("nothing", "stripe fee −€7.00", -700, "open"),
        ("clearing €193.90", "held and paid out €186.90", -700, "open"),
    ]
    assert (again.found, Drift.objects.filter(state="open").count()) == (0, 0)


def test_difference_in_sum_that_grows_after_it_was_set_aside_is_told_again(taken):
    for fee in (700, 300):
        taken.sandbox.control("account", {"account": "platform", "fee_minor": fee, "currency": "eur"})
        taken.advance(minutes=11)
        run()
        told = Drift.objects.get(state="open", provider_ref="balance EUR test").amount_minor
        for drift in Drift.objects.filter(state="open"):
            discrepancies.set_aside(drift.pk, note="Booked by hand", by=factories.staff())

    assert told == -1_000


def test_sum_that_is_right_again_closes_by_itself(taken):
    unbook(f"processing-fee:{taken.payment.pk}")
    run()
    ledger.post_processing_fee(taken.payment, taken.booking, FEE)
    taken.advance(minutes=11)

    run()

    assert not Drift.objects.filter(kind="money", state="open").exists()


def test_what_was_taken_a_moment_ago_is_no_difference(journey):
    confirmed(journey)

    assert standing() == [("EUR", 0, 0), ("GBP", 0, 0), ("USD", 0, 0)]


def test_entry_whose_money_is_not_in_the_balance_yet_keeps_the_sums_from_being_told(taken):
    movement = LedgerTransaction.objects.create(
        key="capture:0", kind="capture", booking=taken.booking, payment=taken.payment, currency="EUR"
    )
    for account, amount in (("clearing", 100), ("venue", -100)):
        LedgerEntry.objects.create(
            transaction=movement, account=account, venue=taken.room.venue, currency="EUR", amount_minor=amount
        )

    assert standings_now() is None


def test_amounts_exchanged_at_stripe_are_compared_one_by_one_alone(sandbox_of_dollars):
    confirmed(journey := Journey(sandbox_of_dollars))
    journey.advance(minutes=11)

    movement = next(stripe_balance().movements(clock.now() - dt.timedelta(days=1), clock.now()))

    assert (movement.settled_in, movement.currency, movement.amount_minor) == ("USD", "EUR", PRICE)
    assert standings_now() is None
    assert look() == []


@pytest.fixture
def sandbox_of_dollars(sandbox, settings):
    """The sandbox of an account with one bank account, in dollars."""
    from tests.sandbox.process import running

    with running(SANDBOX_STRIPE_SETTLEMENT="usd", SANDBOX_CLOCK_FILE=settings.SANDBOX_CLOCK_FILE) as other:
        settings.STRIPE_API_BASE = other.base
        yield other


def test_difference_at_a_venues_own_shop_names_the_shop(octo_sandbox, receiver):
    octo = OctoJourney(octo_sandbox, receiver)
    account = own_account(octo.room.venue, octo_sandbox, 77)
    octo.paid()
    Payment.objects.update(captured_minor=1)

    run("octo")

    drift = Drift.objects.filter(kind="ledger").get()
    assert (drift.account, drift.is_live) == (account, False)


def test_live_keys_compare_live_money_alone(taken, settings):
    settings.STRIPE_SECRET_KEY, settings.STRIPE_IS_LIVE, settings.OCTO_TEST = "sk_live_x", True, False

    assert standings_now() == [Standing(code, 0, 0) for code in ("EUR", "GBP", "USD")]
    assert look() == []
    settings.RECONCILE_HOUR = 0
    runs.nightly(seconds=60)
    assert not ReconciliationRun.objects.exists()


def test_sum_of_an_unknown_currency_asks_again_later(taken):
    assert compare_balance.differences_of("balance CHF test") is None
