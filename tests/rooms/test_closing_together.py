"""Several rooms, or a whole venue, closed at once: once or every year, all of it or nothing."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from bookings.actors import guest_actor
from bookings.lifecycle import services as bookings
from rooms.availability import closings
from rooms.availability.closings import DatesTaken
from rooms.availability.occupancy import RoomTaken
from rooms.availability.stays import stay_of_nights
from rooms.models import Closing, Occupancy, Room
from tests.support import factories
from tests.support.races import race

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)
EVE, EPIPHANY = dt.date(2026, 12, 24), dt.date(2027, 1, 6)
DAY = dt.timedelta(days=1)


def house(rooms: int = 2, **fields) -> list[Room]:
    venue = factories.venue(**fields)
    return [factories.room(venue=venue) for _ in range(rooms)]


def wall(moment: dt.datetime, room: Room) -> str:
    return f"{moment.astimezone(room.venue.zone):%Y-%m-%d %H:%M}"


def spans(room: Room) -> list[tuple[str, str]]:
    """When a room is closed, on the venue's wall."""
    found = Occupancy.objects.filter(room=room, kind="blackout").order_by("period")
    return [(wall(one.period.lower, room), wall(one.period.upper, room)) for one in found]


# --- what is closed -------------------------------------------------------------------------------------------


def test_close_whole_venue_closes_every_room_of_it_and_no_other():
    first, second = house()
    (stranger,) = house(1)

    closing = closings.close(
        venue=first.venue, rooms=None, first_date=EVE, last_date=EPIPHANY, note="Holidays"
    )

    expected = [("2026-12-24 15:00", "2027-01-07 11:00")]
    assert [spans(room) for room in (first, second, stranger)] == [expected, expected, []]
    assert set(closing.occupancies.values_list("note", flat=True)) == {"Holidays"}


def test_close_every_year_takes_the_same_wall_times_in_each_year():
    hall = factories.room(kind="conference", venue=factories.venue(time_zone="Europe/Lisbon"))
    april = dt.date(2027, 3, 28)  # clocks go forward on this date in 2027, and not in 2028

    closings.close(venue=hall.venue, rooms=[hall], first_date=april, last_date=april, years=3)

    assert spans(hall) == [
        ("2027-03-28 00:00", "2027-03-29 00:00"),
        ("2028-03-28 00:00", "2028-03-29 00:00"),
        ("2029-03-28 00:00", "2029-03-29 00:00"),
    ]


def test_close_every_year_on_february_29_means_the_last_of_february():
    assert closings.yearly(dt.date(2028, 2, 29), dt.date(2028, 3, 1), 5) == [
        (dt.date(2028, 2, 29), dt.date(2028, 3, 1)),
        (dt.date(2029, 2, 28), dt.date(2029, 3, 1)),
        (dt.date(2030, 2, 28), dt.date(2030, 3, 1)),
        (dt.date(2031, 2, 28), dt.date(2031, 3, 1)),
        (dt.date(2032, 2, 29), dt.date(2032, 3, 1)),
    ]


def test_close_what_is_closed_already_is_fine():
    first, second = house()
    closings.close(venue=first.venue, rooms=[first], first_date=EVE, last_date=EVE)

    closings.close(venue=first.venue, rooms=None, first_date=EVE, last_date=EPIPHANY)

    assert [len(spans(first)), len(spans(second))] == [2, 1]


def test_room_added_later_is_closed_with_its_whole_venue_and_not_with_single_rooms():
    first, second = house()
    closings.close(venue=first.venue, rooms=None, first_date=EVE, last_date=EVE, years=2)
    closings.close(venue=first.venue, rooms=[first, second], first_date=EPIPHANY, last_date=EPIPHANY)
    added = factories.room(venue=first.venue)

    closings.close_new_room(added)

    assert spans(added) == [
        ("2026-12-24 15:00", "2026-12-25 11:00"),
        ("2027-12-24 15:00", "2027-12-25 11:00"),
    ]


# --- refused --------------------------------------------------------------------------------------------------


def test_close_over_bookings_tells_them_by_room_and_year_and_closes_nothing():
    first, second = house()
    soon = stay_of_nights(first, EVE, EVE + DAY)
    later = stay_of_nights(second, EVE.replace(year=2027), EVE.replace(year=2027) + DAY)
    Room.objects.update(booking_window_days=600)
    first.booking_window_days = second.booking_window_days = 600
    references = [
        factories.booking(room=room, stay=stay, now=NOW).reference
        for room, stay in ((first, soon), (second, later))
    ]

    with pytest.raises(DatesTaken) as caught:
        closings.close(venue=first.venue, rooms=None, first_date=EVE, last_date=EPIPHANY, years=2)

    told = [
        (one.room, one.first_date.year, [who.reference for who in one.people]) for one in caught.value.found
    ]
    assert told == [(first, 2026, references[:1]), (second, 2027, references[1:])]
    assert not Closing.objects.exists()
    assert not Occupancy.objects.filter(kind="blackout").exists()


@pytest.mark.parametrize(
    ("first", "last", "years", "field"),
    [
        (EPIPHANY, EVE, 1, "last_date"),
        (EVE, EVE + 366 * DAY, 1, "last_date"),
        (EVE, EVE + 365 * DAY, 2, "last_date"),
        (EVE, EVE, 0, "years"),
        (EVE, EVE, 11, "years"),
        (dt.date(2195, 12, 24), dt.date(2195, 12, 24), 6, "first_date"),
        (dt.date(1999, 12, 24), dt.date(1999, 12, 24), 1, "first_date"),
    ],
    ids=str,
)
def test_close_dates_nobody_means_is_refused_by_the_field(first, last, years, field):
    (room,) = house(1)

    with pytest.raises(ValidationError) as caught:
        closings.close(venue=room.venue, rooms=None, first_date=first, last_date=last, years=years)

    assert list(caught.value.message_dict) == [field]
    assert not Closing.objects.exists()


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize(
    ("date", "is_taken"),
    [
        (dt.date(2000, 12, 31), False), (dt.date(2001, 1, 1), True),
        (dt.date(2198, 12, 31), True), (dt.date(2199, 1, 1), False),
    ],
)  # fmt: skip
def test_close_at_the_edges_of_time_is_stored_or_refused_in_every_zone(zone, date, is_taken):
    (room,) = house(1, time_zone=zone)

    try:
        closings.close(venue=room.venue, rooms=None, first_date=date, last_date=date)
    except ValidationError as error:
        assert error.message_dict == {"first_date": ["A year between 2001 and 2198."]}

    assert Occupancy.objects.filter(room=room).exists() is is_taken


@pytest.mark.parametrize("of_another_venue", [True, False])
def test_close_rooms_of_another_venue_or_none_is_refused(of_another_venue):
    (room,), (stranger,) = house(1), house(1)

    with pytest.raises(ValidationError) as caught:
        closings.close(
            venue=room.venue,
            rooms=[room, stranger] if of_another_venue else [],
            first_date=EVE,
            last_date=EVE,
        )

    assert list(caught.value.message_dict) == ["rooms"]
    assert not Occupancy.objects.exists()


# --- opened again ---------------------------------------------------------------------------------------------


def test_reopen_opens_all_rooms_in_all_years_and_keeps_what_was_closed_apart():
    first, second = house()
    closing = closings.close(venue=first.venue, rooms=None, first_date=EVE, last_date=EVE, years=3)
    closings.close(venue=first.venue, rooms=[second], first_date=EVE, last_date=EVE)

    for _ in range(2):
        closings.reopen(closing_id=closing.pk)

    assert (spans(first), len(spans(second))) == ([], 1)
    assert Closing.objects.count() == 1


def test_reopen_one_room_in_one_year_keeps_the_others_until_the_last():
    (room,) = house(1)
    closing = closings.close(venue=room.venue, rooms=None, first_date=EVE, last_date=EVE, years=2)
    first, second = closing.occupancies.order_by("period")

    closings.reopen_dates(blackout_id=first.pk)
    assert (len(spans(room)), Closing.objects.count()) == (1, 1)

    closings.reopen_dates(blackout_id=second.pk)
    assert (spans(room), Closing.objects.count()) == ([], 0)


# --- at once --------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_closing_and_guests_at_once_never_meet():
    """Whoever is first: either all rooms are closed and nobody is there, or somebody is and nothing is closed."""
    rooms = house(3)
    stay = stay_of_nights(rooms[0], EVE, EVE + DAY)

    def work(n: int) -> object:
        if n % 4 == 0:
            return closings.close(venue=rooms[0].venue, rooms=None, first_date=EVE, last_date=EVE)
        return bookings.submit(
            room=rooms[n % 3], stay=stay, party_size=1, now=NOW, actor=guest_actor(), submission_key=str(n),
            guest=factories.guest_details(email=f"race-{n}@example.org"),
        )  # fmt: skip

    results = race(work, runners=12)

    assert {type(result.error) for result in results if result.error} <= {RoomTaken, DatesTaken}
    booked = Occupancy.objects.filter(kind="booking").count()
    closed = Closing.objects.count()
    assert (booked > 0) != (closed > 0)
    assert Occupancy.objects.filter(kind="blackout").count() == 3 * closed


@pytest.mark.django_db(transaction=True)
def test_venue_closed_while_rooms_are_added_leaves_none_of_them_open():
    (room,) = house(1)

    def work(n: int) -> object:
        if n == 0:
            return closings.close(venue=room.venue, rooms=None, first_date=EVE, last_date=EVE)
        return closings.close_new_room(factories.room(venue=room.venue, slug=f"added-{n}", name=f"Added {n}"))

    results = race(work, runners=6)

    assert [result.error for result in results if result.error] == []
    assert Room.objects.filter(venue=room.venue).count() == 6
    assert Room.objects.filter(venue=room.venue, occupancies=None).count() == 0
