"""Opening hours as spans of instants: wall times of a venue laid onto real days, clock changes included."""

import datetime as dt
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from core import dates
from rooms.models import OpeningHours

Span = tuple[dt.datetime, dt.datetime]
ONE_DAY = dt.timedelta(days=1)
MIDNIGHT = dt.time(0)


def instant(date: dt.date, time: dt.time, zone: ZoneInfo) -> dt.datetime:
    """Return the instant of a wall time, in UTC; one that clocks jump over moves on by the jump."""
    return dt.datetime.combine(date, time, tzinfo=zone).astimezone(dt.UTC)


def day_spans(
    opening: Sequence[OpeningHours], first_date: dt.date, last_date: dt.date, zone: ZoneInfo
) -> list[Span]:
    """Return each opening of a room that begins on the local dates given, both included, or the evening before; in UTC.

    Hours that run past midnight belong to the day they begin on. A room without opening hours opens every midnight
    for the whole day.
    """
    evening_before = -1 if opening else 0
    days = [first_date + ONE_DAY * n for n in range(evening_before, (last_date - first_date).days + 1)]
    if not opening:
        return [(instant(date, MIDNIGHT, zone), instant(date + ONE_DAY, MIDNIGHT, zone)) for date in days]
    return [_span(row, date, zone) for date in days for row in opening if row.weekday == date.weekday()]


def merge(spans: Iterable[Span]) -> list[Span]:
    """Join spans that overlap or touch."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def describe_day(opening: Sequence[OpeningHours], date: dt.date) -> str:
    """Write what is open on a date's weekday: `Open 8:00 AM – 12:00 PM and 1:00 PM – 6:00 PM on Mondays.`

    What the evening before leaves open is told, too: `Open until 3:00 AM on Sundays.`
    """
    evening_before = (date - ONE_DAY).weekday()
    times = [
        f"until {dates.guest_time(row.closes)}"
        for row in opening
        if row.weekday == evening_before and MIDNIGHT < row.closes <= row.opens
    ]
    times += [dates.guest_hours(row.opens, row.closes) for row in opening if row.weekday == date.weekday()]
    if not times:
        return f"Closed on {dates.weekday(date)}s."
    return f"Open {' and '.join(times)} on {dates.weekday(date)}s."


def _span(row: OpeningHours, date: dt.date, zone: ZoneInfo) -> Span:
    closing_date = date if row.closes > row.opens else date + ONE_DAY
    return instant(date, row.opens, zone), instant(closing_date, row.closes, zone)
