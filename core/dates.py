"""Dates and times as people read them: one set of forms for guests, one for staff, and the name of a zone.

Guests read `Tue, Apr 6, 3:00 PM`, staff `Apr 6, 2027, 15:00`; no form has leading zeros but for the hours of the 24 h
clock. Guests' short forms name the year only where it is not the present one at the venue. Every function takes an
instant (aware) and the zone whose wall shows it, or a plain date; what machines read is ISO 8601 and written elsewhere.
"""

import datetime as dt
from typing import overload
from zoneinfo import ZoneInfo

from core import clock

Moment = dt.datetime | dt.date
Zone = str | ZoneInfo
UTC = "UTC"


@overload
def local(value: dt.datetime, time_zone: Zone = UTC) -> dt.datetime: ...


@overload
def local(value: Moment, time_zone: Zone = UTC) -> Moment: ...


def local(value: Moment, time_zone: Zone = UTC) -> Moment:
    """Return an instant as the wall of a zone shows it; a plain date stays as it is."""
    return value.astimezone(ZoneInfo(str(time_zone))) if isinstance(value, dt.datetime) else value


def zone_name(time_zone: Zone, *instants: dt.datetime) -> str:
    """Name a zone: `Lisbon time`; beside instants that share one abbreviation, `Lisbon time, WEST`.

    The abbreviation belongs to the instants shown, never to now: summer and winter have names of their own.
    """
    if str(time_zone) == UTC:
        return UTC
    city = str(time_zone).rsplit("/", 1)[-1].replace("_", " ")
    shorts = {local(instant, time_zone).tzname() or "" for instant in instants}
    short = shorts.pop() if len(shorts) == 1 else ""
    # Zones without an abbreviation of their own are called by their offset, as "+05".
    return f"{city} time, {short}" if short.isalpha() else f"{city} time"


# --- for guests -----------------------------------------------------------------------------------------------


def guest_time(value: dt.datetime | dt.time, time_zone: Zone = UTC) -> str:
    """Write `3:00 PM`."""
    wall = local(value, time_zone) if isinstance(value, dt.datetime) else value
    return f"{wall.hour % 12 or 12}:{wall:%M %p}"


def guest_date(value: Moment, time_zone: Zone = UTC) -> str:
    """Write `Apr 6`, or `Apr 6, 2027` in another year than the venue's present one."""
    day = local(value, time_zone)
    return f"{day:%b} {day.day}{_year(day, time_zone)}"


def guest_day(value: Moment, time_zone: Zone = UTC) -> str:
    """Write `Tue, Apr 6`, or `Tue, Apr 6, 2027` in another year than the venue's present one."""
    return f"{local(value, time_zone):%a}, {guest_date(value, time_zone)}"


def guest_moment(value: dt.datetime, time_zone: Zone = UTC) -> str:
    """Write `Tue, Apr 6, 3:00 PM`, with the year where it is not the venue's present one."""
    return f"{guest_day(value, time_zone)}, {guest_time(value, time_zone)}"


def full_date(value: Moment, time_zone: Zone = UTC) -> str:
    """Write `Apr 6, 2027`: for what is kept, as mails are, and for staff."""
    day = local(value, time_zone)
    return f"{day:%b} {day.day}, {day.year}"


def full_moment(value: dt.datetime, time_zone: Zone = UTC) -> str:
    """Write `Apr 6, 2027 at 3:00 PM`: for what is kept, as mails and calendar files are."""
    return f"{full_date(value, time_zone)} at {guest_time(value, time_zone)}"


def full_moment_in_zone(value: dt.datetime, time_zone: Zone) -> str:
    """Write `Apr 6, 2027 at 3:00 PM (Lisbon time, WEST)`."""
    return f"{full_moment(value, time_zone)} ({zone_name(time_zone, value)})"


def deadline(value: dt.datetime, time_zone: Zone, *, is_for_guest: bool = True) -> str:
    """Write until when, as short as it is clear: `9:43 PM` today, else `Apr 6, 9:43 PM`; `21:43` for staff."""
    time = (guest_time if is_for_guest else staff_time)(value, time_zone)
    is_today = local(value, time_zone).date() == local(clock.now(), time_zone).date()
    return time if is_today else f"{guest_date(value, time_zone)}, {time}"


def long_day(value: Moment, time_zone: Zone = UTC) -> str:
    """Write `Tuesday, April 6, 2027`: in sentences, and for screen readers."""
    day = local(value, time_zone)
    return f"{day:%A, %B} {day.day}, {day.year}"


def weekday(value: Moment, time_zone: Zone = UTC) -> str:
    """Write `Tuesday`."""
    return f"{local(value, time_zone):%A}"


def month(value: Moment, time_zone: Zone = UTC) -> str:
    """Write `April 2027`."""
    return f"{local(value, time_zone):%B %Y}"


def date_span(first: Moment, last: Moment, time_zone: Zone = UTC) -> str:
    """Write `Apr 6 – Apr 9, 2027`, or `Dec 30, 2026 – Jan 2, 2027`: both years where they differ."""
    start, end = local(first, time_zone), local(last, time_zone)
    year = "" if start.year == end.year else f", {start.year}"
    return f"{start:%b} {start.day}{year} – {full_date(end)}"


def guest_span(first: dt.datetime, last: dt.datetime, time_zone: Zone) -> str:
    """Write `Tue, Apr 6, 9:00 AM – 11:00 AM`; the second date only where it is another one."""
    is_one_day = local(first, time_zone).date() == local(last, time_zone).date()
    end = guest_time(last, time_zone) if is_one_day else guest_moment(last, time_zone)
    return f"{guest_moment(first, time_zone)} – {end}"


def guest_hours(opens: dt.time, closes: dt.time) -> str:
    """Write opening hours: `8:00 AM – 9:00 PM`, `6:00 PM – 9:00 AM the next day`, `6:00 PM – midnight`, `all day`."""
    midnight = dt.time(0)
    if opens == closes == midnight:
        return "all day"
    if closes == midnight:
        return f"{guest_time(opens)} – midnight"
    return f"{guest_time(opens)} – {guest_time(closes)}{' the next day' if closes <= opens else ''}"


# --- for staff ------------------------------------------------------------------------------------------------


def staff_time(value: dt.datetime | dt.time, time_zone: Zone = UTC) -> str:
    """Write `15:00`."""
    return f"{local(value, time_zone) if isinstance(value, dt.datetime) else value:%H:%M}"


def staff_moment(value: dt.datetime, time_zone: Zone = UTC) -> str:
    """Write `Apr 6, 2027, 15:00`."""
    return f"{full_date(value, time_zone)}, {staff_time(value, time_zone)}"


def staff_moment_in_zone(value: dt.datetime, time_zone: Zone = UTC) -> str:
    """Write `Apr 6, 2027, 15:00 (Lisbon time, WEST)`, or `Apr 6, 2027, 15:00 UTC`."""
    name = zone_name(time_zone, value)
    return f"{staff_moment(value, time_zone)} {name if name == UTC else f'({name})'}"


def staff_span(first: dt.datetime, last: dt.datetime, time_zone: Zone) -> str:
    """Write `Apr 6, 2027, 10:00–12:00`, or `Apr 6, 2027, 15:00 – Apr 9, 2027, 11:00`."""
    start, end = staff_moment(first, time_zone), staff_moment(last, time_zone)
    if local(first, time_zone).date() == local(last, time_zone).date():
        return f"{start}–{staff_time(last, time_zone)}"
    return f"{start} – {end}"


def staff_span_in_zone(first: dt.datetime, last: dt.datetime, time_zone: Zone) -> str:
    """Write the same, and the zone's name as of both ends."""
    return f"{staff_span(first, last, time_zone)} ({zone_name(time_zone, first, last)})"


def _year(day: Moment, time_zone: Zone) -> str:
    return "" if day.year == local(clock.now(), time_zone).year else f", {day.year}"


def write_minutes(minutes: int) -> str:
    """Write `45 minutes`, `2 hours`, `3 days`."""
    for size, name in ((24 * 60, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size and minutes % size == 0:
            count = minutes // size
            return f"{count} {name}{'' if count == 1 else 's'}"
    return "0 minutes"
