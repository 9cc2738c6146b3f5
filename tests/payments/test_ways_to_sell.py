"""The other ways to sell, through the services: what is held, what is taken at once, and when."""

import datetime as dt

import pytest

from bookings import services as bookings
from bookings import tasks as booking_tasks
from bookings.actors import member_actor
from bookings.states import Status
from core import clock
from payments.models import Payment
from tests import factories
from tests.invariants import check_quiet
from tests.payments.conftest import Journey


@pytest.fixture
def sold(sandbox):
    """A journey with a room of another kind, sold the way its kind is."""

    def make(kind: str, **room) -> Journey:
        journey = Journey(sandbox)
        journey.room = factories.room(venue=journey.room.venue, kind=kind, **room)
        return journey

    return make


def test_approved_before_payment_is_paid_in_one_stage_and_confirmed(sold):
    journey = sold("conference")
    journey.booking = factories.booking(room=journey.room, nights=3)
    asked = journey.fresh.status
    journey.approve()
    due = journey.fresh
    journey.authorize()

    assert (asked, due.status, journey.fresh.status) == (
        Status.PENDING_APPROVAL, Status.PENDING_PAYMENT, Status.CONFIRMED,
    )  # fmt: skip
    assert (due.decision, journey.payment.status) == ("approved", "CAPTURED")
    check_quiet(journey.sandbox)


def test_approved_before_payment_and_never_paid_is_released(sold):
    from payments import tasks

    journey = sold("conference")
    journey.booking = factories.booking(room=journey.room, nights=3)
    journey.approve()
    journey.advance(hours=13)
    tasks.sweep_unpaid()

    assert journey.fresh.status == Status.EXPIRED
    check_quiet(journey.sandbox)


def test_expert_session_is_held_confirmed_and_taken_half_an_hour_after_it(sold):
    journey = sold("expert")
    journey.booking = factories.booking(room=journey.room, days_ahead=2)
    journey.authorize()
    booked = journey.fresh
    journey.work()
    held = journey.payment.status
    journey.advance(seconds=(booked.ends_at - clock.now()).total_seconds())
    bookings.complete(booking_id=journey.booking.pk, actor=member_actor(journey.host))
    journey.work()
    still_held = journey.payment.status
    journey.advance(minutes=31)
    journey.work()

    assert (booked.status, held, still_held) == (Status.CONFIRMED, "AUTHORIZED", "AUTHORIZED")
    assert (journey.fresh.status, journey.payment.status) == (Status.COMPLETED, "CAPTURED")
    check_quiet(journey.sandbox)


def test_expert_session_nobody_completes_is_taken_before_the_hold_lapses(sold):
    journey = sold("expert")
    journey.booking = factories.booking(room=journey.room, days_ahead=6)
    journey.authorize()
    left = journey.payment.capture_before - clock.now() - dt.timedelta(hours=1, minutes=50)
    journey.advance(seconds=left.total_seconds())
    booking_tasks.sweep_deadlines()
    journey.work()

    assert (journey.fresh.status, journey.payment.status) == (Status.COMPLETED, "CAPTURED")


def test_paid_workshop_seat_is_taken_at_once(sold):
    journey = sold("workshop", capacity=10)
    session = factories.session(room=journey.room, capacity=5)
    journey.booking = factories.booking(room=journey.room, session=session, party_size=2)
    journey.authorize()

    assert (journey.fresh.status, journey.payment.captured_minor) == (Status.CONFIRMED, 20_000)
    assert Payment.objects.get(booking=journey.booking).is_two_stage is False
    check_quiet(journey.sandbox)
