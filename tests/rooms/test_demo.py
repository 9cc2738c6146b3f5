import io
from collections.abc import Iterator

import pytest
from allauth.account.models import EmailAddress
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from rooms.demo import catalog, people, pictures, planting
from rooms.demo.palettes import HOURS, PALETTES
from rooms.demo.pictures import Picture
from rooms.demo.scenes import SCENES
from rooms.models import Occupancy, Room, RoomPhoto, Session, Venue
from rooms.pricing.policies import READY_MADE
from rooms.services import missing_for_publication
from tests.support.shared import rolled_back_at_the_end


def picture(scene: str, palette: str = "terracotta", hour: str = "golden", city: str = "Lisbon") -> Picture:
    return Picture(f"rooms/demo/{scene}-{palette}.jpg", scene, palette, city, hour)


def test_catalog_is_a_believable_marketplace():
    venues = catalog.venues()
    facts = [venue.facts for venue in venues]

    assert len(venues) >= 12
    assert sum(len(venue.rooms) for venue in venues) >= 60
    assert len({fact["city"] for fact in facts}) >= 6
    assert len({fact["country"] for fact in facts}) >= 4
    assert {fact["currency"] for fact in facts} == {"USD", "EUR", "GBP", "UZS"}
    assert {room.facts["kind"] for venue in venues for room in venue.rooms} == set(Room.Kind)


def test_catalog_rooms_have_two_or_three_pictures_each_their_own_first():
    rooms = [room for venue in catalog.venues() for room in venue.rooms]

    assert {len(room.pictures) for room in rooms} == {2, 3}
    assert len({room.pictures[0].name for room in rooms}) == len(rooms)
    assert all(alt and "{" not in alt for room in rooms for alt in room.alts)
    assert all(picture.name.isascii() for room in rooms for picture in room.pictures)


def test_draw_same_picture_comes_out_the_same():
    assert pictures.draw(picture("attic")) == pictures.draw(picture("attic"))


@pytest.mark.parametrize("scene", SCENES)
def test_draw_every_scene_is_a_light_jpeg(scene):
    palettes, hours = list(PALETTES), list(HOURS)
    n = list(SCENES).index(scene)

    data = pictures.draw(picture(scene, palettes[n % len(palettes)], hours[n % len(hours)]))

    image = Image.open(io.BytesIO(data))
    assert (image.format, image.size) == ("JPEG", (1200, 800))
    assert 15_000 < len(data) < 150_000


def test_draw_every_city_has_its_own_view():
    cities = {venue.facts["city"] for venue in catalog.venues()}

    assert len({pictures.draw(picture("outlook", city=city)) for city in cities}) == len(cities)


@pytest.fixture(scope="module")
def plants(django_db_setup, django_db_blocker) -> Iterator[list[str]]:
    """The demo's venues in the database, and what was said of them."""
    said: list[str] = []
    with rolled_back_at_the_end(django_db_blocker):
        with django_db_blocker.unblock():
            planting.plant_venues(people.plant_people(), said.append)
        yield said


@pytest.fixture
def planted(plants, db, settings, tmp_path) -> list[str]:
    settings.MEDIA_ROOT = tmp_path
    return list(plants)


def test_plant_venues_publishes_rooms_that_lack_nothing(planted):
    rooms = Room.objects.published().select_related("venue")

    assert rooms.count() == Room.objects.count() >= 60
    assert not any(missing_for_publication(room) for room in rooms)


def test_plant_venues_sells_in_each_of_the_four_ways_and_free_of_charge(planted):
    ways = set(Room.objects.values_list("approval", "capture", "price_minor"))

    assert {(approval, capture) for approval, capture, price in ways if price} == {
        ("after_payment", "on_confirmation"),
        ("before_payment", "on_confirmation"),
        ("none", "after_completion"),
        ("none", "on_confirmation"),
    }
    assert {(approval, capture) for approval, capture, price in ways if not price} == {
        ("none", "on_confirmation")
    }


def test_plant_venues_gives_each_venue_the_ready_made_policies(planted):
    for venue in Venue.objects.all():
        assert {policy.name: policy.tiers for policy in venue.policies.all()} == READY_MADE


def test_plant_venues_again_adds_nothing_and_changes_nothing(planted):
    Venue.objects.filter(slug="spreehof").update(name="Renamed by its host")
    before = [model.objects.count() for model in (Venue, Room, RoomPhoto, Session, Occupancy)]

    planting.plant_venues(people.plant_people(), planted.append)

    assert [model.objects.count() for model in (Venue, Room, RoomPhoto, Session, Occupancy)] == before
    assert Venue.objects.get(slug="spreehof").name == "Renamed by its host"
    assert "0 venues new" in planted[-1]


def test_plant_venues_sessions_occupy_their_room(planted):
    session = Session.objects.first()

    assert (
        Occupancy.objects.filter(
            room=session.room, kind="session", period__contains=session.starts_at
        ).count()
        == 1
    )


def test_plant_pictures_draws_only_what_is_missing(planted):
    names = {picture.name for venue in catalog.venues() for room in venue.rooms for picture in room.pictures}
    missing = sorted(names)[:3]
    for name in names - set(missing):
        default_storage.save(name, ContentFile(b"there"))

    planting.plant_pictures(planted.append)

    shown = RoomPhoto.objects.filter(image__in=missing)
    assert planted[-2:] == ["3 of 3 pictures drawn", f"smaller ones of {shown.count()} pictures drawn"]
    assert set(shown.values_list("renditions__len", flat=True)) == {2}
    assert all(default_storage.size(name) > 15_000 for name in missing)
    assert set(RoomPhoto.objects.values_list("image", flat=True)) == names
    planting.plant_pictures(planted.append)
    assert planted[-1] == f"{len(names)} pictures are there"


def test_plant_people_can_log_in_and_have_their_roles(planted, client):
    made = people.plant_people()

    for user in made.values():
        assert user.check_password(people.PASSWORD)
        assert EmailAddress.objects.filter(user=user, verified=True, primary=True).exists()
    assert [made[email].is_platform_staff for email in made] == [False, False, True]
    assert [made[email].is_staff for email in made] == [False, True, True]
    roles = list(made["host@demo.test"].memberships.values_list("role", flat=True))
    assert roles.count("owner") >= 3
    assert roles.count("clerk") == 1
