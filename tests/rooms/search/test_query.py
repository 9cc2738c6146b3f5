import datetime as dt
import random

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from rooms.availability import occupancy
from rooms.availability.occupancy import is_free
from rooms.availability.stays import InvalidStay, check_stay, stay_of_hours, stay_of_nights
from rooms.models import Occupancy, Room
from rooms.search.query import Search, page_of, search, stay_in
from tests.support import factories

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)
FIRST, LAST = dt.date(2026, 12, 1), dt.date(2026, 12, 4)


def names(**params) -> list[str]:
    return [room.name for room in search(Search(**params), NOW)]


def utc(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 12, day, hour, minute, tzinfo=dt.UTC)


def occupy(room: Room, start: dt.datetime, end: dt.datetime, kind: str = "booking") -> Occupancy:
    return occupancy.claim(room_id=room.pk, period=DateTimeTZRange(start, end, "[)"), kind=kind)


# --- what needs no dates ----------------------------------------------------------------------------------


def test_search_unpublished_room_or_venue_is_not_found():
    factories.room(name="Hidden", is_published=False)
    factories.room(name="Closed house", venue=factories.venue(is_published=False))
    factories.room(name="Open")

    assert names() == ["Open"]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("blue", ["Blue Suite"]),
        ("BLUE suite", ["Blue Suite"]),
        ("harbor", ["Harbor Attic"]),
        ("lisbon", ["Blue Suite"]),
        ("blue harbor", []),
        ("100%", ["Harbor Attic"]),
        ("_", []),
        ("\x00blue", ["Blue Suite"]),
        ("' OR 1=1 --", []),
        ("x" * 100_000, []),
    ],
)
def test_search_text_every_word_must_be_somewhere(q, found):
    factories.room(name="Blue Suite", venue=factories.venue(name="Casa", city="Lisbon"))
    factories.room(name="Harbor Attic", description="100% quiet.", venue=factories.venue(city="Berlin"))

    assert names(q=q) == found


def test_search_text_in_a_name_ranks_before_the_same_in_a_description():
    venue = factories.venue()
    factories.room(name="Attic", description="Above the garden.", venue=venue)
    factories.room(name="Garden room", venue=venue)

    assert names(q="garden") == ["Garden room", "Attic"]


def test_search_facts_narrow_it_together():
    venue = factories.venue(city="Porto")
    factories.room(name="Fits", venue=venue, capacity=4, price_minor=9_000, amenities=["wifi", "pool"])
    factories.room(name="Small", venue=venue, capacity=2, price_minor=9_000, amenities=["wifi", "pool"])
    factories.room(name="Dear", venue=venue, capacity=4, price_minor=9_001, amenities=["wifi", "pool"])
    factories.room(name="Plain", venue=venue, capacity=4, price_minor=9_000, amenities=["wifi"])
    factories.room(
        name="Hall", venue=venue, kind="conference", capacity=4, price_minor=1, amenities=["wifi", "pool"]
    )
    factories.room(name="Elsewhere", capacity=4, price_minor=9_000, amenities=["wifi", "pool"])

    found = names(city="porto", kind="hotel", guests=3, price_max_minor=9_000, amenities=["pool", "wifi"])

    assert found == ["Fits"]


def test_search_numbers_beyond_the_columns_find_nothing_or_all():
    factories.room(name="Room")

    assert names(guests=10**12) == []
    assert names(price_max_minor=10**30) == ["Room"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("price", ["B", "C", "A"]),
        ("price_desc", ["A", "C", "B"]),
        ("capacity", ["C", "A", "B"]),
        ("name", ["A", "B", "C"]),
        ("", ["A", "B", "C"]),
        ("nonsense", ["A", "B", "C"]),
    ],
)
def test_search_sort_orders_the_rooms(sort, expected):
    venue = factories.venue()
    for name, price_minor, capacity in (("A", 300, 2), ("B", 100, 1), ("C", 200, 4)):
        factories.room(venue=venue, name=name, price_minor=price_minor, capacity=capacity)

    assert names(sort=sort) == expected


def test_search_any_number_of_rooms_takes_as_many_queries(django_assert_num_queries):
    for _ in range(5):
        factories.photo(room=factories.room())
    params = Search(check_in=FIRST, check_out=LAST)

    for size in (1, 4):
        with django_assert_num_queries(3):
            for room in page_of(search(params, NOW), size=size).rooms:
                assert str(room.venue)
                assert len(room.photos.all()) == 1
                assert not room.price_rules.all()


def test_page_of_walks_all_rooms_once():
    venue = factories.venue()
    for n in range(5):
        factories.room(venue=venue, name=f"Room {n}", price_minor=100)
    rooms = search(Search(sort="price"), NOW)

    pages = [page_of(rooms, number, size=2) for number in (1, 2, 3, 4)]

    assert [len(page.rooms) for page in pages] == [2, 2, 1, 0]
    assert [page.has_next for page in pages] == [True, True, False, False]
    assert len({room.pk for page in pages for room in page.rooms}) == 5


# --- what makes no sense ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "field", "code"),
    [
        ({"check_in": FIRST}, "check_out", "required"),
        ({"check_out": FIRST}, "check_in", "required"),
        ({"check_in": LAST, "check_out": FIRST}, "check_out", "not_after_start"),
        ({"check_in": FIRST, "check_out": FIRST}, "check_out", "not_after_start"),
        ({"check_in": dt.date(2026, 11, 19), "check_out": FIRST}, "check_in", "past"),
        ({"check_in": FIRST, "check_out": dt.date.max}, "check_out", "out_of_range"),
        ({"start": dt.datetime(2026, 12, 1, 9)}, "end", "required"),
        ({"start": utc(1, 9), "end": dt.datetime(2026, 12, 1, 11)}, "end", "mixed_zones"),
        ({"start": utc(1, 9), "end": utc(1, 8)}, "end", "not_after_start"),
        ({"start": utc(1, 9, 20), "end": utc(1, 10, 20)}, "start", "off_grid"),
        ({"start": NOW - dt.timedelta(hours=1), "end": NOW}, "start", "past"),
        ({"start": utc(1, 9), "end": utc(30, 9)}, "end", "too_long"),
        ({"check_in": FIRST, "check_out": LAST, "kind": "conference"}, "start", "wrong_unit"),
        ({"start": utc(1, 9), "end": utc(1, 10), "kind": "hotel"}, "check_in", "wrong_unit"),
    ],
)
def test_search_senseless_dates_are_refused_by_field(params, field, code):
    with pytest.raises(InvalidStay) as caught:
        search(Search(**params), NOW)

    assert (caught.value.field, caught.value.code) == (field, code)


# --- really free ------------------------------------------------------------------------------------------


def test_search_nights_booked_room_is_left_out_until_it_is_released():
    room = factories.room(name="Room")
    factories.booking(room=room, stay=stay_of_nights(room, FIRST, LAST), now=NOW)

    assert names(check_in=LAST - dt.timedelta(days=1), check_out=LAST) == []
    assert names(check_in=LAST, check_out=LAST + dt.timedelta(days=1)) == ["Room"]
    assert names() == ["Room"]

    Occupancy.objects.all().delete()
    assert names(check_in=FIRST, check_out=LAST) == ["Room"]


@pytest.mark.parametrize("kind", list(Occupancy.Kind))
def test_search_nights_anything_that_occupies_counts(kind):
    occupy(factories.room(), utc(2, 0), utc(2, 1), kind)

    assert names(check_in=FIRST, check_out=LAST) == []


def test_search_nights_the_rooms_own_buffers_widen_what_is_asked():
    tight = factories.room(name="Tight")
    wide = factories.room(name="Wide", buffer_after_minutes=120)
    for room in (tight, wide):
        occupy(room, utc(4, 11), utc(4, 13))  # check-out is at 10:00 UTC

    assert names(check_in=FIRST, check_out=LAST) == ["Tight"]


def test_search_nights_zone_of_the_venue_decides():
    # 15:00 to 11:00 in New York is 20:00 to 16:00 UTC.
    venue = factories.venue(time_zone="America/New_York")
    occupy(factories.room(name="Late", venue=venue), utc(4, 15), utc(4, 17))
    occupy(factories.room(name="Early", venue=venue), utc(1, 15), utc(1, 20))

    assert names(check_in=FIRST, check_out=LAST) == ["Early"]


def test_search_hours_free_rooms_in_their_own_zone():
    paris = factories.room(name="Paris", kind="conference")
    tashkent = factories.room(
        name="Tashkent", kind="conference", venue=factories.venue(time_zone="Asia/Tashkent")
    )
    occupy(paris, utc(1, 9), utc(1, 10))  # 10:00-11:00 in Paris
    occupy(tashkent, utc(1, 9), utc(1, 10))  # 14:00-15:00 in Tashkent

    assert names(start=dt.datetime(2026, 12, 1, 10), end=dt.datetime(2026, 12, 1, 12)) == ["Tashkent"]
    assert names(start=dt.datetime(2026, 12, 1, 14), end=dt.datetime(2026, 12, 1, 15)) == ["Paris"]
    assert names(start=utc(1, 9), end=utc(1, 10)) == []


def test_search_hours_room_open_on_other_weekdays_is_left_out():
    monday = factories.room(name="Monday", kind="conference")
    monday.opening_hours.exclude(weekday=0).delete()
    factories.room(name="Always", kind="conference").opening_hours.all().delete()

    for day in range(1, 8):  # December 7, 2026 is a Monday
        start = dt.datetime(2026, 12, day, 10)
        expected = ["Always", "Monday"] if day == 7 else ["Always"]
        assert sorted(names(start=start, end=start + dt.timedelta(hours=1))) == expected


def test_search_hours_over_a_gap_of_the_clocks_breaks_nothing():
    factories.room(kind="conference")

    for start, end in (("02:00", "03:00"), ("02:30", "03:00"), ("02:30", "03:30"), ("01:30", "02:30")):
        day = dt.date(2027, 3, 28)
        assert (
            names(
                start=dt.datetime.combine(day, dt.time.fromisoformat(start)),
                end=dt.datetime.combine(day, dt.time.fromisoformat(end)),
            )
            == []
        )


def test_search_nights_and_hours_finds_both_kinds():
    factories.room(name="Bed")
    factories.room(name="Desk", kind="conference")
    params = {"start": dt.datetime(2026, 12, 1, 9), "end": dt.datetime(2026, 12, 1, 11)}

    assert sorted(names(check_in=FIRST, check_out=LAST, **params)) == ["Bed", "Desk"]


def test_search_workshop_dates_need_a_session_with_enough_seats():
    room = factories.free_room(kind="workshop", name="Clay", capacity=10)
    session = factories.session(room=room, starts_at=utc(2, 9), capacity=3)
    factories.booking(room=room, session=session, party_size=2, now=NOW)
    asked = {"kind": "workshop", "check_in": FIRST, "check_out": LAST}

    assert names(**asked, guests=1) == ["Clay"]
    assert names(**asked, guests=2) == []
    assert names(kind="workshop", check_in=LAST, check_out=LAST + dt.timedelta(days=3)) == []


def test_search_near_city_comes_first():
    factories.room(name="A far one", venue=factories.venue(city="Berlin"))
    factories.room(name="Near", venue=factories.venue(city="Paris"))

    assert names(near="Paris") == ["Near", "A far one"]


def test_stay_in_room_found_is_what_was_asked():
    hotel, hall = factories.room(), factories.room(kind="conference")
    asked = Search(check_in=FIRST, check_out=LAST, start=utc(1, 9), end=utc(1, 11))

    assert stay_in(hotel, asked) == stay_of_nights(hotel, FIRST, LAST)
    assert stay_in(hall, asked) == stay_of_hours(hall, utc(1, 9), utc(1, 11))
    assert stay_in(hotel, Search()) is None


# --- the query and the rules agree ------------------------------------------------------------------------

ZONES = ["Europe/Paris", "Asia/Tashkent", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago"]


def _some_rooms(dice: random.Random, kind: str, count: int) -> list[Room]:
    venues = [
        factories.venue(
            time_zone=zone,
            check_in_time=dt.time(dice.choice([0, 14, 23])),
            check_out_time=dt.time(dice.choice([0, 10])),
        )
        for zone in ZONES
    ]
    rooms = []
    for _ in range(count):
        min_units = dice.choice([1, 1, 2])
        room = factories.room(
            venue=dice.choice(venues), kind=kind, min_units=min_units, max_units=min_units + dice.choice([0, 2, 9]),
            notice_minutes=dice.choice([0, 0, 60, 3 * 24 * 60]), booking_window_days=dice.choice([5, 30, 365]),
            buffer_before_minutes=dice.choice([0, 15, 600]), buffer_after_minutes=dice.choice([0, 30, 2000]),
            appointment_minutes=dice.choice([60, 30, 45]),
        )  # fmt: skip
        room.opening_hours.all().delete()
        for opens, closes in dice.choice([[], [(8, 12), (12, 20)], [(9, 13), (14, 18)], [(18, 3)], [(0, 0)]]):
            weekdays = range(dice.choice([5, 7]))
            factories.opening_hours(
                room=room, weekdays=weekdays, opens=dt.time(opens), closes=dt.time(closes)
            )
        for _ in range(dice.choice([0, 1, 2])):
            start = NOW + dt.timedelta(minutes=30 * dice.randrange(48 * 20))
            end = start + dt.timedelta(minutes=30 * dice.randrange(1, 100))
            occupy(room, start, end, "busy")
        rooms.append(room)
    return rooms


def _bookable(rooms: list[Room], stay_of) -> set[int]:
    """What the rules of rooms.availability.stays and Occupancy say, room by room."""
    fitting = set()
    for room in rooms:
        try:
            stay = stay_of(room)
            check_stay(room, stay, 1, NOW)
        except InvalidStay:
            continue
        if is_free(room, stay):
            fitting.add(room.pk)
    return fitting


def test_search_nights_finds_exactly_the_rooms_that_may_be_booked():
    dice = random.Random(20261121)
    rooms = _some_rooms(dice, "hotel", 40)
    sizes = set()

    for _ in range(60):
        first = NOW.date() + dt.timedelta(days=dice.randrange(0, 35))
        last = first + dt.timedelta(days=dice.randrange(1, 5))
        found = {room.pk for room in search(Search(check_in=first, check_out=last), NOW)}
        assert found == _bookable(rooms, lambda room, a=first, b=last: stay_of_nights(room, a, b))
        sizes.add(len(found))

    assert len(sizes) > 5


@pytest.mark.parametrize("kind", ["conference", "expert"])
@pytest.mark.parametrize("zone", [None, dt.UTC])
def test_search_hours_finds_exactly_the_rooms_that_may_be_booked(kind, zone):
    dice = random.Random(7)
    rooms = _some_rooms(dice, kind, 40)
    sizes = set()

    for _ in range(60):
        start = dt.datetime(2026, 11, 22, tzinfo=zone) + dt.timedelta(minutes=30 * dice.randrange(48 * 12))
        end = start + dt.timedelta(minutes=dice.choice([45, 60, 90, 120, 180, 600]))
        found = {room.pk for room in search(Search(start=start, end=end), NOW)}
        assert found == _bookable(rooms, lambda room, a=start, b=end: stay_of_hours(room, a, b)), (start, end)
        sizes.add(len(found))

    assert len(sizes) > 3


def test_search_many_occupancies_are_read_by_their_index():
    rooms = [factories.room() for _ in range(40)]
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO rooms_occupancy (room_id, kind, period, reference, source, external_uid, note, created_at)
               SELECT room_id, 'busy', tstzrange(at, at + interval '20 hours'), '', '', '', '', now()
               FROM unnest(%s::bigint[]) room_id,
                    generate_series(%s::timestamptz - interval '2 years', %s, interval '1 day') at""",
            [[room.pk for room in rooms], NOW, NOW],
        )
        cursor.execute("ANALYZE rooms_occupancy")

    plan = search(Search(check_in=FIRST, check_out=LAST), NOW).explain()

    assert "using occupancy_period_room" in plan or "on occupancy_period_room" in plan
    assert "Seq Scan on rooms_occupancy" not in plan
