"""Attacks over HTTP: numbers in test names are the rows of docs/reliability/attacks.md.

Beside these: tests/attacks/test_crawl.py (1-4, 39, 47, 48), tests/access/test_admin.py (4-6), tests/api/ (7-9, 12,
42, 43 of the API), tests/attacks/test_identity.py (32-37),
tests/attacks/test_input.py (42-46), tests/payments/webhooks/test_services.py (13-19, 23, 24).
"""

import gzip
import hashlib
import hmac
import json
import time

import pytest
from django.core.cache import cache
from django.urls import reverse

from accounts.models import User
from bookings.models import Booking
from bookings.states import Status
from payments.models import Payment, WebhookEvent
from payments.providers.stripe.client import verify_signature
from rooms.models import Room
from tests.api.callers import WAYS, Api, as_guest_of, as_user, booking_in, choice
from tests.support import factories
from tests.support.attacks import book_url, filled_in
from tests.support.factories import PASSWORD

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


def test_attack_07_book_form_ignores_status_price_and_fee(client, room):
    client.post(book_url(room), filled_in(room) | EXTRA)

    booking = Booking.objects.get()
    assert (booking.status, booking.total_minor, booking.due_minor) == (
        Status.PENDING_PAYMENT,
        20_000,
        20_000,
    )
    assert (booking.fee_percent, booking.venue, booking.guest, booking.link_version) == (
        10,
        room.venue,
        None,
        1,
    )


def test_attack_07_sign_up_ignores_rights(client):
    form = {"email": "eve@example.org", "name": "Eve", "password1": PASSWORD, "password2": PASSWORD}

    client.post(reverse("account_signup"), form | EXTRA)

    user = User.objects.get(email="eve@example.org")
    assert (user.is_staff, user.is_superuser, user.groups.count()) == (False, False, 0)


def test_attack_07_profile_ignores_rights_and_email(client):
    user = factories.user(email="ada@example.org")
    client.force_login(user)

    client.post(reverse("accounts:profile"), {"name": "Ada", "phone": "", "email": "eve@example.org"} | EXTRA)

    user.refresh_from_db()
    assert (user.name, user.email, user.is_staff, user.is_superuser) == (
        "Ada",
        "ada@example.org",
        False,
        False,
    )


# --- 8: steps out of order ------------------------------------------------------------------------------------

STEPS = {
    "bookings/{}/approve": {Status.PENDING_APPROVAL, Status.CONFIRMED, Status.COMPLETED},
    "bookings/{}/decline": {Status.PENDING_APPROVAL, Status.DECLINED},
    "bookings/{}/payment/session": {Status.PENDING_PAYMENT},
}


FORBIDDEN = [
    (step, status)
    for step, allowed in STEPS.items()
    for status in (Status.DRAFT, *WAYS)
    if status not in allowed
]


@pytest.mark.parametrize(("step", "status"), FORBIDDEN)
def test_attack_08_step_from_a_status_that_forbids_it_is_a_conflict(room, host, status, step):
    booking = booking_in(Status.PENDING_PAYMENT if status == Status.DRAFT else status, room, host)
    Booking.objects.filter(pk=booking.pk).update(status=status)
    caller = as_guest_of(booking) if "session" in step else as_user(host)

    answer = caller.post(step.format(booking.reference))

    booking.refresh_from_db()
    assert answer.status_code == 409
    assert (booking.status, booking.events.filter(version__gt=booking.version).count()) == (status, 0)
    assert not Payment.objects.exists()


@pytest.mark.parametrize("status", [status for status in WAYS if status != Status.PENDING_PAYMENT])
def test_attack_08_pay_page_of_a_booking_with_nothing_to_pay_opens_none(client, room, host, status):
    booking = booking_in(status, room, host)
    client.get(booking.secret_path)

    answer = client.post(reverse("payments:pay", args=[booking.reference]))

    assert (answer.status_code, answer["Location"]) == (302, booking.get_absolute_url())
    assert not Payment.objects.exists()


# --- 9, 12: amounts and dates ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "price", ["-1", "NaN", "Infinity", "1e400", "0.001", "9" * 40, "1,5", "0x10", "", " "]
)
def test_attack_09_strange_amounts_in_the_search_are_no_fault(client, room, price):
    assert client.get(reverse("rooms:search"), {"price_max": price}).status_code == 200
    assert client.get("/api/v1/rooms", {"price_max_minor": price}).status_code in (200, 422)


@pytest.mark.parametrize("amount", ["-1", "1.5", "NaN", "1e400", "9" * 40, "free"])
def test_attack_09_strange_amounts_in_the_book_form_make_no_booking(client, room, amount):
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
def test_attack_12_strange_dates_are_answered_on_every_page_and_book_nothing(
    client, room, check_in, check_out
):
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


@pytest.mark.parametrize(
    "moment", ["2027-03-28T02:30", "2027-13-01T10:00", "noon", "9999-12-31T23:59+14:00", "\0"]
)
def test_attack_12_strange_hours_are_answered_on_every_page_and_book_nothing(client, moment):
    room = factories.room(kind="conference", booking_window_days=1000)
    hours = {"start": moment, "end": "2027-03-28T12:30", "check_in": None, "check_out": None}
    sent = {name: value for name, value in hours.items() if value}

    for name in ("rooms:detail", "rooms:slots", "rooms:quote", "bookings:book"):
        url = reverse(name, args=[room.venue.slug, room.slug])
        assert (
            client.get(url, {**sent, "party_size": 2, "date": moment, "month": moment}).status_code < 500
        ), name
    assert Api().post("quotes", choice(room, **hours)).status_code in (400, 422)
    assert Api().post("bookings", choice(room, **hours)).status_code in (400, 422)
    assert client.post(book_url(room), filled_in(room, **sent)).status_code == 422
    assert not Booking.objects.exists()


# --- 19, 20: webhooks -----------------------------------------------------------------------------------------

EVENT = json.dumps(
    {"id": "evt_1", "object": "event", "type": "charge.updated", "livemode": False, "data": {}}
)


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
def test_attack_19_body_written_otherwise_than_signed_is_refused(client, settings, changed):
    signature = sign(EVENT.encode(), settings.STRIPE_WEBHOOK_SECRETS[0])

    assert webhook(client, changed, signature).status_code == 400
    assert not WebhookEvent.objects.exists()


def test_attack_19_one_true_signature_among_others_counts_and_none_does_not(client, settings):
    body, (secret, *_rest) = EVENT.encode(), settings.STRIPE_WEBHOOK_SECRETS
    good = sign(body, secret)
    at, v1 = good.split(",")

    assert webhook(client, body, f"{at},v1={'0' * 64},v1={'1' * 64}").status_code == 400
    assert webhook(client, body, f"{at},v0={v1.removeprefix('v1=')}").status_code == 400
    assert webhook(client, body, f"{at},v1={'0' * 64},{v1}").status_code == 200
    assert verify_signature(body, good, [], now=time.time()) is False


def test_attack_20_fifty_megabytes_are_refused_by_their_length(client):
    answer = client.generic(
        "POST",
        "/webhooks/stripe/",
        b"x",
        content_type="application/json",
        CONTENT_LENGTH=str(50 * 1024 * 1024),
    )

    assert answer.status_code == 413
    assert not WebhookEvent.objects.exists()


def test_attack_20_gzip_is_not_unpacked(client, settings):
    bomb = gzip.compress(b"0" * 10_000_000)
    signature = sign(b"0" * 10_000_000, settings.STRIPE_WEBHOOK_SECRETS[0])

    assert webhook(client, bomb, signature, **{"Content-Encoding": "gzip"}).status_code == 400
    assert not WebhookEvent.objects.exists()
