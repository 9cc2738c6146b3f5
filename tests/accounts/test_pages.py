"""Account pages: sign-up, login, profile and API tokens."""

import datetime as dt
import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.urls import reverse

from accounts import services
from accounts.models import ApiToken, User
from tests.support import factories
from tests.support.pages import prove

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _surroundings():
    cache.clear()


def text(response) -> str:
    return response.content.decode()


def new_person(**more) -> dict:
    secret = "a-long-and-unlikely-phrase"
    typed = {
        "name": "Ada Guest",
        "email": "Ada@Example.org",
        "phone": "+33 1",
        "password1": secret,
        "password2": secret,
    }
    return {**typed, **more}


# --- sign-up and login ----------------------------------------------------------------------------------------


def test_signup_keeps_name_and_phone_and_waits_for_the_mail(client):
    response = client.post(reverse("account_signup"), new_person())

    user = User.objects.get()
    assert (response.status_code, response.url) == (302, reverse("account_email_verification_sent"))
    assert (user.name, user.phone, user.email) == ("Ada Guest", "+33 1", "ada@example.org")
    assert [message.to for message in mail.outbox] == [["ada@example.org"]]


def test_signup_link_of_the_mail_confirms_and_lets_in(client):
    client.post(reverse("account_signup"), new_person())
    link = re.search(r"http://\S+(/account/confirm-email/\S+/)", mail.outbox[0].body)[1]

    page = text(client.get(link))
    client.post(link)
    response = client.post(
        reverse("account_login"), {"login": "ada@example.org", "password": new_person()["password1"]}
    )

    assert "Is <strong>ada@example.org</strong> your address?" in page
    assert (response.status_code, response.url) == (302, "/bookings/")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "This field is required."),
        ("name", "x" * 121, "Ensure this value has at most 120 characters (it has 121)."),
        ("name", "a\0b", "Null characters are not allowed."),
        ("phone", "1" * 33, "Ensure this value has at most 32 characters (it has 33)."),
        ("email", "ada", "Enter a valid email address."),
        ("email", "a\0@example.org", "Null characters are not allowed."),
        ("password2", "another", "You must type the same password each time."),
    ],
)
def test_signup_refuses_a_wrong_value_by_its_field(client, field, value, message):
    response = client.post(reverse("account_signup"), new_person(**{field: value}))

    assert response.status_code == 200
    assert message in response.context["form"].errors[field]
    assert not User.objects.exists()


def test_login_sends_hosts_to_their_desk(client):
    host = factories.host(venue=factories.venue())

    response = client.post(reverse("account_login"), {"login": host.email, "password": factories.PASSWORD})

    assert (response.status_code, response.url) == (302, reverse("admin:index"))


def test_login_goes_on_to_the_page_asked_for_but_never_to_another_site(client):
    host = factories.host(venue=factories.venue())
    typed = {"login": host.email, "password": factories.PASSWORD}

    inside = client.post(reverse("account_login"), {**typed, "next": "/rooms/?city=Lisbon"})
    client.logout()
    outside = client.post(reverse("account_login"), {**typed, "next": "https://example.com/"})

    assert inside.url == "/rooms/?city=Lisbon"
    assert outside.url == reverse("admin:index")


@pytest.mark.usefixtures("one_moment")
def test_login_tried_too_often_is_slowed_down(client):
    user = factories.user()
    typed = {"login": user.email, "password": "wrong"}

    pages = [text(client.post(reverse("account_login"), typed)) for _ in range(6)]

    assert "Too many failed login attempts. Try again later." in pages[-1]


PAGES = ["account_login", "account_signup", "account_reset_password", "account_reset_password_done"]


@pytest.mark.parametrize("name", [*PAGES, "account_email_verification_sent"])
def test_account_page_opens_in_the_sites_clothes(client, name):
    page = text(client.get(reverse(name)))

    assert 'class="logo"' in page
    assert "css/site.css" in page


@pytest.mark.parametrize(
    "name", ["account_email", "account_change_password", "accounts:profile", "account_logout"]
)
def test_own_account_page_opens_for_its_owner(client, name):
    client.force_login(factories.user())

    assert 'class="logo"' in text(client.get(reverse(name)))


@pytest.mark.parametrize(
    "path",
    [
        "/account/confirm-email/nonsense/",
        "/account/password/reset/key/1-nonsense/",
        "/account/confirm-email/0:0/",
    ],
)
def test_account_link_that_is_no_good_says_so(client, path):
    response = client.get(path, follow=True)

    assert response.status_code == 200
    assert re.search("not valid any more|link is used up", text(response))


# --- profile --------------------------------------------------------------------------------------------------


def test_profile_is_saved(client):
    user = factories.user(name="Old")
    client.force_login(user)

    response = client.post(reverse("accounts:profile"), {"name": "New", "phone": "+44 20"}, follow=True)

    user.refresh_from_db()
    assert (user.name, user.phone) == ("New", "+44 20")
    assert "Your profile is saved." in text(response)


@pytest.mark.parametrize("name", ["x" * 121, "a\0b"])
def test_profile_refuses_a_wrong_name_and_keeps_the_old_one(client, name):
    user = factories.user(name="Old")
    client.force_login(user)

    response = client.post(reverse("accounts:profile"), {"name": name, "phone": "+44 20"})

    user.refresh_from_db()
    assert response.status_code == 422
    assert response.context["form"].errors["name"]
    assert (user.name, user.phone) == ("Old", "")


def test_profile_of_a_stranger_asks_to_sign_in(client):
    assert client.get(reverse("accounts:profile")).status_code == 302


# --- API tokens -----------------------------------------------------------------------------------------------


TOKEN = {"scopes": ["read"], "days": 90}


@pytest.fixture
def host():
    return factories.host(venue=factories.venue())


def test_token_is_shown_once_and_stored_as_its_digest(client, host):
    client.force_login(host)
    prove(client)

    response = client.post(reverse("accounts:tokens"), {**TOKEN, "name": "Desk"})

    plain = re.search(r"rh_[\w-]{40,}", text(response))[0]
    assert response.status_code == 201
    assert ApiToken.objects.get(user=host, name="Desk").digest == ApiToken.digest_of(plain)
    assert "no-store" in response.headers["Cache-Control"]
    assert plain not in text(client.get(reverse("accounts:tokens")))


def test_token_revoked_is_gone(client, host):
    token, _plain = ApiToken.issue(user=host, name="Desk")
    client.force_login(host)

    response = client.post(reverse("accounts:revoke_token", args=[token.pk]))

    assert response.status_code == 302
    assert not ApiToken.objects.exists()


def test_token_of_somebody_else_is_not_found(client, host):
    token, _plain = ApiToken.issue(user=factories.host(venue=factories.venue()), name="Theirs")
    client.force_login(host)

    assert client.post(reverse("accounts:revoke_token", args=[token.pk])).status_code == 404
    assert client.post(reverse("accounts:revoke_token", args=[10**30])).status_code == 404
    assert "Theirs" not in text(client.get(reverse("accounts:tokens")))
    assert ApiToken.objects.count() == 1


def test_tokens_page_is_not_for_guests(client):
    client.force_login(factories.user())

    response = client.get(reverse("accounts:tokens"))

    assert response.status_code == 403
    assert "Not yours to open" in text(response)


@pytest.mark.parametrize("name", ["", "x" * 81, "\0"])
def test_token_with_a_wrong_name_is_refused(client, host, name):
    client.force_login(host)
    prove(client)

    response = client.post(reverse("accounts:tokens"), {**TOKEN, "name": name})

    assert response.status_code == 422
    assert response.context["form"].errors["name"]
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    ("typed", "field", "message"),
    [
        ({"days": 90}, "scopes", "Say what the token may do."),
        (
            {"days": 90, "scopes": ["everything"]},
            "scopes",
            "Select a valid choice. everything is not one of the",
        ),
        ({"scopes": ["read"]}, "days", "This field is required."),
        (
            {"scopes": ["read"], "days": 3650},
            "days",
            "Select a valid choice. 3650 is not one of the available",
        ),
        (
            {"scopes": ["payee"], "days": 90},
            "days",
            "A token that may change where payouts go lasts from 1 to 30",
        ),
    ],
)
def test_token_of_wrong_scopes_or_length_is_refused(client, host, typed, field, message):
    client.force_login(host)
    prove(client)

    response = client.post(reverse("accounts:tokens"), {"name": "Desk", **typed})

    assert response.status_code == 422
    assert response.context["form"].errors[field][0].startswith(message)
    assert not ApiToken.objects.exists()


def test_token_keeps_what_was_chosen_and_the_list_says_it(client, host, one_moment):
    client.force_login(host)
    prove(client)

    client.post(reverse("accounts:tokens"), {"name": "Bank", "scopes": ["read", "payee"], "days": 7})

    token = ApiToken.objects.get()
    page = text(client.get(reverse("accounts:tokens")))
    assert (token.scopes, token.expires_at - token.created_at) == (["read", "payee"], dt.timedelta(days=7))
    assert "<td>read, payee</td>" in page
    assert f"{token.expires_at:%b} {token.expires_at.day}, {token.expires_at:%Y}" in page


def test_token_beyond_the_limit_is_refused(client, host):
    for n in range(services.MAX_TOKENS):
        ApiToken.issue(user=host, name=str(n))
    client.force_login(host)
    prove(client)

    response = client.post(reverse("accounts:tokens"), {**TOKEN, "name": "One more"})

    assert response.status_code == 422
    assert "You have 20 tokens. Revoke one first." in text(response)
    assert ApiToken.objects.count() == services.MAX_TOKENS


def test_tokens_page_asks_the_same_queries_for_one_and_for_three(client, host, django_assert_num_queries):
    client.force_login(host)

    for tokens in (1, 2):
        for n in range(tokens):
            ApiToken.issue(user=host, name=str(n))
        with django_assert_num_queries(3):
            client.get(reverse("accounts:tokens"))
