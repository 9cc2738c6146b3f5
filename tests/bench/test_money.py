"""What the payout run and balances are measured on: bookings whose shares are those of the product."""

from typing import Any

import pytest
from django.db import connection

from bench import money_run
from bench.report import Results
from bookings.models import Booking
from payments.models import LedgerEntry, Payout, PayoutLine
from payments.payouts import services as payouts
from tests.support.invariants import check_books


@pytest.mark.django_db
def test_rows_filled_in_are_shared_as_the_product_does_and_paid_by_a_run():
    rooms = money_run._venues(2)
    values: dict[str, Any] = {"rooms": rooms, "venues": 2, "first": 1, "last": 10}

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for block in money_run.STATEMENTS.read_text().split("\n\n")[1:]:
            cursor.execute(block, values)
        cursor.execute("SET session_replication_role = DEFAULT")
    payouts.begin_run()
    payouts.continue_run()

    assert Booking.objects.count() == 10
    assert LedgerEntry.objects.filter(transaction__kind="capture").count() == 10 * money_run.ENTRIES_EACH
    assert (Payout.objects.count(), PayoutLine.objects.count()) == (2, 10)
    check_books()


@pytest.mark.parametrize(
    ("seconds", "grown", "p99", "met"),
    [(59.9, 49, 49.9, [True] * 3), (60.1, 51, 50.1, [False] * 3)],
)
def test_targets_of_money(seconds, grown, p99, met):
    measured = {"run": {"seconds": seconds, "memory_grew_mb": grown}, "balance": {"ledger_p99_ms": p99}}

    assert [target.is_met for target in Results({}, money=measured).targets()] == met
