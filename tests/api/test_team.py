"""A venue's team over the API: seen, invited, changed and removed, and by whom."""

import pytest

from accounts.models import ApiToken
from rooms.models import Invitation, Venue
from rooms.team import services as team
from tests.api.callers import Api, logged_in
from tests.support import factories
from tests.support.pages import prove

pytestmark = pytest.mark.django_db


@pytest.fixture
def venue() -> Venue:
    return factories.venue(slug="aral")


@pytest.fixture
def owner(venue):
    return factories.host(venue=venue, email="owner@example.org", name="Ada")


@pytest.fixture
def api(owner) -> Api:
    return with_scopes(owner, "read", "team")


def with_scopes(user, *scopes: str) -> Api:
    return Api(f"Bearer {ApiToken.issue(user=user, name='test', scopes=scopes)[1]}")


def send(api: Api, method: str, path: str, body: dict | None = None):
    return getattr(api.client, method)(
        f"/api/v1/venues/aral/team{path}", body or {}, content_type="application/json", headers=api.headers
    )


def roles(venue) -> dict[str, str]:
    return dict(venue.members.values_list("user__email", "role"))


def test_owner_sees_members_and_open_invitations(venue, owner, api):
    clerk = factories.host(venue=venue, role="clerk", is_active=False)
    made = send(api, "post", "/invitations", {"email": " New@Example.org", "role": "manager"})

    answer = api.get("venues/aral/team")

    [invitation] = answer.json()["invitations"]
    assert (made.status_code, made.json()) == (201, invitation)
    assert invitation | {"expires_at": ""} == {
        "id": Invitation.objects.get().pk, "email": "new@example.org", "role": "manager",
        "invited_by": "owner@example.org", "expires_at": "",
    }  # fmt: skip
    assert [(one["email"], one["role"], one["is_active"]) for one in answer.json()["members"]] == [
        ("owner@example.org", "owner", True), (clerk.email, "clerk", False),
    ]  # fmt: skip


def test_owner_changes_a_role_and_removes_a_member(venue, owner, api):
    clerk = factories.host(venue=venue, role="clerk")
    member = venue.members.get(user=clerk)

    changed = send(api, "patch", f"/{member.pk}", {"role": "manager"})
    between = roles(venue)[clerk.email]
    removed = send(api, "delete", f"/{member.pk}")

    assert (changed.status_code, changed.json()["role"], between) == (200, "manager", "manager")
    assert (removed.status_code, roles(venue)) == (204, {"owner@example.org": "owner"})


def test_invitation_taken_back_opens_nothing(venue, owner, api):
    pk = send(api, "post", "/invitations", {"email": "new@example.org", "role": "clerk"}).json()["id"]

    first, again = send(api, "delete", f"/invitations/{pk}"), send(api, "delete", f"/invitations/{pk}")

    assert (first.status_code, again.status_code) == (204, 404)
    assert not team.open_invitations(venue).exists()


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_last_owner_stays(venue, owner, api, method):
    answer = send(api, method, f"/{venue.members.get().pk}", {"role": "clerk"})

    assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    assert roles(venue) == {"owner@example.org": "owner"}


@pytest.mark.parametrize(
    ("body", "field"),
    [({"email": "nobody", "role": "clerk"}, "email"), ({"email": "a@example.org", "role": "king"}, "role")],
)
def test_invitation_that_cannot_be_is_refused_by_the_field(venue, api, body, field):
    answer = send(api, "post", "/invitations", body)

    assert (answer.status_code, [one["field"] for one in answer.json()["errors"]]) == (422, [field])
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("key", ["0", "999999", str(2**63), str(2**70)])
def test_member_or_invitation_nobody_knows_is_not_found(venue, owner, api, key):
    answers = [
        send(api, "patch", f"/{key}", {"role": "clerk"}), send(api, "delete", f"/{key}"),
        send(api, "delete", f"/invitations/{key}"),
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [404] * 3


@pytest.mark.parametrize("who", ["manager", "clerk", "stranger", "other owner"])
def test_team_is_for_owners_alone(venue, owner, who):
    user = {"stranger": factories.user, "other owner": lambda: factories.host(venue=factories.venue())}.get(
        who, lambda: factories.host(venue=venue, role=who)
    )()
    team.invite(venue_id=venue.pk, by=owner, email="new@example.org", role="clerk")
    before, pk = roles(venue), venue.members.get(user=owner).pk
    api = with_scopes(user, "read", "team")

    answers = [
        api.get("venues/aral/team"), send(api, "post", "/invitations", {"email": "x@example.org", "role": "owner"}),
        send(api, "patch", f"/{pk}", {"role": "clerk"}), send(api, "delete", f"/{pk}"),
        send(api, "delete", f"/invitations/{Invitation.objects.get().pk}"),
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [404] * 5
    assert (roles(venue), Invitation.objects.get().email) == (before, "new@example.org")


def test_session_that_is_not_proven_changes_nothing_until_the_password_is_typed(venue, owner):
    api = logged_in(owner)
    body = {"email": "new@example.org", "role": "owner"}

    refused = send(api, "post", "/invitations", body)
    before = Invitation.objects.count()
    prove(api.client)
    done = send(api, "post", "/invitations", body)

    assert (refused.status_code, refused.json()["code"], before) == (403, "step_up_required", 0)
    assert (done.status_code, Invitation.objects.count()) == (201, 1)


def test_token_that_changes_teams_changes_no_payee(venue, owner):
    api = with_scopes(owner, "money", "team")

    answer = api.client.put(
        "/api/v1/venues/aral/payment-settings", {"account_holder": "Mallory"}, content_type="application/json",
        headers=api.headers,
    )  # fmt: skip

    assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")
