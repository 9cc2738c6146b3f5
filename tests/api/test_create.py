"""POST bookings: what is made, what is refused, and that sending twice makes one."""

import datetime as dt

import pytest

from bookings.models import Booking
from bookings.states import Status
from core import clock
from rooms.availability.occupancy import claim
from rooms.availability.stays import period_of
from rooms.models import Occupancy
from tests.api.callers import as_user, choice, logged_in
from tests.support import factories
from tests.support.races import race

pytestmark = pytest.mark.django_db


def test_booking_anonymous_answers_reference_secret_and_deadline(api, room):
    answer = api.post("bookings", choice(room))

    booking = Booking.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "reference": booking.reference,
        "secret": booking.secret,
        "status": "PENDING_PAYMENT",
        "total_minor": 20_000,
        "currency": "EUR",
        "payment_due_at": booking.payment_due_at.isoformat(),
        "decide_by": None,
        "url": f"http://127.0.0.1:8000/bookings/{booking.reference}/open/{booking.secret}/",
    }
    assert (booking.guest, booking.guest_name, booking.party_size) == (None, "Ada Guest", 2)
    assert answer["Cache-Control"] == "no-store"


def test_booking_logged_in_belongs_to_the_user(room):
    user = factories.user()

    answer = logged_in(user).post("bookings", choice(room))

    assert answer.status_code == 201
    assert Booking.objects.get().guest == user


def test_booking_with_own_token_and_email_belongs_to_the_user(room):
    user = factories.user()

    as_user(user).post("bookings", choice(room, guest={"name": "Ada", "email": user.email.upper()}))

    assert Booking.objects.get().guest == user


def test_booking_with_token_for_somebody_else_is_the_guests_alone(room, as_host):
    as_host.post("bookings", choice(room))

    assert Booking.objects.get().guest is None


def test_booking_by_the_hour_takes_wall_time_of_the_venue(api, db):
    room = factories.room(kind="conference", capacity=8)
    date = (clock.now().astimezone(room.venue.zone) + dt.timedelta(days=5)).date()
    hours = {"start": f"{date}T10:00", "end": f"{date}T12:00", "check_in": None, "check_out": None}

    answer = api.post("bookings", choice(room, **hours))

    booking = Booking.objects.get()
    assert (answer.status_code, answer.json()["status"]) == (201, "PENDING_APPROVAL")
    assert answer.json()["decide_by"] == booking.decide_by.isoformat()
    assert booking.starts_at.astimezone(room.venue.zone).replace(tzinfo=None) == dt.datetime.combine(
        date, dt.time(10)
    )


def test_booking_of_a_session_takes_its_seats(api, db):
    room = factories.room(kind="workshop", capacity=10)
    session = factories.session(room=room, capacity=3)

    answer = api.post("bookings", choice(room, session=session.pk))

    session.refresh_from_db()
    assert answer.status_code == 201
    assert (session.seats_taken, Booking.objects.get().session) == (2, session)


def test_booking_session_of_another_room_is_refused_by_field(api, db):
    session = factories.session(room=factories.room(kind="workshop"))

    answer = api.post("bookings", choice(factories.room(kind="workshop"), session=session.pk))

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["session"]


def test_booking_at_the_price_shown_is_made(api, room):
    assert api.post("bookings", choice(room, expected_total_minor=20_000)).status_code == 201


def test_booking_at_another_price_is_refused_with_the_new_lines(api, room):
    answer = api.post("bookings", choice(room, expected_total_minor=19_999))

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "price_changed")
    assert (problem["total_minor"], problem["currency"], problem["held_today_minor"]) == (
        20_000,
        "EUR",
        20_000,
    )
    assert [line["amount_minor"] for line in problem["lines"]] == [20_000]
    assert not Booking.objects.exists()


def test_booking_taken_room_offers_what_is_free(api, room):
    other = factories.room(capacity=4)
    asked = choice(room)
    api.post("bookings", asked)

    answer = api.post("bookings", choice(room))

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "room_taken")
    nearest = problem["alternatives"]["stays"][0]
    shift = dt.date.fromisoformat(nearest["check_in"]) - dt.date.fromisoformat(asked["check_in"])
    assert abs(shift.days) == 2
    assert [found["room"] for found in problem["alternatives"]["rooms"]] == [other.path]
    assert Booking.objects.count() == 1


def test_booking_of_an_alternative_goes_through(api, room):
    api.post("bookings", choice(room))
    offered = api.post("bookings", choice(room)).json()["alternatives"]["stays"][0]

    assert api.post("bookings", choice(room, **offered)).status_code == 201


def test_booking_full_session_offers_others(api, db):
    room = factories.room(kind="workshop", capacity=10)
    full, free = factories.session(room=room, capacity=1), factories.session(room=room, capacity=5)

    answer = api.post("bookings", choice(room, session=full.pk))

    assert answer.status_code == 409
    assert [one["session"] for one in answer.json()["alternatives"]["sessions"]] == [free.pk]


@pytest.mark.parametrize("hidden", ["room", "venue"])
def test_booking_unpublished_room_is_unknown(api, room, hidden):
    thing = room if hidden == "room" else room.venue
    thing.is_published = False
    thing.save()

    answer = api.post("bookings", choice(room))

    assert (answer.status_code, answer.json()["code"]) == (404, "room_not_found")
    assert [error["field"] for error in answer.json()["errors"]] == ["room"]


def test_booking_twice_with_one_key_is_one_booking(api, room):
    asked = choice(room)

    first = api.post("bookings", asked, **{"Idempotency-Key": "form-1"})
    again = api.post("bookings", asked, **{"Idempotency-Key": "form-1"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert Booking.objects.count() == 1
    assert Occupancy.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"party_size": 1},
        {"message": "Late"},
        "name",
        "room",
        "dates",
    ],
)
def test_booking_same_key_with_another_body_conflicts(api, room, change):
    asked = choice(room)
    api.post("bookings", asked, **{"Idempotency-Key": "form-1"})
    if change == "name":
        change = {"guest": {**asked["guest"], "name": "Eve"}}
    elif change == "room":
        change = {"room": factories.room().path}
    elif change == "dates":
        later = choice(room, days_ahead=30)
        change = {name: later[name] for name in ("check_in", "check_out")}

    answer = api.post("bookings", {**asked, **change}, **{"Idempotency-Key": "form-1"})

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")
    assert Booking.objects.count() == 1


def test_booking_same_key_of_another_user_is_another_booking(room):
    asked, headers = choice(room), {"Idempotency-Key": "form-1"}
    logged_in(factories.user()).post("bookings", asked, **headers)

    answer = logged_in(factories.user()).post("bookings", choice(room, days_ahead=20), **headers)

    assert answer.status_code == 201
    assert Booking.objects.count() == 2


def test_booking_without_a_key_is_new_each_time(api, room):
    asked = choice(room)
    api.post("bookings", asked)

    assert api.post("bookings", asked).json()["code"] == "room_taken"


@pytest.mark.parametrize("key", ["k" * 256, "schlüssel", "a\tb"])
def test_booking_with_a_strange_key_is_refused(api, room, key):
    answer = api.post("bookings", choice(room), **{"Idempotency-Key": key})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")


def test_booking_with_the_longest_key_is_made_once(api, room):
    asked, headers = choice(room), {"Idempotency-Key": "k" * 255}

    references = {api.post("bookings", asked, **headers).json()["reference"] for _ in range(2)}

    assert len(references) == 1


@pytest.mark.django_db(transaction=True)
def test_booking_sixteen_times_at_once_with_one_key_is_one_booking(api, room):
    asked = choice(room)

    results = race(
        lambda n: api.__class__().post("bookings", asked, **{"Idempotency-Key": "one"}), runners=16
    )

    assert [result.value.status_code for result in results] == [201] * 16
    assert len({result.value.json()["reference"] for result in results}) == 1
    assert Booking.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_booking_sixteen_guests_at_once_one_gets_the_room(api, room):
    asked = [choice(room) for _ in range(16)]

    results = race(lambda n: api.__class__().post("bookings", asked[n]), runners=16)

    codes = sorted(result.value.status_code for result in results)
    assert codes == [201] + [409] * 15
    assert {result.value.json()["code"] for result in results if result.value.status_code == 409} == {
        "room_taken"
    }
    assert Booking.objects.count() == 1


def test_booking_in_a_blackout_is_taken(api, room):
    stay = factories.stay(room, days_ahead=10, units=2)
    claim(room_id=room.pk, period=period_of(room, stay), kind="blackout")

    assert api.post("bookings", choice(room)).json()["code"] == "room_taken"


def test_booking_free_room_is_confirmed_at_once(api, db):
    answer = api.post("bookings", choice(factories.free_room()))

    assert (answer.json()["status"], answer.json()["payment_due_at"]) == (Status.CONFIRMED, None)


def test_booking_asks_the_database_few_questions(api, room, django_assert_max_num_queries):
    # begin, commit and savepoints included
    with django_assert_max_num_queries(20):
        api.post("bookings", choice(room))
