"""A live session alone does not keep an account: what would take it over asks for the password once more."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.urls import reverse

from accounts.api_auth import Caller
from accounts.models import ApiToken
from accounts.sign_in import stepup
from core.web.problems import Problem
from tests.support import factories
from tests.support.pages import prove

pytestmark = pytest.mark.django_db

TOKEN = {"name": "Desk", "scopes": ["read"], "days": 30}
PROOF = "/account/reauthenticate/"


@pytest.fixture(autouse=True)
def _surroundings():
    cache.clear()


@pytest.fixture
def owner():
    return factories.host(venue=factories.venue())


def addresses_of(user) -> list[tuple[str, bool, bool]]:
    return sorted(EmailAddress.objects.filter(user=user).values_list("email", "primary", "verified"))


# --- addresses ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "posted",
    [
        {"action_add": "", "email": "thief@example.org"},
        {"action_primary": "", "email": "second@example.org"},
        {"action_remove": "", "email": "second@example.org"},
    ],
)
def test_address_of_a_session_without_the_password_stays(client, owner, posted):
    EmailAddress.objects.create(user=owner, email="second@example.org", verified=True)
    before = addresses_of(owner)
    client.force_login(owner)

    answer = client.post(reverse("account_email"), posted)
    refused = prove(client, password="a guess")

    assert (answer.status_code, answer.url) == (302, f"{PROOF}?next=%2Faccount%2Femail%2F")
    assert refused.status_code == 200
    assert addresses_of(owner) == before
    assert not mail.outbox


def test_stolen_session_never_comes_to_a_password_of_its_own(client, owner):
    """Add an address, confirm it, make it the main one, drop the old one, reset the password by it."""
    stranger, email = "thief@example.org", reverse("account_email")
    before = addresses_of(owner)
    client.force_login(owner)

    client.post(email, {"action_add": "", "email": stranger})
    links = re.findall(r"/account/confirm-email/\S+/", "".join(message.body for message in mail.outbox))
    client.post(email, {"action_primary": "", "email": stranger})
    client.post(email, {"action_remove": "", "email": owner.email})
    client.logout()
    client.post(reverse("account_reset_password"), {"email": stranger})

    owner.refresh_from_db()
    assert links == []
    assert addresses_of(owner) == before
    assert "/account/password/reset/key/" not in "".join(message.body for message in mail.outbox)
    assert owner.check_password(factories.PASSWORD)


def test_address_typed_before_the_proof_is_added_after_it(client, owner):
    client.force_login(owner)

    client.post(reverse("account_email"), {"action_add": "", "email": "second@example.org"})
    prove(client, next="/account/email/")

    assert ("second@example.org", False, False) in addresses_of(owner)


# --- tokens ---------------------------------------------------------------------------------------------------


def test_token_of_a_session_without_the_password_is_not_made(client, owner):
    client.force_login(owner)

    answer = client.post(reverse("accounts:tokens"), TOKEN)

    assert (answer.status_code, answer.url) == (302, f"{PROOF}?next=%2Faccount%2Ftokens%2F")
    assert not ApiToken.objects.exists()


def test_token_asked_for_before_the_proof_is_shown_after_it(client, owner):
    client.force_login(owner)

    client.post(reverse("accounts:tokens"), TOKEN)
    answer = prove(client, next="/account/tokens/")

    assert answer.status_code == 201
    assert ApiToken.objects.get().name == "Desk"


# --- for other doors ------------------------------------------------------------------------------------------


def asking(rf, client, user, **caller):
    request = rf.get("/admin/anything/?a=1")
    request.user, request.session = user, client.session
    request.auth = Caller(user=user, **caller)
    return request


def test_unproven_session_is_led_to_the_proof_and_back(rf, client, owner):
    client.force_login(owner)
    request = asking(rf, client, owner)

    answer = stepup.lead_to_proof(request)
    with pytest.raises(Problem) as refusal:
        stepup.require_proof(request)

    assert answer.url == f"{PROOF}?next=/admin/anything/%3Fa%3D1"
    assert (refusal.value.status, refusal.value.code) == (403, "step_up_required")


def test_proven_session_may_go_on_for_ten_minutes(rf, client, owner, time_machine):
    time_machine.move_to("2027-03-01T10:00:00Z", tick=False)
    client.force_login(owner)
    prove(client)
    request = asking(rf, client, owner)

    time_machine.shift(599)
    answers = stepup.lead_to_proof(request), stepup.require_proof(request)
    time_machine.shift(1)

    assert answers == (None, None)
    assert not stepup.is_proven(request)


def test_token_is_no_proof_even_beside_a_proven_session(rf, client, owner):
    client.force_login(owner)
    prove(client)
    scopes = frozenset({"read", "bookings", "money"})

    with pytest.raises(Problem, match="confirm your password"):
        stepup.require_proof(asking(rf, client, owner, by_token=True, scopes=scopes))


def test_token_made_to_change_payees_needs_no_more_proof(rf, client, owner):
    request = asking(rf, client, owner, by_token=True, scopes=frozenset({"payee"}))

    assert stepup.require_proof(request) is None
