"""A booking sent again with its Idempotency-Key: one booking whatever the network, its secret for its guest alone."""

import datetime as dt

import pytest
from django.core.cache import cache
from django.test import Client

from bookings.lifecycle import submission
from bookings.models import Booking, BookingEvent
from rooms.models import Room
from tests.api.callers import Api, choice
from tests.support import factories

pytestmark = pytest.mark.django_db

HOME, TRAIN = "198.51.100.7", "203.0.113.9"
KEY = {"Idempotency-Key": "key-1"}
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _surroundings(time_machine):
    cache.clear()
    time_machine.move_to("2027-03-01T10:00:00Z", tick=False)


def from_network(address: str) -> Api:
    return Api(client=Client(REMOTE_ADDR=address))


def links_sent() -> int:
    return BookingEvent.objects.filter(verb="link_sent").count()


def test_replay_from_the_same_network_tells_the_secret_for_fifteen_minutes(room, time_machine):
    asked, guest = choice(room), from_network(HOME)
    first = guest.post("bookings", asked, **KEY).json()
    time_machine.shift(15 * MINUTE - dt.timedelta(seconds=1))
    in_time = guest.post("bookings", asked, **KEY).json()
    sent_in_time = links_sent()
    time_machine.shift(1)
    late = guest.post("bookings", asked, **KEY).json()

    assert in_time == first
    assert (late["reference"], late["secret"]) == (first["reference"], None)
    assert first["secret"] not in late["url"]
    assert (sent_in_time, links_sent()) == (0, 1)
    assert Booking.objects.count() == 1


def test_replay_from_another_network_is_the_same_booking_without_its_secret(room, time_machine):
    asked = choice(room)
    first = from_network(HOME).post("bookings", asked, **KEY).json()
    time_machine.shift(1)

    again = from_network(TRAIN).post("bookings", asked, **KEY)

    assert (again.status_code, again["Idempotent-Replayed"]) == (201, "true")
    assert (again.json()["reference"], again.json()["secret"]) == (first["reference"], None)
    assert first["secret"] not in again.content.decode()
    assert (Booking.objects.count(), links_sent()) == (1, 1)


@pytest.mark.parametrize(
    ("first", "again", "is_told"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:198.51.100.7", "198.51.100.7", True),
        ("198.51.100.7", "198.51.100.8", False),
    ],
)
def test_network_is_the_address_or_the_half_of_a_long_one(room, time_machine, first, again, is_told):
    asked = choice(room)
    from_network(first).post("bookings", asked, **KEY)
    time_machine.shift(1)

    answer = from_network(again).post("bookings", asked, **KEY).json()

    assert (answer["secret"] is not None) == is_told


def test_replay_of_the_same_session_tells_the_secret_in_another_network(room, time_machine):
    asked, browser = choice(room), Client(REMOTE_ADDR=HOME)
    browser.session.save()
    session = browser.session
    session["seen"] = True
    session.save()
    browser.cookies["sessionid"] = session.session_key
    first = Api(client=browser).post("bookings", asked, **KEY).json()

    browser.defaults["REMOTE_ADDR"] = TRAIN
    time_machine.shift(1)
    again = Api(client=browser).post("bookings", asked, **KEY).json()

    assert again == first


def test_replay_of_a_user_tells_the_secret_in_another_network(room, time_machine):
    user, asked = factories.user(), choice(room)
    answers = []
    for address in (HOME, TRAIN):
        client = Client(REMOTE_ADDR=address)
        client.force_login(user)
        answers.append(Api(client=client).post("bookings", asked, **KEY).json())
        time_machine.shift(1)

    assert answers[0] == answers[1]


def test_key_of_one_guest_is_free_to_another(room):
    from_network(HOME).post("bookings", choice(room), **KEY)

    answer = from_network(TRAIN).post("bookings", choice(room, days_ahead=30), **KEY)

    assert (answer.status_code, Booking.objects.count()) == (201, 2)


def test_key_squatted_from_elsewhere_does_not_keep_its_guest_from_booking(room):
    asked = choice(room)
    squatted = {**asked, "check_in": choice(room, days_ahead=40)["check_in"]}
    squatted["check_out"] = choice(room, days_ahead=40)["check_out"]
    from_network(TRAIN).post("bookings", squatted, **KEY)

    answer = from_network(HOME).post("bookings", asked, **KEY)
    conflict = from_network(HOME).post("bookings", {**asked, "party_size": 1}, **KEY)

    assert answer.status_code == 201
    assert answer.json()["secret"]
    assert (conflict.status_code, conflict.json()["code"]) == (409, "idempotency_conflict")
    assert Booking.objects.count() == 2


def test_key_lives_a_day(room, time_machine):
    asked, guest = choice(room), from_network(HOME)
    first = guest.post("bookings", asked, **KEY).json()
    time_machine.shift(24 * 60 * MINUTE - dt.timedelta(seconds=1))
    in_time = guest.post("bookings", asked, **KEY)
    time_machine.shift(1)
    later = guest.post("bookings", {**asked, "message": "Another"}, **KEY)

    assert in_time.json()["reference"] == first["reference"]
    assert (later.status_code, later.json()["code"]) == (409, "room_taken")
    other = guest.post("bookings", choice(factories.room(kind=Room.Kind.HOTEL)), **KEY)
    assert other.status_code == 201


def test_link_is_mailed_three_times_a_day_at_most(room, time_machine):
    asked = choice(room)
    from_network(HOME).post("bookings", asked, **KEY)

    for n in range(5):
        time_machine.shift(1)
        from_network(f"203.0.113.{n}").post("bookings", asked, **KEY)

    assert links_sent() == 3


def test_key_in_the_database_names_neither_guest_nor_network(room):
    asked = choice(room)
    from_network(HOME).post("bookings", asked, **KEY)

    key = Booking.objects.get().submission_key
    assert key.startswith(submission.CHOSEN)
    assert len(key) <= 80
    assert not any(part in key for part in (HOME, asked["guest"]["email"], "key-1"))
