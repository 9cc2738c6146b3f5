"""Which rooms are free, as conditions of a query: `free_for_nights`, `free_for_hours` and `has_session`.

They say in SQL, for all rooms at once, what rooms.availability.stays.check_stay and rooms.availability.occupancy
say of one stay in one room.
Every room is asked about its own instants: its venue's zone and check-in times, its buffers, notice, window
and opening hours. Zones are asked once a venue, hence MATERIALIZED; Occupancy is read once, by one index scan over
the period that encloses them all, and narrowed in memory: at a million rows that takes 2 ms, asking the index room
by room takes 22.
"""

import datetime as dt
from collections.abc import Sequence

from django.db.models import DateField, Exists, F, Func, OuterRef, Q
from django.db.models.expressions import RawSQL

from rooms.availability.stays import LATEST_ARRIVAL, STEP_MINUTES
from rooms.models import Room, Session

# The last place on earth where a date ends does so 12 h after UTC.
FARTHEST_WEST = dt.timedelta(hours=12)
ONE_DAY = dt.timedelta(days=1)
# More is no stay by the hour, and would spread the opening hours below over too many days.
LONGEST_HOURS = dt.timedelta(days=14)

Kind = Room.Kind
HOURLY = (Kind.CONFERENCE, Kind.EXPERT)


def free_for_nights(check_in: dt.date, check_out: dt.date, now: dt.datetime) -> Q:
    """Return the condition that a room is let by the night and may be booked for these nights at `now`."""
    return _among(NIGHTS, [check_in.isoformat(), check_out.isoformat(), now.isoformat()])


def free_for_hours(
    start: dt.datetime, end: dt.datetime, now: dt.datetime, *, kinds: Sequence[str] = HOURLY
) -> Q:
    """Return the condition that a room is let by the hour or appointment and may be booked then at `now`.

    Naive moments are wall time of each venue; fewer `kinds` are answered sooner.
    """
    # From the evening before; an instant may fall on another date at the venue.
    margin = ONE_DAY if start.tzinfo else dt.timedelta(0)
    days = [day.isoformat() for day in (start.date() - ONE_DAY - margin, end.date() + margin)]
    values = [start.isoformat(), end.isoformat(), now.isoformat(), list(kinds), *days]
    return _among(HOURS_OF_INSTANTS if start.tzinfo else HOURS_OF_WALLS, values)


def has_session(first_date: dt.date, last_date: dt.date, seats: int, now: dt.datetime) -> Q:
    """Return the condition that a workshop has a session with so many seats left that begins on one of these dates."""
    open_now = RawSQL(SESSIONS, [now.isoformat(), now.isoformat(), now.isoformat()])  # noqa: S611 - values are parameters
    sessions = Session.objects.filter(
        room=OuterRef("pk"), is_cancelled=False, capacity__gte=F("seats_taken") + seats, pk__in=open_now
    ).alias(date=_local_date("starts_at", "room__venue__time_zone"))
    return Q(kind=Kind.WORKSHOP) & Q(Exists(sessions.filter(date__gte=first_date, date__lte=last_date)))


def first_night_anywhere(now: dt.datetime) -> dt.date:
    """Return the first date whose night may still be booked somewhere on earth."""
    small_hours = dt.timedelta(hours=LATEST_ARRIVAL.hour)
    return (now - FARTHEST_WEST - small_hours).date()


def _among(sql: str, values: list) -> Q:
    return Q(pk__in=RawSQL(sql, values))  # noqa: S611 - values are parameters


def _local_date(instant: str, zone: str) -> Func:
    """Return the date of an instant on the wall calendar of the zone in column `zone`."""
    return Func(
        F(instant), F(zone), arg_joiner=" AT TIME ZONE ", template="(%(expressions)s)::date",
        output_field=DateField(),
    )  # fmt: skip


# --- in SQL -----------------------------------------------------------------------------------------------


def _instant(wall: str) -> str:
    """Return the instant of a wall time at `venue`: of one that comes twice the first; see rooms.availability.opening.

    PostgreSQL by itself takes the second. Both are told by the offset of a day before, the only other that may hold.
    """
    zone = "venue.time_zone"
    return f"""(
        SELECT CASE WHEN early AT TIME ZONE {zone} = wall THEN LEAST(early, late) ELSE late END
        FROM (SELECT {wall} AS wall, ({wall}) AT TIME ZONE {zone} AS late) AS told
        CROSS JOIN LATERAL (SELECT (wall - (
            (late - interval '1 day') AT TIME ZONE {zone} - (late - interval '1 day') AT TIME ZONE 'UTC'
        )) AT TIME ZONE 'UTC' AS early) AS other
    )"""  # noqa: S608 - our own words


def _offset(instant: str) -> str:
    return f"(({instant}) AT TIME ZONE venue.time_zone - ({instant}) AT TIME ZONE 'UTC')"


# How soon and how far ahead a room may be booked: rooms.availability.stays.Reach.
NOTICE = "(room.notice_minutes = 0 OR place.starts - make_interval(mins => room.notice_minutes) >= place.now)"
WINDOW = "place.first_date <= (place.now AT TIME ZONE place.time_zone)::date + room.booking_window_days"

# What a stay takes of each room's time. PostgreSQL refuses reversed ranges.
SPANS = """
    tstzrange(LEAST(place.starts, place.ends), place.ends) AS visit,
    tstzrange(
        LEAST(place.starts - make_interval(mins => room.buffer_before_minutes), place.ends),
        place.ends + make_interval(mins => room.buffer_after_minutes)
    ) AS period
"""

# What takes time of any room near the rooms `asked` about. By itself, so that the planner, which takes the asked for
# few, does not ask the index room by room.
NEAR = """
    near AS MATERIALIZED (
        SELECT room_id, kind, period FROM rooms_occupancy
        WHERE period && (SELECT range_merge(range_agg(period)) FROM asked)
    )
"""
# Of the rooms asked about, those that are taken: rooms.availability.occupancy.rivals; a buffer may lie in closed time.
TAKEN = """
    SELECT asked.id
    FROM near JOIN asked ON asked.id = near.room_id AND asked.period && near.period
        AND (near.kind <> 'blackout' OR asked.visit && near.period)
"""

NIGHTS = f"""
    WITH question AS (SELECT %s::date AS check_in, %s::date AS check_out, %s::timestamptz AS now),
    place AS MATERIALIZED (
        SELECT venue.id, venue.time_zone, question.now, check_in AS first_date, check_out - check_in AS nights,
            {_instant("check_in + venue.check_in_time")} AS starts,
            {_instant("check_out + venue.check_out_time")} AS ends,
            {_instant(f"check_in + 1 + LEAST(venue.check_out_time, time '{LATEST_ARRIVAL.isoformat()}')")} AS over
        FROM rooms_venue venue, question
    ),
    asked AS MATERIALIZED (
        SELECT room.id, {SPANS}
        FROM place JOIN rooms_room room ON room.venue_id = place.id
        WHERE room.kind = 'hotel' AND place.nights BETWEEN room.min_units AND room.max_units
            AND place.now < place.over AND {NOTICE} AND {WINDOW}
    ), {NEAR}
    SELECT id FROM asked WHERE id NOT IN ({TAKEN})
"""  # noqa: S608 - our own words

# Opening hours laid onto each day around the stay and joined where they touch; a stay has to lie in one such span, an
# appointment on the grid of the opening it begins in. A room without hours is open all day. Where no clock changes
# near the stay, which is nearly always, wall times are turned into instants the short way.
HOURS = f"""
    place AS MATERIALIZED (
        SELECT told.*, EXTRACT(EPOCH FROM ends - starts)::int / 60 AS length,
            EXTRACT(EPOCH FROM starts AT TIME ZONE time_zone) %% {60 * STEP_MINUTES} = 0 AS is_on_step,
            (starts AT TIME ZONE time_zone)::date AS first_date,
            {_offset("starts - interval '2 days'").replace("venue.", "")}
                = {_offset("ends + interval '1 day'").replace("venue.", "")} AS is_even
        FROM told
        WHERE is_real AND starts < ends AND starts > now AND date_trunc('minute', ends - starts) = ends - starts
    ),
    asked AS MATERIALIZED (
        SELECT room.id, room.kind, place.starts, place.ends, place.time_zone, place.is_even, minutes, {SPANS}
        FROM place JOIN rooms_room room ON room.venue_id = place.id
        CROSS JOIN LATERAL (SELECT CASE room.kind
            WHEN 'expert' THEN room.appointment_minutes ELSE 60 END) AS sold (minutes)
        WHERE room.kind = ANY(kinds)
            AND (room.kind = 'expert' OR is_on_step)
            AND length %% minutes = 0 AND length / minutes BETWEEN room.min_units AND room.max_units
            AND {NOTICE} AND {WINDOW}
    ),
    opening AS (
        SELECT hours.room_id, day + hours.opens AS opens,
            day + hours.closes + make_interval(days => CASE WHEN hours.closes > hours.opens THEN 0 ELSE 1 END) AS closes
        FROM generate_series(%s::timestamp, %s::timestamp, interval '1 day') AS day
        JOIN rooms_openinghours hours ON hours.weekday = EXTRACT(ISODOW FROM day)::int - 1
        UNION ALL
        SELECT asked.id, day, day + interval '1 day'
        FROM asked, generate_series(date_trunc('day', asked.starts AT TIME ZONE asked.time_zone),
            date_trunc('day', asked.ends AT TIME ZONE asked.time_zone), interval '1 day') AS day
        WHERE asked.id NOT IN (SELECT room_id FROM rooms_openinghours)
    ),
    open AS MATERIALIZED (
        SELECT venue.id, venue.visit, range_agg(tstzrange(LEAST(span.opens, span.closes), span.closes)) AS spans,
            venue.kind = 'conference' OR bool_or(
                span.opens <= venue.starts AND venue.starts < span.closes
                AND EXTRACT(EPOCH FROM venue.starts - span.opens) %% (60 * venue.minutes) = 0
            ) AS is_on_grid
        FROM asked venue JOIN opening ON opening.room_id = venue.id
        CROSS JOIN LATERAL (SELECT
            CASE WHEN venue.is_even THEN opening.opens AT TIME ZONE venue.time_zone
                ELSE {_instant("opening.opens")} END AS opens,
            CASE WHEN venue.is_even THEN opening.closes AT TIME ZONE venue.time_zone
                ELSE {_instant("opening.closes")} END AS closes
        ) AS span
        GROUP BY venue.id, venue.visit, venue.kind
    ), {NEAR}
    SELECT id FROM open WHERE is_on_grid AND spans @> visit AND id NOT IN ({TAKEN})
"""  # noqa: S608 - our own words

HOURS_OF_INSTANTS = f"""
    WITH question AS (SELECT %s::timestamptz AS starts, %s::timestamptz AS ends, %s::timestamptz AS now, %s AS kinds),
    told AS (SELECT venue.id, venue.time_zone, question.*, true AS is_real FROM rooms_venue venue, question), {HOURS}
"""  # noqa: S608 - our own words
# A wall time that clocks jump over is none; nobody can book it.
HOURS_OF_WALLS = f"""
    WITH question AS (SELECT %s::timestamp AS start, %s::timestamp AS finish, %s::timestamptz AS now, %s AS kinds),
    meant AS MATERIALIZED (
        SELECT venue.id, venue.time_zone, question.*, {_instant("start")} AS starts, {_instant("finish")} AS ends
        FROM rooms_venue venue, question
    ),
    told AS (
        SELECT meant.*, starts AT TIME ZONE time_zone = start AND ends AT TIME ZONE time_zone = finish AS is_real
        FROM meant
    ), {HOURS}
"""  # noqa: S608 - our own words

SESSIONS = """
    SELECT session.id
    FROM rooms_session session
    JOIN rooms_room room ON room.id = session.room_id
    JOIN rooms_venue venue ON venue.id = room.venue_id
    WHERE session.starts_at > %s
        AND (room.notice_minutes = 0 OR session.starts_at - make_interval(mins => room.notice_minutes) >= %s)
        AND (session.starts_at AT TIME ZONE venue.time_zone)::date
            <= (%s AT TIME ZONE venue.time_zone)::date + room.booking_window_days
"""
