"""Measures payouts and balances in a process of its own, so that its memory is theirs alone; prints JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import say
from bench.load import percentile
from bench.queries import set_up_django

STATEMENTS = Path(__file__).with_name("money.sql")
ENTRIES_EACH = 6
FILLED = ("bookings_booking", "payments_payment", "payments_ledgertransaction", "payments_ledgerentry")


@dataclass(frozen=True)
class MoneySize:
    """How much is measured: bookings of the run and venues that share them, entries of the busy host, its tail."""

    bookings: int
    venues: int
    entries: int
    tail: int
    repeats: int


FULL = MoneySize(bookings=100_000, venues=200, entries=1_000_000, tail=5_000, repeats=300)
QUICK = MoneySize(bookings=2_000, venues=20, entries=12_000, tail=600, repeats=30)


def main(size: MoneySize) -> dict[str, object]:
    """Fill an empty, migrated database and return the figures."""
    rooms = _venues(size.venues)
    say(f"paying out {size.bookings:,} bookings of {size.venues} venues")
    _fill(rooms, 1, size.bookings)
    run = _run(size)
    say(f"the balance of a host with {size.entries:,} entries")
    return {"run": run, "balance": _balance(size, size.bookings + 1)}


def _run(size: MoneySize) -> dict[str, object]:
    from django.db.models import Sum

    from payments.models import LedgerEntry, PayoutLine
    from payments.payouts import services as payouts

    owed = -LedgerEntry.objects.filter(account="venue").aggregate(total=Sum("amount_minor"))["total"]
    payouts.continue_run()  # loads what is loaded once
    before = _peak_mb()
    run = payouts.begin_run()
    began = time.perf_counter()
    # As workers do it: for so long at most, then again.
    while (unfinished := payouts.continue_run()) and not unfinished.finished_at:
        say("  another round")
    seconds = time.perf_counter() - began
    lines = PayoutLine.objects.aggregate(total=Sum("amount_minor"))["total"]
    if (lines, run.payouts.count(), PayoutLine.objects.count()) != (owed, size.venues, size.bookings):
        raise SystemExit(f"the run paid {lines} of {owed} in {run.payouts.count()} payouts")
    return {
        "bookings": size.bookings, "payouts": size.venues, "seconds": round(seconds, 2),
        "memory_grew_mb": round(_peak_mb() - before, 1),
    }  # fmt: skip


def _balance(size: MoneySize, first: int) -> dict[str, object]:
    from payments.ledger import checkpoints
    from payments.payouts.balance import balance_of
    from rooms.models import Venue

    [room] = _venues(1)
    venue = Venue.objects.get(rooms=room)
    _fill([room], first, first + size.entries // ENTRIES_EACH)
    began = time.perf_counter()
    checkpoints.take_all()
    taking = time.perf_counter() - began
    last = first + size.entries // ENTRIES_EACH
    _fill([room], last + 1, last + size.tail // ENTRIES_EACH)
    whole = _times(lambda: checkpoints.sums(venue.pk), 3)
    if checkpoints.balances_of(venue.pk) != checkpoints.of_mode(checkpoints.sums(venue.pk), is_live=False):
        raise SystemExit("checkpoint and tail are not the whole")
    ledger = _times(lambda: checkpoints.balances_of(venue.pk), size.repeats)
    shown = _times(lambda: balance_of(venue), size.repeats)
    return {
        "entries": size.entries, "tail": size.tail, "checkpoints_seconds": round(taking, 2),
        "ledger_p50_ms": _ms(ledger, 50), "ledger_p99_ms": _ms(ledger, 99),
        "page_p50_ms": _ms(shown, 50), "page_p99_ms": _ms(shown, 99), "summed_from_nothing_ms": _ms(whole, 50),
    }  # fmt: skip


def _venues(count: int) -> list[int]:
    """Make venues that can be paid, with a room each; return the rooms' ids."""
    from payments.models import PaymentSettings
    from rooms.models import Room, Venue

    made, known = [], Venue.objects.count()
    for n in range(known, known + count):
        venue = Venue.objects.create(
            name=f"House {n}", slug=f"money-{n}", address="1 Station Road", city="Paris", country="FR",
            time_zone="Europe/Paris", currency="EUR", status="approved",
        )  # fmt: skip
        PaymentSettings.objects.create(
            venue=venue, account_holder=venue.name, bank_account="FR1420041010050500013M02606"
        )
        made.append(
            Room.objects.create(
                venue=venue, name="Room", slug="room", kind="hotel", capacity=2, price_minor=10_000
            ).pk
        )
    return made


def _fill(rooms: list[int], first: int, last: int) -> None:
    from django.db import connection

    values: dict[str, Any] = {"rooms": rooms, "venues": len(rooms), "first": first, "last": last}
    _heading, *blocks = STATEMENTS.read_text().split("\n\n")
    with connection.cursor() as cursor:
        # The triggers check each row by itself; what is filled in here balances by its making.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET statement_timeout = 0")
        for block in blocks:
            cursor.execute(block, values)
        cursor.execute("SET session_replication_role = origin")
        for table in FILLED:
            cursor.execute(f"VACUUM ANALYZE {table}")
        cursor.execute("RESET statement_timeout")


def _times(work: Callable[[], object], repeats: int) -> list[float]:
    taken = []
    for _repeat in range(repeats):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return taken


def _ms(seconds: list[float], percent: float) -> float:
    return round(percentile(seconds, percent) * 1000, 2)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    set_up_django({})
    print(json.dumps(main(QUICK if "--quick" in sys.argv[1:] else FULL)))
