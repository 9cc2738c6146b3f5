"""Stays: from what a guest picks in the venue's wall time to instants in UTC, and whether a room allows it.

Nights count dates in the venue's zone; hours and appointments count elapsed time. Ranges are half-open.
"""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from core import dates
from core.dates import write_minutes
from core.errors import Refusal
from core.typed.bounds import FIRST_YEAR, LAST_YEAR
from rooms.availability import opening as opening_hours
from rooms.models import Room, Session

UNIT_NAMES = {"night": "nights", "hour": "hours", "appointment": "appointments", "seat": "seats"}
# Hours begin on the half hour, so that bookings leave no unsellable crumbs between them.
STEP_MINUTES = 30
# Who comes at half past midnight wants the night just begun; later in the morning nobody means the one before.
LATEST_ARRIVAL = dt.time(6)


@dataclass(frozen=True)
class Stay:
    """When somebody stays: instants in UTC, half-open, and how many nights, hours or appointments that is."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    units: int


class InvalidStay(Refusal, ValueError):
    """A stay the room does not allow.

    `field` is where the guest has to look (check_in, check_out, start, end, session, party_size), `code` is
    for programs, `message` for people.
    """

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(code, message, field)


def count_units(count: int, unit: str) -> str:
    """Write `1 night`, `3 nights`."""
    return f"{count} {unit if count == 1 else UNIT_NAMES[unit]}"


def write_date(date: dt.date) -> str:
    """Write `Saturday, November 21, 2026`."""
    return dates.long_day(date)


# --- from a choice to a stay --------------------------------------------------------------------------------


def stay_of_nights(room: Room, check_in: dt.date, check_out: dt.date) -> Stay:
    """Return the stay between two dates, from the venue's check-in time to its check-out time.

    Raises: InvalidStay when the dates are reversed, equal, beyond reason, or the room is let otherwise.
    """
    if not room.is_by_night:
        raise InvalidStay("check_in", "wrong_unit", f"This is booked by the {room.unit}, not by the night.")
    _check_year(check_in, "check_in")
    _check_year(check_out, "check_out")
    nights = (check_out - check_in).days
    if nights <= 0:
        raise InvalidStay("check_out", "not_after_start", "Check-out must be after check-in.")
    venue = room.venue
    return Stay(
        opening_hours.instant(check_in, venue.check_in_time, venue.zone),
        opening_hours.instant(check_out, venue.check_out_time, venue.zone),
        nights,
    )


def stay_of_hours(room: Room, start: dt.datetime, end: dt.datetime) -> Stay:
    """Return the stay between two moments; naive ones are wall time of the venue.

    A wall time that comes twice (clocks going back) means its first coming; one that never comes is refused.

    Raises: InvalidStay also when reversed, empty, no whole number of units, or the room is let otherwise.
    """
    if room.kind not in (Room.Kind.CONFERENCE, Room.Kind.EXPERT):
        raise InvalidStay("start", "wrong_unit", f"This is booked by the {room.unit}, not by the hour.")
    starts_at = _instant_of(start, room.venue.zone, "start")
    ends_at = _instant_of(end, room.venue.zone, "end")
    if ends_at <= starts_at:
        raise InvalidStay("end", "not_after_start", "The end must be after the start.")
    units, rest = divmod(ends_at - starts_at, unit_length(room))
    if rest:
        length = (
            "whole hours"
            if room.unit == Room.Unit.HOUR
            else f"{room.appointment_minutes}-minute appointments"
        )
        raise InvalidStay("end", "not_whole_units", f"This is booked in {length}.")
    return Stay(starts_at, ends_at, units)


def stay_of_session(session: Session) -> Stay:
    """Return the stay a seat in a session means."""
    return Stay(session.starts_at, session.ends_at, 1)


def stay_of(
    room: Room,
    *,
    check_in: dt.date | None = None,
    check_out: dt.date | None = None,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
    session: Session | None = None,
) -> Stay:
    """Return the stay of those fields this kind of room is booked by. Raises: InvalidStay."""
    if room.kind == Room.Kind.WORKSHOP:
        if session is None or session.room_id != room.pk:
            raise InvalidStay("session", "required", "Choose a session of this workshop.")
        return stay_of_session(session)
    if room.is_by_night:
        if check_in is None:
            raise InvalidStay("check_in", "required", "Choose a check-in date.")
        if check_out is None:
            raise InvalidStay("check_out", "required", "Choose a check-out date.")
        return stay_of_nights(room, check_in, check_out)
    if start is None:
        raise InvalidStay("start", "required", "Choose when to start.")
    if end is None:
        raise InvalidStay("end", "required", "Choose when to end.")
    return stay_of_hours(room, start, end)


def period_of(room: Room, stay: Stay) -> DateTimeTZRange:
    """Return what a stay takes of the room's time: half-open, UTC, buffers included."""
    return DateTimeTZRange(
        stay.starts_at - dt.timedelta(minutes=room.buffer_before_minutes),
        stay.ends_at + dt.timedelta(minutes=room.buffer_after_minutes),
        "[)",
    )


def visit_of(stay: Stay) -> DateTimeTZRange:
    """Return when somebody is there: the stay's own time, half-open, UTC, without buffers."""
    return DateTimeTZRange(stay.starts_at, stay.ends_at, "[)")


# --- whether the room allows it -----------------------------------------------------------------------------


def check_stay(room: Room, stay: Stay, party_size: int, now: dt.datetime) -> None:
    """Check a stay against the room's own rules; whether it is free is rooms.availability.occupancy's to say.

    Reads the room's venue and, where it is let by the hour or appointment, its opening hours.

    Raises: InvalidStay.
    """
    _check_party(room, party_size)
    _check_ahead(room, stay, now)
    if room.kind == Room.Kind.WORKSHOP:
        return
    _check_units(room, stay)
    if not room.is_by_night:
        _check_hours(room, stay)


def _check_party(room: Room, party_size: int) -> None:
    if party_size < 1:
        raise InvalidStay("party_size", "too_few", "At least one guest.")
    if party_size > room.capacity:
        people = "1 guest" if room.capacity == 1 else f"{room.capacity} guests"
        raise InvalidStay("party_size", "too_many", f"At most {people} fit here.")


@dataclass(frozen=True)
class Reach:
    """How soon and how far ahead a room may be booked at `now`: one rule for grids, slots, sessions and bookings.

    `today` and `last_date` are dates at the venue. rooms.search.free_rooms says the same in SQL.
    """

    room: Room
    now: dt.datetime
    today: dt.date
    last_date: dt.date

    @classmethod
    def of(cls, room: Room, now: dt.datetime) -> "Reach":
        today = now.astimezone(room.venue.zone).date()
        return cls(room, now, today, today + dt.timedelta(days=room.booking_window_days))

    def refusal(self, starts_at: dt.datetime, first_date: dt.date) -> str:
        """Return why a start, on that date at the venue, is refused: past, too_soon or too_far; empty if it is not."""
        if self._is_past(starts_at, first_date):
            return "past"
        notice = dt.timedelta(minutes=self.room.notice_minutes)
        if notice and starts_at - notice < self.now:
            return "too_soon"
        return "too_far" if first_date > self.last_date else ""

    def _is_past(self, starts_at: dt.datetime, first_date: dt.date) -> bool:
        """A night may still be booked by who arrives late: until the small hours after it begins are over."""
        if not self.room.is_by_night:
            return starts_at <= self.now
        if first_date >= self.today:
            return False
        venue = self.room.venue
        last = min(venue.check_out_time, LATEST_ARRIVAL)
        return self.now >= opening_hours.instant(first_date + opening_hours.ONE_DAY, last, venue.zone)


def first_night(room: Room, now: dt.datetime) -> dt.date:
    """Return the date at the venue of the first night that may be booked: in the small hours still yesterday's."""
    venue, reach = room.venue, Reach.of(room, now)
    yesterday = reach.today - opening_hours.ONE_DAY
    starts_at = opening_hours.instant(yesterday, venue.check_in_time, venue.zone)
    return reach.today if reach.refusal(starts_at, yesterday) else yesterday


def _check_ahead(room: Room, stay: Stay, now: dt.datetime) -> None:
    reach = Reach.of(room, now)
    told = {
        "past": "This is in the past.",
        "too_soon": f"This has to be booked at least {write_minutes(room.notice_minutes)} ahead.",
        "too_far": f"This can be booked up to {write_date(reach.last_date)}.",
    }
    if code := reach.refusal(stay.starts_at, stay.starts_at.astimezone(room.venue.zone).date()):
        raise InvalidStay(start_field(room), code, told[code])


def _check_units(room: Room, stay: Stay) -> None:
    field = "check_out" if room.is_by_night else "end"
    if stay.units < room.min_units:
        raise InvalidStay(field, "too_short", f"At least {count_units(room.min_units, room.unit)}.")
    if stay.units > room.max_units:
        raise InvalidStay(field, "too_long", f"At most {count_units(room.max_units, room.unit)}.")


def _check_hours(room: Room, stay: Stay) -> None:
    zone = room.venue.zone
    opening = list(room.opening_hours.all())
    local = stay.starts_at.astimezone(zone)
    openings = opening_hours.day_spans(opening, local.date(), stay.ends_at.astimezone(zone).date(), zone)
    spans = opening_hours.merge(openings)
    if not any(opens <= stay.starts_at and stay.ends_at <= closes for opens, closes in spans):
        is_inside = any(opens <= stay.starts_at < closes for opens, closes in spans)
        field = "end" if is_inside else "start"
        raise InvalidStay(field, "closed", opening_hours.describe_day(opening, local.date()))
    if room.kind == Room.Kind.EXPERT:
        if not any(_is_laid(stay.starts_at, span, unit_length(room)) for span in openings):
            raise InvalidStay("start", "off_grid", "Choose one of the times offered.")
    elif local.minute % STEP_MINUTES or local.second or local.microsecond:
        raise InvalidStay("start", "off_grid", "Start on the hour or half hour.")


def _is_laid(start: dt.datetime, span: opening_hours.Span, unit: dt.timedelta) -> bool:
    """Return whether an appointment that is laid from an opening on begins then."""
    opens, closes = span
    return opens <= start < closes and not (start - opens) % unit


# --- helpers ------------------------------------------------------------------------------------------------


def unit_length(room: Room) -> dt.timedelta:
    """Return how long one hour or appointment of a room is."""
    return dt.timedelta(minutes=room.appointment_minutes if room.unit == Room.Unit.APPOINTMENT else 60)


def start_field(room: Room) -> str:
    """Return the name of the form field that holds the start."""
    if room.is_by_night:
        return "check_in"
    return "session" if room.kind == Room.Kind.WORKSHOP else "start"


def _check_year(date: dt.date, field: str) -> None:
    if not FIRST_YEAR <= date.year < LAST_YEAR:
        raise InvalidStay(field, "out_of_range", "Choose a date nearer to today.")


def instant_of_wall(wall: dt.datetime, zone: ZoneInfo, field: str, *, fold: int | None = None) -> dt.datetime:
    """Return the instant of a naive wall time in `zone`; `fold` is 0 for the first coming of one that comes twice.

    Raises: InvalidStay, by `field`, for a time that never comes, and for one that comes twice without `fold`.
    """
    _check_year(wall.date(), field)
    first, second = (wall.replace(tzinfo=zone, fold=n).astimezone(dt.UTC) for n in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None, fold=0) != wall:
        raise InvalidStay(
            field, "nonexistent_time",
            f"{dates.guest_time(wall.time())} does not exist on {write_date(wall.date())}: "
            f"the clocks go forward then. Choose a later time.",
        )  # fmt: skip
    if first != second and fold is None:
        raise InvalidStay(
            field, "ambiguous_time",
            f"{dates.guest_time(wall.time())} comes twice on {write_date(wall.date())}: "
            f"the clocks go back then. Say which one.",
        )  # fmt: skip
    return second if fold else first


def _instant_of(moment: dt.datetime, zone: ZoneInfo, field: str) -> dt.datetime:
    """Return the instant of an aware moment, or of a naive wall time in `zone`: the first where it comes twice."""
    _check_year(moment.date(), field)
    if moment.tzinfo is not None:
        return moment.astimezone(dt.UTC)
    return instant_of_wall(moment.replace(fold=0), zone, field, fold=0)
