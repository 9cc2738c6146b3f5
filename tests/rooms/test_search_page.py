"""The search page: what it finds, what it refuses, what it offers where nothing fits."""

import datetime as dt

import pytest

from tests.support import factories
from tests.support.pages import ahead, nights, text

pytestmark = pytest.mark.django_db

LONG = "x" * 1_000_000


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def test_search_by_city_and_dates_shows_the_price_of_the_stay(client):
    lisbon = factories.room(venue=factories.venue(city="Lisbon"), price_minor=12_000)
    elsewhere = factories.room(venue=factories.venue(city="Berlin"))

    page = text(client.get("/rooms/", nights(city="Lisbon", kind="hotel")))

    assert "€240.00" in page
    assert lisbon.get_absolute_url() in page
    assert f"check_in={ahead(10)}&amp;check_out={ahead(12)}" in page
    assert elsewhere.get_absolute_url() not in page


def test_search_leaves_out_what_is_taken_and_offers_the_nearest_dates(client):
    room = factories.room()
    factories.booking(room=room, days_ahead=10, nights=2)

    page = text(client.get("/rooms/", nights(kind="hotel")))

    assert "Nothing is free that fits" in page
    assert "Free at the nearest dates" in page
    assert f"check_in={ahead(8)}&amp;check_out={ahead(10)}" in page


def test_search_with_too_many_wishes_offers_other_rooms(client):
    room = factories.room()

    page = text(client.get("/rooms/", nights(kind="hotel", price_max="1", amenities="pool")))

    assert "Nothing is free that fits" in page
    assert "Other rooms" in page
    assert room.get_absolute_url() in page


def test_search_by_hours_reads_wall_time_of_the_venue(client):
    room = factories.room(kind="conference", price_minor=5_000)
    asked = {"kind": "conference", "day": ahead(10), "start_time": "10:00", "end_time": "12:00"}

    page = text(client.get("/rooms/", asked))

    assert "€100.00" in page
    assert room.get_absolute_url() in page


def test_search_until_midnight_means_the_end_of_the_day(client):
    asked = {"kind": "conference", "day": ahead(10), "start_time": "22:00", "end_time": "00:00"}

    response = client.get("/rooms/", asked)

    assert response.context["params"].end - response.context["params"].start == dt.timedelta(hours=2)


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        (nights(12, 10, kind="hotel"), "check_out", "Check-out must be after check-in."),
        (nights(10, 10, kind="hotel"), "check_out", "Check-out must be after check-in."),
        ({"check_in": ahead(10)}, "check_out", "Choose when it ends, too."),
        (nights(-9, -7), "check_in", "This date is in the past."),
        ({"check_in": "2726-01-01", "check_out": "2726-01-02"}, "check_in", "Choose a date nearer to today."),
        ({"check_in": "tomorrow"}, "check_in", "This is not a date."),
        ({"guests": "0"}, "guests", "At least 1."),
        ({"guests": "99999999999999999999"}, "guests", "At most 1000."),
        ({"guests": "many"}, "guests", "This is not a number."),
        ({"price_max": "-1"}, "price_max", "At least 0."),
        ({"price_max": "NaN"}, "price_max", "This is not a number."),
        ({"price_max": "1_0"}, "price_max", "This is not a number."),
        ({"price_max": "1,250"}, "price_max", "“1,250” may be 1250 or 1.25: write 1250 or 1.25."),
        ({"guests": "1.000"}, "guests", "“1.000” may be 1000 or 1: write 1000 or 1."),
        ({"kind": "castle"}, "kind", "Select a valid choice. castle is not one of the available choices."),
        ({"q": "a\0b"}, "q", "Null characters are not allowed."),
        ({"city": "a\0b"}, "city", "Null characters are not allowed."),
        ({"q": LONG}, "q", "Ensure this value has at most 100 characters (it has 1000000)."),
        ({"kind": "conference", "day": ahead(9), "start_time": "10:00"}, "end_time", "Choose a time."),
        (
            {"kind": "conference", "day": ahead(9), "start_time": "12:00", "end_time": "10:00"},
            "end_time", "The end must be after the start.",
        ),
    ],
)  # fmt: skip
def test_search_refuses_a_wrong_value_by_its_field_and_keeps_it(client, query, field, message):
    response = client.get("/rooms/", query)

    form = response.context["form"]
    assert response.status_code == 200
    assert form.errors[field] == [message]
    assert response.context["results"] is None
    assert form[field].value() == query.get(field)


def test_search_shows_what_was_typed_as_text(client):
    page = text(client.get("/rooms/", {"q": "<script>alert(1)</script>", "city": "<b>"}))

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_search_pages_keep_the_filters(client):
    venue = factories.venue(city="Lisbon")
    for _ in range(13):
        factories.room(venue=venue)

    first = client.get("/rooms/", {"city": "Lisbon"})
    second = client.get("/rooms/", {"city": "Lisbon", "page": "2"})

    assert "?city=Lisbon&amp;page=2" in text(first)
    assert len(first.context["results"].items) == 12
    assert len(second.context["results"].items) == 1


@pytest.mark.parametrize("page", ["0", "-3", "x", "9" * 30, "1\0"])
def test_search_takes_any_page_number(client, page):
    assert client.get("/rooms/", {"page": page}).status_code == 200


def test_search_answers_its_chips_without_the_removed_filter(client):
    page = text(client.get("/rooms/", {"city": "Lisbon", "amenities": ["wifi", "pool"], "page": "2"}))

    assert 'href="?city=Lisbon&amp;amenities=pool"' in page
    assert 'href="?amenities=wifi&amp;amenities=pool"' in page


def test_search_asks_the_same_queries_for_one_room_and_for_three(client, django_assert_num_queries):
    counts = []
    for rooms in (1, 2):
        for _ in range(rooms):
            factories.photo(room=factories.room())
        with django_assert_num_queries(4) as captured:
            client.get("/rooms/", nights(kind="hotel"))
        counts.append(len(captured))

    assert counts == [4, 4]


def test_search_that_finds_nothing_stays_within_twelve_queries(client, django_assert_max_num_queries):
    client.force_login(factories.user())
    venue = factories.venue()
    for _ in range(5):
        room = factories.room(venue=venue)
        factories.photo(room=room)
        factories.booking(room=room, days_ahead=10, nights=2)
    factories.room()

    with django_assert_max_num_queries(12):
        page = text(client.get("/rooms/", nights(kind="hotel", city=venue.city, q="Room", guests="2")))

    assert "Room" in page


def test_search_fields_are_folded_on_phones_until_something_in_them_is_wrong(client):
    fine, wrong = text(client.get("/rooms/")), text(client.get("/rooms/", {"guests": "none"}))

    assert 'aria-expanded="false" aria-controls="search-fields search-more"' in fine
    assert 'aria-expanded="true" aria-controls="search-fields search-more"' in wrong
