"""Opening a venue in a browser: zone, country and currency are proposed, and what a person chose stays."""

import pytest
from playwright.sync_api import Page

from rooms.models import Venue
from tests.e2e.people import PHONE
from tests.support import factories

pytestmark = pytest.mark.django_db(transaction=True)


def opened(new_context, site: str, client, *, zone: str) -> Page:
    client.force_login(factories.user())
    context = new_context(**PHONE, timezone_id=zone)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
    page = context.new_page()
    page.goto(f"{site}/host/", wait_until="networkidle")
    return page


def values(page: Page) -> list[str]:
    return [page.locator(f"[name={name}]").input_value() for name in ("country", "time_zone", "currency")]


def test_browser_s_zone_gives_country_zone_and_currency(new_context, live_server, client):
    page = opened(new_context, live_server.url, client, zone="Europe/Lisbon")

    assert values(page) == ["PT", "Lisbon, Portugal", "EUR"]


def test_old_name_of_a_zone_is_understood_and_no_currency_is_made_up(new_context, live_server, client):
    page = opened(new_context, live_server.url, client, zone="Asia/Calcutta")

    assert values(page) == ["IN", "Kolkata, India", ""]


def test_country_chosen_brings_its_zone_and_currency_but_replaces_nothing_a_person_chose(
    new_context, live_server, client
):
    page = opened(new_context, live_server.url, client, zone="Europe/Lisbon")

    page.select_option("[name=country]", "GB")
    assert values(page) == ["GB", "London, United Kingdom", "GBP"]
    page.select_option("[name=currency]", "USD")
    page.fill("[name=time_zone]", "Berlin")
    page.select_option("[name=country]", "UZ")

    assert values(page) == ["UZ", "Berlin", "USD"]
    for name, text in (("name", "Old Mill"), ("address", "1 Mill Lane"), ("city", "Berlin")):
        page.fill(f"[name={name}]", text)
    page.get_by_role("button", name="Open my venue").click()
    page.wait_for_url("**/admin/**")
    assert Venue.objects.get().time_zone == "Europe/Berlin"
