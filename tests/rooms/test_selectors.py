import pytest

from rooms import selectors
from rooms.models import Room
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def test_room_page_reads_a_room_in_four_queries(django_assert_num_queries):
    room = factories.room(kind="conference")
    for _ in range(3):
        factories.photo(room=room)
        factories.price_rule(room=room, price_minor=1)

    with django_assert_num_queries(4):
        found = selectors.room_page(room.venue.slug, room.slug)
        assert len(found.photos.all()) == 3
        assert len(found.opening_hours.all()) == 7
        assert (found.venue.name, found.policy) == (room.venue.name, None)


def test_published_room_hidden_or_unknown_does_not_exist():
    room = factories.room(is_published=False)

    for slugs in ((room.venue.slug, room.slug), (room.venue.slug, "nothing"), ("nowhere", room.slug)):
        with pytest.raises(Room.DoesNotExist):
            selectors.published_room(*slugs)


def test_cities_count_what_is_published_most_first():
    factories.room(venue=factories.venue(city="Berlin", country="DE"))
    lisbon = factories.venue(city="Lisbon", country="PT")
    for is_published in (True, True, False):
        factories.room(venue=lisbon, is_published=is_published)
    factories.room(venue=factories.venue(city="Rome", is_published=False))

    found = [(city.name, city.country_name, city.room_count) for city in selectors.cities()]

    assert found == [("Lisbon", "Portugal", 2), ("Berlin", "Germany", 1)]


def test_featured_rooms_cities_take_turns():
    for city in ("Lisbon", "Lisbon", "Berlin"):
        venue = factories.venue(city=city)
        for _ in range(2):
            factories.photo(room=factories.room(venue=venue))
    factories.room(venue=factories.venue(city="Rome"))  # no picture

    found = selectors.featured_rooms()

    assert [room.venue.city for room in found] == ["Berlin", "Lisbon", "Lisbon"]
    assert [room.venue.city for room in selectors.featured_rooms(2)] == ["Berlin", "Lisbon"]
