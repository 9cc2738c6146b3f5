"""Whatever stands in a header we read, a stranger gets an answer and never an error of ours."""

import time

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken
from bookings.models import Booking
from payments.models import WebhookEvent
from tests.support import factories

pytestmark = pytest.mark.django_db

# Bytes as WSGI hands them on: each is one Latin-1 character.
HOSTILE = (
    "", "é", "\x80\xff", "\u00a0", "-1", "9" * 400, "a" * 20_000, ",", ";=", "Bearer é", "Booking \xff", "Basic e",
    'W/"x', "xx-é;q=nan", "bytes=9-1", "t=1,v1=é", "[::1", "999.1.1.1",
)  # fmt: skip
# Not Content-Length: the server itself refuses one that is no number.
HEADERS = (
    "Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Content-Type", "Cookie", "Forwarded",
    "HX-Boosted", "HX-Current-URL", "HX-Request", "HX-Target", "HX-Trigger", "Idempotency-Key",
    "If-Modified-Since", "If-None-Match", "Origin", "Range", "Referer", "Sec-Fetch-Dest",
    "Stripe-Signature", "User-Agent",
    "X-Csrftoken", "X-Forwarded-For", "X-Forwarded-Proto", "X-Request-Id",
)  # fmt: skip


@pytest.fixture
def client(settings) -> Client:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_tests"]
    return Client(raise_request_exception=False)


def ask(client: Client, method: str, address: str, header: str, value: str) -> int:
    name = header.upper().replace("-", "_")
    extra = {name if name == "CONTENT_TYPE" else f"HTTP_{name}": value}
    return client.generic(method, address, b"{}", **extra).status_code


@pytest.mark.parametrize("header", HEADERS)
def test_no_header_makes_an_error_of_ours(client, header):
    room = factories.room()
    doors = [
        ("GET", "/"),
        ("GET", room.get_absolute_url()),
        ("GET", reverse("bookings:list")),
        ("GET", "/admin/"),
        ("GET", "/api/v1/bookings"),
        ("POST", "/api/v1/bookings"),
        ("POST", reverse("payments:stripe_webhook")),
        ("POST", reverse("payments:octo_webhook")),
    ]

    answers = {
        (method, address, value): ask(client, method, address, header, value)
        for method, address in doors
        for value in HOSTILE
    }

    assert {asked: status for asked, status in answers.items() if status >= 500} == {}
    assert not Booking.objects.exists()
    assert not WebhookEvent.objects.exists()
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("signature", ["é", "\x80\xff", "t={now},v1=é", "t={now},v1=\xff,v0=a", "t=é,v1=a"])
def test_signature_of_other_letters_is_refused_and_leaves_no_trace(client, signature):
    header = signature.format(now=int(time.time()))

    answer = client.generic("POST", reverse("payments:stripe_webhook"), b"{}", HTTP_STRIPE_SIGNATURE=header)

    assert answer.status_code == 400
    assert not WebhookEvent.objects.exists()
