"""The other ways to sell, through the services: what is held, what is taken at once, and when."""

import datetime as dt

import pytest

from bookings import tasks as booking_tasks
from bookings.actors import guest_actor, member_actor
from bookings.lifecycle import services as bookings
from bookings.states import Status
from core import clock
from payments.models import Payment
from tests.payments.conftest import Journey
from tests.support import factories
from tests.support.invariants import check_quiet


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


# --- approval and capture after completion together -----------------------------------------------------------


def test_held_approved_and_charged_after_the_visit(sold):
    journey = sold("expert", approval="after_payment")
    journey.booking = factories.booking(room=journey.room, days_ahead=2)
    journey.authorize()
    asked = journey.fresh.status
    journey.approve()
    journey.work()
    booked, held = journey.fresh, journey.payment.status
    journey.advance(seconds=(booked.ends_at - clock.now()).total_seconds())
    bookings.complete(booking_id=journey.booking.pk, actor=member_actor(journey.host))
    journey.advance(minutes=31)
    journey.work()

    assert (asked, booked.status, held) == (Status.PENDING_APPROVAL, Status.CONFIRMED, "AUTHORIZED")
    assert (journey.fresh.status, journey.payment.status) == (Status.COMPLETED, "CAPTURED")
    check_quiet(journey.sandbox)


def test_held_and_declined_is_released_though_it_would_have_been_charged_afterwards(sold):
    journey = sold("expert", approval="after_payment")
    journey.booking = factories.booking(room=journey.room, days_ahead=2)
    journey.authorize()
    journey.decline()
    journey.work()

    assert (journey.fresh.status, journey.payment.status) == (Status.DECLINED, "VOIDED")
    check_quiet(journey.sandbox)


def test_approved_first_then_held_and_charged_after_the_visit(sold):
    journey = sold("conference", capture="after_completion")
    journey.booking = factories.booking(room=journey.room, nights=3, days_ahead=3)
    journey.approve()
    due = journey.fresh.status
    journey.authorize()
    booked, held = journey.fresh, journey.payment
    journey.advance(seconds=(booked.ends_at - clock.now()).total_seconds())
    bookings.complete(booking_id=journey.booking.pk, actor=member_actor(journey.host))
    journey.advance(minutes=31)
    journey.work()

    assert (due, booked.status) == (Status.PENDING_PAYMENT, Status.CONFIRMED)
    assert (held.status, held.is_two_stage) == ("AUTHORIZED", True)
    assert (journey.fresh.status, journey.payment.status) == (Status.COMPLETED, "CAPTURED")
    check_quiet(journey.sandbox)


# --- beyond the hold ------------------------------------------------------------------------------------------


def test_appointment_beyond_the_hold_is_charged_in_one_stage_and_refunded_by_its_policy(sold):
    journey = sold("expert")
    journey.room.policy = factories.policy(venue=journey.room.venue, tiers=[{"hours": 24, "percent": 50}])
    journey.room.save()
    journey.booking = factories.booking(room=journey.room, days_ahead=20)
    journey.authorize()
    paid = journey.fresh
    one_stage = journey.payment
    bookings.cancel(booking_id=journey.booking.pk, actor=guest_actor())
    journey.work()

    assert (paid.capture, paid.status, paid.paid_at is not None) == (
        "on_confirmation",
        Status.CONFIRMED,
        True,
    )
    assert (one_stage.is_two_stage, one_stage.status, one_stage.captured_minor) == (False, "CAPTURED", 10_000)
    assert [payment["refunded_minor"] for payment in journey.theirs] == [5_000]
    check_quiet(journey.sandbox)


def test_appointment_with_a_short_hold_is_charged_in_one_stage_even_tomorrow(sold):
    journey = sold("expert")
    journey.room.venue.hold_limit_minutes = 30
    journey.room.venue.save()
    journey.booking = factories.booking(room=journey.room, days_ahead=1)
    journey.authorize()

    assert (journey.fresh.capture, journey.payment.status) == ("on_confirmation", "CAPTURED")
    check_quiet(journey.sandbox)


def test_held_appointment_cancelled_late_keeps_the_fee_and_releases_the_rest(sold):
    journey = sold("expert")
    journey.room.policy = factories.policy(venue=journey.room.venue, tiers=[{"hours": 72, "percent": 40}])
    journey.room.save()
    journey.booking = factories.booking(room=journey.room, days_ahead=5)
    journey.authorize()
    bookings.cancel(booking_id=journey.booking.pk, actor=guest_actor())
    journey.work()

    assert [(payment["captured_minor"], payment["refunded_minor"]) for payment in journey.theirs] == [
        (6_000, 0)
    ]
    assert journey.fresh.due_minor == 6_000
    check_quiet(journey.sandbox)
