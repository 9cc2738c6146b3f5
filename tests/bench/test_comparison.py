"""What the nightly comparison is measured on: rows that agree with their ledger, and the targets of its figures."""

import uuid
from typing import Any

import pytest
from django.db import connection

from bench import comparison, comparison_run
from bench.report import Results
from payments.models import LedgerEntry, Payment
from payments.reconciliation import compare_ledger
from tests.support import factories


@pytest.mark.django_db
def test_rows_filled_in_agree_with_their_ledger_and_balance():
    room = factories.room()
    values: dict[str, Any] = {
        "room": room.pk, "minor": 10_000, "fee": 320, "references": ["C1", "C2"], "refs": ["pi_1", "pi_2"],
        "ids": [str(uuid.uuid4()) for _ in range(2)],
    }  # fmt: skip

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for block in comparison_run.STATEMENTS.read_text().split("\n\n")[1:]:
            cursor.execute(block, values)
        cursor.execute("SET session_replication_role = DEFAULT")

    payments = list(Payment.objects.order_by("pk"))
    assert [payment.provider_ref for payment in payments] == ["pi_1", "pi_2"]
    assert list(compare_ledger.differing(payments[0].pk, payments[-1].pk)) == []
    assert sum(entry.amount_minor for entry in LedgerEntry.objects.all()) == 0


@pytest.mark.parametrize(("rate", "grown", "met"), [(400, 12.0, [True, True]), (99, 51.0, [False, False])])
def test_targets_of_the_comparison(rate, grown, met):
    measured = {
        "run": {"seconds": 1, "memory_grew_mb": 1}, "balance": {"ledger_p99_ms": 1},
        "comparison": {"payments_per_second": rate, "memory_grew_mb": grown},
    }  # fmt: skip

    targets = {target.name: target.is_met for target in Results({}, money=measured).targets()}

    names = ["nightly comparison", "nightly comparison: memory grew by"]
    assert [targets[name] for name in names] == met
    assert (comparison.PER_SECOND, comparison.GROWS_MB) == (100, 50)
