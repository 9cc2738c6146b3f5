"""Many at once on a real PostgreSQL; each race has a control that fails when its lock is off."""

import datetime as dt
import uuid

import pytest
from django.db import connection, transaction
from django.db.models import F

from bookings.actors import guest_actor, member_actor
from bookings.errors import AlreadyDecided
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.states import Status
from core import clock
from rooms.availability import occupancy
from rooms.availability.occupancy import RoomTaken
from rooms.models import Occupancy, Room, Session
from tests.support import factories
from tests.support.races import race

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 10
NOW = dt.datetime(2027, 3, 1, 12, 0, tzinfo=dt.UTC)


def submit_all(room: Room, stay, *, key: str = ""):
    guest = factories.guest_details(email="race@example.org")

    def work(_n: int) -> Booking:
        return bookings.submit(
            room=room, stay=stay, party_size=1, guest=guest, actor=guest_actor(), now=NOW,
            submission_key=key or uuid.uuid4().hex,
        )  # fmt: skip

    return race(work)


def percentile(seconds: list[float], share: float) -> float:
    return sorted(seconds)[min(int(len(seconds) * share), len(seconds) - 1)]


def test_thirty_two_guests_for_one_slot_one_wins_and_losers_hear_taken():
    room, losers = factories.room(), []
    for n in range(ROUNDS):
        results = submit_all(room, factories.stay(room, days_ahead=10 + n, now=NOW))

        errors = [result.error for result in results if result.error]
        assert len(errors) == 31
        assert {type(error) for error in errors} == {RoomTaken}
        losers += [result.seconds for result in results if result.error]

    assert Occupancy.objects.filter(room=room).count() == ROUNDS
    assert percentile(losers, 0.99) < 3.0


def test_control_without_lock_and_constraint_the_slot_is_sold_twice(monkeypatch):
    """Shows that the race above can see the fault it guards against."""

    def unlocked(room_id: int) -> Room:
        return Room.objects.select_related("venue").get(pk=room_id)

    monkeypatch.setattr(occupancy, "lock_room", unlocked)
    with without_constraint():
        room = factories.room()
        winners = 0
        for n in range(ROUNDS):
            results = submit_all(room, factories.stay(room, days_ahead=10 + n, now=NOW))
            winners += sum(result.error is None for result in results)
        Occupancy.objects.all().delete()

    assert winners > ROUNDS


def test_constraint_alone_still_sells_once(monkeypatch):
    """The last word is the database's: with the lock off nobody is sold a taken room, only slower."""
    room = factories.room()
    stay = factories.stay(room, now=NOW)
    period = occupancy.DateTimeTZRange(stay.starts_at, stay.ends_at, "[)")

    def insert(_n: int) -> None:
        Occupancy.objects.create(room=room, kind="booking", period=period)

    results = race(insert, runners=4)

    assert sum(result.error is None for result in results) == 1
    assert Occupancy.objects.filter(room=room).count() == 1


def test_same_form_sent_thirty_two_times_gives_one_booking():
    room = factories.room()

    results = submit_all(room, factories.stay(room, now=NOW), key="one-form")

    assert [result.error for result in results if result.error] == []
    assert {result.value.pk for result in results} == {Booking.objects.get().pk}


def test_approve_against_decline_one_decision_stands():
    room = factories.room()
    actor = member_actor(factories.host(venue=room.venue))
    for n in range(ROUNDS):
        booking = requested(room, n)

        results = race(lambda i, pk=booking.pk: _decide(i, pk, actor), runners=16)

        booking.refresh_from_db()
        losers = [result.error for result in results if result.error]
        assert {type(error) for error in losers} == {AlreadyDecided}
        assert len(losers) == 8
        assert booking.version == 3
        assert booking.decision == ("approved" if booking.status == Status.PENDING_APPROVAL else "declined")


def _decide(n: int, booking_id: int, actor) -> Booking:
    verb = bookings.approve if n % 2 else bookings.decline
    return verb(booking_id=booking_id, actor=actor, now=NOW)


def test_control_without_the_booking_lock_both_decisions_are_taken(monkeypatch):
    room = factories.room()
    actor = member_actor(factories.host(venue=room.venue))

    def unlocked(booking_id: int) -> Booking:
        return Booking.objects.select_related("room", "venue").get(pk=booking_id)

    monkeypatch.setattr(bookings, "lock", unlocked)
    clean_rounds = 0
    for n in range(ROUNDS):
        booking = requested(room, n)
        results = race(lambda i, pk=booking.pk: _decide(i, pk, actor), runners=16)
        kinds = {type(result.error) for result in results if result.error}
        clean_rounds += kinds == {AlreadyDecided}

    assert clean_rounds < ROUNDS


def requested(room: Room, n: int) -> Booking:
    booking = factories.booking(room=room, days_ahead=10 + n, now=NOW)
    return bookings.authorize(booking_id=booking.pk, held_until=NOW + dt.timedelta(days=7), now=NOW)


def test_thirty_two_guests_for_three_seats_three_win():
    room = factories.free_room(kind="workshop", capacity=10)
    session = factories.session(room=room, capacity=3, starts_at=clock.now() + dt.timedelta(days=5))

    results = race(lambda _n: factories.booking(room=room, session=session))

    session.refresh_from_db()
    assert sum(result.error is None for result in results) == 3
    assert {type(result.error) for result in results if result.error} == {RoomTaken}
    assert session.seats_taken == 3


def test_control_without_the_guarded_update_and_check_seats_are_oversold(monkeypatch):
    def unguarded(*, session_id: int, seats: int) -> None:
        session = Session.objects.get(pk=session_id)
        if session.seats_taken + seats > session.capacity:
            raise RoomTaken
        Session.objects.filter(pk=session_id).update(seats_taken=F("seats_taken") + seats)

    room = factories.free_room(kind="workshop", capacity=10)
    session = factories.session(room=room, capacity=3)
    with seats_unchecked():
        race(lambda _n: _take(unguarded, session.pk))
        session.refresh_from_db()
        oversold = session.seats_taken
        Session.objects.filter(pk=session.pk).update(seats_taken=0)

    assert oversold > 3


def _take(take, session_id: int) -> None:
    with transaction.atomic():
        take(session_id=session_id, seats=1)


class without_constraint:
    """The database without the exclusion constraint; put back at the end."""

    def __enter__(self) -> None:
        run_schema("remove_constraint", Occupancy, "room_not_taken_twice")

    def __exit__(self, *_args: object) -> None:
        run_schema("add_constraint", Occupancy, "room_not_taken_twice")


class seats_unchecked:
    """The database without the seats' CHECK; put back at the end."""

    def __enter__(self) -> None:
        run_schema("remove_constraint", Session, "session_seats_within_capacity")

    def __exit__(self, *_args: object) -> None:
        run_schema("add_constraint", Session, "session_seats_within_capacity")


def run_schema(change: str, model: type, name: str) -> None:
    constraint = next(found for found in model._meta.constraints if found.name == name)
    with connection.schema_editor() as editor:
        getattr(editor, change)(model, constraint)
