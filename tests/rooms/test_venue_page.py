"""A venue's own page, and the pages about the platform: help, contact, legal texts, robots, sitemap."""

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.urls import reverse

from config.site_pages import PRIVATE_PATHS, check_operator
from rooms.models import Venue
from tests.support import factories
from tests.support.pages import text

pytestmark = pytest.mark.django_db

OPERATOR = {
    "LEGAL_NAME": "Rooms Ltd", "LEGAL_ADDRESS": "1 Example Street", "LEGAL_REGISTER": "No. 77",
    "LEGAL_EMAIL": "office@rooms.example",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def page_of(client, venue: Venue):
    return client.get(reverse("rooms:venue", args=[venue.slug]))


def test_venue_page_shows_where_it_is_and_all_it_sells(client):
    venue = factories.venue(name="Hotel Aral", address="5 Sea Road", city="Lisbon")
    rooms = [factories.room(venue=venue, name=name) for name in ("Blue", "Green")]
    elsewhere = factories.room()

    page = text(page_of(client, venue))

    assert "Hotel Aral" in page
    assert "5 Sea Road, Lisbon" in page
    assert all(room.get_absolute_url() in page for room in rooms)
    assert elsewhere.get_absolute_url() not in page


def test_venue_page_hides_rooms_that_are_not_published(client):
    venue = factories.venue()
    factories.room(venue=venue)
    hidden = factories.room(venue=venue, is_published=False)

    assert hidden.get_absolute_url() not in text(page_of(client, venue))


def test_venue_without_anything_on_sale_has_no_page(client):
    venue = factories.venue()
    factories.room(venue=venue, is_published=False)

    assert page_of(client, venue).status_code == 404
    assert client.get("/rooms/nobody/").status_code == 404


def test_venue_page_asks_no_more_for_three_rooms_than_for_one(client, django_assert_max_num_queries):
    venue = factories.venue()
    for _ in range(3):
        factories.photo(room=factories.room(venue=venue))

    with django_assert_max_num_queries(3):
        page_of(client, venue)


@pytest.mark.parametrize("name", ["help", "contact", "terms", "privacy", "imprint"])
def test_site_page_opens_and_is_linked_from_every_page(client, name):
    assert client.get(reverse(name)).status_code == 200
    assert f'href="{reverse(name)}"' in text(client.get("/"))


@pytest.mark.parametrize("name", ["contact", "terms", "privacy", "imprint"])
def test_page_names_who_runs_the_site(client, settings, name):
    for setting, value in OPERATOR.items():
        setattr(settings, setting, value)

    page = text(client.get(reverse(name)))

    assert all(value in page for value in OPERATOR.values())


@pytest.mark.parametrize("name", ["terms", "privacy", "imprint"])
def test_legal_page_gives_way_to_the_operators_own(client, settings, name):
    setattr(settings, f"{name.upper()}_URL", "https://law.example/text")

    answer = client.get(reverse(name))

    assert (answer.status_code, answer["Location"]) == (302, "https://law.example/text")


def test_deploy_check_asks_who_runs_the_site(settings):
    settings.LEGAL_NAME = settings.LEGAL_ADDRESS = settings.LEGAL_EMAIL = ""

    [warning] = check_operator()

    assert warning.msg.startswith("LEGAL_NAME, LEGAL_ADDRESS, LEGAL_EMAIL not set")
    with pytest.raises(SystemCheckError, match=r"config\.W001"):
        call_command("check", "--deploy", "--fail-level", "WARNING")


def test_deploy_check_is_content_once_somebody_is_named(settings):
    for setting, value in OPERATOR.items():
        setattr(settings, setting, value)

    assert check_operator() == []


def test_robots_names_what_is_private_and_the_sitemap(client, settings):
    settings.SANDBOX_URL, settings.SITE_URL = "", "https://rooms.example"

    lines = text(client.get("/robots.txt")).splitlines()

    assert lines[0] == "User-agent: *"
    assert {line.removeprefix("Disallow: ") for line in lines if line.startswith("Disallow")} == set(
        PRIVATE_PATHS
    )
    assert "Sitemap: https://rooms.example/sitemap.xml" in lines


def test_robots_keeps_crawlers_out_of_a_demo(client, settings):
    settings.SANDBOX_URL = "http://127.0.0.1:8001"

    assert "Disallow: /" in text(client.get("/robots.txt")).splitlines()


def test_sitemap_lists_pages_venues_and_rooms_on_sale_by_the_sites_address(client, settings):
    settings.SITE_URL = "https://rooms.example"
    room, hidden = factories.room(), factories.room(is_published=False)

    listed = text(client.get("/sitemap.xml"))

    assert f"<loc>https://rooms.example{room.get_absolute_url()}</loc>" in listed
    assert f"<loc>https://rooms.example/rooms/{room.venue.slug}/</loc>" in listed
    assert "<loc>https://rooms.example/help/</loc>" in listed
    assert hidden.get_absolute_url() not in listed
