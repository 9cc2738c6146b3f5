"""What a suspended venue's bookings come to."""

import pytest

from bookings import tasks
from bookings.actors import member_actor
from bookings.errors import InvalidTransition, NotPublished
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.states import Status
from core import clock
from payments.lifecycle.services import start_checkout
from rooms.models import Venue
from tests.support import factories
from tests.support.admin_world import request_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def room():
    return factories.room()


def suspend(room) -> None:
    Venue.objects.filter(pk=room.venue_id).update(status="suspended")


def status_of(booking: Booking) -> str:
    return Booking.objects.get(pk=booking.pk).status


def test_sweep_declines_the_undecided_and_leaves_the_confirmed(room):
    undecided = [request_of(room, days_ahead=days) for days in (10, 20)]
    confirmed = factories.booking(room=factories.free_room(venue=room.venue))
    elsewhere = request_of(factories.room())
    suspend(room)

    tasks.sweep_suspended()
    tasks.sweep_suspended()

    assert [status_of(booking) for booking in undecided] == [Status.DECLINED, Status.DECLINED]
    assert (status_of(confirmed), status_of(elsewhere)) == (Status.CONFIRMED, Status.PENDING_APPROVAL)
    assert [event.verb for event in undecided[0].events.order_by("version")][-1] == "decline"
    assert Booking.objects.get(pk=undecided[0].pk).due_minor == 0


def test_host_of_a_suspended_venue_says_yes_is_refused_and_nothing_changes(room):
    booking, host = request_of(room), factories.host(venue=room.venue)
    suspend(room)

    with pytest.raises(NotPublished, match="suspended"):
        bookings.approve(booking_id=booking.pk, actor=member_actor(host))

    booking.refresh_from_db()
    assert (booking.status, booking.decision) == (Status.PENDING_APPROVAL, "")


def test_guest_of_a_suspended_venue_gets_no_pay_page_and_the_booking_ends(room):
    booking = factories.booking(room=room)
    suspend(room)

    with pytest.raises(InvalidTransition):
        start_checkout(booking.pk)
    tasks.sweep_suspended()

    booking.refresh_from_db()
    assert not booking.payments.exists()
    assert booking.payment_due_at <= clock.now()
