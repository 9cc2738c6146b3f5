"""Closed dates over the API: of some rooms or all, once or every year, and by whom."""

import pytest

from rooms.models import Closing, Occupancy
from tests.api.callers import Api, as_user
from tests.support import factories
from tests.support.pages import ahead

pytestmark = pytest.mark.django_db

DATES = {"first_date": "2027-12-24", "last_date": "2028-01-06"}


@pytest.fixture
def venue():
    made = factories.venue(slug="old-mill")
    for slug in ("attic", "cellar"):
        factories.room(venue=made, slug=slug)
    return made


@pytest.fixture
def manager(venue) -> Api:
    return as_user(factories.host(venue=venue, role="manager"))


def delete(api: Api, pk: int):
    return api.client.delete(f"/api/v1/closings/{pk}", headers=api.headers)


def test_closing_a_venue_every_year_closes_all_rooms_and_is_listed(venue, manager):
    answer = manager.post("venues/old-mill/closings", {**DATES, "years": 3, "note": "Holidays"})

    closing = Closing.objects.get()
    expected = {
        "id": closing.pk, "venue": "old-mill", "is_whole_venue": True,
        "rooms": ["old-mill/attic", "old-mill/cellar"], **DATES, "years": 3, "note": "Holidays",
    }  # fmt: skip
    assert (answer.status_code, answer.json()) == (201, expected)
    assert Occupancy.objects.filter(kind="blackout", closing=closing).count() == 6
    assert manager.get("venues/old-mill/closings").json() == {"items": [expected], "next": None}


def test_closing_some_rooms_leaves_the_others(venue, manager):
    answer = manager.post("venues/old-mill/closings", {**DATES, "rooms": ["attic"]})

    assert answer.json()["rooms"] == ["old-mill/attic"]
    assert [one.room.slug for one in Occupancy.objects.filter(kind="blackout")] == ["attic"]


def test_closing_over_a_booking_tells_it_by_room_and_closes_nothing(venue, manager):
    booking = factories.booking(room=venue.rooms.get(slug="cellar"), days_ahead=10)
    date = ahead(10)

    answer = manager.post("venues/old-mill/closings", {"first_date": date, "last_date": date})

    assert (answer.status_code, answer.json()["code"]) == (409, "room_taken")
    assert answer.json()["in_the_way"] == [
        {
            "room": "old-mill/cellar", "first_date": date, "last_date": date, "bookings": [booking.reference],
            "sessions": [],
        }
    ]  # fmt: skip
    assert not Closing.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"last_date": "2027-12-23"}, "last_date"),
        ({"years": 11}, "years"),
        ({"rooms": ["attic", "tower"]}, "rooms"),
        ({"rooms": []}, "rooms"),
        ({"first_date": "soon"}, "first_date"),
        ({"last_date": "2029-01-01"}, "last_date"),
        ({"note": "x" * 201}, "note"),
    ],
    ids=str,
)
def test_closing_that_cannot_be_is_refused_by_the_field(venue, manager, fields, field):
    answer = manager.post("venues/old-mill/closings", {**DATES, **fields})

    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])
    assert not Closing.objects.exists()


def test_closing_deleted_opens_its_dates(venue, manager):
    pk = manager.post("venues/old-mill/closings", {**DATES, "years": 2}).json()["id"]

    assert delete(manager, pk).status_code == 204

    assert not Occupancy.objects.filter(kind="blackout").exists()
    assert delete(manager, pk).status_code == 404


def test_closings_are_for_owners_and_managers_alone(venue, manager):
    pk = manager.post("venues/old-mill/closings", DATES).json()["id"]
    clerk = as_user(factories.host(venue=venue, role="clerk"))
    stranger = as_user(factories.host(venue=factories.venue()))

    for api in (clerk, stranger):
        assert api.get("venues/old-mill/closings").status_code == 404
        assert api.post("venues/old-mill/closings", DATES).status_code == 404
        assert delete(api, pk).status_code == 404
    assert Api().post("venues/old-mill/closings", DATES).status_code == 401
    assert Closing.objects.count() == 1


def test_list_of_closings_costs_the_same_for_one_and_three(venue, manager, django_assert_num_queries):
    manager.get("venues/old-mill/closings")
    for n in range(3):
        manager.post(
            "venues/old-mill/closings", {"first_date": f"2027-0{n + 1}-01", "last_date": f"2027-0{n + 1}-02"}
        )
        with django_assert_num_queries(6):
            assert len(manager.get("venues/old-mill/closings").json()["items"]) == n + 1
