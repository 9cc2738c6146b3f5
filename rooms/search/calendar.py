"""When a room is free: month grids, slots of a day, and what else there is when the asked time is gone.

Everything here reads Occupancy once per call and works the rest out in memory, in the venue's zone.
"""

import bisect
import calendar
import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import prefetch_related_objects

from rooms.availability import occupancy, opening
from rooms.availability.opening import ONE_DAY, Span, instant
from rooms.availability.stays import (
    FIRST_YEAR,
    LAST_YEAR,
    STEP_MINUTES,
    InvalidStay,
    Reach,
    Stay,
    check_stay,
    stay_of_hours,
    stay_of_nights,
    unit_length,
)
from rooms.models import Occupancy, Room, Session
from rooms.pricing.quotes import unit_price
from rooms.search.query import Search, search

NEAR_DAYS = 14
MOST_STAYS = 4
MOST_ROOMS = 4
MOST_SESSIONS = 100
REFUSED = {"past": "past", "too_soon": "past", "too_far": "far"}

Buffers = tuple[dt.timedelta, dt.timedelta]  # before and after


@dataclass(frozen=True)
class Day:
    """A date of the grid; for rooms by the night, the night that begins on it.

    `state` is free, taken, past (also: too soon), closed (or no session) or far (not yet bookable). A night is free
    where a stay that may be booked holds it, and `can_start` where the shortest one may begin with it.
    """

    date: dt.date
    state: str
    price_minor: int
    is_in_month: bool = True
    can_start: bool = False

    @property
    def is_free(self) -> bool:
        return self.state == "free"

    @property
    def is_past(self) -> bool:
        return self.state == "past"


@dataclass(frozen=True)
class Slot:
    """An hour, an appointment or a session on offer, in UTC; free where the shortest stay from there may be booked."""

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
    return [[replace(by_date[date], is_in_month=date.month == month) for date in week] for week in weeks]


def days(room: Room, first_date: dt.date, last_date: dt.date, now: dt.datetime) -> list[Day]:
    """Return every date from `first_date` to `last_date`, both included."""
    rules = list(room.price_rules.all())
    states = _night_states if room.is_by_night else _slot_states
    return [
        Day(date, state, unit_price(room, rules, date), can_start=can_start)
        for date, (state, can_start) in zip(
            _dates(first_date, last_date), states(room, first_date, last_date, now), strict=True
        )
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
    zone, unit = room.venue.zone, unit_length(room)
    shortest = unit * room.min_units
    # The shortest stay from the last date's last start may run into the days after.
    last_open = last_date + ONE_DAY + dt.timedelta(days=shortest.days)
    openings = opening.day_spans(list(room.opening_hours.all()), first_date, last_open, zone)
    is_open = _Spans(openings)
    begin, end = _begin(first_date, zone), _begin(last_date + ONE_DAY, zone)
    starts = sorted(
        {
            start
            for span in openings
            for start in _laid(room, span, zone)
            if begin <= start < end and is_open.hold(start, start + unit)
        }
    )
    if not starts:
        return []
    taken, reach = busy(room, starts[0], starts[-1] + shortest), Reach.of(room, now)
    return [
        Slot(
            start,
            start + unit,
            not reach.refusal(start, start.astimezone(zone).date())
            and is_open.hold(start, start + shortest)
            and taken.leaves(start, start + shortest),
        )
        for start in starts
    ]


def _laid(room: Room, span: Span, zone: ZoneInfo) -> Iterator[dt.datetime]:
    """Lay starts side by side into an opening: appointments from its beginning, hours from its first half hour on."""
    start, closes = span
    if room.kind != Room.Kind.EXPERT:
        local = start.astimezone(zone)
        past_step = dt.timedelta(
            minutes=local.minute % STEP_MINUTES, seconds=local.second, microseconds=local.microsecond
        )
        start += dt.timedelta(minutes=STEP_MINUTES) - past_step if past_step else dt.timedelta(0)
    while start < closes:
        yield start
        start += unit_length(room)


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
        merged = opening.merge(spans)
        self._starts, self._ends = [start for start, _end in merged], [end for _start, end in merged]

    def hold(self, start: dt.datetime, end: dt.datetime) -> bool:
        """Return whether one span holds all the time between two instants."""
        at = bisect.bisect_right(self._starts, start) - 1
        return at >= 0 and end <= self._ends[at]

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


def _night_states(
    room: Room, first_date: dt.date, last_date: dt.date, now: dt.datetime
) -> Iterator[tuple[str, bool]]:
    """Yield each night's state, and whether a stay may start with it."""
    venue, shortest = room.venue, ONE_DAY * room.min_units
    reach = Reach.of(room, now)
    # A stay that holds the first of the nights may begin before it, but never before yesterday: that is past.
    earliest = min(first_date, max(first_date - shortest + ONE_DAY, reach.today - ONE_DAY))
    begins = {date: instant(date, venue.check_in_time, venue.zone) for date in _dates(earliest, last_date)}
    ends = {date: instant(date + shortest, venue.check_out_time, venue.zone) for date in begins}
    taken = busy(room, begins[earliest], ends[last_date])
    last_start = None
    for date, starts_at in begins.items():
        refusal = reach.refusal(starts_at, date)
        can_start = not refusal and taken.leaves(starts_at, ends[date])
        last_start = date if can_start else last_start
        is_held = last_start is not None and date < last_start + shortest
        if date >= first_date:
            yield REFUSED.get(refusal) or ("free" if is_held else "taken"), can_start


def _slot_states(
    room: Room, first_date: dt.date, last_date: dt.date, now: dt.datetime
) -> Iterator[tuple[str, bool]]:
    """Yield each day's state, and whether anything may begin on it."""
    zone, reach = room.venue.zone, Reach.of(room, now)
    offered: dict[dt.date, list[Slot]] = {}
    for slot in slots_between(room, first_date, last_date, now):
        offered.setdefault(slot.starts_at.astimezone(zone).date(), []).append(slot)
    for date in _dates(first_date, last_date):
        of_day = offered.get(date, [])
        if any(slot.is_free for slot in of_day):
            yield "free", True
        elif date < reach.today:
            yield "past", False
        elif date > reach.last_date:
            yield "far", False
        elif not of_day:
            yield "closed", False
        else:
            refused = all(reach.refusal(slot.starts_at, date) for slot in of_day)
            yield "past" if refused else "taken", False


def _session_slots(room: Room, first_date: dt.date, last_date: dt.date, now: dt.datetime) -> list[Slot]:
    zone = room.venue.zone
    start, end = _begin(first_date, zone), _begin(last_date + ONE_DAY, zone)
    sessions = Session.objects.filter(room=room, is_cancelled=False, starts_at__gte=start, starts_at__lt=end)
    offered = {session.pk for session in _offered(room, sessions, now, seats=1)}
    return [Slot(one.starts_at, one.ends_at, one.pk in offered, one) for one in sessions]


def _offered(room: Room, sessions: Iterable[Session], now: dt.datetime, *, seats: int) -> Iterator[Session]:
    """Yield the sessions in which so many seats may be booked at `now`."""
    zone, reach = room.venue.zone, Reach.of(room, now)
    for session in sessions:
        date = session.starts_at.astimezone(zone).date()
        if session.seats_left >= seats and not reach.refusal(session.starts_at, date):
            yield session


def _dates(first_date: dt.date, last_date: dt.date) -> list[dt.date]:
    return [first_date + ONE_DAY * n for n in range((last_date - first_date).days + 1)]


def _begin(date: dt.date, zone: ZoneInfo) -> dt.datetime:
    """Return the first instant of a date."""
    return instant(date, opening.MIDNIGHT, zone)


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
    """Return the sessions in which so many seats may be booked, soonest first."""
    sessions = Session.objects.filter(room=room, is_cancelled=False, starts_at__gt=now)[:MOST_SESSIONS]
    return list(_offered(room, sessions, now, seats=seats))


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
