import datetime as dt
import json

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from core import clock
from rooms.availability import occupancy
from rooms.availability.stays import stay_of_nights
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def day(ahead: int) -> dt.date:
    """A date in Paris some days from today."""
    return (clock.now() + dt.timedelta(days=ahead, hours=1)).date()


def quote(client, **choice):
    return client.post("/api/v1/quotes", json.dumps(choice, default=str), content_type="application/json")


def code_and_fields(response) -> tuple[int, str, list[str]]:
    body = response.json()
    return response.status_code, body["code"], [error["field"] for error in body["errors"]]


# --- search -----------------------------------------------------------------------------------------------


def test_rooms_item_has_the_shape_programs_lean_on(client):
    venue = factories.venue(name="Casa", slug="casa", city="Lisbon")
    room = factories.room(venue=venue, name="Blue", slug="blue", price_minor=12_000, amenities=["wifi"])
    factories.photo(room=room, alt="A blue room")

    body = client.get("/api/v1/rooms").json()

    [item] = body["items"]
    assert body["next"] is None
    assert {key: item[key] for key in ("path", "name", "kind", "unit", "price_minor", "currency", "capacity")} == {
        "path": "casa/blue", "name": "Blue", "kind": "hotel", "unit": "night", "price_minor": 12_000,
        "currency": "EUR", "capacity": 2,
    }  # fmt: skip
    assert item["venue"]["city"] == "Lisbon"
    assert (item["photos"][0]["alt"], item["total_minor"]) == ("A blue room", None)
    assert item["url"] == "http://testserver/rooms/casa/blue/"


def test_rooms_of_dates_are_free_and_priced(client):
    free, taken = factories.room(price_minor=10_000), factories.room()
    factories.price_rule(room=free, price_minor=15_000, first_date=day(11), last_date=day(11))
    factories.booking(room=taken, stay=stay_of_nights(taken, day(10), day(11)))

    [item] = client.get("/api/v1/rooms", {"check_in": day(10), "check_out": day(12)}).json()["items"]

    assert (item["path"], item["total_minor"]) == (free.path, 25_000)


def test_rooms_next_walks_every_page_once(client):
    venue = factories.venue()
    for _ in range(15):
        factories.room(venue=venue)
    paths, url = [], "/api/v1/rooms?sort=price&kind=hotel"

    while url:
        body = client.get(url).json()
        paths += [item["path"] for item in body["items"]]
        url = body["next"]

    assert len(paths) == len(set(paths)) == 15


def test_rooms_any_number_takes_as_many_queries(client, django_assert_num_queries):
    venue = factories.venue()
    query = {"check_in": day(10), "check_out": day(12)}
    for _ in range(2):
        factories.photo(room=factories.room(venue=venue))
        with django_assert_num_queries(3):
            client.get("/api/v1/rooms", query)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"check_in": "2026-02-30"}, "check_in"),
        ({"check_in": "2126-01-01", "check_out": "2126-01-01"}, "check_out"),
        ({"check_in": "2020-01-01", "check_out": "2020-01-02"}, "check_in"),
        ({"guests": "0"}, "guests"),
        ({"kind": "castle"}, "kind"),
        ({"price_max_minor": "-1"}, "price_max_minor"),
        ({"price_max_minor": "1_000"}, "price_max_minor"),
        ({"price_max_minor": "1.000"}, "price_max_minor"),
    ],
)
def test_rooms_wrong_filter_is_refused_by_its_field(client, query, field):
    status, _code, fields = code_and_fields(client.get("/api/v1/rooms", query))

    assert (status, fields) == (422, [field])


# --- a room -----------------------------------------------------------------------------------------------


def test_room_facts_of_each_kind(client):
    hotel = factories.room(min_units=2, cleaning_fee_minor=500)
    expert = factories.room(kind="expert", appointment_minutes=45)
    workshop = factories.free_room(kind="workshop")
    session = factories.session(room=workshop)

    bodies = [client.get(f"/api/v1/rooms/{room.path}").json() for room in (hotel, expert, workshop)]

    assert (bodies[0]["min_units"], bodies[0]["cleaning_fee_minor"]) == (2, 500)
    assert (bodies[0]["check_in_time"], bodies[0]["check_out_time"]) == ("15:00", "11:00")
    assert bodies[1]["appointment_minutes"] == 45
    assert bodies[1]["opening_hours"][0] == {"weekday": 0, "opens": "08:00", "closes": "20:00"}
    assert [(one["id"], one["seats_left"]) for one in bodies[2]["sessions"]] == [(session.pk, 10)]


@pytest.mark.parametrize("path", ["nowhere/nothing", "nowhere%00/nothing", "a" * 3000 + "/b"])
@pytest.mark.parametrize("tail", ["", "/availability"])
def test_room_unknown_is_not_found(client, path, tail):
    assert client.get(f"/api/v1/rooms/{path}{tail}").status_code == 404


def test_room_not_published_is_not_found(client):
    room = factories.room(is_published=False)

    assert client.get(f"/api/v1/rooms/{room.path}").status_code == 404
    assert client.get(f"/api/v1/rooms/{room.path}/availability").status_code == 404
    assert quote(client, room=room.path, check_in=day(1), check_out=day(2)).status_code == 404


# --- availability -----------------------------------------------------------------------------------------


def test_availability_nights_between_two_dates(client, django_assert_num_queries):
    room = factories.room(price_minor=10_000)
    factories.booking(room=room, stay=stay_of_nights(room, day(11), day(12)))

    with django_assert_num_queries(3):
        body = client.get(f"/api/v1/rooms/{room.path}/availability", {"from": day(10), "to": day(13)}).json()

    assert [(one["date"], one["state"]) for one in body["days"]] == [
        (str(day(10)), "free"), (str(day(11)), "taken"), (str(day(12)), "free"),
    ]  # fmt: skip
    assert (body["from"], body["to"], body["unit"], body["time_zone"]) == (
        str(day(10)), str(day(13)), "night", "Europe/Paris",
    )  # fmt: skip
    assert (body["is_free"], body["slots"], body["days"][0]["price_minor"]) == (False, [], 10_000)


def test_availability_slots_carry_the_venues_offset(client, django_assert_num_queries):
    room = factories.room(kind="conference")
    start = dt.datetime.combine(day(10), dt.time(9), tzinfo=room.venue.zone)
    period = DateTimeTZRange(start, start + dt.timedelta(hours=2), "[)")
    occupancy.claim(room_id=room.pk, period=period)

    with django_assert_num_queries(3):
        body = client.get(f"/api/v1/rooms/{room.path}/availability", {"from": day(10), "to": day(11)}).json()

    assert len(body["slots"]) == 12
    assert [slot["starts_at"] for slot in body["slots"] if not slot["is_free"]] == [
        start.isoformat(), (start + dt.timedelta(hours=1)).isoformat(),
    ]  # fmt: skip


def test_availability_without_dates_is_a_month_from_today(client):
    body = client.get(f"/api/v1/rooms/{factories.room().path}/availability").json()

    assert len(body["days"]) == 31
    assert body["from"] == str(clock.now().astimezone(factories.room().venue.zone).date())


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2026-12-02", "to": "2026-12-02"}, "to"),
        ({"from": "2026-12-02", "to": "2026-12-01"}, "to"),
        ({"from": "2026-12-02", "to": "2028-12-01"}, "to"),
        ({"from": "0001-01-01"}, "from"),
        ({"from": "2026-12-02", "to": "9999-12-31"}, "to"),
        ({"from": "tomorrow"}, "from"),
    ],
)
def test_availability_wrong_dates_are_refused_by_field(client, query, field):
    path = f"/api/v1/rooms/{factories.room().path}/availability"

    status, _code, fields = code_and_fields(client.get(path, query))

    assert (status, fields) == (422, [field])


# --- quotes -----------------------------------------------------------------------------------------------


def test_quote_of_nights_is_priced_line_by_line(client):
    room = factories.room(price_minor=10_000, venue=factories.venue(tax_percent="10"))

    body = quote(client, room=room.path, check_in=day(10), check_out=day(12), party_size=2).json()

    assert [(line["kind"], line["amount_minor"]) for line in body["lines"]] == [
        ("stay", 20_000),
        ("tax", 2_000),
    ]
    assert (body["total_minor"], body["tax_minor"], body["currency"]) == (22_000, 2_000, "EUR")
    assert (body["held_today_minor"], body["units"], body["is_free"]) == (22_000, 2, True)


def test_quote_of_hours_and_of_seats(client):
    hall = factories.room(kind="conference", price_minor=4_000)
    workshop = factories.room(kind="workshop", price_minor=5_000, capacity=12)
    session = factories.session(room=workshop, capacity=2)

    hours = quote(client, room=hall.path, start=f"{day(10)}T09:00", end=f"{day(10)}T11:00").json()
    seats = quote(client, room=workshop.path, session=session.pk, party_size=3).json()

    assert (hours["total_minor"], hours["held_today_minor"], hours["is_free"]) == (8_000, 0, True)
    assert (seats["total_minor"], seats["units"], seats["is_free"]) == (15_000, 3, False)


def test_quote_of_taken_dates_says_so(client):
    room = factories.room()
    factories.booking(room=room, stay=stay_of_nights(room, day(10), day(12)))

    assert quote(client, room=room.path, check_in=day(11), check_out=day(12)).json()["is_free"] is False


def test_quote_session_of_another_workshop_is_asked_for_again(client):
    mine, other = factories.free_room(kind="workshop"), factories.free_room(kind="workshop")
    session = factories.session(room=other)

    status, code, fields = code_and_fields(quote(client, room=mine.path, session=session.pk))

    assert (status, code, fields) == (422, "invalid", ["session"])
