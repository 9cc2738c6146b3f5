"""Knows what was written since it was last asked, so that nothing is asked of the database whose answer it has.

An answer that depends on rows alone stays the same while no row is written. Looks at the statements themselves: one
that is not plainly a read counts as a write.
"""

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection

READS = ("SELECT", "SAVEPOINT", "RELEASE", "EXECUTE")
UNNAMED = "some table"
WRITTEN = re.compile(r'(?:INSERT INTO|UPDATE|DELETE FROM) "?(\w+)"?')
# After midnight, and after a week's beginning.
NIGHT = dt.timedelta(hours=settings.RECONCILE_HOUR)
PAYDAY = dt.timedelta(days=2, hours=6)


def _next(span: str, moment: dt.timedelta, after: str) -> str:
    """SQL for the first such moment of a day or week that comes after another time."""
    shift = f"interval '{moment.total_seconds()} seconds'"
    return f"date_trunc('{span}', {after} - {shift}, 'UTC') + {shift} + interval '1 {span}'"


# When each sweep could find something at the earliest; a sweep that finds rows of others would need a line here.
DUE = """
    SELECT
        (SELECT min(next_attempt_at) FROM bookings_eventreceipt WHERE done_at IS NULL) AS receipts,
        (SELECT min(next_attempt_at) FROM payments_webhookevent WHERE outcome = 'waiting') AS webhooks,
        (SELECT min(lease_until) FROM payments_paymentoperation WHERE state IN ('open', 'unknown')) AS operations,
        (SELECT min(due_at) FROM payments_settlement) AS settlements,
        (SELECT min(payment_due_at) FROM bookings_booking WHERE status = 'PENDING_PAYMENT') AS unpaid,
        (SELECT min(next_sync_at) FROM payments_payment) AS open_payments,
        (SELECT min(CASE status WHEN 'CONFIRMED' THEN ends_at ELSE decide_by END) FROM bookings_booking
            WHERE status IN ('PENDING_APPROVAL', 'CONFIRMED')) AS deadlines
"""
# The same for nights and weeks, which few histories have: runs under way, transfers that wait, the next night or week.
DUE_SELDOM = f"""
    SELECT
        (SELECT min(due_at) FROM (
            SELECT started_at AS due_at FROM payments_reconciliationrun WHERE finished_at IS NULL
            UNION ALL
            SELECT coalesce((
                SELECT {_next("day", NIGHT, "max(started_at)")} FROM payments_reconciliationrun r
                WHERE r.provider = p.provider
            ), timestamptz '2000-01-01') FROM payments_payment p WHERE provider IN ('stripe', 'octo')
        ) nights) AS nightly,
        (SELECT min(due_at) FROM (
            SELECT cutoff_at AS due_at FROM payments_payoutrun WHERE finished_at IS NULL
            UNION ALL
            SELECT coalesce(lease_until, created_at) FROM payments_payout
            WHERE method = 'stripe' AND status IN ('ready', 'sending', 'waiting')
            UNION ALL
            SELECT coalesce({_next("week", PAYDAY, "max(cutoff_at)")}, timestamptz '2000-01-01') FROM payments_payoutrun
        ) weeks) AS pay_sweep
"""
SELDOM = ("nightly", "pay_sweep")


class Watch:
    """One history's view: `writes` counts statements, `tables` names what they wrote to."""

    def __init__(self) -> None:
        self.writes = 0
        self.tables: dict[str, int] = {}
        self._due: dict[str, dt.datetime | None] = {}
        self._due_as_of: dict[str, int] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        with connection.execute_wrapper(self._note):
            yield

    def due_at(self, sweep: str) -> dt.datetime | None:
        """When this sweep could find something at the earliest, as the rows are now."""
        question = "due_seldom" if sweep in SELDOM else "due"
        if self._due_as_of.get(question) != self.writes:
            with connection.cursor() as cursor:
                cursor.execute(f"EXECUTE {question}")
                self._due |= dict(zip(_names(cursor), cursor.fetchone(), strict=True))
            self._due_as_of[question] = self.writes
        return self._due[sweep]

    def to(self, *tables: str) -> int:
        """How many statements wrote to these tables, or may have."""
        return sum(self.tables.get(table, 0) for table in (*tables, UNNAMED))

    def _note(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(READS):
            self.writes += 1
            for table in WRITTEN.findall(sql) or [UNNAMED]:
                self.tables[table] = self.tables.get(table, 0) + 1
        return execute(sql, params, many, context)


def prepare() -> None:
    """Have the server keep the plan of the question, on this connection."""
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
        cursor.execute(f"PREPARE due AS {DUE}")
        cursor.execute(f"PREPARE due_seldom AS {DUE_SELDOM}")


def _names(cursor: Any) -> list[str]:
    return [column.name for column in cursor.description]
