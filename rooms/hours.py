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


def open_spans(
    opening: Sequence[OpeningHours], first_date: dt.date, last_date: dt.date, zone: ZoneInfo
) -> list[Span]:
    """Return when a room is open on the local dates given, both included: sorted, disjoint, in UTC.

    Hours that run past midnight belong to the day they begin on; those of the evening before are included.
    A room without opening hours is always open.
    """
    if not opening:
        return [(instant(first_date, MIDNIGHT, zone), instant(last_date + ONE_DAY, MIDNIGHT, zone))]
    spans = []
    date = first_date - ONE_DAY
    while date <= last_date:
        spans += [_span(row, date, zone) for row in opening if row.weekday == date.weekday()]
        date += ONE_DAY
    return merge(spans)


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
    """Write what is open on a date's weekday: `Open 8:00 AM – 12:00 PM and 1:00 PM – 6:00 PM on Mondays.`"""
    times = [dates.guest_hours(row.opens, row.closes) for row in opening if row.weekday == date.weekday()]
    if not times:
        return f"Closed on {dates.weekday(date)}s."
    return f"Open {' and '.join(times)} on {dates.weekday(date)}s."


def _span(row: OpeningHours, date: dt.date, zone: ZoneInfo) -> Span:
    closing_date = date if row.closes > row.opens else date + ONE_DAY
    return instant(date, row.opens, zone), instant(closing_date, row.closes, zone)
