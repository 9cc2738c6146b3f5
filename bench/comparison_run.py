"""Compares many payments in a process of its own, so that its memory is theirs alone; prints JSON."""

from __future__ import annotations

import datetime as dt
import json
import resource
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import say
from bench.queries import set_up_django

STATEMENTS = Path(__file__).with_name("comparison.sql")
FULL, QUICK = 10_000, 300
# Rows changed by hand: each differs from the provider and from the ledger.
PLANTED = 3
THREADS = 4
MINOR = 10_000


def main(count: int) -> dict[str, object]:
    """Fill the sandbox and an empty, migrated database alike, compare, and return the figures."""
    from core import clock
    from payments.models import Payment
    from payments.reconciliation import runs

    since = clock.now() - dt.timedelta(hours=1)
    say(f"comparing {count:,} payments with the provider's list")
    _fill(_pay(count))
    now = clock.now() + dt.timedelta(minutes=1)
    planted = Payment.objects.order_by("pk").values_list("pk", flat=True)[:PLANTED]
    Payment.objects.filter(pk__in=list(planted)).update(captured_minor=MINOR - 1)
    list(runs.compare_only("stripe", since - dt.timedelta(hours=1), since))  # loads what is loaded once
    before, began = _peak_mb(), time.perf_counter()
    found = sum(1 for _finding in runs.compare_only("stripe", since, now))
    seconds = time.perf_counter() - began
    if found != 2 * PLANTED:
        raise SystemExit(f"{found} differences found, {2 * PLANTED} planted")
    return {
        "payments": count, "seconds": round(seconds, 2), "payments_per_second": round(count / seconds),
        "differences": found, "memory_grew_mb": round(_peak_mb() - before, 1),
    }  # fmt: skip


def _pay(count: int) -> list[tuple[str, str, str]]:
    """Make payments at the provider; return (booking's reference, our id, the provider's id) of each."""
    from payments.providers.stripe.client import platform_account

    intents = platform_account().client.v1.payment_intents

    def pay(n: int) -> tuple[str, str, str]:
        reference, ours = f"C{n}", str(uuid.uuid4())
        made = intents.create(
            {
                "amount": MINOR, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True,
                "capture_method": "automatic",
                "metadata": {"booking_reference": reference, "payment_id": ours},
            }
        )  # fmt: skip
        return reference, ours, made.id

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(pay, range(1, count + 1)))


def _fill(paid: list[tuple[str, str, str]]) -> None:
    """Write bookings, payments and ledger as they are once all is done."""
    from django.db import connection

    from bench.money_run import _venues
    from payments.providers.stripe.client import platform_account

    seen = platform_account().fetch(session_ref=paid[0][2], provider_ref=paid[0][2])
    references, ids, refs = (list(column) for column in zip(*paid, strict=True))
    values = {
        "room": _venues(1)[0], "minor": MINOR, "fee": seen.fee_minor, "references": references, "ids": ids,
        "refs": refs,
    }  # fmt: skip
    with connection.cursor() as cursor:
        # The triggers check each row by itself; what is filled in here balances by its making.
        cursor.execute("SET session_replication_role = replica")
        for block in STATEMENTS.read_text().split("\n\n")[1:]:
            cursor.execute(block, values)
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    set_up_django({})
    from django.conf import settings

    settings.DEBUG = False  # which else would keep every statement in memory
    print(json.dumps(main(QUICK if "--quick" in sys.argv[1:] else FULL)))
