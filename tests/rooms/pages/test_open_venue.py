"""Becoming a host."""

from importlib import import_module

import pytest
from django.apps import apps
from django.urls import reverse

from rooms import services
from rooms.models import Venue, VenueMember
from rooms.pages import zone_field
from rooms.pricing.policies import READY_MADE
from tests.support import factories
from tests.support.admin_pages import logged_in

pytestmark = pytest.mark.django_db

VENUE = {
    "name": "Hôtel du Nord", "description": "By the canal.", "address": "102 Quai de Jemmapes", "city": "Paris",
    "country": "FR", "time_zone": "Europe/Paris", "currency": "EUR", "email": "desk@example.org", "phone": "",
}  # fmt: skip


def test_open_venue_makes_its_opener_the_owner_who_may_enter_the_admin(client):
    user = factories.user()
    client.force_login(user)

    response = client.post("/host/", VENUE)

    venue = Venue.objects.get()
    user.refresh_from_db()
    assert (response.status_code, response["Location"]) == (302, f"/admin/rooms/venue/{venue.pk}/approval/")
    assert (venue.status, venue.approved_at) == ("draft", None)
    assert (venue.slug, user.is_staff, user.is_platform_staff) == ("hotel-du-nord", True, False)
    assert VenueMember.objects.get().role == VenueMember.Role.OWNER


def test_open_venue_of_the_same_name_has_an_address_of_its_own(client):
    for _ in range(2):
        client.force_login(factories.user())
        client.post("/host/", VENUE)

    assert set(Venue.objects.values_list("slug", flat=True)) == {"hotel-du-nord", "hotel-du-nord-2"}


def test_open_venue_without_login_asks_for_it(client):
    assert client.get("/host/")["Location"].startswith("/account/login/")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("time_zone", "Mars/Base"),
        ("time_zone", "localtime"),
        ("time_zone", "CET"),
        ("currency", "XXX"),
        ("country", "ZZ"),
        ("name", "x\0y"),
        ("city", "x" * 999),
    ],
)
def test_open_venue_with_a_wrong_value_says_so_by_the_field_and_keeps_the_rest(client, field, value):
    user = factories.user()
    client.force_login(user)

    response = client.post("/host/", VENUE | {field: value})

    user.refresh_from_db()
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert response.context["form"]["address"].value() == VENUE["address"]
    assert (Venue.objects.count(), user.is_staff) == (0, False)


def test_open_venue_ignores_fields_that_are_not_the_hosts_to_set(client):
    client.force_login(factories.user())

    own = {"platform_fee_percent": "0", "hold_limit_minutes": "1", "slug": "admin", "status": "approved"}
    client.post("/host/", VENUE | own)

    venue = Venue.objects.get()
    assert (venue.platform_fee_percent, venue.hold_limit_minutes, venue.slug) == (
        None,
        10_080,
        "hotel-du-nord",
    )


def test_open_venue_starts_with_the_ready_made_policies(client):
    client.force_login(factories.user())
    client.post("/host/", VENUE)

    assert {policy.name: policy.tiers for policy in Venue.objects.get().policies.all()} == READY_MADE


def test_ready_made_policies_leave_the_venues_own_as_they_are():
    venue = factories.venue()
    own = factories.policy(venue=venue, name="Strict", tiers=[{"hours": 1, "percent": 1}])

    services.add_ready_made_policies(venue)
    services.add_ready_made_policies(venue)

    own.refresh_from_db()
    assert own.tiers == [{"hours": 1, "percent": 1}]
    assert sorted(venue.policies.values_list("name", flat=True)) == sorted(READY_MADE)


def test_migration_gives_every_older_venue_the_ready_made_policies():
    first, second = factories.venue(), factories.venue()
    own = factories.policy(venue=second, name="Flexible", tiers=[])
    migration = import_module("rooms.migrations.0002_ready_made_policies")

    migration.add_policies(apps, None)

    assert (
        {policy.name: policy.tiers for policy in first.policies.all()} == READY_MADE == migration.READY_MADE
    )
    own.refresh_from_db()
    assert (own.tiers, second.policies.count()) == ([], 4)


# --- where it is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Paris, France", "Europe/Paris"),
        ("berlin", "Europe/Berlin"),
        ("  italy ", "Europe/Rome"),
        ("turkiye", "Europe/Istanbul"),
        ("Buenos Aires, Argentina", "America/Argentina/Buenos_Aires"),
        ("America/New_York", "America/New_York"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("são paulo", "America/Sao_Paulo"),
    ],
)
def test_open_venue_reads_a_zone_as_people_and_browsers_name_it(client, typed, zone):
    client.force_login(factories.user())

    client.post("/host/", VENUE | {"time_zone": typed})

    assert Venue.objects.get().time_zone == zone


@pytest.mark.parametrize("typed", ["", "   ", "Mars/Base", "CET", "Germany", "x" * 200])
def test_open_venue_whose_zone_says_nothing_has_one_error(client, typed):
    client.force_login(factories.user())

    response = client.post("/host/", VENUE | {"time_zone": typed})

    assert response.context["form"].errors.get("time_zone") == [
        "Choose a time zone from the list, such as “Paris, France”."
    ]
    assert response.context["form"].errors.keys() == {"time_zone"}
    assert not Venue.objects.exists()


def test_open_venue_page_offers_all_countries_and_no_obsolete_zone(client):
    client.force_login(factories.user())

    page = client.get("/host/")

    form, guesses = page.context["form"], page.context["guesses"]
    assert len(form.fields["country"].choices) == 250  # with "Choose one"
    assert {("CH", "Switzerland"), ("GB", "United Kingdom"), ("TR", "Türkiye"), ("KR", "South Korea")} <= set(
        form.fields["country"].choices
    )
    offered = dict(zone_field.proposals())
    assert offered["Asmara, Eritrea"] == "Africa/Asmara"
    assert "Africa/Asmera" not in offered.values()
    assert '<option value="Zurich, Switzerland">Europe/Zurich</option>' in page.content.decode()
    assert guesses["zones"]["Asia/Calcutta"] == ["IN", "Kolkata, India"]
    assert guesses["countries"]["DE"] == {"zone": "Berlin, Germany", "currency": "EUR"}
    assert guesses["countries"]["UZ"]["currency"] == "UZS"
    assert guesses["countries"]["CH"]["currency"] == ""


def test_every_zone_offered_is_read_back_as_itself():
    field = zone_field.TypedZoneField()

    assert [field.clean(text) for text, _name in zone_field.proposals()] == [
        name for _text, name in zone_field.proposals()
    ]


def test_venue_in_an_obsolete_zone_keeps_it_in_the_admin():
    venue = factories.venue(time_zone="Asia/Calcutta")
    user = factories.staff()

    page = logged_in(user).get(reverse("admin:rooms_venue_change", args=[venue.pk]))

    form = page.context["adminform"].form
    assert form["time_zone"].value() == "Asia/Calcutta"
    assert form.fields["time_zone"].valid_value("Asia/Calcutta")
    assert form.fields["time_zone"].choices[0] == ("As it is", [("Asia/Calcutta", "Asia/Calcutta")])
