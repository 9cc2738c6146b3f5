import zoneinfo
from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DataError, connection, transaction

from bookings.models import Booking
from core import zones
from rooms.models import Venue
from tests.support import factories

pytestmark = pytest.mark.django_db

# Known to neither or one of the two, or an abbreviation to PostgreSQL and a place to Python.
REFUSED = ("localtime", "Factory", "posixrules", "CET", "EST", "Mars/Base", "", "europe/paris", "FOO+3")


def walls(name: str) -> bool:
    """Return whether PostgreSQL reckons in the zone at all."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now() AT TIME ZONE %s", [name])
        return cursor.fetchone()[0] is not None


def unconstrained() -> None:
    """Let rows in as they were before the database refused them."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE rooms_venue DROP CONSTRAINT venue_zone_is_known")
        cursor.execute("ALTER TABLE bookings_booking DROP CONSTRAINT booking_zone_is_known")


def test_names_are_known_to_python_and_to_postgresql():
    assert len(zones.names()) > 400
    assert {"Europe/Paris", "Asia/Tashkent", "America/New_York", "UTC"} <= set(zones.names())
    assert set(zones.names()) <= zoneinfo.available_timezones()
    assert all(walls(name) for name in zones.names())


@pytest.mark.parametrize("name", REFUSED)
def test_validate_of_a_name_not_known_to_both_refuses_it(name):
    with pytest.raises(ValidationError) as refused:
        zones.validate(name)

    assert refused.value.code == "unknown_zone"


@pytest.mark.parametrize("name", ["localtime", "Mars/Base", "FOO+3"])
def test_full_clean_of_a_venue_in_an_unknown_zone_says_so_by_the_field(name):
    venue = factories.venue()
    venue.time_zone = name

    with pytest.raises(ValidationError) as refused:
        venue.full_clean()

    assert refused.value.message_dict == {"time_zone": ["Unknown time zone."]}


@pytest.mark.parametrize("name", ["localtime", "Mars/Base"])
def test_database_refuses_to_store_a_zone_it_does_not_know(name):
    venue, booking = factories.venue(), factories.booking()

    for rows in (Venue.objects.filter(pk=venue.pk), Booking.objects.filter(pk=booking.pk)):
        with pytest.raises(DataError), transaction.atomic():
            rows.update(time_zone=name)

    assert (Venue.objects.get(pk=venue.pk).time_zone, Booking.objects.get().time_zone) == (
        "Europe/Paris",
        "Europe/Paris",
    )


@pytest.mark.parametrize(
    ("old", "country", "mended"),
    [
        ("localtime", "UZ", "Asia/Tashkent"),
        ("Factory", "XX", "UTC"),
        ("CET", "AT", "Europe/Brussels"),
        ("Europe/Paris", "US", "Europe/Paris"),
    ],
)
def test_migration_mends_rows_in_zones_that_are_no_longer_offered(old, country, mended):
    unconstrained()
    room = factories.room(venue=factories.venue(country=country))
    booking = factories.booking(room=room)
    Venue.objects.update(time_zone=old)
    Booking.objects.update(time_zone=old)

    for migration in ("rooms.migrations.0003_zones_both_know", "bookings.migrations.0004_zones_both_know"):
        import_module(migration).mend(apps, None)

    booking.refresh_from_db()
    assert (Venue.objects.get().time_zone, booking.time_zone) == (mended, mended)


def test_check_names_a_zone_in_use_that_the_database_lacks():
    unconstrained()
    factories.venue()
    Venue.objects.update(time_zone="localtime")

    (found,) = zones.check(databases=["default"])

    assert found.id == "core.W001"
    assert "'localtime'" in found.msg


def test_check_without_a_bad_row_or_without_a_database_is_silent():
    factories.venue(time_zone="UTC")

    assert zones.check(databases=["default"]) == []
    assert zones.check(databases=None) == []


def test_differs_tells_a_zone_that_means_two_things():
    assert zones.differs("CET")
    assert not zones.differs("Europe/Brussels")
