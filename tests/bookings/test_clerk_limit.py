"""A clerk decides up to the venue's limit; by desk, API and many at once."""

import pytest

from bookings.actors import member_actor
from bookings.errors import AboveClerk
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.states import Status
from rooms.models import Venue
from tests.api.callers import as_user, booking_in
from tests.support import factories
from tests.support.admin_pages import filled, logged_in, text_of, url
from tests.support.admin_world import request_of

pytestmark = pytest.mark.django_db

LIMIT = 20_000
SAID = "Clerks decide about bookings up to €200.00: ask an owner or manager."


@pytest.fixture
def venue():
    return factories.venue(clerk_limit_minor=LIMIT)


def asked(venue, price_minor: int) -> Booking:
    """A request for one night, whose money is held."""
    return request_of(factories.room(venue=venue, price_minor=price_minor), nights=1)


@pytest.mark.parametrize("role", ["owner", "manager", "clerk"])
@pytest.mark.parametrize("verb", ["approve", "decline"])
def test_decision_above_the_limit_is_a_clerks_alone_that_is_refused(venue, verb, role):
    booking, user = asked(venue, LIMIT + 1), factories.host(venue=venue, role=role)

    if role == "clerk":
        with pytest.raises(AboveClerk, match=r"up to €200\.00"):
            getattr(bookings, verb)(booking_id=booking.pk, actor=member_actor(user))
    else:
        getattr(bookings, verb)(booking_id=booking.pk, actor=member_actor(user))

    booking.refresh_from_db()
    assert bool(booking.decision) is (role != "clerk")


def test_decision_of_a_clerk_at_exactly_the_limit_or_without_one_is_made(venue):
    at_limit, free = asked(venue, LIMIT), asked(factories.venue(), 10 * LIMIT)

    for booking in (at_limit, free):
        clerk = factories.host(venue=booking.venue, role="clerk")
        bookings.approve(booking_id=booking.pk, actor=member_actor(clerk))

    assert set(Booking.objects.values_list("decision", flat=True)) == {"approved"}


def test_cancelling_above_the_limit_is_refused_to_a_clerk_and_changes_nothing(venue):
    room = factories.room(venue=venue, price_minor=LIMIT + 1)
    booking = booking_in("CONFIRMED", room, factories.host(venue=venue))
    clerk = factories.host(venue=venue, role="clerk")

    with pytest.raises(AboveClerk):
        bookings.cancel(booking_id=booking.pk, actor=member_actor(clerk), reason="mine")

    booking.refresh_from_db()
    assert booking.status == Status.CONFIRMED


def test_desk_api_and_many_at_once_say_who_decides(venue):
    booking, clerk = asked(venue, LIMIT + 1), factories.host(venue=venue, role="clerk")
    client = logged_in(clerk)

    desk = client.post(url(Booking, "approve", booking.pk), follow=True)
    many = client.post(
        url(Booking, "changelist"),
        {"action": "approve_selected", "_selected_action": [booking.pk], "confirmed": "yes"},
    )
    api = as_user(clerk).post(f"bookings/{booking.reference}/approve")

    assert SAID in text_of(desk)
    assert SAID in text_of(many)
    assert (api.status_code, api.json()["code"], api.json()["detail"]) == (409, "above_clerk_limit", SAID)
    booking.refresh_from_db()
    assert (booking.status, booking.decision) == (Status.PENDING_APPROVAL, "")


@pytest.mark.parametrize(("role", "kept"), [("owner", 35_000), ("manager", LIMIT)])
def test_limit_is_set_by_an_owner_and_left_as_it_is_for_a_manager(venue, role, kept):
    client = logged_in(factories.host(venue=venue, role=role))
    untouched = filled(client.get(url(Venue, "change", venue.pk)))

    answer = client.post(url(Venue, "change", venue.pk), untouched | {"clerk_limit": "350.00"})

    venue.refresh_from_db()
    assert answer.status_code == 302
    assert venue.clerk_limit_minor == kept
