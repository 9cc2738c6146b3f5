"""The measured data: as much as promised, within the constraints, and what is called free is free."""

import datetime as dt
from itertools import islice

import pytest
from django.db import connection

from bench import data
from bench.stock import Stock
from rooms.availability.occupancy import is_free
from rooms.availability.stays import stay_of_nights
from rooms.models import Occupancy, Room

ROOMS = 10


@pytest.fixture
def stock(db) -> Stock:
    with connection.cursor() as wrapped:
        wrapped.execute("SELECT setseed(0.42)")
        for _title, statement in data.statements():
            wrapped.execute(statement, {"rooms": ROOMS, "first_day": dt.datetime.now(dt.UTC).date()})
        return Stock(wrapped.cursor)


def test_data_has_a_thousand_occupancies_a_room_and_nights_called_free_are_free(stock):
    assert Room.objects.published().count() == ROOMS
    assert Occupancy.objects.count() == ROOMS * data.OCCUPANCIES_PER_ROOM
    assert {room.kind for room in stock.rooms} == {"hotel", "conference", "expert"}
    nights = list(islice(stock.free_nights, 40))
    assert len(set(nights)) == 40
    rooms = {room.path: room for room in Room.objects.select_related("venue")}
    for path, night in nights:
        stay = stay_of_nights(rooms[path], night, night + dt.timedelta(1))
        assert is_free(rooms[path], stay)


def test_statements_are_named_by_their_first_line():
    titles = [title for title, _statement in data.statements()]

    assert titles[0] == "venues"
    assert titles[-1].startswith("busy times of outside calendars")
    assert len(titles) == 7


def test_template_name_changes_with_size_and_month():
    today = dt.date(2026, 11, 21)
    names = {
        data.template_name(50, today),
        data.template_name(1000, today),
        data.template_name(1000, today + dt.timedelta(30)),
    }

    assert len(names) == 3
    assert data.template_name(50, today) in names
