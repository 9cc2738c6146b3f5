"""Who may do what at a venue, right by right and role by role."""

import pytest

from rooms.team.permissions import RIGHTS, may
from tests.support import factories

pytestmark = pytest.mark.django_db

MATRIX = {
    "payee": {"owner"},
    "people": {"owner", "staff"},
    "money": {"owner", "manager", "staff"},
    "manage": {"owner", "manager", "staff"},
    "decide": {"owner", "manager", "clerk", "staff"},
}
WHO = ("owner", "manager", "clerk", "staff", "other owner", "guest")


def test_every_right_is_in_the_matrix():
    assert set(RIGHTS) == set(MATRIX)


@pytest.mark.parametrize("right", MATRIX)
@pytest.mark.parametrize("who", WHO)
def test_right_belongs_to_its_roles_alone(who, right):
    venue = factories.venue()
    user = {
        "staff": factories.staff, "guest": factories.user,
        "other owner": lambda: factories.host(venue=factories.venue()),
    }.get(who, lambda: factories.host(venue=venue, role=who))()  # fmt: skip

    assert may(user, right, venue) is (who in MATRIX[right])


@pytest.mark.parametrize("right", MATRIX)
def test_deactivated_owner_has_no_right(right):
    venue = factories.venue()

    assert not may(factories.host(venue=venue, is_active=False), right, venue)
