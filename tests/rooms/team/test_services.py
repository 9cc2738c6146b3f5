"""A venue's team: invited by mail, changed and removed by owners, and never without one."""

import datetime as dt
import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from core import clock
from rooms.models import Invitation, Venue, VenueMember, VenueNotice
from rooms.team import services as team
from rooms.team.services import TeamError
from tests.support import factories
from tests.support.admin_pages import logged_in, text_of, told
from tests.support.pages import prove

pytestmark = pytest.mark.django_db

NEW = "a rather long and unlikely phrase"


@pytest.fixture
def venue() -> Venue:
    return factories.venue(name="Hotel Aral")


@pytest.fixture
def owner(venue):
    return factories.host(venue=venue)


def invited(venue, owner, role: str = "clerk", email: str = "new@example.org") -> str:
    """Invite somebody; returns the token as the mail has it."""
    team.invite(venue_id=venue.pk, by=owner, email=email, role=role)
    link = VenueNotice.objects.filter(kind="invitation", recipient=email).latest("pk").link
    return re.search(r"/team/([^/]+)/$", link)[1]


def page(token: str) -> str:
    return reverse("rooms:invitation", args=[token])


def proven(user) -> Client:
    client = logged_in(user)
    prove(client)
    return client


def roles(venue) -> dict[str, str]:
    return dict(venue.members.values_list("user__email", "role"))


# --- inviting and accepting -------------------------------------------------------------------------------------


def test_invited_person_joins_with_the_role_once_and_may_enter_the_admin(venue, owner):
    token, user = invited(venue, owner, "manager"), factories.user()
    client = logged_in(user)

    seen = [client.get(page(token)).status_code for _ in range(2)]
    joined = client.post(page(token))
    again = logged_in(factories.user()).post(page(token))

    user.refresh_from_db()
    assert (seen, joined.status_code, joined["Location"]) == ([200, 200], 302, "/admin/")
    assert (roles(venue)[user.email], user.is_staff) == ("manager", True)
    assert again.status_code == 410
    assert venue.members.count() == 2


def sign_up(client: Client, address: str, **typed):
    form = {
        "name": "Nia New",
        "email": "new@example.org",
        "password1": NEW,
        "password2": NEW,
        "next": address,
    }
    return client.post(reverse("account_signup"), form | typed)


def test_person_without_account_makes_one_for_the_invited_address_and_joins_without_another_mail(
    venue, owner
):
    token, client = invited(venue, owner), Client()

    shown = client.get(page(token))
    led = client.post(page(token))
    form = client.get(led["Location"])
    made = sign_up(client, page(token))
    joined = client.post(page(token))

    assert "Make an account" in text_of(shown)
    assert led["Location"] == f"{reverse('account_signup')}?next=%2Fteam%2F{token}%2F&email=new%40example.org"
    assert 'value="new@example.org"' in text_of(form)
    assert (made.status_code, made["Location"], joined["Location"]) == (302, page(token), "/admin/")
    assert roles(venue)["new@example.org"] == "clerk"
    assert EmailAddress.objects.get(email="new@example.org").verified
    assert mail.outbox == []


def test_account_of_an_invited_person_follows_the_rules_of_all_accounts(venue, owner):
    token, client = invited(venue, owner), Client()
    client.post(page(token))

    answer = sign_up(client, page(token), password1="short", password2="short")

    assert answer.status_code == 200
    assert "This password is too short." in text_of(answer)
    assert not User.objects.filter(email="new@example.org").exists()


def test_address_that_was_not_invited_is_not_proved_by_the_link(venue, owner):
    token, client = invited(venue, owner), Client()
    client.post(page(token))

    sign_up(client, page(token), email="other@example.org")

    assert not EmailAddress.objects.filter(email="other@example.org", verified=True).exists()


def test_person_who_has_an_account_is_asked_to_sign_in_and_the_invitation_waits(venue, owner):
    user = factories.user()
    token = invited(venue, owner, email=user.email)

    answer = Client().get(page(token))

    assert f'href="{reverse("account_login")}?next=/team/{token}/"' in text_of(answer)
    assert "Make an account" not in text_of(answer)
    assert team.open_invitation(token) is not None
    assert venue.members.count() == 1


def test_token_is_kept_as_a_digest_alone(venue, owner):
    token = invited(venue, owner)

    assert Invitation.objects.get().digest == team.digest_of(token)
    assert not [value for value in Invitation.objects.values().get().values() if token in str(value)]


@pytest.mark.parametrize("end", ["expired", "taken back", "replaced", "sender no owner", "unknown"])
def test_invitation_that_is_not_open_joins_nobody(venue, owner, end):
    token = invited(venue, owner)
    if end == "expired":
        Invitation.objects.update(expires_at=clock.now() - dt.timedelta(seconds=1))
    elif end == "taken back":
        team.take_back(venue_id=venue.pk, by=owner, invitation_id=Invitation.objects.get().pk)
    elif end == "replaced":
        invited(venue, owner)
    elif end == "sender no owner":
        factories.host(venue=venue)
        venue.members.filter(user=owner).update(role="clerk")
    else:
        token = "unknown"
    before = roles(venue)

    with pytest.raises(TeamError):
        team.accept(token=token, user=factories.user())

    assert roles(venue) == before


def test_invitations_have_an_end_to_their_number(venue, owner):
    for n in range(team.MOST_OPEN):
        team.invite(venue_id=venue.pk, by=owner, email=f"n{n}@example.org", role="clerk")

    with pytest.raises(TeamError, match="Too many"):
        team.invite(venue_id=venue.pk, by=owner, email="more@example.org", role="clerk")

    assert Invitation.objects.count() == team.MOST_OPEN


# --- roles and removal ------------------------------------------------------------------------------------------


def test_owner_changes_a_role_and_removes_a_member_who_is_told(venue, owner):
    clerk = factories.host(venue=venue, role="clerk")
    member = venue.members.get(user=clerk)

    team.change_role(venue_id=venue.pk, by=owner, member_id=member.pk, role="manager")
    changed = roles(venue)[clerk.email]
    team.remove(venue_id=venue.pk, by=owner, member_id=member.pk)

    assert (changed, roles(venue)) == ("manager", {owner.email: "owner"})
    assert VenueNotice.objects.filter(kind="team_changed", recipient=clerk.email).count() == 2
    assert LogEntry.objects.filter(user=owner, object_id=str(venue.pk)).count() == 2


def test_last_owner_is_neither_demoted_nor_removed(venue, owner):
    factories.host(venue=venue, is_active=False)
    member = venue.members.get(user=owner)

    with pytest.raises(TeamError, match="needs an owner"):
        team.change_role(venue_id=venue.pk, by=owner, member_id=member.pk, role="clerk")
    with pytest.raises(TeamError, match="needs an owner"):
        team.remove(venue_id=venue.pk, by=owner, member_id=member.pk)

    assert roles(venue)[owner.email] == "owner"


def test_member_of_another_venue_is_none_of_this_one(venue, owner):
    other = factories.venue()
    factories.host(venue=other)

    with pytest.raises(TeamError, match="no such member"):
        team.remove(venue_id=venue.pk, by=owner, member_id=other.members.get().pk)

    assert other.members.count() == 1


@pytest.mark.parametrize("role", ["manager", "clerk"])
def test_others_than_owners_change_nothing_of_the_team(venue, owner, role):
    user = factories.host(venue=venue, role=role)
    before = roles(venue)
    who = {"venue_id": venue.pk, "by": user}

    for verb in (
        lambda: team.invite(**who, email="x@example.org", role="owner"),
        lambda: team.change_role(**who, member_id=venue.members.get(user=user).pk, role="owner"),
        lambda: team.remove(**who, member_id=venue.members.get(user=owner).pk),
    ):
        with pytest.raises(PermissionDenied, match="Only an owner"):
            verb()

    assert (roles(venue), Invitation.objects.count()) == (before, 0)


# --- the page ---------------------------------------------------------------------------------------------------


def test_owner_invites_on_the_venues_page_and_a_manager_is_refused(venue, owner):
    address = reverse("admin:rooms_venue_team", args=[venue.pk])
    sent = {"act": "invite", "email": "new@example.org", "role": "clerk"}

    refused = logged_in(factories.host(venue=venue, role="manager")).post(address, sent)
    client = proven(owner)
    wrong = client.post(address, sent | {"email": "no address"})
    done = client.post(address, sent, follow=True)

    assert (refused.status_code, wrong.status_code) == (403, 200)
    assert "Enter a valid email address." in text_of(wrong)
    assert told(done) == ["new@example.org is invited, by mail."]
    assert "new@example.org" in text_of(done)
    assert Invitation.objects.get().email == "new@example.org"


def test_change_of_the_team_asks_an_owner_for_the_password_and_looking_does_not(venue, owner):
    address, client = reverse("admin:rooms_venue_team", args=[venue.pk]), logged_in(owner)

    seen = client.get(address)
    refused = client.post(address, {"act": "invite", "email": "new@example.org", "role": "owner"})

    proof = f"{reverse('account_reauthenticate')}?next={address}"
    assert (seen.status_code, refused.status_code, refused["Location"]) == (200, 302, proof)
    assert f'href="{proof}"' in text_of(seen)
    assert not Invitation.objects.exists()


def test_page_says_what_removing_means_and_names_the_member_on_its_button(venue, owner):
    page = text_of(proven(owner).get(reverse("admin:rooms_venue_team", args=[venue.pk])))

    assert "<summary" in page
    assert f"{owner} is out at once, and may come back only by a new invitation." in page
    assert f">Remove {owner}</button>" in page


def test_page_says_why_the_last_owner_stays(venue, owner):
    member = VenueMember.objects.get(user=owner)

    answer = proven(owner).post(
        reverse("admin:rooms_venue_team", args=[venue.pk]), {"act": "remove", "id": member.pk}, follow=True
    )

    assert told(answer) == ["A venue needs an owner: name another one first. Nothing was changed."]
    assert roles(venue) == {owner.email: "owner"}


@pytest.mark.parametrize("year", [1999, 2200, 9999])
def test_invitation_that_ends_beyond_the_calendar_is_kept_by_no_database(venue, owner, year):
    at = dt.datetime(year, 6, 1, tzinfo=dt.UTC)

    with pytest.raises(IntegrityError, match="invitation_within_years"), transaction.atomic():
        Invitation.objects.create(
            venue=venue, email="x@example.org", role="clerk", digest="1", invited_by=owner, expires_at=at
        )

    assert not Invitation.objects.exists()
