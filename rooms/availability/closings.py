"""Closed dates: of one room, of several or of a whole venue, in one year or in several, all at once or not at all.

What keeps guests away are rows of Occupancy, one a room and year, written when the dates are closed. Calendar, search,
slots and submit so read a yearly closing as they read any other; nothing has to come true later.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from core import dates
from core.typed import bounds
from rooms.availability import occupancy
from rooms.availability.occupancy import RoomTaken
from rooms.availability.opening import MIDNIGHT, ONE_DAY, instant
from rooms.models import Closing, Occupancy, Room, Venue

log = structlog.get_logger(__name__)

# Whoever closes more at once has slipped; the year after next is another closing.
MOST_DAYS = 366
# As many as the database allows, too.
MOST_YEARS = 10
LEAP_DAY = (2, 29)
# One within what the database takes: midnight there may be the day before, or after, in UTC.
FIRST_YEAR, LAST_YEAR = bounds.FIRST_YEAR + 1, bounds.LAST_YEAR - 2


@dataclass(frozen=True)
class InTheWay:
    """Who is in a room on dates that were to be closed: bookings (by `reference`) and sessions, in order."""

    room: Room
    first_date: dt.date
    last_date: dt.date
    people: list[Occupancy]


class DatesTaken(RoomTaken):
    """Somebody is there on dates that were to be closed; `found` says in which rooms and years."""

    def __init__(self, found: list[InTheWay]) -> None:
        super().__init__("Somebody is there on these dates.")
        self.found = found


@transaction.atomic
def close(
    *, venue: Venue, rooms: Sequence[Room] | None, first_date: dt.date, last_date: dt.date, years: int = 1,
    note: str = "",
) -> Closing:  # fmt: skip
    """Close rooms of a venue, or all (`rooms` is None), on local dates, both included (nights that begin on them).

    In each of `years` years the same dates; February 29 means the last day of February. Closed time may be closed
    again, and a buffer may lie in it. Raises: DatesTaken, and nothing is closed; ValidationError, by field.
    """
    check_dates(first_date, last_date, years)
    if rooms is not None and (not rooms or any(room.venue_id != venue.pk for room in rooms)):
        raise ValidationError({"rooms": "Choose rooms of this venue."})
    locked = _locked(venue, rooms)
    if found := _in_the_way(locked, first_date, last_date, years):
        raise DatesTaken(found)
    closing = Closing.objects.create(
        venue=venue, is_whole_venue=rooms is None, first_date=first_date, last_date=last_date, years=years,
        note=note,
    )  # fmt: skip
    _occupy(closing, locked)
    log.info("dates_closed", venue=venue.slug, closing=closing.pk, rooms=len(locked), years=years)
    return closing


@transaction.atomic
def close_new_room(room: Room) -> None:
    """Close a room just added, which nobody has booked yet, on the dates its whole venue is closed."""
    _lock_venue(room.venue)
    for closing in Closing.objects.filter(venue=room.venue_id, is_whole_venue=True).select_related("venue"):
        _occupy(closing, [room])


def close_over(*, room: Room, starts_at: dt.datetime, ends_at: dt.datetime, note: str = "") -> Occupancy:
    """Close a locked room over the bookings in it, which are being cancelled: nothing new comes in from now on."""
    log.info("blackout_added", room_id=room.pk, starts_at=starts_at, ends_at=ends_at)
    (blackout,) = occupancy.close([(room, DateTimeTZRange(starts_at, ends_at, "[)"))], note=note)
    return blackout


@transaction.atomic
def reopen(*, closing_id: int) -> None:
    """Open all dates again that were closed at once; a closing that is gone already changes nothing."""
    closing = Closing.objects.select_for_update().filter(pk=closing_id).first()
    if closing is None:
        return
    closing.occupancies.all().delete()
    closing.delete()
    log.info("dates_reopened", closing=closing_id)


@transaction.atomic
def reopen_dates(*, blackout_id: int) -> None:
    """Open one room again in one year; a blackout that is gone already changes nothing."""
    blackout = Occupancy.objects.filter(pk=blackout_id, kind=Occupancy.Kind.BLACKOUT).first()
    if blackout is None:
        return
    # As `reopen` does, so that neither waits for the other's.
    if blackout.closing_id:
        Closing.objects.select_for_update().filter(pk=blackout.closing_id).first()
    occupancy.lock_room(blackout.room_id)
    blackout.delete()
    log.info("blackout_removed", room_id=blackout.room_id)
    if blackout.closing_id:
        Closing.objects.filter(pk=blackout.closing_id, occupancies=None).delete()


# --- dates ------------------------------------------------------------------------------------------------------


def check_dates(first_date: dt.date, last_date: dt.date, years: int) -> None:
    """Raises: ValidationError, by field, for dates nobody means to close."""
    if last_date < first_date:
        raise ValidationError({"last_date": "Not before the first date."})
    if not 1 <= years <= MOST_YEARS:
        raise ValidationError({"years": f"From 1 to {MOST_YEARS} years."})
    if last_date - first_date >= dt.timedelta(days=MOST_DAYS - (years > 1)):
        raise ValidationError({"last_date": "At most a year at a time."})
    if first_date.year < FIRST_YEAR or last_date.year + years - 1 > LAST_YEAR:
        raise ValidationError({"first_date": f"A year between {FIRST_YEAR} and {LAST_YEAR}."})


def yearly(first_date: dt.date, last_date: dt.date, years: int) -> list[tuple[dt.date, dt.date]]:
    """Return the same dates in each of `years` years."""
    return [(_later(first_date, n), _later(last_date, n)) for n in range(years)]


def _later(date: dt.date, years: int) -> dt.date:
    year = date.year + years
    if (date.month, date.day) == LEAP_DAY:
        return dt.date(year, 3, 1) - ONE_DAY
    return date.replace(year=year)


def span_of_dates(room: Room, first_date: dt.date, last_date: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """Return the instants between which a room is closed on local dates, both included. Raises: ValidationError."""
    if last_date < first_date:
        raise ValidationError({"last_date": "The last date must not be before the first."})
    venue = room.venue
    from_time, to_time = (
        (venue.check_in_time, venue.check_out_time) if room.is_by_night else (MIDNIGHT, MIDNIGHT)
    )
    starts_at = instant(first_date, from_time, venue.zone)
    return starts_at, instant(last_date + ONE_DAY, to_time, venue.zone)


def write(closing: Closing) -> str:
    """Write `Dec 24, 2026 – Jan 6, 2027`, and `, every year up to 2031` where it is more than one."""
    span = dates.date_span(closing.first_date, closing.last_date)
    if closing.years == 1:
        return span
    return f"{span}, every year up to {closing.first_date.year + closing.years - 1}"


# --- steps ------------------------------------------------------------------------------------------------------


def _lock_venue(venue: Venue) -> None:
    """Let a closing of the whole venue and a room that is being added wait for each other."""
    Venue.objects.select_for_update(no_key=True).get(pk=venue.pk)


def _locked(venue: Venue, rooms: Sequence[Room] | None) -> list[Room]:
    """Lock what is to be closed: from now on nobody books there until the transaction ends."""
    if rooms is None:
        _lock_venue(venue)
        return occupancy.lock_rooms(venue.rooms.values_list("pk", flat=True))
    return occupancy.lock_rooms([room.pk for room in rooms])


def _period(room: Room, first_date: dt.date, last_date: dt.date) -> DateTimeTZRange:
    return DateTimeTZRange(*span_of_dates(room, first_date, last_date), "[)")


def _in_the_way(rooms: list[Room], first_date: dt.date, last_date: dt.date, years: int) -> list[InTheWay]:
    return [
        InTheWay(room, first, last, people)
        for room in rooms
        for first, last in yearly(first_date, last_date, years)
        if (people := list(occupancy.people_in(room.pk, _period(room, first, last))))
    ]


def _occupy(closing: Closing, rooms: list[Room]) -> None:
    spans = yearly(closing.first_date, closing.last_date, closing.years)
    occupancy.close(
        [(room, _period(room, *span)) for room in rooms for span in spans], note=closing.note, closing=closing
    )
