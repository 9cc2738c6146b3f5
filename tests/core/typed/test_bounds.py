import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from core.typed import bounds
from payments.models import Dispute
from rooms.models import CancellationPolicy, Occupancy, PriceRule, Room, Session
from tests.support import factories

LAST = dt.datetime(2199, 12, 31, 23, 59, tzinfo=dt.UTC)


@pytest.mark.parametrize("year", [1, 1999, 2200, 9999])
def test_year_beyond_bounds_is_refused_as_date_and_as_instant(year):
    for value in (dt.date(year, 6, 1), dt.datetime(year, 6, 1, tzinfo=dt.UTC)):
        with pytest.raises(ValidationError, match="Choose a year from 2000 to 2199"):
            bounds.validate_year(value)


@pytest.mark.parametrize("tiers", ["x", [None], [{}], [{"hours": 1}], [{"hours": -1, "percent": 5}],
                                   [{"hours": 1, "percent": 101}], [{"hours": True, "percent": 5}],
                                   [{"hours": 10**30, "percent": 5}]])  # fmt: skip
@pytest.mark.django_db
def test_tiers_of_another_shape_are_refused_by_the_model(tiers):
    policy = CancellationPolicy(venue=factories.venue(), name="Odd", tiers=tiers)

    with pytest.raises(ValidationError) as refused:
        policy.full_clean()

    assert list(refused.value.message_dict) == ["tiers"]


@pytest.mark.parametrize("evidence", [[], None, "text", False, [{}], {"a": {"b": "c"}}])
def test_evidence_of_another_shape_is_refused_by_the_model(evidence):
    with pytest.raises(ValidationError):
        Dispute._meta.get_field("evidence").clean(evidence, None)


@pytest.mark.django_db
def test_database_refuses_what_dates_and_sums_cannot_be_reckoned_with():
    room = factories.room()
    session, rule = factories.session(room=room), factories.price_rule(room=room, price_minor=1)
    far = dt.datetime(2200, 1, 2, tzinfo=dt.UTC)
    writes = [
        lambda: Room.objects.filter(pk=room.pk).update(price_minor=bounds.MOST_MINOR + 1),
        lambda: Room.objects.filter(pk=room.pk).update(notice_minutes=2**31 - 1),
        lambda: Session.objects.filter(pk=session.pk).update(ends_at=far),
        lambda: PriceRule.objects.filter(pk=rule.pk).update(last_date=dt.date(9999, 12, 31)),
        lambda: Occupancy.objects.create(room=room, kind="blackout", period=DateTimeTZRange(LAST, far)),
        lambda: Occupancy.objects.create(room=room, kind="blackout", period=DateTimeTZRange(LAST, None)),
    ]

    for write in writes:
        with pytest.raises(IntegrityError), transaction.atomic():
            write()

    room.refresh_from_db()
    assert (room.price_minor, room.notice_minutes, Occupancy.objects.count()) == (10_000, 0, 0)


@pytest.mark.django_db
def test_migration_brings_rows_back_within_bounds():
    from importlib import import_module

    room = factories.room()
    factories.price_rule(room=room, price_minor=1)
    sql = import_module("rooms.migrations.0008_within_bounds").MEND
    with connection.cursor() as cursor:
        cursor.execute("""
            SET CONSTRAINTS ALL IMMEDIATE;
            ALTER TABLE rooms_room DROP CONSTRAINT room_within_bounds;
            ALTER TABLE rooms_pricerule DROP CONSTRAINT price_rule_within_years;
            ALTER TABLE rooms_occupancy DROP CONSTRAINT occupancy_within_years;
            UPDATE rooms_room SET price_minor = 9223372036854775807, notice_minutes = 2147483647;
            UPDATE rooms_pricerule SET first_date = '0001-01-01', last_date = '9999-12-31';
        """)
        for period in ("[2199-12-31 00:00+00,10000-01-01 00:00+00)", "[9999-01-01 00:00+00,)"):
            cursor.execute(
                "INSERT INTO rooms_occupancy (room_id, kind, period, reference, source, external_uid, note, created_at)"
                " VALUES (%s, 'blackout', %s, '', '', '', '', now())",
                [room.pk, period],
            )

        cursor.execute(sql)

    room.refresh_from_db()
    rule, occupancy = PriceRule.objects.get(), Occupancy.objects.get()
    assert (room.price_minor, room.notice_minutes) == (bounds.MOST_MINOR, bounds.MOST_NOTICE_MINUTES)
    assert (rule.first_date, rule.last_date) == (dt.date(2000, 1, 1), dt.date(2199, 12, 31))
    assert (occupancy.period.lower, occupancy.period.upper) == (
        LAST.replace(hour=0, minute=0),
        bounds.LAST_INSTANT,
    )
