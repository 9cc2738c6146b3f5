"""Attacks over HTTP: numbers in test names are the rows of docs/reliability.md, section 5.

Beside these: tests/test_attacks_crawl.py (1-4, 39, 47, 48), tests/test_access_admin.py (4-6), tests/api/ (7-9, 12,
42, 43 of the API), tests/test_attacks_input.py (42-46), tests/payments/test_webhooks.py (13-19, 23, 24).
"""

import gzip
import hashlib
import hmac
import json
import time

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from bookings.models import Booking
from bookings.states import Status
from payments.models import Payment, WebhookEvent
from payments.providers.stripe import verify_signature
from rooms.models import Room
from tests import factories
from tests.api.callers import WAYS, Api, as_guest_of, as_user, booking_in, choice
from tests.attacks import book_url, filled_in
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    cache.clear()


@pytest.fixture
def room(db) -> Room:
    return factories.room()


@pytest.fixture
def host(room) -> User:
    return factories.host(venue=room.venue)



# --- 7: fields nobody asked for -------------------------------------------------------------------------------

EXTRA = {
    "status": "CONFIRMED", "total_minor": 1, "due_minor": 0, "price": 1, "fee_percent": 0, "decision": "approved",
    "venue": 1, "guest": 1, "currency": "UZS", "link_version": 9, "is_staff": "on", "is_superuser": "on",
    "groups": 1, "decided_by": 1, "paid_at": "2026-01-01",
}  # fmt: skip


def test_row_7_book_form_ignores_status_price_and_fee(client, room):
    client.post(book_url(room), filled_in(room) | EXTRA)

    booking = Booking.objects.get()
    assert (booking.status, booking.total_minor, booking.due_minor) == (Status.PENDING_PAYMENT, 20_000, 20_000)
    assert (booking.fee_percent, booking.venue, booking.guest, booking.link_version) == (10, room.venue, None, 1)


def test_row_7_sign_up_ignores_rights(client):
    form = {"email": "eve@example.org", "name": "Eve", "password1": PASSWORD, "password2": PASSWORD}

    client.post(reverse("account_signup"), form | EXTRA)

    user = User.objects.get(email="eve@example.org")
    assert (user.is_staff, user.is_superuser, user.groups.count()) == (False, False, 0)


def test_row_7_profile_ignores_rights_and_email(client):
    user = factories.user(email="ada@example.org")
    client.force_login(user)

    client.post(reverse("accounts:profile"), {"name": "Ada", "phone": "", "email": "eve@example.org"} | EXTRA)

    user.refresh_from_db()
    assert (user.name, user.email, user.is_staff, user.is_superuser) == ("Ada", "ada@example.org", False, False)


# --- 8: steps out of order ------------------------------------------------------------------------------------

STEPS = {
    "bookings/{}/approve": {Status.PENDING_APPROVAL, Status.CONFIRMED, Status.COMPLETED},
    "bookings/{}/decline": {Status.PENDING_APPROVAL, Status.DECLINED},
    "bookings/{}/payment/session": {Status.PENDING_PAYMENT},
}


FORBIDDEN = [
    (step, status) for step, allowed in STEPS.items() for status in (Status.DRAFT, *WAYS) if status not in allowed
]


@pytest.mark.parametrize(("step", "status"), FORBIDDEN)
def test_row_8_step_from_a_status_that_forbids_it_is_a_conflict(room, host, status, step):
    booking = booking_in(Status.PENDING_PAYMENT if status == Status.DRAFT else status, room, host)
    Booking.objects.filter(pk=booking.pk).update(status=status)
    caller = as_guest_of(booking) if "session" in step else as_user(host)

    answer = caller.post(step.format(booking.reference))

    booking.refresh_from_db()
    assert answer.status_code == 409
    assert (booking.status, booking.events.filter(version__gt=booking.version).count()) == (status, 0)
    assert not Payment.objects.exists()


@pytest.mark.parametrize("status", [status for status in WAYS if status != Status.PENDING_PAYMENT])
def test_row_8_pay_page_of_a_booking_with_nothing_to_pay_opens_none(client, room, host, status):
    booking = booking_in(status, room, host)
    client.get(booking.secret_path)

    answer = client.post(reverse("payments:pay", args=[booking.reference]))

    assert (answer.status_code, answer["Location"]) == (302, booking.get_absolute_url())
    assert not Payment.objects.exists()


# --- 9, 12: amounts and dates ---------------------------------------------------------------------------------


@pytest.mark.parametrize("price", ["-1", "NaN", "Infinity", "1e400", "0.001", "9" * 40, "1,5", "0x10", "", " "])
def test_row_9_strange_amounts_in_the_search_are_no_fault(client, room, price):
    assert client.get(reverse("rooms:search"), {"price_max": price}).status_code == 200
    assert client.get("/api/v1/rooms", {"price_max_minor": price}).status_code in (200, 422)


@pytest.mark.parametrize("amount", ["-1", "1.5", "NaN", "1e400", "9" * 40, "free"])
def test_row_9_strange_amounts_in_the_book_form_make_no_booking(client, room, amount):
    answer = client.post(book_url(room), filled_in(room, expected_total_minor=amount))

    assert answer.status_code == 422
    assert not Booking.objects.exists()


STRANGE_DATES = [
    ("2027-05-10", "2027-05-08"), ("2027-05-10", "2027-05-10"), ("2020-01-01", "2020-01-02"),
    ("2127-01-01", "2127-01-02"), ("2027-05-10", "2127-05-10"), ("0001-01-01", "9999-12-31"),
    ("2027-02-30", "2027-03-01"), ("10/05/2027", "12/05/2027"), ("2027-05-10\0", "2027-05-12"), ("", "2027-05-12"),
    ("-0001-01-01", "2027-05-12"), ("٢٠٢٧-٠٥-١٠", "2027-05-12"),
]  # fmt: skip


@pytest.mark.parametrize(("check_in", "check_out"), STRANGE_DATES)
def test_row_12_strange_dates_are_answered_on_every_page_and_book_nothing(client, room, check_in, check_out):
    dates = {"check_in": check_in, "check_out": check_out}
    where = [room.venue.slug, room.slug]

    for name in ("rooms:detail", "rooms:calendar", "rooms:slots", "rooms:quote", "bookings:book"):
        assert client.get(reverse(name, args=where), {**dates, "party_size": 2}).status_code < 500, name
    assert client.get(reverse("rooms:search"), dates).status_code < 500
    assert client.get("/api/v1/rooms", dates).status_code in (200, 422)
    span = {"from": check_in, "to": check_out}
    assert client.get(f"/api/v1/rooms/{room.path}/availability", span).status_code in (200, 422)
    assert Api().post("quotes", choice(room, **dates)).status_code in (400, 422)
    assert Api().post("bookings", choice(room, **dates)).status_code in (400, 422)
    assert client.post(book_url(room), filled_in(room, **dates)).status_code == 422
    assert not Booking.objects.exists()


@pytest.mark.parametrize("moment", ["2027-03-28T02:30", "2027-13-01T10:00", "noon", "9999-12-31T23:59+14:00", "\0"])
def test_row_12_strange_hours_are_answered_on_every_page_and_book_nothing(client, moment):
    room = factories.room(kind="conference", booking_window_days=1000)
    hours = {"start": moment, "end": "2027-03-28T12:30", "check_in": None, "check_out": None}
    sent = {name: value for name, value in hours.items() if value}

    for name in ("rooms:detail", "rooms:slots", "rooms:quote", "bookings:book"):
        url = reverse(name, args=[room.venue.slug, room.slug])
        assert client.get(url, {**sent, "party_size": 2, "date": moment, "month": moment}).status_code < 500, name
    assert Api().post("quotes", choice(room, **hours)).status_code in (400, 422)
    assert Api().post("bookings", choice(room, **hours)).status_code in (400, 422)
    assert client.post(book_url(room), filled_in(room, **sent)).status_code == 422
    assert not Booking.objects.exists()


# --- 19, 20: webhooks -----------------------------------------------------------------------------------------

EVENT = json.dumps({"id": "evt_1", "object": "event", "type": "charge.updated", "livemode": False, "data": {}})


def sign(body: bytes, secret: str) -> str:
    at = int(time.time())
    return f"t={at},v1={hmac.new(secret.encode(), f'{at}.'.encode() + body, hashlib.sha256).hexdigest()}"


def webhook(client, body: bytes, signature: str, **headers: str):
    headers = {"Stripe-Signature": signature, **headers}
    return client.post("/webhooks/stripe/", body, content_type="application/json", headers=headers)


@pytest.mark.parametrize(
    "changed",
    [
        json.dumps(json.loads(EVENT), indent=1).encode(),
        b"\xef\xbb\xbf" + EVENT.encode(),
        EVENT.replace('"evt_1"', '"evt_1", "id": "evt_2"').encode(),
        EVENT.encode("utf-16"),
        EVENT.encode() + b"\n",
    ],
)
def test_row_19_body_written_otherwise_than_signed_is_refused(client, settings, changed):
    signature = sign(EVENT.encode(), settings.STRIPE_WEBHOOK_SECRETS[0])

    assert webhook(client, changed, signature).status_code == 400
    assert not WebhookEvent.objects.exists()


def test_row_19_one_true_signature_among_others_counts_and_none_does_not(client, settings):
    body, (secret, *_rest) = EVENT.encode(), settings.STRIPE_WEBHOOK_SECRETS
    good = sign(body, secret)
    at, v1 = good.split(",")

    assert webhook(client, body, f"{at},v1={'0' * 64},v1={'1' * 64}").status_code == 400
    assert webhook(client, body, f"{at},v0={v1.removeprefix('v1=')}").status_code == 400
    assert webhook(client, body, f"{at},v1={'0' * 64},{v1}").status_code == 200
    assert verify_signature(body, good, [], now=time.time()) is False


def test_row_20_fifty_megabytes_are_refused_by_their_length(client):
    answer = client.generic(
        "POST", "/webhooks/stripe/", b"x", content_type="application/json", CONTENT_LENGTH=str(50 * 1024 * 1024)
    )

    assert answer.status_code == 413
    assert not WebhookEvent.objects.exists()


def test_row_20_gzip_is_not_unpacked(client, settings):
    bomb = gzip.compress(b"0" * 10_000_000)
    signature = sign(b"0" * 10_000_000, settings.STRIPE_WEBHOOK_SECRETS[0])

    assert webhook(client, bomb, signature, **{"Content-Encoding": "gzip"}).status_code == 400
    assert not WebhookEvent.objects.exists()


# --- 32-34: where answers lead, and who is believed -----------------------------------------------------------

ELSEWHERE = [
    "//evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example", "https:/evil.example",
    "https://evil.example", "http:///evil.example", "///evil.example", "////evil.example", "/\t/evil.example",
    "\t//evil.example", " //evil.example", "//evil.example/%2f..", "https://testserver@evil.example",
    "https://testserver.evil.example", "javascript:alert(1)", "data:text/html,x", "ftp://evil.example",
    "https://evil.example#testserver", "https://evil.example?testserver", "//evil%E3%80%82example", "\n//evil.example",
    "/%09/evil.example\r\nLocation: https://evil.example", "//0x7f000001", "//[::1]", "https://[evil.example",
    "http:evil.example", "HTTPS://EVIL.EXAMPLE", "//evil.example:443", "//evil.example\\@testserver",
]  # fmt: skip


@pytest.mark.parametrize("target", ELSEWHERE)
def test_row_32_login_leads_to_no_other_site(client, target):
    user = factories.user()

    answer = client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD, "next": target})

    assert answer.status_code == 302
    assert _is_own(answer["Location"])


@pytest.mark.parametrize("target", ELSEWHERE)
def test_row_32_logout_leads_to_no_other_site(client, target):
    client.force_login(factories.user())

    answer = client.post(reverse("account_logout"), {"next": target})

    assert answer.status_code == 302
    assert _is_own(answer["Location"])


def _is_own(location: str) -> bool:
    return location.startswith("/") and not location.startswith(("//", "/\\")) and "\n" not in location


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "evil.example:80", "testserver@evil"])
def test_row_33_foreign_host_is_refused(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 400
    assert client.get("/api/v1/rooms", headers={"Host": host}).status_code == 400


def test_row_33_reset_mail_names_our_host_whatever_is_forwarded(client):
    user = factories.user()
    headers = {"X-Forwarded-Host": "evil.example", "X-Host": "evil.example", "Forwarded": "host=evil.example"}

    client.post(reverse("account_reset_password"), {"email": user.email}, headers=headers)

    (letter,) = mail.outbox
    assert "evil" not in letter.body
    assert "/account/password/reset/key/" in letter.body


def test_row_34_forwarded_addresses_do_not_pass_the_booking_limit(settings, room):
    settings.BOOKINGS_PER_IP_HOUR = 3
    answers = [
        Api().post("bookings", choice(room, days_ahead=10 + 3 * n), **{"X-Forwarded-For": f"198.51.100.{n}"})
        for n in range(5)
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 429, 429]
    assert answers[-1].json()["code"] == "too_many_requests"
    assert int(answers[-1]["Retry-After"]) > 0


def test_row_34_forwarded_addresses_do_not_pass_the_login_limit(client):
    user = factories.user()
    form = {"login": user.email, "password": "wrong"}

    texts = [
        client.post(reverse("account_login"), form, headers={"X-Forwarded-For": f"198.51.100.{n}"}).content.decode()
        for n in range(12)
    ]

    assert "Too many failed login attempts" in texts[-1]


# --- 35, 37: what may be found out ----------------------------------------------------------------------------


def _plain(answer) -> tuple:
    """An answer without what is new in every one."""
    text = answer.content.decode()
    for name in ("csrfmiddlewaretoken", "nonce"):
        text = " ".join(part for part in text.split() if name not in part and "value=" not in part)
    return answer.status_code, answer.get("Location"), text


def test_row_35_login_says_the_same_of_known_and_unknown_addresses():
    factories.user(email="ada@example.org")
    answers = [
        Client().post(reverse("account_login"), {"login": email, "password": "wrong"})
        for email in ("ada@example.org", "eve@example.org")
    ]

    assert _plain(answers[0]) == _plain(answers[1])


class CountingHasher(MD5PasswordHasher):
    """Counts the work a password costs."""

    algorithm = "counting"
    count = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.count += 1
        return super().encode(password, salt)


def test_row_35_login_works_as_hard_for_unknown_addresses(settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    factories.user(email="ada@example.org")
    costs = []
    for email in ("ada@example.org", "eve@example.org"):
        before = CountingHasher.count
        Client().post(reverse("account_login"), {"login": email, "password": "wrong"})
        costs.append(CountingHasher.count - before)

    assert costs[0] == costs[1] > 0


def test_row_35_reset_says_the_same_of_known_and_unknown_addresses():
    factories.user(email="ada@example.org")
    answers = [
        Client().post(reverse("account_reset_password"), {"email": email})
        for email in ("ada@example.org", "eve@example.org")
    ]

    assert _plain(answers[0]) == _plain(answers[1])
    assert answers[0].status_code == 302


def test_row_35_sign_up_says_the_same_of_known_and_unknown_addresses():
    factories.user(email="ada@example.org")
    answers = [
        Client().post(
            reverse("account_signup"), {"email": email, "name": "A", "password1": PASSWORD, "password2": PASSWORD}
        )
        for email in ("ada@example.org", "eve@example.org")
    ]

    assert _plain(answers[0]) == _plain(answers[1])
    assert answers[0].status_code == 302


def test_row_35_booking_says_nothing_of_whether_the_guest_has_an_account(room):
    factories.user(email="ada@example.org")
    guests = [{"name": "A", "email": email} for email in ("ada@example.org", "eve@example.org")]

    answers = [Api().post("bookings", choice(room, days_ahead=10 + 5 * n, guest=guests[n])) for n in (0, 1)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert set(answers[0].json()) == set(answers[1].json())
    assert not Booking.objects.exclude(guest=None).exists()


def guesses(booking) -> dict[str, str]:
    secret = booking.secret
    return {
        "none": "0" * 32,
        "half": secret[:16],
        "one digit off": secret[:-1] + ("0" if secret[-1] != "0" else "1"),
        "longer": secret + "0",
        "upper case": secret.upper() if secret.upper() != secret else secret[::-1],
        "of another booking": factories.booking().secret,
        "the reference": booking.reference,
    }


def test_row_37_guessed_links_open_nothing(client, room):
    booking = factories.booking(room=room)

    for what, guess in guesses(booking).items():
        answer = client.get(reverse("bookings:open", args=[booking.reference, guess]))
        assert answer.status_code == 404, what
        assert Api(f"Booking {guess}").get(f"bookings/{booking.reference}").status_code == 404, what
    assert client.get(booking.get_absolute_url()).status_code == 404


def test_row_37_raised_version_kills_link_and_open_session(client, room):
    booking = factories.booking(room=room)
    old = booking.secret_path
    client.get(old)
    assert client.get(booking.get_absolute_url()).status_code == 200

    Booking.objects.filter(pk=booking.pk).update(link_version=2)

    assert client.get(booking.get_absolute_url()).status_code == 404
    assert client.get(old).status_code == 404


def test_row_37_link_leaves_no_trace_in_the_next_address(client, room):
    booking = factories.booking(room=room)

    answer = client.get(booking.secret_path)

    assert (answer.status_code, answer["Location"]) == (302, booking.get_absolute_url())
    assert answer["Referrer-Policy"] == "no-referrer"
    assert booking.secret not in client.get(booking.get_absolute_url()).content.decode()


def test_row_37_secret_has_128_bits_and_tells_nothing_of_the_next(room):
    one, two = factories.booking(room=room), factories.booking(room=room, days_ahead=20)

    assert len(bytes.fromhex(one.secret)) == 16
    assert one.secret != two.secret
