"""When a room is free: month grids, slots of a day, and what else there is when the asked time is gone.

Everything here reads Occupancy once per call and works the rest out in memory, in the venue's zone.
"""

import bisect
import calendar
import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import prefetch_related_objects

from rooms import hours, occupancy
from rooms.hours import ONE_DAY, Span, instant
from rooms.models import Occupancy, Room, Session
from rooms.pricing import unit_price
from rooms.search import Search, search
from rooms.stays import (
    FIRST_YEAR,
    LAST_YEAR,
    InvalidStay,
    Stay,
    check_stay,
    stay_of_hours,
    stay_of_nights,
    unit_length,
)

NEAR_DAYS = 14
MOST_STAYS = 4
MOST_ROOMS = 4

Buffers = tuple[dt.timedelta, dt.timedelta]  # before and after


@dataclass(frozen=True)
class Day:
    """A date of the grid; for rooms by the night, the night that begins on it.

    `state` is free, taken, past (also: too soon), closed (or no session) or far (not yet bookable).
    """

    date: dt.date
    state: str
    price_minor: int
    is_in_month: bool = True

    @property
    def is_free(self) -> bool:
        return self.state == "free"

    @property
    def is_past(self) -> bool:
        return self.state == "past"


@dataclass(frozen=True)
class Slot:
    """An hour, an appointment or a session on offer, in UTC."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    is_free: bool
    session: Session | None = None


@dataclass(frozen=True)
class Alternatives:
    """The nearest free stays of the same length in the room, sessions with seats, and other free rooms."""

    stays: list[Stay] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    rooms: list[Room] = field(default_factory=list)


# --- grids ------------------------------------------------------------------------------------------------


def month(room: Room, year: int, month: int, now: dt.datetime) -> list[list[Day]]:
    """Return the weeks, Monday first, of a month's grid; days of the neighboring months fill the edges.

    Raises: ValueError for a month no calendar should show.
    """
    if not (FIRST_YEAR <= year < LAST_YEAR and 1 <= month <= 12):
        raise ValueError(f"no month {year}-{month}")
    weeks = calendar.Calendar().monthdatescalendar(year, month)
    by_date = {day.date: day for day in days(room, weeks[0][0], weeks[-1][-1], now)}
    return [
        [Day(date, by_date[date].state, by_date[date].price_minor, date.month == month) for date in week]
        for week in weeks
    ]


def days(room: Room, first_date: dt.date, last_date: dt.date, now: dt.datetime) -> list[Day]:
    """Return every date from `first_date` to `last_date`, both included."""
    rules = list(room.price_rules.all())
    if room.is_by_night:
        states: Iterable[str] = _night_states(room, first_date, last_date, now)
    else:
        states = _slot_states(room, first_date, last_date, now)
    dates = _dates(first_date, last_date)
    return [
        Day(date, state, unit_price(room, rules, date)) for date, state in zip(dates, states, strict=True)
    ]


def slots(room: Room, date: dt.date, now: dt.datetime) -> list[Slot]:
    """Return the hours, appointments or sessions that begin on a local date of the venue."""
    return slots_between(room, date, date, now)


def slots_between(room: Room, first_date: dt.date, last_date: dt.date, now: dt.datetime) -> list[Slot]:
    """Return the slots that begin on the local dates given, both included; none for rooms by the night."""
    if room.is_by_night:
        return []
    if room.kind == Room.Kind.WORKSHOP:
        return _session_slots(room, first_date, last_date, now)
    zone = room.venue.zone
    spans = hours.open_spans(list(room.opening_hours.all()), first_date, last_date, zone)
    begin, end = _begin(first_date, zone), _begin(last_date + ONE_DAY, zone)
    stays = [stay for stay in _unit_stays(room, spans) if begin <= stay.starts_at < end]
    if not stays:
        return []
    taken = busy(room, stays[0].starts_at, stays[-1].ends_at)
    last_bookable = now.astimezone(zone).date() + ONE_DAY * room.booking_window_days
    earliest, latest = now + dt.timedelta(minutes=room.notice_minutes), _begin(last_bookable + ONE_DAY, zone)
    return [
        Slot(
            stay.starts_at,
            stay.ends_at,
            stay.starts_at > now
            and earliest <= stay.starts_at < latest
            and taken.leaves(stay.starts_at, stay.ends_at),
        )
        for stay in stays
    ]


class Busy:
    """What stands in the way of bookings in a room, asked many times over.

    Others keep the room's buffers from a booking; a closing asks only when somebody is there.
    """

    def __init__(self, others: Iterable[Span], closings: Iterable[Span], buffers: Buffers) -> None:
        self._others, self._closings = _Spans(others), _Spans(closings)
        self._before, self._after = buffers

    def leaves(self, start: dt.datetime, end: dt.datetime) -> bool:
        """Return whether a stay between two instants, half-open, is to be had."""
        return not (
            self._others.overlap(start - self._before, end + self._after)
            or self._closings.overlap(start, end)
        )


class _Spans:
    def __init__(self, spans: Iterable[Span]) -> None:
        merged = hours.merge(spans)
        self._starts, self._ends = [start for start, _end in merged], [end for _start, end in merged]

    def overlap(self, start: dt.datetime, end: dt.datetime) -> bool:
        at = bisect.bisect_right(self._ends, start)
        return at < len(self._ends) and self._starts[at] < end


def busy(room: Room, start: dt.datetime, end: dt.datetime) -> Busy:
    """Return what stands in the way of stays between two instants, in one query."""
    before, after = buffers = _buffers(room)
    rows = occupancy.overlapping(room.pk, DateTimeTZRange(start - before, end + after, "[)"))
    others: list[Span] = []
    closings: list[Span] = []
    # Both ends as plain instants: parsing ranges costs more than reading them.
    for kind, first, last in rows.values_list("kind", "period__startswith", "period__endswith"):
        (closings if kind == Occupancy.Kind.BLACKOUT else others).append((first, last))
    return Busy(others, closings, buffers)


def _night_states(room: Room, first_date: dt.date, last_date: dt.date, now: dt.datetime) -> Iterator[str]:
    venue = room.venue
    zone = venue.zone
    today = now.astimezone(zone).date()
    last_bookable = today + ONE_DAY * room.booking_window_days
    earliest = now + dt.timedelta(minutes=room.notice_minutes)
    taken = busy(
        room,
        instant(first_date, venue.check_in_time, zone),
        instant(last_date + ONE_DAY, venue.check_out_time, zone),
    )
    for date in _dates(first_date, last_date):
        starts_at = instant(date, venue.check_in_time, zone)
        ends_at = instant(date + ONE_DAY, venue.check_out_time, zone)
        if date < today or (room.notice_minutes and starts_at < earliest):
            yield "past"
        elif date > last_bookable:
            yield "far"
        else:
            yield "free" if taken.leaves(starts_at, ends_at) else "taken"


def _slot_states(room: Room, first_date: dt.date, last_date: dt.date, now: dt.datetime) -> Iterator[str]:
    zone = room.venue.zone
    today = now.astimezone(zone).date()
    last_bookable = today + ONE_DAY * room.booking_window_days
    offered: dict[dt.date, list[Slot]] = {}
    for slot in slots_between(room, first_date, last_date, now):
        offered.setdefault(slot.starts_at.astimezone(zone).date(), []).append(slot)
    for date in _dates(first_date, last_date):
        if date < today:
            yield "past"
        elif date > last_bookable:
            yield "far"
        elif date not in offered:
            yield "closed"
        elif any(slot.is_free for slot in offered[date]):
            yield "free"
        else:
            yield "past" if all(slot.starts_at <= now for slot in offered[date]) else "taken"


def _unit_stays(room: Room, spans: Iterable[Span]) -> Iterator[Stay]:
    """Lay units side by side into the open spans."""
    length = unit_length(room)
    for opens, closes in spans:
        while opens + length <= closes:
            yield Stay(opens, opens + length, 1)
            opens += length


def _session_slots(room: Room, first_date: dt.date, last_date: dt.date, now: dt.datetime) -> list[Slot]:
    zone = room.venue.zone
    start, end = _begin(first_date, zone), _begin(last_date + ONE_DAY, zone)
    sessions = Session.objects.filter(room=room, is_cancelled=False, starts_at__gte=start, starts_at__lt=end)
    return [
        Slot(session.starts_at, session.ends_at, session.seats_left > 0 and session.starts_at > now, session)
        for session in sessions
    ]


def _dates(first_date: dt.date, last_date: dt.date) -> list[dt.date]:
    return [first_date + ONE_DAY * n for n in range((last_date - first_date).days + 1)]


def _begin(date: dt.date, zone: ZoneInfo) -> dt.datetime:
    """Return the first instant of a date."""
    return instant(date, hours.MIDNIGHT, zone)


def _buffers(room: Room) -> Buffers:
    return (
        dt.timedelta(minutes=room.buffer_before_minutes), dt.timedelta(minutes=room.buffer_after_minutes),
    )  # fmt: skip


# --- what else there is -----------------------------------------------------------------------------------


def alternatives(room: Room, stay: Stay, party_size: int, now: dt.datetime) -> Alternatives:
    """Return what a guest whose stay is not to be had may take instead, nearest first."""
    if room.kind == Room.Kind.WORKSHOP:
        return Alternatives(sessions=upcoming_sessions(room, now, seats=party_size)[:MOST_STAYS])
    return Alternatives(
        stays=near_stays(room, stay, party_size, now), rooms=other_rooms(room, stay, party_size, now)
    )


def near_stays(room: Room, stay: Stay, party_size: int, now: dt.datetime) -> list[Stay]:
    """Return the nearest free stays of the same length within two weeks around the asked one."""
    prefetch_related_objects([room], "opening_hours")
    candidates = [near for near in _shifted(room, stay) if _is_allowed(room, near, party_size, now)]
    if not candidates:
        return []
    first, last = min(near.starts_at for near in candidates), max(near.ends_at for near in candidates)
    taken = busy(room, first, last)
    open_stays = [near for near in candidates if taken.leaves(near.starts_at, near.ends_at)]
    open_stays.sort(key=lambda near: (abs(near.starts_at - stay.starts_at), near.starts_at))
    return open_stays[:MOST_STAYS]


def other_rooms(room: Room, stay: Stay, party_size: int, now: dt.datetime) -> list[Room]:
    """Return other rooms of the kind, free at the same wall time: those of the same city first."""
    start = stay.starts_at.astimezone(room.venue.zone).replace(tzinfo=None)
    end = stay.ends_at.astimezone(room.venue.zone).replace(tzinfo=None)
    asked = (
        {"check_in": start.date(), "check_out": end.date()}
        if room.is_by_night
        else {"start": start, "end": end}
    )
    try:
        found = search(Search(kind=room.kind, guests=party_size, near=room.venue.city, **asked), now)
    except InvalidStay:
        return []
    return list(found.exclude(pk=room.pk)[:MOST_ROOMS])


def upcoming_sessions(room: Room, now: dt.datetime, *, seats: int = 1) -> list[Session]:
    """Return the sessions still to come that have so many seats left, soonest first."""
    sessions = Session.objects.filter(room=room, is_cancelled=False, starts_at__gt=now)[:100]
    return [session for session in sessions if session.seats_left >= seats]


def _shifted(room: Room, stay: Stay) -> Iterator[Stay]:
    """Yield stays of the same length on the days around; for hours also at other times of the day."""
    zone = room.venue.zone
    start = stay.starts_at.astimezone(zone).replace(tzinfo=None)
    end = stay.ends_at.astimezone(zone).replace(tzinfo=None)
    shifts = [ONE_DAY * n for n in range(-NEAR_DAYS, NEAR_DAYS + 1) if n]
    if not room.is_by_night:
        shifts += [unit_length(room) * n for n in range(-12, 13) if n]
    for shift in shifts:
        try:
            if room.is_by_night:
                yield stay_of_nights(room, (start + shift).date(), (end + shift).date())
            else:
                near = stay_of_hours(room, start + shift, end + shift)
                if near.units == stay.units:
                    yield near
        except (InvalidStay, OverflowError):
            continue


def _is_allowed(room: Room, stay: Stay, party_size: int, now: dt.datetime) -> bool:
    try:
        check_stay(room, stay, party_size, now)
    except InvalidStay:
        return False
    return True
