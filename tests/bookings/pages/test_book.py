"""Completing a booking, and booking the same dates again."""

import datetime as dt
import re
import uuid
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.urls import reverse

from bookings.actors import guest_actor
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.selectors import stay_of_booking
from bookings.states import Status
from core import clock
from rooms.models import Room, Venue
from tests.support import factories
from tests.support.pages import ahead, nights, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _surroundings(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    cache.clear()


@pytest.fixture
def room():
    return factories.room(price_minor=12_000)


def book_url(room: Room) -> str:
    return f"{room.get_absolute_url()}book/"


def form(**more) -> dict:
    typed = {"name": "Ada Guest", "email": "ada@example.org", "phone": "+33 1", "message": "Late arrival"}
    return {
        **nights(party_size=2),
        **typed,
        "submission_key": str(uuid.uuid4()),
        "expected_total_minor": 24_000,
        **more,
    }


def held(room: Room, **more) -> Booking:
    """A booking whose money is held: the host decides next."""
    booking = factories.booking(room=room, **more)
    held_until = clock.now() + dt.timedelta(days=7)
    return bookings.authorize(booking_id=booking.pk, held_until=held_until)


def knows(client, booking: Booking):
    """The client after opening the booking's link."""
    response = client.get(booking.secret_path)
    assert response.status_code == 302
    return client


# --- completing a booking -------------------------------------------------------------------------------------


def test_book_page_shows_what_is_booked_and_what_is_held(client, room):
    response = client.get(book_url(room), nights(party_size=2))

    assert response.status_code == 200
    for part in (
        "Complete your booking",
        "2 nights at €120.00",
        "€240.00",
        "Held today, not taken",
        "Paris time",
    ):
        assert part in text(response)
    assert re.search(r"\w{3} \d{1,2}, \d{4} at 3:00 PM", text(response))
    assert 'name="expected_total_minor" value="24000"' in text(response)


def test_book_page_without_a_valid_choice_goes_back_to_the_room(client, room):
    choice = nights(12, 10, party_size=2)

    response = client.get(book_url(room), choice)

    assert response.status_code == 302
    assert response.url.startswith(f"{room.get_absolute_url()}?check_in={ahead(12)}")


def test_book_page_of_a_member_is_filled_in(client, room):
    client.force_login(factories.user(email="ada@example.org", name="Ada Guest", phone="+33 1"))

    page = text(client.get(book_url(room), nights(party_size=2)))

    for part in ('value="Ada Guest"', 'value="ada@example.org"', 'value="+33 1"'):
        assert part in page


def test_book_sent_makes_one_booking_and_goes_on_to_the_payment(client, room):
    response = client.post(book_url(room), form())

    booking = Booking.objects.get()
    assert (response.status_code, response.url) == (307, reverse("payments:pay", args=[booking.reference]))
    assert (booking.status, booking.total_minor) == (Status.PENDING_PAYMENT, 24_000)
    assert (booking.guest_name, booking.guest_email, booking.message, booking.party_size) == (
        "Ada Guest", "ada@example.org", "Late arrival", 2,
    )  # fmt: skip
    assert booking.guest is None
    assert client.get(booking.get_absolute_url()).status_code == 200


def test_book_by_a_member_belongs_to_the_member(client, room):
    user = factories.user()
    client.force_login(user)

    client.post(book_url(room), form())

    assert Booking.objects.get().guest == user


def test_book_sent_twice_makes_one_booking(client, room):
    sent = form()

    first, second = client.post(book_url(room), sent), client.post(book_url(room), sent)

    assert Booking.objects.count() == 1
    assert first.url == second.url


def test_book_of_a_free_instant_room_is_confirmed_at_once(client):
    room = factories.free_room()

    response = client.post(book_url(room), form(expected_total_minor=0))

    booking = Booking.objects.get()
    assert (response.status_code, response.url) == (302, booking.get_absolute_url())
    assert booking.status == Status.CONFIRMED


def test_book_of_a_room_with_approval_first_asks_the_host(client):
    room = factories.room(kind="conference", price_minor=5_000)
    start = dt.datetime.combine(dt.date.fromisoformat(ahead(10)), dt.time(10)).isoformat()
    sent = {**form(expected_total_minor=10_000), "start": start, "hours": 2}

    page = text(client.get(book_url(room), {"start": start, "hours": 2, "party_size": 2}))
    response = client.post(book_url(room), sent)

    assert "Send request" in page
    assert "2 hours" in page
    assert response.status_code == 302
    assert Booking.objects.get().status == Status.PENDING_APPROVAL


def test_book_of_a_session_takes_seats(client):
    room = factories.room(kind="workshop", price_minor=0, capacity=10)
    session = factories.session(room=room)

    response = client.post(book_url(room), form(session=session.pk, party_size=3, expected_total_minor=0))

    session.refresh_from_db()
    assert response.status_code == 302
    assert session.seats_taken == 3


def test_book_at_a_changed_price_says_so_and_books_nothing(client, room):
    sent = form()
    Room.objects.filter(pk=room.pk).update(price_minor=15_000)

    response = client.post(book_url(room), sent)

    assert response.status_code == 409
    for part in (
        "The price has changed.",
        "It was €240.00",
        "€300.00 now",
        "2 nights at €150.00",
        "Late arrival",
    ):
        assert part in text(response)
    assert 'name="expected_total_minor" value="30000"' in text(response)
    assert Booking.objects.count() == 0
    assert client.post(book_url(room), {**sent, "expected_total_minor": 30_000}).status_code == 307


def test_book_of_taken_dates_keeps_what_was_typed_and_offers_others(client, room):
    factories.booking(room=room, days_ahead=10, nights=2)

    response = client.post(book_url(room), form())

    assert response.status_code == 409
    for part in ("Just taken.", 'value="Ada Guest"', "Late arrival"):
        assert part in text(response)
    other = f"{book_url(room)}?check_in={ahead(12)}&amp;check_out={ahead(14)}&amp;party_size=2"
    assert other in text(response)
    assert Booking.objects.count() == 1
    followed = text(client.get(other.replace("&amp;", "&")))
    assert 'value="ada@example.org"' in followed
    assert "Late arrival" in followed


def test_book_with_other_details_under_the_same_key_asks_first(client, room):
    sent = form()
    client.post(book_url(room), sent)

    response = client.post(book_url(room), {**sent, "name": "Somebody else"})

    assert response.status_code == 409
    assert "sent before with other details" in text(response)
    assert sent["submission_key"] not in text(response)
    assert Booking.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "This field is required."),
        ("name", "   ", "This field is required."),
        ("name", "x" * 121, "Ensure this value has at most 120 characters (it has 121)."),
        ("name", "a\0b", "Null characters are not allowed."),
        ("name", "\u200b\u2060", "This field is required."),
        ("name", "\u202eevE", "This holds a sign that turns the direction of reading. Type it without."),
        ("email", "jürgen@example.org", "Not every mail server delivers to addresses with ü before the @."),
        ("email", "ada", "Enter a valid email address."),
        ("email", f"{'a' * 260}@example.org", "Ensure this value has at most 254 characters (it has 272)."),
        ("phone", "abc", "A phone number, in digits: +998 90 123 45 67, for example."),
        ("phone", "1" * 33, "Ensure this value has at most 32 characters (it has 33)."),
        ("message", "x" * 2001, "Ensure this value has at most 2000 characters (it has 2001)."),
        ("message", "\0", "Null characters are not allowed."),
        ("party_size", "3", "At most 2 guests fit here."),
        ("party_size", "", "This field is required."),
        ("check_out", "2020-01-01", "Check-out must be after check-in."),
        ("check_in", "<b>", "This is not a date."),
        ("submission_key", "1", "This form is damaged."),
        ("expected_total_minor", "-1", "This form is damaged."),
    ],
)
def test_book_refuses_a_wrong_value_by_its_field_and_keeps_the_rest(client, room, field, value, message):
    response = client.post(book_url(room), form(**{field: value}))

    assert response.status_code == 422
    assert message in text(response)
    assert "Late arrival" in text(response) or field == "message"
    assert Booking.objects.count() == 0


def test_book_shows_script_in_a_name_as_text(client, room):
    response = client.post(book_url(room), form(name="<script>alert(1)</script>", email="no"))

    assert "<script>alert" not in text(response)
    assert "&lt;script&gt;alert" in text(response)


def test_book_larger_than_a_megabyte_is_refused(client, room):
    response = client.post(book_url(room), form(message="x" * 1_100_000))

    assert response.status_code == 400
    assert "We cannot read this" in text(response)


def test_book_sixth_unpaid_room_is_refused_with_a_reason(client, room):
    for n in range(5):
        knows(client, factories.booking(room=factories.room(), days_ahead=10 + n))

    response = client.post(book_url(room), form(email="another@example.org"))

    assert response.status_code == 409
    assert "You already keep 5 rooms with unpaid bookings." in text(response)
    assert Booking.objects.count() == 5


@pytest.mark.usefixtures("one_moment")
def test_book_too_often_is_told_to_wait(client, room, settings):
    settings.BOOKINGS_PER_IP_HOUR = 1
    client.post(book_url(room), form())

    response = client.post(book_url(room), form(**nights(20, 22)))

    assert response.status_code == 429
    assert "Too many bookings in a short time." in text(response)
    assert int(response.headers["Retry-After"]) > 0
    assert Booking.objects.count() == 1


# --- a form whose booking is over -----------------------------------------------------------------------------


@pytest.mark.parametrize(("how", "word"), [("cancel", "cancelled"), ("expire", "expired")])
def test_book_sent_again_after_its_booking_is_over_says_so_and_then_makes_another(client, room, how, word):
    sent = form()
    client.post(book_url(room), sent)
    first = Booking.objects.get()
    if how == "cancel":
        bookings.cancel(booking_id=first.pk, actor=guest_actor())
    else:
        bookings.expire(booking_id=first.pk)

    told = client.post(book_url(room), sent)
    counted = Booking.objects.count()
    key = told.context["form"]["submission_key"].value()
    client.post(book_url(room), sent | {"submission_key": key})

    assert (told.status_code, counted) == (409, 1)
    assert f"that booking ({first.reference}) is {word}. Send it once more" in text(told)
    assert told.context["form"]["name"].value() == sent["name"]
    second = Booking.objects.exclude(pk=first.pk).get()
    assert (second.status, second.starts_at) == (Status.PENDING_PAYMENT, first.starts_at)


# --- the same dates again -------------------------------------------------------------------------------------


def again_url(booking: Booking) -> str:
    return reverse("bookings:again", args=[booking.reference])


def expired(room: Room, **more) -> Booking:
    return bookings.expire(booking_id=factories.booking(room=room, **more).pk)


def test_expired_booking_whose_dates_are_free_is_booked_again_by_one_click(client, room):
    old = expired(room, nights=2)
    knows(client, old)

    page = text(client.get(old.get_absolute_url()))
    first, second = client.post(again_url(old)), client.post(again_url(old))

    new = Booking.objects.exclude(pk=old.pk).get()
    assert "Book the same dates again" in page
    assert first.status_code == 307
    assert first.url == second.url == reverse("payments:pay", args=[new.reference])
    assert (new.starts_at, new.ends_at, new.total_minor, new.guest_email) == (
        old.starts_at, old.ends_at, old.total_minor, old.guest_email,
    )  # fmt: skip


def test_expired_booking_whose_dates_are_gone_offers_no_second_click(client, room):
    old = expired(room)
    factories.booking(room=room)
    knows(client, old)

    page = text(client.get(old.get_absolute_url()))
    response = client.post(again_url(old))

    assert "Book the same dates again" not in page
    assert (response.status_code, response.url) == (302, room.get_absolute_url())
    assert Booking.objects.count() == 2


def test_expired_booking_at_another_price_shows_it_first(client, room):
    old = expired(room)
    Room.objects.filter(pk=room.pk).update(price_minor=13_000)

    response = knows(client, old).post(again_url(old), follow=True)

    assert "The price has changed since it was shown." in text(response)
    assert "€130.00" in text(response)
    assert Booking.objects.count() == 1


def test_again_is_only_for_the_guest_of_an_expired_booking(client, room):
    old = expired(room)
    standing = held(factories.room())

    assert client.post(again_url(old)).status_code == 404
    assert knows(client, old).get(again_url(old)).status_code == 405
    assert knows(client, standing).post(again_url(standing)).status_code == 302
    assert Booking.objects.count() == 2


def test_again_after_the_second_booking_is_over_too_makes_a_third(client, room):
    old = expired(room)
    knows(client, old).post(again_url(old))
    second = Booking.objects.exclude(pk=old.pk).get()
    bookings.cancel(booking_id=second.pk, actor=guest_actor())

    clicks = [client.post(again_url(old)).url for _ in range(2)]

    third = Booking.objects.exclude(pk__in=[old.pk, second.pk]).get()
    assert clicks == [reverse("payments:pay", args=[third.reference])] * 2
    assert (third.status, third.starts_at) == (Status.PENDING_PAYMENT, old.starts_at)


@pytest.mark.parametrize("kind", ["hotel", "conference"])
def test_again_after_the_venue_moved_to_another_zone_means_the_same_dates_and_hours(client, kind):
    room = factories.room(kind=kind, venue=factories.venue(time_zone="Pacific/Auckland"))
    room.approval = Room.Approval.NONE
    room.save()
    old = expired(room, days_ahead=20)
    Venue.objects.update(time_zone="America/New_York")
    old = Booking.objects.select_related("venue", "room__venue").get(pk=old.pk)

    stay = stay_of_booking(old)

    was, auckland, new_york = old.starts_at, ZoneInfo("Pacific/Auckland"), ZoneInfo("America/New_York")
    assert stay.starts_at.astimezone(new_york).replace(tzinfo=None) == was.astimezone(auckland).replace(
        tzinfo=None
    )
    assert stay.ends_at - stay.starts_at == old.ends_at - old.starts_at


def test_book_keeps_a_name_as_a_reader_sees_it(client, room):
    client.post(book_url(room), form(name="\ufeffZo\u0308e \u200b Guest", message="Late\r\narrival\u2060"))

    booking = Booking.objects.get()
    assert (booking.guest_name, booking.message) == ("Zöe Guest", "Late\narrival")
