import pytest
from django.contrib.auth.models import AnonymousUser

from rooms.team.permissions import may_decide, venues_of
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", ["owner", "manager", "clerk"])
def test_venues_of_member_are_the_own_ones(role):
    mine, _other = factories.venue(), factories.venue()
    host = factories.host(venue=mine, role=role)

    assert list(venues_of(host)) == [mine]
    assert may_decide(host, mine)


def test_may_decide_member_of_another_venue_may_not():
    host = factories.host(venue=factories.venue())

    assert not may_decide(host, factories.venue())


def test_venues_of_platform_staff_are_all():
    venue = factories.venue()

    assert list(venues_of(factories.staff())) == [venue]
    assert may_decide(factories.staff(), venue)


@pytest.mark.parametrize("fields", [{}, {"is_staff": True}])
def test_venues_of_stranger_are_none(fields):
    factories.venue()

    assert not venues_of(factories.user(**fields)).exists()
    assert not venues_of(AnonymousUser()).exists()


def test_venues_of_deactivated_member_are_none():
    venue = factories.venue()

    assert not venues_of(factories.host(venue=venue, is_active=False)).exists()
    assert not venues_of(factories.user(is_superuser=True, is_active=False)).exists()
