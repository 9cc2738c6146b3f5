"""Search by words: accents, case, apostrophes and one slip of the finger hide no room."""

import datetime as dt

import pytest
from django.db import connection

from rooms.search.query import Search, search
from rooms.search.words import ANY, slips
from tests.support import factories

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)


def names(**params) -> list[str]:
    return [room.name for room in search(Search(**params), NOW)]


@pytest.mark.parametrize(
    ("city", "typed"),
    [
        ("Zürich", "zurich"),
        ("Zu\u0308rich", "ZÜRICH"),
        ("İstanbul", "istanbul"),
        ("İstanbul", "ISTANBUL"),
        ("Diyarbakır", "diyarbakir"),
        ("Gießen", "giessen"),
        ("GIESSEN", "gießen"),
        ("Farg‘ona", "fargona"),
        ("Fargʻona", "Farg'ona"),
        ("Farg'ona", "fargʼona"),
        ("Самарканд", "САМАРКАНД"),
        ("Орёл", "орел"),
    ],
)
def test_search_city_is_found_however_it_is_written(city, typed):
    factories.room(name="There", venue=factories.venue(city=city))
    factories.room(name="Elsewhere", venue=factories.venue(city="Porto"))

    assert names(q=typed) == ["There"]
    assert names(city=typed) == ["There"]
    assert names(near=typed) == ["There", "Elsewhere"]


@pytest.mark.parametrize(
    "typed",
    [
        "muller",  # venue
        "cafe MÜLLER",
        "salon",  # room
        "créme",  # description
        "creme brulee",
        "breakfast",  # amenities, by label or code
        "wi-fi",
        "wifi",
        "sea view",
        "sea_view",
        "porto breakfast salón",
    ],
)
def test_search_words_are_found_in_room_venue_city_and_amenities(typed):
    venue = factories.venue(name="Café Müller", city="Porto")
    amenities = ["breakfast", "wifi", "sea_view"]
    factories.room(name="Salón", venue=venue, description="Crème brûlée at nine.", amenities=amenities)
    factories.room(name="Plain")

    assert names(q=typed) == ["Salón"]


@pytest.mark.parametrize(
    "typed",
    [
        "beginer",  # a letter missed
        "begginners",  # one too many
        "bebinners",  # one wrong
        "beginenrs",  # two changed over
        "neginners",  # the first one wrong
        "lisbn",
        "lisbonn",
        "lisvon",
        "libson",
        "grca",
        "garca",
        "brekfast",
        "lisbn beginer brekfast",
    ],
)
def test_search_one_slip_of_the_finger_hides_no_room(typed):
    venue = factories.venue(name="Graça", city="Lisbon")
    factories.room(name="Clay (beginners)", venue=venue, amenities=["breakfast"])
    factories.room(name="Plain")

    assert names(q=typed) == ["Clay (beginners)"]


@pytest.mark.parametrize("typed", ["lsbn", "brekfst", "gra", "gca", "lisbon brekfast pool", "---", "' '"])
def test_search_two_slips_short_words_and_bare_signs_find_nothing(typed):
    venue = factories.venue(name="House", city="Lisbon")
    factories.room(name="Room", venue=venue, description="", amenities=["breakfast"])

    assert names(q=typed) == []


def test_search_word_that_stands_somewhere_as_typed_is_no_slip():
    factories.room(name="House")
    factories.room(name="Mouse")

    assert names(q="house") == ["House"]
    assert sorted(names(q="fouse")) == ["House", "Mouse"]


def test_search_word_of_an_unpublished_room_does_not_count_as_known():
    factories.room(name="Lisbn", is_published=False)
    factories.room(name="Lisbon")

    assert names(q="lisbn") == ["Lisbon"]


@pytest.mark.parametrize("typed", ["%%%%", "____", "\\\\\\\\", "%room%", "r__m"])
def test_search_signs_of_patterns_mean_themselves(typed):
    factories.room(name="Room")

    assert names(q=typed) == []


def test_slips_of_a_word_are_each_there_once():
    assert slips("abc") == []
    wrong, missed = [f"a{ANY}cd", f"ab{ANY}d", f"abc{ANY}"], [f"a{ANY}bcd", f"ab{ANY}cd", f"abc{ANY}d"]
    assert slips("abcd") == sorted([*wrong, *missed, "acd", "abd", "abc", "acbd", "abdc"])
    assert slips("a" * 25) == []


def test_search_word_of_many_rooms_is_read_by_its_index():
    venues = [factories.venue().pk for _ in range(100)]
    with connection.cursor() as cursor:
        _twenty_rooms_each(cursor, venues)

    plan = search(Search(q="garden"), NOW).explain()

    assert "room_words_trgm" in plan
    assert "Seq Scan on rooms_room" not in plan


def _twenty_rooms_each(cursor, venues: list[int]) -> None:
    cursor.execute(
        """INSERT INTO rooms_room (venue_id, name, slug, kind, description, capacity, amenities, price_minor,
               cleaning_fee_minor, min_units, max_units, appointment_minutes, notice_minutes, booking_window_days,
               buffer_before_minutes, buffer_after_minutes, approval, capture, is_published, created_at)
           SELECT venue, CASE WHEN n = 1 THEN 'Garden' ELSE md5(random()::text) END, 'room-' || n, 'hotel',
               repeat(md5(random()::text) || ' ', 25), 2,
              '{}', 100, 0, 1, 30, 60, 0, 365, 0, 0, 'none', 'on_confirmation', true, now()
           FROM unnest(%s::bigint[]) venue, generate_series(1, 20) n""",
        [venues],
    )
    # What vacuum does: the planner shuns an index that has rows waiting outside its tree.
    cursor.execute("SELECT gin_clean_pending_list('room_words_trgm')")
    cursor.execute("ANALYZE rooms_room")
    cursor.execute("ANALYZE rooms_venue")
