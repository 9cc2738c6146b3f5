"""What the load asks for: rooms, dates and free nights of the measured database, in a repeatable order."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass

from psycopg2.extensions import cursor as Cursor

# Measured dates: well inside the year, within every room's booking window.
FIRST_AHEAD, LAST_AHEAD = 30, 300
FREE_NIGHTS = """
    SELECT room.id, night::date
    FROM rooms_room room, generate_series(%(first)s::date, %(last)s::date, interval '1 day') AS night
    WHERE room.kind = 'hotel'
    EXCEPT
    -- A booking takes the nights that begin on its dates; anything else, to be safe, the night before, too.
    SELECT taken.room_id, night::date
    FROM rooms_occupancy taken
    JOIN rooms_room room ON room.id = taken.room_id AND room.kind = 'hotel'
    JOIN rooms_venue venue ON venue.id = room.venue_id
    CROSS JOIN LATERAL generate_series(
        date_trunc('day', lower(taken.period) AT TIME ZONE venue.time_zone)
            - CASE taken.kind WHEN 'booking' THEN interval '0 days' ELSE interval '1 day' END,
        date_trunc('day', upper(taken.period) AT TIME ZONE venue.time_zone)
            - CASE taken.kind WHEN 'booking' THEN interval '1 day' ELSE interval '0 days' END,
        interval '1 day'
    ) AS night
"""


@dataclass(frozen=True)
class StockRoom:
    """A room of the measured database; `path` is venue/room."""

    id: int
    path: str
    kind: str


class Stock:
    """Rooms and dates to ask for. Free nights are handed out once each, in an order that spreads over rooms."""

    def __init__(self, cursor: Cursor, *, seed: int = 7) -> None:
        self._random = random.Random(seed)
        today = dt.datetime.now(dt.UTC).date()
        self.first, self.last = today + dt.timedelta(FIRST_AHEAD), today + dt.timedelta(LAST_AHEAD)
        cursor.execute(
            "SELECT room.id, venue.slug || '/' || room.slug, room.kind FROM rooms_room room"
            " JOIN rooms_venue venue ON venue.id = room.venue_id ORDER BY room.id"
        )
        self.rooms = [StockRoom(*row) for row in cursor.fetchall()]
        cursor.execute("SELECT DISTINCT city FROM rooms_venue ORDER BY city")
        self.cities = [city for (city,) in cursor.fetchall()]
        cursor.execute(FREE_NIGHTS, {"first": self.first, "last": self.last})
        nights = sorted(cursor.fetchall())
        self._random.shuffle(nights)
        paths = {room.id: room.path for room in self.rooms}
        self.free_nights: Iterator[tuple[str, dt.date]] = iter(
            [(paths[room], night) for room, night in nights]
        )

    def room(self, *kinds: str) -> StockRoom:
        """Return any room of these kinds."""
        while (room := self._random.choice(self.rooms)).kind not in kinds:
            pass
        return room

    def date(self) -> dt.date:
        return self.first + dt.timedelta(self._random.randrange((self.last - self.first).days))

    def nights(self) -> tuple[dt.date, dt.date]:
        """Return check-in and check-out of one to four nights."""
        first = self.date()
        return first, first + dt.timedelta(self._random.randint(1, 4))

    def city(self) -> str:
        return self._random.choice(self.cities)
