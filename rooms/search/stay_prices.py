"""What a stay comes to in each room, as an expression of a query: rooms.pricing's rules in SQL, to sort by.

Only the order of rooms rests on it; amounts that people read come from rooms.pricing. A test holds both together.
"""

import datetime as dt

from django.db.models import BigIntegerField, Case, F, Func, Value, When
from django.db.models.expressions import Expression

from rooms.models import Room

# Units are priced by the narrowest rule on their date, else by the room; then a long stay's discount, cleaning, tax.
# `round` takes halves away from zero, as core.money does.
TOTAL = """(
    SELECT net + round(net * stay.tax_percent / 100) FROM (SELECT %(expressions)s)
        AS stay(room_id, price, cleaning, tax_percent, minutes, zone)
    CROSS JOIN LATERAL (SELECT {units} AS count) AS units
    CROSS JOIN LATERAL (
        SELECT sum(COALESCE((
            SELECT rule.price_minor FROM rooms_pricerule rule
            WHERE rule.room_id = stay.room_id AND rule.price_minor IS NOT NULL AND {covers}
            ORDER BY COALESCE(rule.last_date, '9999-12-31') - COALESCE(rule.first_date, '0001-01-01'),
                COALESCE(NULLIF(cardinality(rule.weekdays), 0), 7), rule.id DESC
            LIMIT 1
        ), stay.price)) AS minor
        FROM generate_series(0, units.count - 1) AS n
        CROSS JOIN LATERAL (SELECT {date} AS date) AS unit
    ) AS units_sum
    CROSS JOIN LATERAL (
        SELECT units_sum.minor + stay.cleaning - round(units_sum.minor * COALESCE((
            SELECT rule.discount_percent FROM rooms_pricerule rule
            CROSS JOIN (SELECT 0 AS n) AS first CROSS JOIN LATERAL (SELECT {first_date} AS date) AS unit
            WHERE rule.room_id = stay.room_id AND rule.min_units <= units.count
                AND rule.discount_percent IS NOT NULL AND {covers}
            ORDER BY rule.min_units DESC, rule.discount_percent DESC, rule.id DESC
            LIMIT 1
        ), 0) / 100) AS net
    ) AS netted
)"""
COVERS = """(cardinality(rule.weekdays) = 0 OR EXTRACT(ISODOW FROM unit.date)::int - 1 = ANY(rule.weekdays))
    AND unit.date BETWEEN COALESCE(rule.first_date, '-infinity') AND COALESCE(rule.last_date, 'infinity')"""


class _Total(Func):
    output_field = BigIntegerField()


def total_of_nights(check_in: dt.date, check_out: dt.date) -> Expression:
    """Return what the nights from `check_in` to `check_out` come to in a room, in its minor units."""
    first = f"date '{check_in.isoformat()}'"
    return _total(str((check_out - check_in).days), f"{first} + n", first)


def total_of_hours(start: dt.datetime, end: dt.datetime) -> Expression:
    """Return what the hours or appointments between two moments come to, naive ones as wall time of each venue."""
    starts, ends = _instant(start), _instant(end)
    units = f"(EXTRACT(EPOCH FROM {ends} - {starts})::int / 60 / stay.minutes)"
    date = f"(({starts} + make_interval(mins => stay.minutes * n)) AT TIME ZONE stay.zone)::date"
    return _total(units, date, f"({starts} AT TIME ZONE stay.zone)::date")


def _instant(moment: dt.datetime) -> str:
    if moment.tzinfo is None:
        return f"(timestamp '{moment.isoformat()}' AT TIME ZONE stay.zone)"
    return f"timestamptz '{moment.isoformat()}'"


def _total(units: str, date: str, first_date: str) -> Expression:
    # Nothing a guest types gets in here as text: dates and moments write themselves.
    sql = TOTAL.format(units=units, date=date, first_date=first_date, covers=COVERS)
    minutes = Case(When(kind=Room.Kind.EXPERT, then=F("appointment_minutes")), default=Value(60))
    columns = (F("pk"), F("price_minor"), F("cleaning_fee_minor"), F("venue__tax_percent"), minutes)
    return _Total(*columns, F("venue__time_zone"), template=sql)
