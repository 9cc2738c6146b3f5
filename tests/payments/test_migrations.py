"""What was booked before accounts and modes were told apart, carried over as a site of that time would be."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Sum

from core import clock
from payments.ledger import posting as ledger
from payments.models import (
    Drift,
    LedgerCheckpoint,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    Payout,
    ProviderAccount,
)
from payments.payouts import services as payouts
from payments.payouts.balance import balance_of
from payments.payouts.due import preview
from payments.reconciliation import compare_ledger
from tests.payments import books
from tests.support.invariants import check_books

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE = [("payments", "0017_payouts_wait_for_funds")]


def migrate(targets: list[tuple[str, str]]) -> None:
    MigrationExecutor(connection).migrate(targets)


@contextmanager
def carried_over() -> Iterator[None]:
    """Take the schema back, and forward once more; whatever happens, it ends whole."""
    latest = [
        node for node in MigrationExecutor(connection).loader.graph.leaf_nodes() if node[0] == "payments"
    ]
    try:
        migrate(BEFORE)
    finally:
        migrate(latest)
    yield


def booked_to_clearing(venue) -> Payment:
    """A payment at the venue's own shop, as it used to be booked."""
    payment = books.captured(
        books.booking(venue=venue), provider="octo", fee_minor=150, provider_fee_minor=150
    )
    account = ProviderAccount.objects.create(venue=venue, shop_id=77, secret="s", unique_key="k")
    Payment.objects.filter(pk=payment.pk).update(account=account)
    return payment


def paid_out() -> None:
    payouts.begin_run()
    payouts.continue_run()
    payouts.close(Payout.objects.latest("pk").pk, "paid")


def test_money_of_own_shops_is_moved_by_new_transactions_and_all_balances():
    venue = books.payable_venue()
    payment = booked_to_clearing(venue)
    written = list(LedgerTransaction.objects.values_list("key", flat=True))
    amounts = list(LedgerEntry.objects.order_by("pk").values_list("account", "amount_minor"))

    with carried_over():
        totals = ledger.balances(transaction__payment=payment)

    assert list(LedgerTransaction.objects.values_list("key", flat=True)) == [
        *written,
        f"own-shop:{payment.pk}",
    ]
    assert (
        list(LedgerEntry.objects.order_by("pk").values_list("account", "amount_minor"))[: len(amounts)]
        == amounts
    )
    assert {account: total for account, total in totals.items() if total} == {
        "venue_shop": 9_850, "venue": -8_850, "platform_fee": -1_000,
    }  # fmt: skip
    assert compare_ledger.differences_of(payment.pk) is None
    assert [(due.amount_minor, due.reason) for due in preview(clock.now())] == [(-1_000, "negative")]
    assert not Drift.objects.exists()
    check_books()


def test_payout_of_what_an_own_shop_had_is_owed_back_and_told_staff():
    venue = books.payable_venue()
    payment = booked_to_clearing(venue)
    Payment.objects.filter(pk=payment.pk).update(account=None)
    paid_out()
    Payment.objects.filter(pk=payment.pk).update(account=ProviderAccount.objects.get())

    with carried_over():
        (balance,) = balance_of(venue)

    assert (balance.owed_minor, balance.paid_out_minor) == (-10_000, 9_000)
    drift = Drift.objects.get()
    assert (drift.kind, drift.payment, drift.state) == ("own_shop", payment, "open")
    assert drift.ours == "paid out 9000 EUR (minor units)"


def test_rows_take_their_payments_mode_once_and_by_hand_the_sites(settings):
    settings.STRIPE_IS_LIVE = True
    venue = books.payable_venue()
    tested = books.captured(books.booking(venue=venue), is_live=False)
    real = books.captured(books.booking(venue=venue, total_minor=5_000), is_live=True)
    by_hand = books.captured(books.booking(venue=venue, total_minor=2_000), provider="offline", is_live=False)
    LedgerCheckpoint.objects.create(
        venue=venue, account="venue", currency="EUR", up_to_entry=1, balance_minor=1
    )

    with carried_over():
        modes = dict(LedgerTransaction.objects.filter(kind="capture").values_list("payment", "is_live"))

    assert modes == {tested.pk: False, real.pk: True, by_hand.pk: True}
    assert LedgerEntry.objects.filter(is_live=True, account="venue").aggregate(Sum("amount_minor")) == {
        "amount_minor__sum": -6_300
    }
    assert not LedgerCheckpoint.objects.exists()
    assert [due.amount_minor for due in preview(clock.now())] == [6_300]
    check_books()


def test_payout_of_test_money_of_a_live_site_is_told_staff(settings):
    venue = books.payable_venue()
    books.captured(books.booking(venue=venue), is_live=False)
    paid_out()
    settings.STRIPE_IS_LIVE = True

    with carried_over():
        payout = Payout.objects.select_related("run").get()

    assert (payout.is_live, payout.run.is_live) == (False, False)
    drift = Drift.objects.get()
    assert (drift.kind, drift.provider_ref, drift.theirs) == ("mode", payout.key, "test money in it")
    check_books()


def test_payout_that_mixed_both_keeps_the_sites_mode_and_is_told_staff(settings):
    settings.STRIPE_IS_LIVE = True
    venue = books.payable_venue()
    tested = books.captured(books.booking(venue=venue, total_minor=2_000), is_live=True)
    books.captured(books.booking(venue=venue), is_live=True)
    paid_out()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE payments_payment SET is_live = false WHERE id = %s", [tested.pk])
        cursor.execute("SET session_replication_role = DEFAULT")

    with carried_over():
        (balance,) = balance_of(venue)

    # What was paid for test money is owed back.
    assert balance.owed_minor == -1_800
    assert Drift.objects.get().theirs == "test and real money in it"


def test_ledger_stays_append_only_after_it():
    books.captured(books.booking())

    with carried_over(), pytest.raises(Exception, match="append-only"):
        LedgerTransaction.objects.update(is_live=True)
