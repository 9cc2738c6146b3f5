"""Every verb of a booking refuses every status it has no arrow from."""

import datetime as dt

import pytest

from bookings.actors import CLOCK, member_actor
from bookings.errors import (
    InvalidTransition,
)
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.states import ARROWS, Status
from tests.support import factories

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2027, 3, 1, 12, 0, tzinfo=dt.UTC)
HELD_UNTIL = NOW + dt.timedelta(days=7)


@pytest.fixture
def room():
    return factories.room()


def pending(room, **fields) -> Booking:
    return factories.booking(room=room, now=NOW, **fields)


VERBS = {
    "authorize": lambda pk, actor: bookings.authorize(booking_id=pk, held_until=HELD_UNTIL, now=NOW),
    "approve": lambda pk, actor: bookings.approve(booking_id=pk, actor=actor, now=NOW),
    "confirm": lambda pk, actor: bookings.confirm(booking_id=pk, paid_at=NOW, now=NOW),
    "capture_failed": lambda pk, actor: bookings.capture_failed(booking_id=pk, reason="", now=NOW),
    "decline": lambda pk, actor: bookings.decline(booking_id=pk, actor=actor, now=NOW),
    "expire": lambda pk, actor: bookings.expire(booking_id=pk, now=NOW),
    "cancel": lambda pk, actor: bookings.cancel(booking_id=pk, actor=actor, now=NOW),
    "complete": lambda pk, actor: bookings.complete(booking_id=pk, actor=CLOCK, now=NOW),
}


# Cancelling what is cancelled answers with the first: shown in test_services.py.
NO_ARROW = [
    (verb, status)
    for verb in VERBS
    for status in Status
    if status not in ARROWS[verb][0] and (verb, status) != ("cancel", Status.CANCELLED)
]


@pytest.mark.parametrize(("verb", "status"), NO_ARROW)
def test_every_verb_from_a_status_without_arrow_changes_nothing(room, verb, status):
    booking = pending(room)
    Booking.objects.filter(pk=booking.pk).update(status=status)

    with pytest.raises(InvalidTransition):
        VERBS[verb](booking.pk, member_actor(factories.staff()))

    after = Booking.objects.get(pk=booking.pk)
    assert (after.status, after.version) == (status, 1)
