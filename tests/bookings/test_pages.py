"""A booking's own page, the list of bookings, cancelling."""

import datetime as dt

import pytest
from django.core.cache import cache
from django.urls import reverse

from bookings.actors import PROVIDER, member_actor
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.states import Status
from core import clock
from core.money import format_minor
from rooms.models import Room
from tests.support import factories
from tests.support.pages import text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _surroundings(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    cache.clear()


@pytest.fixture
def room():
    return factories.room(price_minor=12_000)


def held(room: Room, **more) -> Booking:
    """A booking whose money is held: the host decides next."""
    booking = factories.booking(room=room, **more)
    held_until = clock.now() + dt.timedelta(days=7)
    return bookings.authorize(booking_id=booking.pk, held_until=held_until)


def paid(room: Room, **more) -> Booking:
    booking = held(room, **more)
    bookings.approve(booking_id=booking.pk, actor=member_actor(factories.host(venue=room.venue)))
    return bookings.confirm(booking_id=booking.pk, paid_at=clock.now())


def knows(client, booking: Booking):
    """The client after opening the booking's link."""
    response = client.get(booking.secret_path)
    assert response.status_code == 302
    return client


# --- a booking's page -----------------------------------------------------------------------------------------


def test_booking_page_tells_who_acts_next_until_when(client, room):
    booking = held(room)

    page = text(knows(client, booking).get(booking.get_absolute_url()))

    for part in (
        "Awaiting the host",
        "held on your card, not taken",
        "Answer due by",
        "data-countdown",
        "Room kept",
    ):
        assert part in page
    assert f'data-live-channel="private-booking-{booking.reference}"' in page


def test_booking_page_before_payment_offers_to_pay(client, room):
    booking = factories.booking(room=room)

    page = text(knows(client, booking).get(booking.get_absolute_url()))

    assert f'action="{reverse("payments:pay", args=[booking.reference])}"' in page
    assert "Room kept until" in page


def test_booking_page_is_kept_by_nobody_and_leaks_no_address(client, room):
    booking = factories.booking(room=room)

    opened = client.get(booking.secret_path)
    response = client.get(booking.get_absolute_url())

    assert opened.headers["Referrer-Policy"] == "no-referrer"
    # No stricter: with no-referrer browsers send `Origin: null`, and the page's own forms would be refused.
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in response.headers["Cache-Control"]
    assert booking.secret not in text(response)


PAGES = ["detail", "live", "cancel", "ics"]


@pytest.mark.parametrize("page", PAGES)
def test_booking_pages_are_not_found_for_strangers(client, room, page):
    booking = factories.booking(room=room, user=factories.user())
    url = reverse(f"bookings:{page}", args=[booking.reference])

    assert client.get(url).status_code == 404
    client.force_login(factories.user())
    assert client.get(url).status_code == 404
    assert client.get(reverse(f"bookings:{page}", args=["RH22222222"])).status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_booking_pages_open_for_their_guest(client, room, page):
    user = factories.user()
    booking = factories.booking(room=room, user=user)
    client.force_login(user)

    assert client.get(reverse(f"bookings:{page}", args=[booking.reference])).status_code == 200


def test_booking_page_of_the_host_is_the_admin_not_the_guests(client, room):
    booking = factories.booking(room=room)
    client.force_login(factories.host(venue=room.venue))

    assert client.get(booking.get_absolute_url()).status_code == 404


def test_booking_link_that_was_withdrawn_is_not_found(client, room):
    booking = factories.booking(room=room)
    link = booking.secret_path
    Booking.objects.filter(pk=booking.pk).update(link_version=2)

    assert client.get(link).status_code == 404
    assert client.get(booking.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("secret", ["0" * 32, "x", "z" * 4000])
def test_booking_link_with_a_wrong_secret_is_not_found(client, room, secret):
    booking = factories.booking(room=room)

    assert client.get(reverse("bookings:open", args=[booking.reference, secret])).status_code == 404


@pytest.mark.usefixtures("one_moment")
def test_booking_link_guessed_often_is_told_to_wait(client, room):
    booking = factories.booking(room=room)
    wrong = reverse("bookings:open", args=[booking.reference, "0" * 32])

    answers = [client.get(wrong).status_code for _ in range(21)]

    assert answers == [404] * 20 + [429]
    assert client.get(booking.secret_path).status_code == 302


def test_live_part_bears_a_state_that_changes_with_the_booking(client, room):
    booking = factories.booking(room=room)
    url = reverse("bookings:live", args=[booking.reference])
    knows(client, booking)

    first, same = client.get(url).context["state"], client.get(url).context["state"]
    bookings.authorize(booking_id=booking.pk, held_until=None)
    response = client.get(url)

    assert first == same != response.context["state"]
    assert "<html" not in text(response)
    assert f'data-live-state="{response.context["state"]}"' in text(response)


def test_live_part_as_json_is_version_and_status(client, room):
    booking = factories.booking(room=room)
    knows(client, booking)

    response = client.get(
        reverse("bookings:live", args=[booking.reference]), headers={"Accept": "application/json"}
    )

    assert response.json()["status"] == "PENDING_PAYMENT"
    assert response.json()["version"].startswith("1-")


def test_booking_page_stays_within_twelve_queries_however_long_its_story(
    client, room, django_assert_max_num_queries
):
    user = factories.user()
    client.force_login(user)
    short, long = factories.booking(room=room, user=user), paid(factories.room(), user=user)

    for booking in (short, long):
        with django_assert_max_num_queries(12):
            assert client.get(booking.get_absolute_url()).status_code == 200


def test_booking_page_shows_what_people_typed_as_text(client, room):
    guest = factories.guest_details(name="<script>alert(1)</script>")
    booking = held(room, guest=guest, message="<img src=x>")
    host = factories.host(venue=room.venue)
    bookings.decline(booking_id=booking.pk, actor=member_actor(host), reason="<b>no</b>")

    page = text(knows(client, booking).get(booking.get_absolute_url()))

    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    assert "&lt;b&gt;no&lt;/b&gt;" in page


def test_calendar_file_of_a_confirmed_booking_is_downloaded(client, room):
    booking = paid(room)

    response = knows(client, booking).get(reverse("bookings:ics", args=[booking.reference]))

    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert f'filename="roomhold-{booking.reference}.ics"' in response.headers["Content-Disposition"]
    assert "STATUS:CONFIRMED" in text(response)


# --- my bookings ----------------------------------------------------------------------------------------------


def test_my_bookings_asks_strangers_to_sign_in(client):
    response = client.get("/bookings/")

    assert (response.status_code, response.url) == (302, "/account/login/?next=/bookings/")


def test_my_bookings_are_sorted_into_tabs(client, room):
    user = factories.user()
    client.force_login(user)
    awaiting, upcoming = held(room, user=user), paid(factories.room(), user=user)
    gone = factories.booking(room=factories.room(), user=user)
    bookings.expire(booking_id=gone.pk)
    factories.booking(room=factories.room())

    shown = {
        tab: [
            booking for booking, _step, _pay_url in client.get("/bookings/", {"tab": tab}).context["bookings"]
        ]
        for tab in ("upcoming", "awaiting", "past", "cancelled")
    }

    assert shown == {"upcoming": [upcoming], "awaiting": [awaiting], "past": [], "cancelled": [gone]}


@pytest.mark.parametrize("query", [{"tab": "x"}, {"page": "-1"}, {"page": "9" * 40}, {"tab": "\0"}])
def test_my_bookings_takes_any_address(client, query):
    client.force_login(factories.user())

    assert client.get("/bookings/", query).status_code == 200


def test_pages_after_a_capture_at_the_provider_speak_of_a_refund_not_of_a_hold(client, room):
    booking = held(room)
    facts = {"amount_minor": 24_000, "currency": "EUR", "ref": "pi_1"}
    bookings.announce(booking_id=booking.pk, notice="external_capture", data=facts, actor=PROVIDER)
    knows(client, booking)

    page = text(client.get(booking.get_absolute_url()))
    asked = text(client.get(reverse("bookings:cancel", args=[booking.reference])))

    assert "the €240.00 taken from your card is refunded. After that:" in page
    assert "€240.00 was taken from your card. If the host says no, or nothing at all, it is refunded." in page
    assert "The €240.00 taken from the card is refunded in full." in asked
    assert "released" not in asked


def test_cancel_page_with_a_fee_after_a_capture_at_the_provider_says_what_is_kept_and_refunded(client):
    booking = held(factories.room(kind="expert"), days_ahead=3)
    Booking.objects.filter(pk=booking.pk).update(
        policy={"name": "Half", "tiers": [{"hours": 0, "percent": 50}]}
    )
    facts = {"amount_minor": booking.due_minor, "currency": "EUR", "ref": "pi_1"}
    bookings.announce(booking_id=booking.pk, notice="external_capture", data=facts, actor=PROVIDER)
    knows(client, booking)
    half = format_minor(booking.due_minor // 2, "EUR")

    page = text(client.get(booking.get_absolute_url()))
    asked = text(client.get(reverse("bookings:cancel", args=[booking.reference])))

    assert f"{half} is kept by the cancellation policy; {half} is refunded." in asked
    assert f"comes back to your card, {half} is kept." in page
    for said in (page, asked):
        assert "held on your card" not in said
        assert "released" not in said


def test_cancel_page_of_a_request_paid_in_part_by_credit_names_both_parts(client, room):
    booking = held(room)
    facts = {"amount_minor": 4_000, "currency": "EUR", "credit": 1}
    bookings.announce(booking_id=booking.pk, notice="credit_used", data=facts, actor=PROVIDER)
    knows(client, booking)

    asked = text(client.get(reverse("bookings:cancel", args=[booking.reference])))

    assert (
        f"The hold of {format_minor(booking.due_minor - 4_000, 'EUR')} is released. Nothing was charged."
        in asked
    )
    assert "€40.00 paid without a card comes back the way it was paid." in asked


def test_my_bookings_asks_the_same_queries_for_one_and_for_three(client, django_assert_num_queries):
    user = factories.user()
    client.force_login(user)

    counts = []
    for rooms in (1, 2):
        for _ in range(rooms):
            room = factories.room()
            factories.photo(room=room)
            held(room, user=user)
        with django_assert_num_queries(5) as captured:
            client.get("/bookings/", {"tab": "awaiting"})
        counts.append(len(captured))

    assert counts == [5, 5]


# --- cancelling -----------------------------------------------------------------------------------------------


def cancel_url(booking: Booking) -> str:
    return reverse("bookings:cancel", args=[booking.reference])


def test_cancel_before_the_decision_says_the_hold_is_released_and_withdraws(client, room):
    booking = held(room, nights=2)
    knows(client, booking)

    page = text(client.get(cancel_url(booking)))
    response = client.post(cancel_url(booking), {"reason": "Other plans", "expected_fee_minor": 0})

    booking.refresh_from_db()
    assert "The hold of €240.00 is released. Nothing was charged." in page
    assert (response.status_code, response.url) == (302, booking.get_absolute_url())
    assert (booking.status, booking.due_minor) == (Status.CANCELLED, 0)
    assert booking.events.get(verb="cancel").reason == "Other plans"


def test_cancel_of_a_paid_booking_says_what_comes_back(client):
    venue = factories.venue()
    policy = factories.policy(
        venue=venue, tiers=[{"hours": 999, "percent": 100}, {"hours": 24, "percent": 50}]
    )
    booking = paid(factories.room(venue=venue, policy=policy, price_minor=10_000))
    knows(client, booking)

    page = text(client.get(cancel_url(booking)))
    client.post(cancel_url(booking), {"expected_fee_minor": 5_000})

    booking.refresh_from_db()
    assert "€50.00 goes back to your card." in page
    assert "€50.00 is kept by the cancellation policy." in page
    assert (booking.status, booking.due_minor) == (Status.CANCELLED, 5_000)


@pytest.mark.parametrize(("fee", "status"), [(1, 409), ("", 422), ("x", 422), (-1, 422)])
def test_cancel_at_another_fee_than_shown_asks_again(client, room, fee, status):
    booking = held(room)

    response = knows(client, booking).post(cancel_url(booking), {"expected_fee_minor": fee})

    booking.refresh_from_db()
    assert response.status_code == status
    assert booking.status == Status.PENDING_APPROVAL


@pytest.mark.parametrize("reason", ["x" * 501, "\0"])
def test_cancel_with_a_bad_reason_keeps_the_booking(client, room, reason):
    booking = held(room)

    response = knows(client, booking).post(cancel_url(booking), {"reason": reason, "expected_fee_minor": 0})

    booking.refresh_from_db()
    assert response.status_code == 422
    assert booking.status == Status.PENDING_APPROVAL


def test_cancel_of_what_has_ended_goes_back_with_a_word(client, room):
    booking = factories.booking(room=room)
    bookings.expire(booking_id=booking.pk)

    response = knows(client, booking).get(cancel_url(booking), follow=True)

    assert response.redirect_chain == [(booking.get_absolute_url(), 302)]
    assert "This booking is expired already." in text(response)


# --- how to reach the venue -----------------------------------------------------------------------------------


def reachable() -> Room:
    return factories.room(venue=factories.venue(email="desk@house.example", phone="+33 1 98 76"))


def test_confirmed_booking_says_how_to_reach_the_venue(client):
    booking = paid(reachable())

    page = text(knows(client, booking).get(booking.get_absolute_url()))

    assert "Reach the venue" in page
    assert '<a href="tel:+3319876">+33 1 98 76</a>' in page
    assert f'<a href="mailto:desk@house.example?subject=Booking%20{booking.reference}">' in page
    assert "1 Rue de la Paix, Paris, France" in page


def test_venue_is_not_to_be_reached_before_the_booking_is_confirmed(client):
    booking = held(reachable())

    page = text(knows(client, booking).get(booking.get_absolute_url()))

    assert "Reach the venue" not in page
    assert "desk@house.example" not in page
    assert "+33 1 98 76" not in page
