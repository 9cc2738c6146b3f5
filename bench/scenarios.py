"""What is asked of the site, as endless streams of requests, and what each figure is compared with."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlencode

from bench.load import get, post
from bench.stock import Stock

BARE, BUSY, INSERT = "bare view", "bare view, availability query", "bare view, insert"


@dataclass(frozen=True)
class Scenario:
    """One row of the table: the only right status, and the rows it is a ratio of."""

    name: str
    requests: Callable[[Stock], Iterator[bytes]]
    status: int = 200
    compared_with: tuple[str, ...] = (BARE,)


def scenarios() -> list[Scenario]:
    """Return the rows in the order they are measured; what others are compared with comes first."""
    return [
        Scenario(BARE, lambda stock: _endless(lambda: get("/bench/empty")), compared_with=()),
        Scenario("bare view behind our middleware", lambda stock: _endless(lambda: get("/bench/housed"))),
        Scenario(BUSY, _bare_busy),
        Scenario(INSERT, _bare_insert),
        Scenario("availability JSON, a month of nights", _availability_of_nights, compared_with=(BARE, BUSY)),
        Scenario("availability JSON, a week of hours", _availability_of_hours, compared_with=(BARE, BUSY)),
        Scenario("search JSON, nights", _search_json, compared_with=(BARE, BUSY)),
        Scenario("search page, nights", _search_page, compared_with=(BARE, BUSY)),
        Scenario("search page, hours", _search_page_of_hours, compared_with=(BARE, BUSY)),
        Scenario("room page", _room_page, compared_with=(BARE, BUSY)),
        Scenario("create booking", bookings, status=201, compared_with=(BARE, INSERT)),
    ]


def _endless(make: Callable[[], bytes]) -> Iterator[bytes]:
    while True:
        yield make()


def _bare_busy(stock: Stock) -> Iterator[bytes]:
    def make() -> bytes:
        room, first = stock.room("hotel"), stock.date()
        span = urlencode({"from": first.isoformat(), "to": (first + dt.timedelta(31)).isoformat()})
        return get(f"/bench/busy/{room.id}?{span}")

    return _endless(make)


def _bare_insert(stock: Stock) -> Iterator[bytes]:
    return _endless(lambda: get(f"/bench/insert/{len(stock.rooms)}"))


def _availability_of_nights(stock: Stock) -> Iterator[bytes]:
    return _endless(lambda: get(_availability_path(stock, 31, "hotel")))


def _availability_of_hours(stock: Stock) -> Iterator[bytes]:
    return _endless(lambda: get(_availability_path(stock, 7, "conference", "expert")))


def _availability_path(stock: Stock, days: int, *kinds: str) -> str:
    first = stock.date()
    span = urlencode({"from": first.isoformat(), "to": (first + dt.timedelta(days)).isoformat()})
    return f"/api/v1/rooms/{stock.room(*kinds).path}/availability?{span}"


def _search_json(stock: Stock) -> Iterator[bytes]:
    return _endless(lambda: get(f"/api/v1/rooms?{_nights_query(stock)}"))


def _search_page(stock: Stock) -> Iterator[bytes]:
    return _endless(lambda: get(f"/rooms/?{_nights_query(stock)}"))


def _nights_query(stock: Stock) -> str:
    check_in, check_out = stock.nights()
    return urlencode(
        {"city": stock.city(), "kind": "hotel", "check_in": check_in, "check_out": check_out, "guests": 2}
    )


def _search_page_of_hours(stock: Stock) -> Iterator[bytes]:
    def make() -> bytes:
        hours = {"kind": "conference", "day": stock.date(), "start_time": "10:00", "end_time": "11:00"}
        return get(f"/rooms/?{urlencode({'city': stock.city(), **hours, 'guests': 2})}")

    return _endless(make)


def _room_page(stock: Stock) -> Iterator[bytes]:
    return _endless(lambda: get(f"/rooms/{stock.room('hotel', 'conference', 'expert').path}/"))


# --- bookings ---------------------------------------------------------------------------------------------

_guests = count(1)


def bookings(stock: Stock) -> Iterator[bytes]:
    """Yield bookings of a free night each, by another guest each; ends when no free night is left."""
    return (booking(path, night) for path, night in stock.free_nights)


def booking(path: str, night: dt.date) -> bytes:
    """Return the request of a new guest who books one night."""
    number = next(_guests)
    body = {
        "room": path, "check_in": night.isoformat(), "check_out": (night + dt.timedelta(1)).isoformat(),
        "party_size": 2, "guest": {"name": f"Guest {number}", "email": f"guest{number}@example.org", "phone": ""},
    }  # fmt: skip
    return post("/api/v1/bookings", json.dumps(body).encode(), Idempotency_Key=f"bench-{number}")
