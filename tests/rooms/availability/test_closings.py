"""Closed time and bookings beside it: what collides is somebody being there, never a turnover."""

import datetime as dt
from importlib import import_module

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from bookings.actors import member_actor
from bookings.bulk import services as bulk
from rooms import services
from rooms.availability import closings
from rooms.availability.occupancy import RoomTaken, is_free
from rooms.availability.stays import Stay, stay_of_hours, stay_of_nights
from rooms.models import Closing, Occupancy, Room, Session
from rooms.search.calendar import slots
from rooms.search.query import Search, search
from tests.support import factories

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)
FIRST, SECOND = dt.date(2026, 12, 1), dt.date(2026, 12, 2)
HOUR = dt.timedelta(hours=1)


def late_hall() -> Room:
    """A room by the hour, open 08:00-24:00, that needs half an hour after each booking."""
    hall = factories.room(kind="conference", buffer_before_minutes=60, buffer_after_minutes=30)
    hall.opening_hours.update(closes=dt.time(0))
    return hall


def evening(hall: Room, date: dt.date = FIRST) -> Stay:
    """From 22:00 until midnight."""
    start = dt.datetime.combine(date, dt.time(22))
    return stay_of_hours(hall, start, start + 2 * HOUR)


def morning(hall: Room, date: dt.date = SECOND) -> Stay:
    """From 08:00 until 10:00."""
    start = dt.datetime.combine(date, dt.time(8))
    return stay_of_hours(hall, start, start + 2 * HOUR)


def close(room: Room, date: dt.date) -> Closing:
    return closings.close(venue=room.venue, rooms=[room], first_date=date, last_date=date)


# --- closing beside a booking ---------------------------------------------------------------------------------


def test_close_dates_after_a_booking_whose_buffer_reaches_in_is_done_and_cancels_nobody():
    hall = late_hall()
    booking = factories.booking(room=hall, stay=evening(hall), now=NOW)
    target = bulk.Target(hall, *closings.span_of_dates(hall, SECOND, SECOND))

    seen = bulk.preview(target)
    close(hall, SECOND)

    booking.refresh_from_db()
    assert (seen.bookings, booking.status) == ([], "PENDING_APPROVAL")
    assert Occupancy.objects.filter(room=hall, kind="blackout").count() == 1


def test_close_dates_from_the_check_out_day_leaves_the_guest_who_leaves_that_morning():
    room = factories.room(buffer_after_minutes=5 * 60)
    leaving = factories.booking(room=room, stay=stay_of_nights(room, FIRST, SECOND), now=NOW)
    staying = factories.booking(
        room=room, stay=stay_of_nights(room, FIRST + 2 * (SECOND - FIRST), dt.date(2026, 12, 4)), now=NOW
    )
    target = bulk.Target(room, *closings.span_of_dates(room, SECOND, dt.date(2026, 12, 3)))

    begun = bulk.begin(
        target=target, actor=member_actor(factories.host(venue=room.venue)), reason="Paint", now=NOW
    )

    assert [item.booking_id for item in begun.items.all()] == [staying.pk]
    leaving.refresh_from_db()
    assert leaving.status == "PENDING_PAYMENT"


def test_close_dates_over_a_guest_is_refused_and_changes_nothing():
    hall = late_hall()
    factories.booking(room=hall, stay=evening(hall), now=NOW)

    with pytest.raises(RoomTaken):
        close(hall, FIRST)

    assert not Occupancy.objects.filter(kind="blackout").exists()


def test_close_dates_beside_a_session_whose_buffer_reaches_in_keeps_the_session():
    room = factories.room(kind="workshop", capacity=8, buffer_after_minutes=120, buffer_before_minutes=120)
    midnight = dt.datetime(2026, 12, 1, 23, tzinfo=dt.UTC)  # of December 2 in Paris
    session = services.add_session(
        room_id=room.pk, title="Clay", starts_at=midnight - 3 * HOUR, ends_at=midnight, capacity=8
    )
    target = bulk.Target(room, *closings.span_of_dates(room, SECOND, SECOND))

    close(room, SECOND)
    bulk.begin(target=target, actor=member_actor(factories.host(venue=room.venue)), reason="Paint", now=NOW)

    session.refresh_from_db()
    assert not session.is_cancelled


# --- booking beside a closing ---------------------------------------------------------------------------------


def test_book_beside_a_closing_where_only_the_buffer_overlaps_is_offered_and_taken():
    hall = late_hall()
    close(hall, SECOND)
    stay = evening(hall)
    zone = hall.venue.zone
    asked = Search(start=stay.starts_at.astimezone(zone), end=stay.ends_at.astimezone(zone))

    assert is_free(hall, stay)
    assert list(search(asked, NOW)) == [hall]
    assert [slot.is_free for slot in slots(hall, FIRST, NOW) if slot.starts_at == stay.starts_at + HOUR] == [
        True
    ]
    assert factories.booking(room=hall, stay=stay, now=NOW).status == "PENDING_APPROVAL"


def test_book_beside_a_booking_where_the_buffer_overlaps_is_refused():
    hall = late_hall()
    hall.opening_hours.update(opens=dt.time(0))
    factories.booking(room=hall, stay=evening(hall), now=NOW)
    start = dt.datetime.combine(SECOND, dt.time(0))

    with pytest.raises(RoomTaken):
        factories.booking(room=hall, stay=stay_of_hours(hall, start, start + HOUR), now=NOW)


def test_book_a_night_before_closed_dates_with_cleaning_after_is_offered_and_taken():
    room = factories.room(buffer_after_minutes=5 * 60)
    close(room, SECOND)

    found = search(Search(check_in=FIRST, check_out=SECOND), NOW)

    assert list(found) == [room]
    assert factories.booking(room=room, stay=stay_of_nights(room, FIRST, SECOND), now=NOW).pk


def test_session_beside_a_closing_where_only_the_buffer_overlaps_is_added():
    room = factories.room(kind="workshop", capacity=8, buffer_after_minutes=120)
    close(room, SECOND)
    midnight = dt.datetime(2026, 12, 1, 23, tzinfo=dt.UTC)

    session = services.add_session(
        room_id=room.pk, title="Clay", starts_at=midnight - 3 * HOUR, ends_at=midnight, capacity=8
    )

    claim = Occupancy.objects.get(session=session)
    assert claim.visit == DateTimeTZRange(midnight - 3 * HOUR, midnight, "[)")
    assert claim.period.upper == midnight + 2 * HOUR


# --- whose time it is -----------------------------------------------------------------------------------------


def test_cancel_session_whose_room_changed_its_buffers_since_frees_its_time():
    room = factories.room(kind="workshop", capacity=8)
    start = dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC)
    session = services.add_session(
        room_id=room.pk, title="Clay", starts_at=start, ends_at=start + HOUR, capacity=8
    )
    Room.objects.filter(pk=room.pk).update(buffer_before_minutes=30, buffer_after_minutes=45)

    services.cancel_session(session_id=session.pk)

    assert not Occupancy.objects.exists()


def test_migration_writes_owner_and_visit_onto_time_taken_before():
    hall, room = late_hall(), factories.room(kind="workshop", capacity=8, buffer_after_minutes=30)
    booking = factories.booking(room=hall, stay=evening(hall), now=NOW)
    session = services.add_session(
        room_id=room.pk, title="Clay", starts_at=NOW, ends_at=NOW + HOUR, capacity=8
    )
    known = list(Occupancy.objects.order_by("pk").values("pk", "session", "visit", "period"))
    Occupancy.objects.update(session=None, visit=None)
    migration = import_module("rooms.migrations.0005_owners_of_taken_time")

    with connection.cursor() as cursor:
        cursor.execute(migration.SESSIONS)
        cursor.execute(migration.BOOKINGS)

    assert list(Occupancy.objects.order_by("pk").values("pk", "session", "visit", "period")) == known
    assert Session.objects.get(occupancies__isnull=False) == session
    assert Occupancy.objects.get(reference=booking.reference).visit.lower == booking.starts_at
