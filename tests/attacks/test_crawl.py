"""Every address of the site, walked as everybody: numbers in test names are the rows of docs/reliability/attacks.md.

An address that no table below knows fails here: say who may open it.
"""

import re
import uuid
from dataclasses import dataclass, field

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse

from accounts.models import ApiToken, User
from accounts.scopes import SCOPES
from bookings.models import Booking
from core import clock
from payments.models import Payment
from rooms.models import Closing
from tests.support import factories

pytestmark = pytest.mark.django_db

CANARY = "XCANARYX"

OPEN = {
    "help", "contact", "terms", "privacy", "imprint", "robots", "sitemap", "rooms:venue",
    "rooms:invitation",
    "rooms:home", "rooms:open_venue", "rooms:search", "rooms:detail", "rooms:calendar", "rooms:slots", "rooms:quote",
    "bookings:new_link",
    "bookings:book", "healthz", "account_login", "account_signup", "account_inactive", "account_logout",
    "account_reset_password", "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done", "account_confirm_email", "account_email_verification_sent",
    "account_confirm_login_code", "mfa_authenticate",
    "api:openapi-json", "api:list_rooms", "api:get_room", "api:get_availability", "api:post_quote",
    "api:create_booking", "api:api-root", "api:unknown",
}  # fmt: skip
# About nobody but who asks.
OWN = {
    "bookings:list", "accounts:profile", "accounts:tokens", "accounts:revoke_token", "account_email",
    "accounts:sign_out_everywhere", "mfa_index", "mfa_reauthenticate", "mfa_activate_totp", "mfa_deactivate_totp",
    "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes", "mfa_list_webauthn",
    "mfa_add_webauthn", "mfa_reauthenticate_webauthn", "mfa_remove_webauthn", "mfa_edit_webauthn",
    "account_reauthenticate", "account_change_password", "account_set_password", "api:list_bookings",
}  # fmt: skip
# About one booking or payment.
PRIVATE = {
    "bookings:detail", "bookings:live", "bookings:open", "bookings:cancel", "bookings:again", "bookings:ics",
    "payments:pay", "payments:return", "payments:credit", "payments:card",
    "api:get_booking", "api:approve", "api:decline", "api:cancel",
    "api:refund_payment", "api:use_credit",
    "api:open_session", "api:verify", "api:get_status",
}  # fmt: skip
# Of these, those that a form or a program posts to.
POSTED = {
    "bookings:again", "payments:pay", "payments:credit", "api:open_session", "api:refund_payment", "api:use_credit",
}  # fmt: skip
# They prove who they are in their own way.
SIGNED = {"payments:stripe_webhook", "payments:octo_webhook", "notifications:pusher_auth"}
# About one venue, for its owners and managers and for staff.
MANAGED = {
    "api:get_payment_settings",
    "api:put_payment_settings",
    "api:try_payment_keys",
    "api:add_closing",
    "api:cancel_session",
    "api:delete_closing",
    "api:list_closings",
    "api:add_sessions",
    "api:change_session",
    "api:delete_session",
    "api:get_session",
    "api:list_sessions",
    "api:get_balance",
    "api:get_team",
    "api:invite",
    "api:take_back",
    "api:change_role",
    "api:remove",
}
DEMO = {
    "notifications:demo_mail", "notifications:demo_mail_message", "notifications:demo_mail_html",
    "notifications:demo_mail_attachment",
}  # fmt: skip
KNOWN = OPEN | OWN | PRIVATE | SIGNED | MANAGED | DEMO
# They look at the provider, and write down what it says.
SYNCS = {"payments:return", "api:verify", "api:get_status"}


def names(resolver=None, space: str = "") -> list[str]:
    """Return the names of all addresses but the admin's, which tests/access/test_admin.py walks."""
    found = []
    for pattern in (resolver or get_resolver()).url_patterns:
        if hasattr(pattern, "url_patterns"):
            if pattern.namespace != "admin":
                found += names(pattern, f"{space}{pattern.namespace}:" if pattern.namespace else space)
        else:
            found.append(f"{space}{pattern.name}")
    return found


NAMES = sorted(set(names()))


@dataclass
class World:
    """A venue with one booking and its payment, and what addresses need to name them."""

    owner: User
    host: User
    booking: Booking
    payment: Payment
    arguments: dict = field(default_factory=dict)

    def url(self, name: str, **other: str) -> str:
        known = self.arguments | other
        if name == "account_reset_password_from_key":
            return reverse(name, kwargs={"uidb36": "1", "key": "abc-123"})
        for kwargs in ({}, *({one: known[one] for one in group.split()} for group in GROUPS)):
            try:
                return reverse(name, kwargs=kwargs)
            except Exception:
                continue
        raise AssertionError(f"what does {name} need?")


GROUPS = (
    "venue",
    "reference",
    "reference secret",
    "payment_id",
    "session_id",
    "closing_id",
    "venue member_id",
    "venue invitation_id",
    "venue room",
    "token_id",
    "token",
    "pk",
    "key",
    "name",
    "name n",
)


@pytest.fixture
def world() -> World:
    venue = factories.venue()
    room = factories.room(venue=venue)
    owner, host = factories.user(name=CANARY), factories.host(venue=venue)
    booking = factories.booking(room=room, user=owner, guest=factories.guest_details(user=owner, name=CANARY))
    payment = Payment.objects.create(
        booking=booking, provider="stripe", n=1, is_two_stage=True, currency="EUR", amount_minor=10_000
    )
    token = ApiToken.issue(user=host, name="desk")[0]
    day = clock.now().date()
    closing = Closing.objects.create(venue=venue, first_date=day, last_date=day)
    key = Authenticator.objects.create(
        user=factories.user(), type=Authenticator.Type.WEBAUTHN, data={"name": CANARY}
    )
    arguments = {
        "reference": booking.reference, "secret": booking.secret, "payment_id": payment.public_id,
        "session_id": factories.session(room=room).pk, "closing_id": closing.pk,
        "member_id": venue.members.get().pk, "invitation_id": 1,
        "venue": venue.slug, "room": room.slug, "token_id": token.pk, "pk": key.pk, "token": "unknown",
        "key": "x:y:z", "name": "x.eml", "n": 1,
    }  # fmt: skip
    return World(owner, host, booking, payment, arguments)


def logged_in(user: User, **options) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client


def with_header(value: str) -> Client:
    return Client(headers={"Authorization": value})


def token(user: User) -> str:
    return f"Bearer {ApiToken.issue(user=user, name='x', scopes=tuple(SCOPES))[1]}"


def strangers() -> dict[str, Client]:
    other = factories.booking()
    other_host = factories.host(venue=other.venue)
    guest = factories.user()
    by_link = Client()
    by_link.get(other.secret_path)
    return {
        "anonymous": Client(),
        "guest of another booking, by link": by_link,
        "guest of another booking, by secret": with_header(f"Booking {other.secret}"),
        "guessing guest": with_header("Booking " + "0" * 32),
        "another guest": logged_in(guest),
        "another guest's token": with_header(token(guest)),
        "another host": logged_in(other_host),
        "another host's token": with_header(token(other_host)),
        "staff member without rights": logged_in(factories.user(is_staff=True)),
    }


def test_every_address_is_in_one_table():
    assert set(NAMES) == KNOWN
    assert len(KNOWN) == sum(len(table) for table in (OPEN, OWN, PRIVATE, SIGNED, MANAGED, DEMO))


@pytest.mark.parametrize("method", ["get", "post"])
def test_attack_01_to_03_strangers_find_no_booking_and_no_payment(world, method):
    callers = strangers()
    for name in sorted(PRIVATE):
        url = world.url(name, secret="0" * 32)
        nowhere = world.url(name, reference="RHZZZZZZZZ", secret="0" * 32, payment_id=uuid.uuid4())
        for who, client in callers.items():
            there, absent = (_send(client, method, address) for address in (url, nowhere))

            # A body that is none is told before anything is looked for; after paying, anybody is led to the mail.
            told = (200,) if name == "payments:return" and method == "get" else (401, 404, 405, 422)
            assert there.status_code in told, (name, who)
            assert there.status_code == absent.status_code, (name, who)
            assert len(there.content) == len(absent.content), (name, who)
            assert CANARY not in there.content.decode(), (name, who)
    world.booking.refresh_from_db()
    assert world.booking.version == 1


def _send(client: Client, method: str, url: str):
    if method == "get":
        return client.get(url)
    return getattr(client, method)(url, "{}", content_type="application/json")


@pytest.mark.parametrize("name", sorted(PRIVATE - POSTED))
def test_attack_01_to_03_owner_opens_each(world, name):
    url, client = world.url(name), logged_in(world.owner)
    if name in ("api:approve", "api:decline"):
        client = logged_in(world.host)
        assert _send(client, "post", url).status_code == 409
    elif name == "api:cancel":
        assert _send(client, "post", url).status_code == 200
    else:
        assert client.get(url).status_code in (200, 302)


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_attack_01_to_03_strangers_find_no_venues_settings(world, method):
    callers = strangers() | {"the venue's guest": logged_in(world.owner)}
    clerk = factories.host(venue=world.booking.venue, role="clerk")
    callers |= {"its clerk": logged_in(clerk), "its clerk's token": with_header(token(clerk))}
    for name in sorted(MANAGED):
        url, nowhere = world.url(name), world.url(name, venue="no-such-venue")
        for who, client in callers.items():
            there, absent = (_send(client, method, address) for address in (url, nowhere))

            # A body that is none is told before anything is looked for.
            assert there.status_code in (401, 404, 405, 422), (name, who)
            assert there.status_code == absent.status_code, (name, who)
            assert len(there.content) == len(absent.content), (name, who)


@pytest.mark.parametrize("name", sorted(OWN))
def test_attack_04_anonymous_visitor_is_sent_to_log_in(world, name):
    answer = Client().get(world.url(name))

    if name.startswith("api:"):
        assert answer.status_code == 401
    elif name == "accounts:revoke_token":
        assert answer.status_code in (302, 405)
    else:
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("account_login"))


def test_attack_04_token_of_another_user_is_not_revoked(world):
    answer = logged_in(factories.user(is_staff=True)).post(world.url("accounts:revoke_token"))

    assert answer.status_code == 404
    assert ApiToken.objects.filter(pk=world.arguments["token_id"]).exists()


@pytest.mark.parametrize("name", NAMES)
def test_attack_39_post_without_csrf_token_is_refused_everywhere(world, name):
    client = logged_in(world.host, enforce_csrf_checks=True)

    answer = _send(client, "post", world.url(name))

    if name in ("payments:stripe_webhook", "payments:octo_webhook"):
        assert answer.status_code == 400
    elif name in ("api:post_quote", "api:create_booking"):
        # What is asked is looked at first, and nothing is asked here; see tests/api/test_auth.py.
        assert answer.status_code in (403, 422)
    elif name.startswith("api:"):
        assert answer.status_code in (403, 404, 405)
    else:
        assert answer.status_code == 403
    world.booking.refresh_from_db()
    assert world.booking.version == 1


@pytest.mark.parametrize("name", NAMES)
def test_no_get_changes_a_row(world, name):
    for client in (logged_in(world.owner), logged_in(world.host), logged_in(factories.staff())):
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(world.url(name))

        assert answer.status_code < 500
        written = [query["sql"] for query in queries if WRITES.match(query["sql"])]
        allowed = ("django_session", *(["payments_payment"] if name in SYNCS else []))
        assert [sql for sql in written if not any(f'"{table}"' in sql for table in allowed)] == []


WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|TRUNCATE|ALTER|DROP)", re.IGNORECASE)


@pytest.mark.parametrize("name", sorted(OWN | PRIVATE))
def test_attack_47_private_answers_are_kept_by_no_cache(world, name):
    client = logged_in(world.host if name == "accounts:tokens" else world.owner)

    answer = client.get(world.url(name))

    assert "Cookie" in answer["Vary"]
    if answer.status_code != 405:
        assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("name", NAMES)
def test_attack_48_no_answer_may_be_framed_or_run_foreign_scripts(world, name):
    answer = logged_in(world.owner).get(world.url(name), follow=True)

    policy = answer["Content-Security-Policy"]
    directives = {line.split()[0]: line.split()[1:] for line in policy.split("; ")}
    assert directives["frame-ancestors"] == directives["default-src"] == directives["base-uri"] == ["'none'"]
    assert directives["script-src"][0] == "'self'"
    assert all(source.startswith("'nonce-") for source in directives["script-src"][1:])
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] in ("same-origin", "no-referrer")
    if answer["Content-Type"].startswith("text/html"):
        _check_markup(answer.content.decode())


def _check_markup(html: str) -> None:
    for tag in re.findall(r"<script\b[^>]*>", html):
        assert 'src="/static/' in tag or 'type="application/json"' in tag, tag
    assert not re.search(r"<style\b", html)
    assert not re.search(r"<[^>]*\s(style|on[a-z]+)=", html)
    assert not re.search(r'(href|action)="\s*javascript:', html, re.IGNORECASE)
    for address in re.findall(r'<(?:script|link|img|iframe)\b[^>]*\s(?:src|href)="([^"]*)"', html):
        assert address.startswith(("/", "data:")) and not address.startswith("//"), address


def test_attack_48_admin_alone_may_evaluate():
    answer = Client().get(reverse("admin:login"), follow=True)

    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
