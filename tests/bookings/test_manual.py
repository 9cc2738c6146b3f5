"""A booking made by hand in the admin, paid past the providers while they are down."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from bookings.actors import guest_actor
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.states import Status
from core import clock
from rooms.models import Room
from tests.support import factories

pytestmark = pytest.mark.django_db

ADDRESS = "/admin/bookings/booking/by-hand/"


@pytest.fixture
def room() -> Room:
    return factories.room(approval=Room.Approval.NONE)


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def fields(chosen: Room, *, days_ahead: int = 10, **more: str) -> dict[str, str]:
    day = clock.now().astimezone(chosen.venue.zone).date() + dt.timedelta(days=days_ahead)
    return {
        "room": str(chosen.pk), "first_date": day.isoformat(), "last_date": (day + dt.timedelta(days=2)).isoformat(),
        "party_size": "2", "name": "Elin Phone", "email": "elin@example.org", "key": "k1", **more,
    }  # fmt: skip


def test_booking_by_hand_paid_by_transfer_is_confirmed_without_a_provider(room):
    client = logged_in(factories.staff())

    client.post(ADDRESS, fields(room))
    booking = Booking.objects.get()
    waiting = booking.status
    paid = {
        "amount": "200",
        "method": "transfer",
        "reference": "T-9",
        "received_date": clock.now().date().isoformat(),
    }
    client.post(reverse("admin:payments_offlinepayment_record", args=[booking.pk]), paid)

    booking.refresh_from_db()
    assert (waiting, booking.status) == (Status.PENDING_PAYMENT, Status.CONFIRMED)
    assert (booking.guest_name, booking.guest_id) == ("Elin Phone", None)
    assert booking.events.first().actor_kind == "staff"


def test_button_pressed_twice_books_once(room):
    client = logged_in(factories.staff())

    for _ in range(2):
        assert client.post(ADDRESS, fields(room)).status_code == 302

    assert Booking.objects.count() == 1


def test_taken_dates_are_refused(room):
    client = logged_in(factories.staff())
    factories.booking(room=room, nights=2, days_ahead=10)

    answer = client.post(ADDRESS, fields(room))

    assert "This has just been taken" in answer.content.decode()
    assert Booking.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"last_date": ""}, "Choose a check-out date."),
        ({"email": "nobody"}, "Enter a valid email address."),
        ({"party_size": "0"}, "greater than or equal to 1"),
        ({"room": "999999"}, "Select a valid choice."),
    ],
    ids=str,
)
def test_bad_input_names_the_field_and_books_nothing(room, more, message):
    answer = logged_in(factories.staff()).post(ADDRESS, fields(room, **more))

    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert not Booking.objects.exists()


@pytest.mark.parametrize(("role", "status"), [("owner", 302), ("manager", 302), ("clerk", 403)])
def test_members_by_role(room, role, status):
    assert (
        logged_in(factories.host(venue=room.venue, role=role)).post(ADDRESS, fields(room)).status_code
        == status
    )


def test_rooms_of_other_venues_are_no_choice(room):
    client = logged_in(factories.host(venue=factories.venue()))

    answer = client.post(ADDRESS, fields(room))

    assert "Select a valid choice." in answer.content.decode()
    assert room.name not in client.get(ADDRESS).content.decode()
    assert not Booking.objects.exists()


def test_form_sent_again_after_its_booking_was_cancelled_says_so_and_then_books_anew(room):
    client, sent = logged_in(factories.staff()), fields(room)
    client.post(ADDRESS, sent)
    first = Booking.objects.get()
    bookings.cancel(booking_id=first.pk, actor=guest_actor())

    told = client.post(ADDRESS, sent)
    counted = Booking.objects.count()
    client.post(ADDRESS, sent | {"key": told.context["form"]["key"].value()})

    assert (told.status_code, counted) == (422, 1)
    assert f"that booking ({first.reference}) is cancelled" in str(told.context["form"].errors)
    assert Booking.objects.exclude(pk=first.pk).get().status == Status.PENDING_PAYMENT
