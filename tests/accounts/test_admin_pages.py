"""What every page of the admin shares: title, scripts, menu, and what is said of a page that is not there."""

import pytest
from django.test import Client
from django.urls import reverse

from config.admin.menu import MACHINE_ROOM, navigation
from tests.support import factories
from tests.support.admin_pages import REGISTRY, logged_in, text_of, url

pytestmark = pytest.mark.django_db

EDITORS = ("xregexp", "urlify", "prepopulate", "select2", "jquery", "DateTimeShortcuts", "calendar.js")


@pytest.fixture
def staff() -> Client:
    return logged_in(factories.staff())


@pytest.mark.parametrize("model", REGISTRY, ids=lambda model: model._meta.label)
def test_title_of_a_list_is_what_it_lists(staff, model):
    page = staff.get(url(model, "changelist")).content.decode()

    title = page.split("<title>")[1].split("</title>")[0].strip()
    assert title.lower() == f"{model._meta.verbose_name_plural} | roomhold"


@pytest.mark.parametrize("model", REGISTRY, ids=lambda model: model._meta.label)
def test_list_loads_no_editor(staff, model):
    page = staff.get(url(model, "changelist")).content.decode()

    assert [name for name in EDITORS if name in page] == []
    assert "admin/js/actions.js" in page


def test_days_of_a_filter_are_fields_the_browser_helps_with(staff):
    page = staff.get(reverse("admin:payments_payment_changelist")).content.decode()

    assert page.count('type="date"') == 2


def test_page_of_the_admin_is_compressed_where_the_browser_takes_it(staff):
    address = reverse("admin:bookings_booking_changelist")

    packed = staff.get(address, headers={"accept-encoding": "gzip"})

    assert packed["Content-Encoding"] == "gzip"
    assert len(packed.content) * 4 < len(staff.get(address).content)


def test_page_for_guests_is_left_to_the_proxy(client):
    assert "Content-Encoding" not in client.get("/help/", headers={"accept-encoding": "gzip"})


@pytest.mark.parametrize("address", ["/admin/nope/", "/admin/bookings/booking/999999/change/"])
def test_missing_page_of_the_admin_stays_in_the_admin(staff, address):
    answer = staff.get(address)

    assert answer.status_code == 404
    assert "Back to the desk" in text_of(answer)
    assert "This door leads nowhere" not in text_of(answer)


def test_missing_page_of_the_admin_tells_a_guest_nothing_of_it(client):
    client.force_login(factories.user())

    answer = client.get("/admin/bookings/booking/999999/change/")

    assert "Back to the desk" not in text_of(answer)


def test_menu_names_no_page_twice_and_folds_the_machine_room(rf):
    request = rf.get("/admin/")
    request.user = factories.staff()

    groups = navigation(request)

    links = [item["link"] for group in groups for item in group["items"]]
    assert len(set(links)) == len(links)
    assert [group["title"] for group in groups if group.get("collapsible")] == [MACHINE_ROOM]
