"""What a room's page offers to choose from: two months of nights or days, the times of a day, the sessions to come.

`asked` is what the address holds, as text: `month`, `day` and the choice; what makes no sense is as if not asked.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rooms.availability.stays import FIRST_YEAR, LAST_YEAR, Reach, first_night
from rooms.models import Room
from rooms.pages.forms import ChoiceForm
from rooms.search import calendar
from rooms.search.calendar import Day

MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
# How far ahead a calendar that was asked for nothing looks for a free day; a query a month.
MOST_MONTHS = 4


@dataclass(frozen=True)
class Month:
    """A month's grid: its first date, and its weeks from Monday."""

    first: dt.date
    weeks: list[list[Day]]

    @property
    def free(self) -> list[dt.date]:
        return [day.date for week in self.weeks for day in week if day.is_free and day.is_in_month]

    @property
    def is_nearly_over(self) -> bool:
        """True where at most a week of it is still ahead, so that the next month has to be seen, too."""
        return sum(day.is_in_month and not day.is_past for week in self.weeks for day in week) <= 7


def offered(asked: Mapping[str, str], room: Room, choice: ChoiceForm, now: dt.datetime) -> dict[str, Any]:
    """Return what the whole page offers, as template context."""
    if room.kind == Room.Kind.WORKSHOP:
        return {"sessions": calendar.upcoming_sessions(room, now)}
    shown = months(asked, room, now, choice)
    if room.is_by_night:
        return shown
    free = [date for month in shown["months"] for date in month.free]
    return {**shown, **slots(asked, room, now, choice, first_free=min(free, default=None))}


def months(
    asked: Mapping[str, str], room: Room, now: dt.datetime, choice: ChoiceForm | None = None
) -> dict[str, Any]:
    """Return two months from the one asked for, else of the day or the choice, else the first with a free day."""
    today, last = _bookable(room, now)
    first = _month(asked.get("month", "")) or _date(asked.get("day", "")) or _chosen_date(room, choice)
    asked_for = min(max(first, today), last) if first else None
    shown = _grid(room, asked_for, now) if asked_for else _first_free(room, today, last, now)
    begins, following = shown.first, _next(shown.first)
    pair = [shown, _grid(room, following, now)] if following <= last else [shown]
    return {
        "months": pair,
        "previous_month": (begins - dt.timedelta(days=1)).replace(day=1) if begins > today else None,
        "next_month": following if following <= last else None,
        "today": today,
    }


def slots(
    asked: Mapping[str, str],
    room: Room,
    now: dt.datetime,
    choice: ChoiceForm | None = None,
    *,
    first_free: dt.date | None = None,
) -> dict[str, Any]:
    """Return the times of the day asked for, else of the choice, else of the first free day."""
    today, last = _bookable(room, now)
    day = _date(asked.get("day", "")) or _chosen_date(room, choice) or first_free or today
    day = min(max(day, today), last)
    return {"day": day, "today": today, "slots": calendar.slots(room, day, now)}


def _first_free(room: Room, today: dt.date, last: dt.date, now: dt.datetime) -> Month:
    """Return the first month with a free day, looking so far ahead; without one the present month."""
    present = shown = _grid(room, today, now)
    for _ in range(MOST_MONTHS):
        if shown.free:
            return shown
        if _next(shown.first) > last:
            break
        shown = _grid(room, _next(shown.first), now)
    return present


def _grid(room: Room, date: dt.date, now: dt.datetime) -> Month:
    return Month(date.replace(day=1), calendar.month(room, date.year, date.month, now))


def _next(first: dt.date) -> dt.date:
    return (first + dt.timedelta(days=32)).replace(day=1)


def _bookable(room: Room, now: dt.datetime) -> tuple[dt.date, dt.date]:
    """Return the first and the last date that may be booked at all."""
    reach = Reach.of(room, now)
    return (first_night(room, now) if room.is_by_night else reach.today), reach.last_date


def _chosen_date(room: Room, choice: ChoiceForm | None) -> dt.date | None:
    if choice is None or choice.stay is None:
        return None
    return choice.stay.starts_at.astimezone(room.venue.zone).date()


def _month(text: str) -> dt.date | None:
    match = MONTH.fullmatch(text)
    return _date(f"{match[1]}-{match[2]}-01") if match else None


def _date(text: str) -> dt.date | None:
    try:
        date = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return date if FIRST_YEAR <= date.year < LAST_YEAR else None
