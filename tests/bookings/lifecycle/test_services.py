"""The booking's verbs: what each allows, refuses and writes."""

import datetime as dt

import pytest

from bookings.actors import CLOCK, guest_actor, member_actor
from bookings.errors import (
    AlreadyDecided,
    DecisionOverdue,
    InvalidTransition,
    NotPublished,
    PriceChanged,
    SubmissionConflict,
)
from bookings.lifecycle import services as bookings
from bookings.models import Booking, BookingEvent, EventReceipt
from bookings.states import Status
from rooms.availability.occupancy import RoomTaken
from rooms.models import Occupancy
from tests.support import factories

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2027, 3, 1, 12, 0, tzinfo=dt.UTC)
HELD_UNTIL = NOW + dt.timedelta(days=7)


@pytest.fixture
def room():
    return factories.room()


@pytest.fixture
def host(room):
    return factories.host(venue=room.venue)


def pending(room, **fields) -> Booking:
    return factories.booking(room=room, now=NOW, **fields)


def requested(room, **fields) -> Booking:
    booking = pending(room, **fields)
    return bookings.authorize(booking_id=booking.pk, held_until=HELD_UNTIL, now=NOW)


def occupancies(booking: Booking) -> int:
    return Occupancy.objects.filter(reference=booking.reference).count()


def test_submit_paid_room_waits_thirty_minutes_for_payment(room):
    booking = pending(room, nights=2)

    assert booking.status == Status.PENDING_PAYMENT
    assert booking.payment_due_at == NOW + dt.timedelta(minutes=30)
    assert (booking.total_minor, booking.due_minor, booking.currency) == (20_000, 20_000, "EUR")
    assert booking.version == 1
    assert occupancies(booking) == 1


def test_submit_writes_one_event_with_a_receipt_per_subscriber(room):
    booking = pending(room)

    event = BookingEvent.objects.get(booking=booking)
    assert (event.verb, event.from_status, event.to_status, event.version) == (
        "submit", "DRAFT", "PENDING_PAYMENT", 1,
    )  # fmt: skip
    assert set(EventReceipt.objects.values_list("subscriber", flat=True)) == {"payments", "notifications"}


def test_submit_free_room_is_confirmed_at_once():
    booking = factories.booking(room=factories.free_room(), now=NOW)

    assert booking.status == Status.CONFIRMED
    assert booking.payment_due_at is None


def test_submit_room_approved_before_payment_waits_for_the_host():
    room = factories.room(kind="conference")

    booking = factories.booking(room=room, now=NOW)

    assert booking.status == Status.PENDING_APPROVAL
    assert booking.decide_by == NOW + dt.timedelta(hours=24)


def test_submit_taken_time_raises_room_taken_and_writes_nothing(room):
    pending(room)

    with pytest.raises(RoomTaken):
        pending(room)

    assert Booking.objects.count() == 1
    assert Occupancy.objects.count() == 1


def test_submit_twice_with_one_key_gives_one_booking(room):
    guest = factories.guest_details(email="one@example.org")

    first = pending(room, guest=guest, submission_key="form-1")
    again = pending(room, guest=guest, submission_key="form-1")

    assert first.pk == again.pk
    assert BookingEvent.objects.count() == 1


def test_submit_same_key_other_details_raises_conflict(room):
    pending(room, submission_key="form-1", guest=factories.guest_details(name="Ada"))

    with pytest.raises(SubmissionConflict):
        pending(room, submission_key="form-1", guest=factories.guest_details(name="Eve"))


def test_submit_other_price_than_shown_raises_price_changed_with_the_new_quote(room):
    with pytest.raises(PriceChanged) as caught:
        pending(room, expected_total_minor=9_999)

    assert caught.value.quote.total_minor == 10_000
    assert Booking.objects.count() == 0


def test_submit_unpublished_room_raises_not_published(room):
    room.is_published = False
    room.save()

    with pytest.raises(NotPublished):
        pending(room)


def test_authorize_gives_the_host_the_venues_hours_to_decide(room):
    booking = requested(room)

    assert booking.status == Status.PENDING_APPROVAL
    assert (booking.authorized_at, booking.held_until) == (NOW, HELD_UNTIL)
    assert booking.decide_by == NOW + dt.timedelta(hours=24)
    assert booking.payment_due_at is None


def test_authorize_long_answer_time_ends_before_the_hold_does(room):
    room.venue.answer_hours = 144
    room.venue.save()
    booking = pending(room, days_ahead=30)

    booking = bookings.authorize(booking_id=booking.pk, held_until=NOW + dt.timedelta(days=5), now=NOW)

    assert booking.decide_by == NOW + dt.timedelta(days=5) - dt.timedelta(hours=12)


def test_approve_held_request_records_the_decision_and_waits_for_the_capture(room, host):
    booking = requested(room)

    booking = bookings.approve(booking_id=booking.pk, actor=member_actor(host), now=NOW)

    assert booking.status == Status.PENDING_APPROVAL
    assert booking.is_capturing
    assert (booking.decision, booking.decision_made_by, booking.decision_made_at) == ("approved", host, NOW)
    assert booking.events.last().actor_kind == "host"


def test_approve_twice_answers_with_the_first(room, host):
    booking = requested(room)
    first = bookings.approve(booking_id=booking.pk, actor=member_actor(host), now=NOW)

    again = bookings.approve(
        booking_id=booking.pk, actor=member_actor(factories.staff()), now=NOW + dt.timedelta(hours=1)
    )

    assert (again.decision_made_by, again.decision_made_at, again.version) == (host, NOW, first.version)


def test_approve_declined_booking_says_who_decided(room, host):
    booking = requested(room)
    bookings.decline(booking_id=booking.pk, actor=member_actor(host), now=NOW)

    with pytest.raises(AlreadyDecided) as caught:
        bookings.approve(booking_id=booking.pk, actor=member_actor(host), now=NOW)

    assert caught.value.by == str(host)
    assert caught.value.code == "already_decided"


def test_approve_after_the_deadline_is_refused(room, host):
    booking = requested(room)

    with pytest.raises(DecisionOverdue):
        bookings.approve(
            booking_id=booking.pk, actor=member_actor(host), now=booking.decide_by + dt.timedelta(seconds=1)
        )

    booking.refresh_from_db()
    assert booking.decision == ""


def test_decline_frees_the_room_and_leaves_nothing_due(room, host):
    booking = requested(room)

    booking = bookings.decline(booking_id=booking.pk, actor=member_actor(host), reason="Full", now=NOW)

    assert (booking.status, booking.due_minor, booking.decision_reason) == (Status.DECLINED, 0, "Full")
    assert occupancies(booking) == 0
    pending(room)


def test_decline_approved_booking_is_refused(room, host):
    booking = requested(room)
    bookings.approve(booking_id=booking.pk, actor=member_actor(host), now=NOW)

    with pytest.raises(AlreadyDecided):
        bookings.decline(booking_id=booking.pk, actor=member_actor(host), now=NOW)


def test_confirm_undecided_request_is_refused(room):
    booking = requested(room)

    with pytest.raises(InvalidTransition):
        bookings.confirm(booking_id=booking.pk, paid_at=NOW)


def test_confirm_approved_request_becomes_confirmed(room, host):
    booking = requested(room)
    bookings.approve(booking_id=booking.pk, actor=member_actor(host), now=NOW)

    booking = bookings.confirm(booking_id=booking.pk, paid_at=NOW, now=NOW)

    assert (booking.status, booking.paid_at, booking.decide_by) == (Status.CONFIRMED, NOW, None)


def test_confirm_keeps_when_it_was_paid_beside_when_we_heard_of_it(room, host):
    booking = requested(room)
    bookings.approve(booking_id=booking.pk, actor=member_actor(host), now=NOW)

    bookings.confirm(booking_id=booking.pk, paid_at=NOW - dt.timedelta(minutes=5), now=NOW)

    booking = Booking.objects.get(pk=booking.pk)
    assert (booking.paid_at, booking.confirmed_at) == (NOW - dt.timedelta(minutes=5), NOW)


def test_capture_failed_keeps_the_decision_and_asks_for_payment_within_twelve_hours(room, host):
    booking = requested(room)
    bookings.approve(booking_id=booking.pk, actor=member_actor(host), now=NOW)

    booking = bookings.capture_failed(booking_id=booking.pk, reason="lapsed", now=NOW)

    assert (booking.status, booking.decision) == (Status.PENDING_PAYMENT, "approved")
    assert booking.payment_due_at == NOW + dt.timedelta(hours=12)
    assert occupancies(booking) == 1


def test_authorize_after_failed_capture_goes_straight_to_capturing(room, host):
    booking = requested(room)
    bookings.approve(booking_id=booking.pk, actor=member_actor(host), now=NOW)
    bookings.capture_failed(booking_id=booking.pk, reason="lapsed", now=NOW)

    booking = bookings.authorize(booking_id=booking.pk, held_until=HELD_UNTIL, now=NOW)

    assert booking.is_capturing


def test_capture_failed_undecided_request_is_refused(room):
    booking = requested(room)

    with pytest.raises(InvalidTransition):
        bookings.capture_failed(booking_id=booking.pk, reason="lapsed", now=NOW)


def test_approve_held_request_that_is_captured_after_completion_is_confirmed_at_once(room, host):
    room.capture = "after_completion"
    room.save()
    booking = requested(room, days_ahead=3)

    booking = bookings.approve(booking_id=booking.pk, actor=member_actor(host), now=NOW)

    assert (booking.status, booking.confirmed_at, booking.paid_at) == (Status.CONFIRMED, NOW, None)


def test_authorize_expert_session_is_confirmed_at_once():
    booking = factories.booking(room=factories.room(kind="expert"), days_ahead=3, now=NOW)

    booking = bookings.authorize(booking_id=booking.pk, held_until=HELD_UNTIL, now=NOW)

    assert (booking.status, booking.decide_by) == (Status.CONFIRMED, None)


def test_expire_approved_request_is_refused(room, host):
    booking = requested(room)
    bookings.approve(booking_id=booking.pk, actor=member_actor(host), now=NOW)

    with pytest.raises(InvalidTransition):
        bookings.expire(booking_id=booking.pk, now=NOW)


def test_expire_request_approved_since_a_sweep_listed_it_is_refused(host):
    room = factories.room(approval="before_payment", venue=host.memberships.get().venue)
    booking = pending(room)
    bookings.approve(booking_id=booking.pk, actor=member_actor(host), now=NOW)

    with pytest.raises(InvalidTransition):
        bookings.expire(booking_id=booking.pk, listed_as=Status.PENDING_APPROVAL, now=NOW)


def test_expire_unpaid_booking_frees_the_room(room):
    booking = bookings.expire(booking_id=pending(room).pk, now=NOW)

    assert (booking.status, booking.due_minor) == (Status.EXPIRED, 0)
    assert occupancies(booking) == 0


def test_cancel_by_guest_before_the_decision_owes_nothing(room):
    booking = bookings.cancel(booking_id=requested(room).pk, actor=guest_actor(), now=NOW)

    assert (booking.status, booking.due_minor) == (Status.CANCELLED, 0)
    assert occupancies(booking) == 0


@pytest.mark.parametrize(("hours_before", "fee"), [(49, 0), (47, 5_000), (23, 10_000)])
def test_cancel_by_guest_confirmed_owes_what_the_frozen_policy_says(room, host, hours_before, fee):
    room.policy = factories.policy(
        venue=room.venue, tiers=[{"hours": 48, "percent": 100}, {"hours": 24, "percent": 50}]
    )
    room.save()
    booking = requested(room)
    bookings.approve(booking_id=booking.pk, actor=member_actor(host), now=NOW)
    bookings.confirm(booking_id=booking.pk, paid_at=NOW, now=NOW)
    room.policy.tiers = []
    room.policy.save()

    booking = bookings.cancel(
        booking_id=booking.pk, actor=guest_actor(), now=booking.starts_at - dt.timedelta(hours=hours_before)
    )

    assert booking.due_minor == fee


def test_cancel_by_host_confirmed_owes_nothing(room, host):
    booking = requested(room)
    bookings.approve(booking_id=booking.pk, actor=member_actor(host), now=NOW)
    bookings.confirm(booking_id=booking.pk, paid_at=NOW, now=NOW)

    booking = bookings.cancel(
        booking_id=booking.pk, actor=member_actor(host), now=booking.starts_at - dt.timedelta(hours=1)
    )

    assert booking.due_minor == 0


def test_cancel_twice_answers_with_the_first(room):
    booking = pending(room)
    first = bookings.cancel(booking_id=booking.pk, actor=guest_actor(), now=NOW)

    again = bookings.cancel(booking_id=booking.pk, actor=guest_actor(), now=NOW)

    assert again.version == first.version


def test_complete_by_the_clock_keeps_the_occupancy():
    booking = factories.booking(room=factories.free_room(), now=NOW)

    booking = bookings.complete(booking_id=booking.pk, actor=CLOCK, now=booking.ends_at)

    assert booking.status == Status.COMPLETED
    assert occupancies(booking) == 1


def test_complete_before_the_start_is_refused_to_a_host():
    booking = factories.booking(room=factories.free_room(), now=NOW)

    with pytest.raises(InvalidTransition):
        bookings.complete(
            booking_id=booking.pk, actor=member_actor(factories.host(venue=booking.venue)), now=NOW
        )


def test_hold_for_checkout_moves_the_deadline_once(room):
    booking = pending(room)
    session_end = NOW + dt.timedelta(minutes=33)

    bookings.hold_for_checkout(booking_id=booking.pk, session_ends_at=session_end, now=NOW)
    booking = bookings.hold_for_checkout(
        booking_id=booking.pk, session_ends_at=session_end + dt.timedelta(hours=5), now=NOW
    )

    assert booking.payment_due_at == session_end + dt.timedelta(minutes=5)


def test_announce_twice_is_one_event(room):
    booking = pending(room)

    bookings.announce(booking_id=booking.pk, notice="payment_late", data={"payment": 1})
    booking = bookings.announce(booking_id=booking.pk, notice="payment_late", data={"payment": 1})

    assert booking.version == 2


def test_workshop_session_seats_follow_the_bookings():
    room = factories.free_room(kind="workshop", capacity=10)
    session = factories.session(room=room, capacity=3)

    booking = factories.booking(room=room, session=session, party_size=2)
    session.refresh_from_db()
    taken = session.seats_taken
    with pytest.raises(RoomTaken):
        factories.booking(room=room, session=session, party_size=2)
    bookings.cancel(booking_id=booking.pk, actor=guest_actor())

    session.refresh_from_db()
    assert (taken, session.seats_taken) == (2, 0)
