"""The availability queries in the database, one connection, as the product words them; nothing but PostgreSQL."""

from __future__ import annotations

import datetime as dt
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from bench.load import percentile
from bench.stock import Stock

Statement = tuple[str, tuple]


@dataclass(frozen=True)
class Timing:
    """A statement's latencies in seconds, from sending its text until the last row is here."""

    name: str
    latencies: list[float]

    def percentile_ms(self, percent: float) -> float:
        return percentile(self.latencies, percent) * 1000


def set_up_django(environment: dict[str, str]) -> None:
    """Make this process one of the product's: its ORM words the statements, its test client counts them."""
    os.environ.update(environment, DJANGO_SETTINGS_MODULE="config.settings", LOG_LEVEL="CRITICAL")
    import django

    django.setup()


def timings(stock: Stock, *, repeats: int) -> Iterator[tuple[str, Callable[[], Timing]]]:
    """Yield each availability query's name and how to time it: other values each time, the first tenth warms up."""
    makers = {
        "SELECT 1": _nothing,
        "which rooms are free, nights": _free_for_nights,
        "which rooms are free, hours": _free_for_hours,
        "when a room is taken, a month": _busy_month,
    }
    for name, make in makers.items():
        yield name, partial(_timing, name, make, stock, repeats)


def _timing(
    name: str, make: Callable[[Stock, random.Random], Statement], stock: Stock, repeats: int
) -> Timing:
    return Timing(name, _times(make, stock, repeats))


def _times(make: Callable[[Stock, random.Random], Statement], stock: Stock, repeats: int) -> list[float]:
    from django.db import connection

    choice, taken = random.Random(11), []
    with connection.cursor() as wrapped:
        cursor = wrapped.cursor  # the driver's own: Django's share is measured elsewhere
        for _repeat in range(repeats):
            statement, values = make(stock, choice)
            began = time.perf_counter()
            cursor.execute(statement, values)
            cursor.fetchall()
            taken.append(time.perf_counter() - began)
    return taken[repeats // 10 :]


def _nothing(stock: Stock, choice: random.Random) -> Statement:
    return "SELECT 1", ()


def _free_for_nights(stock: Stock, choice: random.Random) -> Statement:
    from core import clock
    from rooms.search.query import Search, search

    check_in, check_out = stock.nights()
    asked = Search(kind="hotel", check_in=check_in, check_out=check_out, guests=2)
    return search(asked, clock.now()).values("pk").query.sql_with_params()


def _free_for_hours(stock: Stock, choice: random.Random) -> Statement:
    from core import clock
    from rooms.search.query import Search, search

    start = dt.datetime.combine(stock.date(), dt.time(choice.randrange(8, 18)))
    asked = Search(kind="conference", start=start, end=start + dt.timedelta(hours=1), guests=2)
    return search(asked, clock.now()).values("pk").query.sql_with_params()


def _busy_month(stock: Stock, choice: random.Random) -> Statement:
    from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

    from rooms.availability.occupancy import overlapping

    start = dt.datetime.combine(stock.date(), dt.time(12), tzinfo=dt.UTC)
    month = DateTimeTZRange(start, start + dt.timedelta(31), "[)")
    room = stock.room("hotel", "conference", "expert")
    found = overlapping(room.id, month).values_list("period__startswith", "period__endswith")
    return found.query.sql_with_params()
