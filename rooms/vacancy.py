"""Which rooms are free, as conditions of a query: `free_for_nights` and `free_for_hours`.

Every room is asked about its own instants: its venue's zone and check-in times, its buffers, notice, window
and opening hours. Those are worked out once a room; Occupancy is read once, by one index scan over the period that
encloses them all, and narrowed in memory: at a million rows that takes 2 ms, asking the index room by room takes 22.
"""

import datetime as dt
from collections.abc import Sequence

from django.db.models import (
    Case,
    DateField,
    DateTimeField,
    DurationField,
    Expression,
    F,
    Func,
    IntegerField,
    Q,
    Value,
    When,
)
from django.db.models.expressions import CombinedExpression, RawSQL
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, LessThanOrEqual

from rooms.models import Room

# The last place on earth where a date ends does so 12 h after UTC.
FARTHEST_WEST = dt.timedelta(hours=12)
ONE_DAY = dt.timedelta(days=1)
# More is no stay by the hour, and would spread the opening hours below over too many days.
LONGEST_HOURS = dt.timedelta(days=14)

Kind = Room.Kind
HOURLY = (Kind.CONFERENCE, Kind.EXPERT)


def free_for_nights(check_in: dt.date, check_out: dt.date, now: dt.datetime) -> Q:
    """Return the condition that a room is let by the night and may be booked for these nights at `now`."""
    starts = _at_zone(
        CombinedExpression(_date(check_in), "+", F("venue__check_in_time"), output_field=DateTimeField())
    )
    today = local_date(_instant(now), "venue__time_zone")
    nights = (check_out - check_in).days
    window = CombinedExpression(today, "+", F("booking_window_days"), output_field=DateField())
    first_night = _date(check_in)
    return (
        Q(kind=Kind.HOTEL, min_units__lte=nights, max_units__gte=nights)
        & Q(GreaterThanOrEqual(first_night, today), LessThanOrEqual(first_night, window))
        & (Q(notice_minutes=0) | _keeps_notice(starts, now))
        & ~Q(pk__in=_taken_nights(check_in, check_out))
    )


def free_for_hours(
    start: dt.datetime, end: dt.datetime, now: dt.datetime, *, kinds: Sequence[str] = HOURLY
) -> Q:
    """Return the condition that a room is let by the hour or appointment and may be booked then at `now`.

    Naive moments are wall time of each venue; fewer `kinds` are answered sooner.
    """
    starts, ends = _moment(start), _moment(end)
    minutes = Func(
        ends - starts, template="(EXTRACT(EPOCH FROM %(expressions)s)::int / 60)", output_field=_INT
    )
    unit = Case(When(kind=Kind.EXPERT, then=F("appointment_minutes")), default=Value(60), output_field=_INT)
    today = local_date(_instant(now), "venue__time_zone")
    window = CombinedExpression(today, "+", F("booking_window_days"), output_field=DateField())
    return (
        Q(kind__in=kinds)
        & Q(Exact(minutes % unit, 0), GreaterThanOrEqual(minutes, unit * F("min_units")))
        & Q(LessThanOrEqual(minutes, unit * F("max_units")), GreaterThan(starts, now))
        & Q(LessThanOrEqual(local_date(starts, "venue__time_zone"), window))
        & (Q(notice_minutes=0) | _keeps_notice(starts, now))
        & ~Q(pk__in=_closed_rooms(start, end, kinds))
        & ~Q(pk__in=_taken_hours(start, end, kinds))
    )


def local_date(instant: Expression, zone: str) -> Expression:
    """Return the date of an instant on the wall calendar of the zone in column `zone`."""
    return Func(
        instant,
        F(zone),
        arg_joiner=" AT TIME ZONE ",
        template="(%(expressions)s)::date",
        output_field=DateField(),
    )


# --- what is taken ----------------------------------------------------------------------------------------


# `asked` holds what the stay would take of each room's time; a buffer may lie in closed time. A wall time that
# clocks jump over may land behind its end; PostgreSQL refuses reversed ranges. Zones are asked once a venue, hence
# OFFSET 0, and not again for every occupancy, hence MATERIALIZED.
TAKEN = """
    WITH asked AS MATERIALIZED (
        SELECT room.id, tstzrange(LEAST(stay.starts, stay.ends), stay.ends) AS period,
            tstzrange(LEAST(place.starts, place.ends), place.ends) AS visit
        FROM (SELECT venue.id, {start} AS starts, {end} AS ends FROM rooms_venue venue OFFSET 0) AS place
        JOIN rooms_room room ON room.venue_id = place.id
        CROSS JOIN LATERAL (SELECT
            place.starts - make_interval(mins => room.buffer_before_minutes) AS starts,
            place.ends + make_interval(mins => room.buffer_after_minutes) AS ends
        ) AS stay
        WHERE room.kind = ANY(%s)
    )
    SELECT taken.room_id
    FROM rooms_occupancy taken
    JOIN asked ON asked.id = taken.room_id AND asked.period && taken.period
        AND (taken.kind <> 'blackout' OR asked.visit && taken.period)
    WHERE taken.period && (SELECT range_merge(range_agg(period)) FROM asked)
"""


def _taken_nights(check_in: dt.date, check_out: dt.date) -> Expression:
    """Return the rooms by the night that are occupied between check-in and check-out at their venue."""
    sql = TAKEN.format(
        start="(%s::date + venue.check_in_time) AT TIME ZONE venue.time_zone",
        end="(%s::date + venue.check_out_time) AT TIME ZONE venue.time_zone",
    )
    return RawSQL(sql, [check_in.isoformat(), check_out.isoformat(), [Kind.HOTEL]])  # noqa: S611 - values are parameters


def _taken_hours(start: dt.datetime, end: dt.datetime, kinds: Sequence[str]) -> Expression:
    """Return the rooms by the hour that are occupied between two moments, naive ones at each venue."""
    instant = "%s::timestamp AT TIME ZONE venue.time_zone" if start.tzinfo is None else "%s::timestamptz"
    sql = TAKEN.format(start=instant, end=instant)
    return RawSQL(sql, [start.isoformat(), end.isoformat(), list(kinds)])  # noqa: S611 - values are parameters


def _keeps_notice(starts: Expression, now: dt.datetime) -> Q:
    return Q(GreaterThanOrEqual(starts - _minutes("notice_minutes"), now))


# Opening hours laid onto each day around the stay and joined where they touch, as wall time; a stay has to lie
# in one such span, and an appointment on the grid that begins with it. A room without hours is open all day.
# Told as what is closed, since NOT IN is worked out once, while IN may be joined, and aggregated, room by room.
CLOSED_ROOMS = """
    WITH open AS MATERIALIZED (
        SELECT hours.room_id, COALESCE(range_agg(tsrange(
            day + hours.opens,
            day + hours.closes + make_interval(days => CASE WHEN hours.closes > hours.opens THEN 0 ELSE 1 END)
        )) FILTER (WHERE day IS NOT NULL), '{{}}') AS spans
        FROM rooms_openinghours hours
        LEFT JOIN generate_series(%s::timestamp, %s::timestamp, interval '1 day') AS day
            ON EXTRACT(ISODOW FROM day)::int - 1 = hours.weekday
        GROUP BY hours.room_id
    )
    SELECT room.id
    FROM rooms_room room
    JOIN rooms_venue venue ON venue.id = room.venue_id
    LEFT JOIN open ON open.room_id = room.id
    WHERE room.kind = ANY(%s) AND NOT EXISTS (
        SELECT
        FROM unnest(COALESCE(
            open.spans,
            tsmultirange(tsrange(date_trunc('day', {start}), date_trunc('day', {end}) + interval '1 day'))
        )) AS span
        WHERE span @> tsrange(LEAST({start}, {end}), {end}) AND (
            room.kind = 'conference'
            OR EXTRACT(EPOCH FROM {start} - lower(span))::int %% (60 * room.appointment_minutes) = 0
        )
    )
"""


def _closed_rooms(start: dt.datetime, end: dt.datetime, kinds: Sequence[str]) -> Expression:
    """Return the rooms by the hour whose opening hours do not hold the stay."""
    wall = "%s::timestamp" if start.tzinfo is None else "(%s::timestamptz AT TIME ZONE venue.time_zone)"
    # From the evening before; an instant may fall on another date at the venue.
    margin = ONE_DAY if start.tzinfo else dt.timedelta(0)
    days = [day.isoformat() for day in (start.date() - ONE_DAY - margin, end.date() + margin)]
    values = [moment.isoformat() for moment in (start, end, start, end, end, start)]
    sql = CLOSED_ROOMS.format(start=wall, end=wall)
    return RawSQL(sql, [*days, list(kinds), *values])  # noqa: S611 - values are parameters


# --- instants in SQL --------------------------------------------------------------------------------------

_INT = IntegerField()


def _moment(moment: dt.datetime) -> Expression:
    """Return the instant of an aware moment, or of a naive wall time at each venue.

    A wall time that comes twice means its second coming to PostgreSQL, and the first to rooms.stays: only
    rooms open in that one night hour of the year could tell.
    """
    if moment.tzinfo is not None:
        return _instant(moment)
    wall = RawSQL("%s::timestamp", [moment.isoformat()], output_field=DateTimeField())
    return _at_zone(wall)


def _at_zone(wall: Expression) -> Expression:
    return Func(
        wall,
        F("venue__time_zone"),
        arg_joiner=" AT TIME ZONE ",
        template="(%(expressions)s)",
        output_field=DateTimeField(),
    )


def _minutes(column: str) -> Expression:
    return Func(
        F(column), function="make_interval", template="%(function)s(mins => %(expressions)s)",
        output_field=DurationField(),
    )  # fmt: skip


def _instant(instant: dt.datetime) -> Expression:
    return RawSQL("%s::timestamptz", [instant.isoformat()], output_field=DateTimeField())


def _date(date: dt.date) -> Expression:
    return RawSQL("%s::date", [date.isoformat()], output_field=DateField())
