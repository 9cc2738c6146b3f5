"""A venue keeps an active owner, by whatever door a team or an account is changed."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from accounts.models import User
from rooms.models import Venue, VenueMember, VenueNotice
from rooms.team import approval, owners
from rooms.team.approval import ApprovalError
from tests.support import factories
from tests.support.admin_pages import filled, logged_in, text_of

pytestmark = pytest.mark.django_db

LAST = "A venue needs an owner: name another one first."


@pytest.fixture
def venue() -> Venue:
    return factories.venue(name="Hotel Aral")


@pytest.fixture
def owner(venue) -> User:
    return factories.host(venue=venue)


def owners_of(venue) -> set[str]:
    return set(venue.members.filter(role="owner", user__is_active=True).values_list("user__email", flat=True))


# --- the database -----------------------------------------------------------------------------------------------

WAYS_OUT = {
    "demoted": lambda member: VenueMember.objects.filter(pk=member.pk).update(role="manager"),
    "removed": lambda member: VenueMember.objects.filter(pk=member.pk).delete(),
    "moved": lambda member: VenueMember.objects.filter(pk=member.pk).update(venue=factories.venue()),
    "locked": lambda member: User.objects.filter(pk=member.user_id).update(is_active=False),
    "deleted": lambda member: User.objects.filter(pk=member.user_id).delete(),
    "replaced by a locked account": lambda member: VenueMember.objects.filter(pk=member.pk).update(
        user=factories.user(is_active=False)
    ),
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_last_owner_gone_is_refused_by_the_database(venue, owner, way):
    factories.host(venue=venue, role="manager")

    with pytest.raises(IntegrityError, match="no active owner"), transaction.atomic():
        WAYS_OUT[way](venue.members.get(user=owner))
        connection.check_constraints()

    assert owners_of(venue) == {owner.email}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_owner_beside_another_may_go(venue, owner, way):
    other = factories.host(venue=venue)

    WAYS_OUT[way](venue.members.get(user=owner))
    connection.check_constraints()

    assert owners_of(venue) == {other.email}


def test_venue_is_handed_over_within_one_transaction_in_any_order(venue, owner):
    heir = factories.host(venue=venue, role="clerk")

    venue.members.filter(user=owner).update(role="clerk")
    venue.members.filter(user=heir).update(role="owner")
    connection.check_constraints()

    assert owners_of(venue) == {heir.email}


def test_owner_of_a_suspended_venue_may_be_locked_and_it_is_not_lifted_without_one(venue, owner):
    staff = factories.staff()
    approval.suspend(venue_id=venue.pk, by=staff, reason="A thief's")

    User.objects.filter(pk=owner.pk).update(is_active=False)
    connection.check_constraints()
    with pytest.raises(ApprovalError, match="needs an owner"):
        approval.lift(venue_id=venue.pk, by=staff)

    venue.refresh_from_db()
    assert venue.status == "suspended"


def test_venue_goes_with_its_team(venue, owner):
    venue.delete()
    connection.check_constraints()

    assert not owners.owned_alone(owner).exists()


# --- the admin --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [{"members-0-role": "clerk"}, {"members-0-DELETE": "on"}],
    ids=["demoted", "removed"],
)
def test_staff_are_told_why_the_last_owner_stays(venue, owner, change):
    address, client = reverse("admin:rooms_venue_change", args=[venue.pk]), logged_in(factories.staff())

    answer = client.post(address, filled(client.get(address)) | {"city": "Nukus"} | change)

    venue.refresh_from_db()
    assert (answer.status_code, LAST in text_of(answer)) == (200, True)
    assert (owners_of(venue), venue.city) == ({owner.email}, "Paris")


def test_staff_hand_a_venue_over_in_one_save(venue, owner):
    heir = factories.user()
    address, client = reverse("admin:rooms_venue_change", args=[venue.pk]), logged_in(factories.staff())
    change = {
        "members-TOTAL_FORMS": "2", "members-0-role": "clerk", "members-1-venue": venue.pk,
        "members-1-user": heir.pk, "members-1-role": "owner",
    }  # fmt: skip

    answer = client.post(address, filled(client.get(address)) | change)

    connection.check_constraints()
    assert (answer.status_code, owners_of(venue)) == (302, {heir.email})
    told = dict(VenueNotice.objects.values_list("recipient", "paragraphs"))
    assert set(told) == {owner.email, heir.email}
    assert f"It is now: {owner.email}, clerk; {heir.email}, owner." in told[owner.email][0]


def test_venue_saved_by_staff_without_a_change_of_its_team_is_no_news(venue, owner):
    address, client = reverse("admin:rooms_venue_change", args=[venue.pk]), logged_in(factories.staff())

    answer = client.post(address, filled(client.get(address)) | {"city": "Nukus"})

    venue.refresh_from_db()
    assert (answer.status_code, venue.city) == (302, "Nukus")
    assert not VenueNotice.objects.exists()


def test_account_of_a_last_owner_is_not_locked_and_staff_read_which_venue(venue, owner):
    address = reverse("admin:accounts_user_change", args=[owner.pk])

    answer = logged_in(factories.staff()).post(address, {"name": "Ada"})

    owner.refresh_from_db()
    assert "Hotel Aral would have no owner: name another one first, or suspend it." in text_of(answer)
    assert (answer.status_code, owner.is_active, owner.name) == (200, True, "")
