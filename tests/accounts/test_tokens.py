"""What an API token may do and how it ends: by time, by a new password, by hand."""

import datetime as dt
import io
import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from accounts.models import ApiToken
from accounts.scopes import SCOPES
from config.api.root import api
from tests.api.callers import Api
from tests.support import factories

pytestmark = pytest.mark.django_db

NEW = "another-long-and-unlikely-phrase"
# The scope each call asks of a token; calls open to anybody ask none.
NEEDED = {
    "GET bookings": "read",
    "POST bookings": "bookings",
    "GET bookings/{reference}": "read",
    "POST bookings/{reference}/approve": "bookings",
    "POST bookings/{reference}/decline": "bookings",
    "POST bookings/{reference}/cancel": "bookings",
    "POST bookings/{reference}/payment/session": "bookings",
    "GET bookings/{reference}/payment/verify": "read",
    "POST bookings/{reference}/payment/credit": "bookings",
    "GET payments/{payment_id}/status": "read",
    "POST payments/{payment_id}/refund": "money",
    "GET venues/{venue}/rooms/{room}/sessions": "read",
    "POST venues/{venue}/rooms/{room}/sessions": "bookings",
    "GET sessions/{session_id}": "read",
    "PATCH sessions/{session_id}": "bookings",
    "DELETE sessions/{session_id}": "bookings",
    "POST sessions/{session_id}/cancel": "bookings",
    "GET venues/{venue}/payment-settings": "read",
    "PUT venues/{venue}/payment-settings": "money",
    "POST venues/{venue}/payment-settings/try-keys": "money",
    "GET venues/{venue}/balance": "read",
    "GET venues/{venue}/closings": "read",
    "POST venues/{venue}/closings": "bookings",
    "DELETE closings/{closing_id}": "bookings",
    "GET venues/{venue}/team": "read",
    "POST venues/{venue}/team/invitations": "team",
    "DELETE venues/{venue}/team/invitations/{invitation_id}": "team",
    "PATCH venues/{venue}/team/{member_id}": "team",
    "DELETE venues/{venue}/team/{member_id}": "team",
}
VALUES = {
    "payment_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "session_id": "1", "closing_id": "1",
    "invitation_id": "1", "member_id": "1",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _surroundings():
    cache.clear()


@pytest.fixture
def host():
    return factories.host(venue=factories.venue())


def is_let_in(token: str) -> bool:
    return Api(f"Bearer {token}").get("bookings").status_code == 200


# --- scopes ---------------------------------------------------------------------------------------------------


def calls() -> dict[str, bool]:
    """Each call of the API, and whether it asks who calls."""
    return {
        f"{method.upper()} {path.removeprefix('/api/v1/')}": "security" in operation
        for path, methods in api.get_openapi_schema()["paths"].items()
        for method, operation in methods.items()
    }


def test_every_call_that_knows_its_caller_has_its_scope():
    assert {call for call, is_known in calls().items() if is_known} == set(NEEDED)


@pytest.mark.parametrize("call", NEEDED)
def test_call_is_refused_to_tokens_of_other_scopes_alone(host, call):
    method, path = call.split(" ")
    path = re.sub(r"{(\w+)}", lambda found: VALUES.get(found[1], "nothing"), path)

    refused = set()
    for scope in SCOPES:
        _row, plain = ApiToken.issue(user=host, name=scope, scopes=[scope])
        program = Api(f"Bearer {plain}")
        send = program.client.generic
        answer = send(
            method, f"/api/v1/{path}", "{}", content_type="application/json", headers=program.headers
        )
        if answer.status_code == 403 and answer.json()["code"] == "insufficient_scope":
            assert f'scope="{NEEDED[call]}"' in answer["WWW-Authenticate"]
            refused.add(scope)

    assert refused == set(SCOPES) - {NEEDED[call]}


# --- ends -----------------------------------------------------------------------------------------------------


def test_token_ends_after_ninety_days(host, time_machine):
    time_machine.move_to("2027-03-01T10:00:00Z", tick=False)
    _row, plain = ApiToken.issue(user=host, name="desk")

    time_machine.shift(dt.timedelta(days=90) - dt.timedelta(seconds=1))
    before = is_let_in(plain)
    time_machine.shift(1)

    assert (before, is_let_in(plain)) == (True, False)


def test_password_changed_ends_tokens_and_other_sessions(client, host):
    _row, plain = ApiToken.issue(user=host, name="desk")
    other = type(client)()
    other.force_login(host)
    client.force_login(host)
    session_before = client.session.session_key

    client.post(
        reverse("account_change_password"),
        {"oldpassword": factories.PASSWORD, "password1": NEW, "password2": NEW},
    )

    assert not is_let_in(plain)
    assert other.get(reverse("accounts:profile")).status_code == 302
    assert client.get(reverse("accounts:profile")).status_code == 200
    assert client.session.session_key != session_before


def test_password_reset_by_mail_ends_tokens_and_sessions(client, host):
    _row, plain = ApiToken.issue(user=host, name="desk")
    client.force_login(host)
    somebody = type(client)()

    somebody.post(reverse("account_reset_password"), {"email": host.email})
    link = re.search(r"http://\S+(/account/password/reset/key/\S+/)", mail.outbox[0].body)[1]
    form = somebody.get(link, follow=True)
    somebody.post(form.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})

    host.refresh_from_db()
    assert host.check_password(NEW)
    assert not is_let_in(plain)
    assert client.get(reverse("accounts:profile")).status_code == 302


def test_password_refused_ends_no_token(client, host):
    _row, plain = ApiToken.issue(user=host, name="desk")
    client.force_login(host)

    typed = {"oldpassword": "wrong", "password1": NEW, "password2": NEW}
    client.post(reverse("account_change_password"), typed)
    host.name = "Somebody"
    host.save()

    assert is_let_in(plain)


# --- the command ----------------------------------------------------------------------------------------------


def test_command_prints_a_token_of_the_scopes_and_days_asked_for(host, one_moment):
    out = io.StringIO()

    call_command("api_token", host.email, "--scopes=read, payee", "--days=7", stdout=out)

    token = ApiToken.objects.get()
    assert token.digest == ApiToken.digest_of(out.getvalue().strip())
    assert (token.scopes, token.expires_at - token.created_at) == (["read", "payee"], dt.timedelta(days=7))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scopes="], "Say what the token may do."),
        (["--scopes=read,all"], "There is no scope all; there are read, bookings, money, payee, team."),
        (["--days=0"], "A token lasts from 1 to 365 days."),
        (
            ["--scopes=payee", "--days=31"],
            "A token that may change where payouts go lasts from 1 to 30 days.",
        ),
    ],
)
def test_command_refuses_what_no_token_has(host, options, message):
    with pytest.raises(CommandError, match=re.escape(message)):
        call_command("api_token", host.email, *options)

    assert not ApiToken.objects.exists()


# --- tokens made before ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_token_made_before_ends_in_ninety_days_and_never_changes_a_payee(time_machine):
    time_machine.move_to("2027-03-01T10:00:00Z", tick=False)
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    MigrationExecutor(connection).migrate([("accounts", "0001_initial")])
    try:
        apps = MigrationExecutor(connection).loader.project_state([("accounts", "0001_initial")]).apps
        user = apps.get_model("accounts", "User").objects.create(email="old@example.org")
        apps.get_model("accounts", "ApiToken").objects.create(user=user, name="old", digest="d")
    finally:
        MigrationExecutor(connection).migrate(latest)

    token = ApiToken.objects.get()
    assert token.scopes == ["read", "bookings", "money"]
    assert token.expires_at == dt.datetime(2027, 5, 30, 10, tzinfo=dt.UTC)
