"""Attacks on Octo's webhook, on texts and files about money, on pages; numbers: docs/reliability/attacks.md.

Beside these: tests/attacks/test_amounts.py (7-9), tests/payments/lifecycle/test_octo_way.py (13-17, 21 of Octo),
tests/payments/refunds/test_services.py (10), tests/payments/credits/test_credits.py (11),
tests/access/test_matrix.py (4, 5, 39 of the admin).
"""

import csv
import gzip
import hashlib
import io
import json

import pytest
from django.core.cache import cache
from django.urls import reverse
from kombu import Connection, Exchange, Producer, Queue
from kombu.exceptions import ContentDisallowed

from bookings.lifecycle.outbox import deliver_receipt
from bookings.models import Booking
from config.celery import app as celery
from notifications import services as notifications
from notifications.models import Delivery
from payments.models import (
    Credit,
    Payment,
    PaymentOperation,
    PaymentSettings,
    Payout,
    Refund,
    WebhookEvent,
)
from payments.payouts import bank_export
from payments.payouts import services as payouts
from tests.api.callers import Api, as_guest_of, as_user
from tests.attacks.test_input import MEGABYTE, POISON
from tests.payments import books
from tests.payments.octo_way import octo_venue
from tests.payments.paying import paid_by_hand
from tests.support import factories
from tests.support.attacks import SCRIPT, due, refund_path
from tests.support.pages import text

pytestmark = pytest.mark.django_db

OCTO = "/webhooks/octo/"


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    cache.clear()


@pytest.fixture
def booking() -> Booking:
    """A confirmed booking of 100 euros, paid."""
    return paid_by_hand()


@pytest.fixture
def staff() -> Api:
    return as_user(factories.staff())


# --- 13-22: Octo's webhook --------------------------------------------------------------------------------------


@pytest.fixture
def octo_payment(settings) -> Payment:
    """A payment with Octo whose pay page is open."""
    settings.OCTO_SHOP_ID, settings.OCTO_SECRET, settings.OCTO_UNIQUE_KEY = 42, "secret", "unique"
    booking = factories.booking(room=factories.room(venue=octo_venue(), kind="conference", approval="none"))
    key = f"{booking.reference}-checkout-1"
    payment = Payment.objects.create(
        booking=booking, provider="octo", n=1, is_two_stage=False, currency="UZS", session_ref=key,
        amount_minor=booking.total_minor, provider_ref="3f1c0de0-0000-4000-8000-000000000001",
    )  # fmt: skip
    PaymentOperation.objects.create(
        payment=payment, kind="checkout", key=key, state="done", lease_until=booking.created_at
    )
    return payment


def callback(payment: Payment, *, key: str = "unique", status: str = "succeeded", **fields) -> dict:
    signature = hashlib.sha1(f"{key}{payment.provider_ref}{status}".encode()).hexdigest()
    return {
        "shop_transaction_id": payment.session_ref, "octo_payment_UUID": payment.provider_ref, "status": status,
        "signature": signature.upper(), "hash_key": "h", **fields,
    }  # fmt: skip


def tell(client, body: dict | bytes, **headers: str):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(OCTO, data, content_type="application/json", headers=headers)


def without(fields: dict, name: str) -> dict:
    return {key: value for key, value in fields.items() if key != name}


FORGED = {
    "no signature": lambda p: without(callback(p), "signature"),
    "empty signature": lambda p: callback(p, signature=""),
    "another key": lambda p: callback(p, key="other"),
    "no key": lambda p: callback(p, key=""),
    "signed for another status": lambda p: callback(p, status="created") | {"status": "succeeded"},
    "signed for another payment": lambda p: (
        callback(p) | {"octo_payment_UUID": "3f1c0de0-0000-4000-8000-000000000002"}
    ),
    "a list": lambda p: [callback(p)],
    "signature twice": lambda p: json.dumps(callback(p)).encode().replace(b"{", b'{"signature": "00", ', 1),
    "status twice": lambda p: json.dumps(callback(p)).encode().replace(b"{", b'{"status": "created", ', 1),
    "with a mark": lambda p: b"\xef\xbb\xbf\xef\xbb\xbf" + json.dumps(callback(p)).encode(),
    "no number": lambda p: json.dumps(callback(p, total_sum=float("nan"))).encode(),
    "deep": lambda p: b"[" * 100_000,
}


@pytest.mark.parametrize("forged", FORGED)
def test_attack_13_to_19_octo_callback_not_truly_signed_leaves_no_trace(client, octo_payment, forged):
    assert tell(client, FORGED[forged](octo_payment)).status_code == 400
    assert not WebhookEvent.objects.exists()


def test_attack_16_octo_callback_without_a_key_of_ours_is_refused(client, octo_payment, settings):
    settings.OCTO_UNIQUE_KEY = ""

    assert tell(client, callback(octo_payment, key="")).status_code == 400
    assert not WebhookEvent.objects.exists()


def test_attack_17_octo_callback_sent_again_is_kept_once(client, octo_payment):
    for _ in range(3):
        assert tell(client, callback(octo_payment)).status_code == 200

    assert WebhookEvent.objects.count() == 1


def test_attack_20_octo_callback_of_fifty_megabytes_or_zipped_is_refused(client, octo_payment):
    huge = client.generic(
        "POST", OCTO, b"x", content_type="application/json", CONTENT_LENGTH=str(50 * 1024 * 1024)
    )
    zipped = gzip.compress(json.dumps(callback(octo_payment)).encode())

    assert huge.status_code == 413
    assert tell(client, zipped, **{"Content-Encoding": "gzip"}).status_code == 400
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("status", ["waiting_for_capture", "wait_user_action", "succeeded"])
def test_attack_22_octo_is_never_told_what_to_do_with_held_money(client, octo_payment, status):
    answer = tell(client, callback(octo_payment, status=status))

    assert (answer.status_code, answer.json()) == (200, {})
    octo_payment.refresh_from_db()
    assert (octo_payment.status, octo_payment.captured_minor) == ("CREATED", 0)
    assert octo_payment.operations.count() == 1


# --- 27-30: what people write -----------------------------------------------------------------------------------


def test_attack_27_script_in_reasons_is_text_on_every_page(client, staff, booking):
    assert staff.post(refund_path(booking), {"amount_minor": 100, "reason": SCRIPT}).status_code == 201
    sent = {"amount_minor": 100, "reason": SCRIPT, "as_credit": True}
    assert staff.post(refund_path(booking), sent).status_code == 201
    payment = booking.payments.get()
    failed = Refund.objects.create(
        payment=payment, provider_ref="re_x", amount_minor=50, status="failed", failure_reason=SCRIPT
    )
    client.force_login(factories.user(is_staff=True, is_superuser=True))
    pages = [
        booking.get_absolute_url(),
        reverse("admin:bookings_booking_change", args=[booking.pk]),
        reverse("admin:payments_payment_change", args=[payment.pk]),
        reverse("admin:payments_refund_queue"),
        reverse("admin:payments_refund_change", args=[failed.pk]),
        reverse("admin:payments_credit_changelist"),
        reverse("admin:payments_credit_change", args=[Credit.objects.get().pk]),
    ]

    shown = 0
    for address in pages:
        page = text(client.get(address, follow=True))
        assert "<script>alert" not in page, address
        shown += "&lt;script&gt;alert" in page
    assert shown >= 3


def test_attack_27_script_as_account_holder_is_text_in_the_admin(client):
    venue = factories.venue()
    PaymentSettings.objects.create(
        venue=venue, account_holder=SCRIPT, bank_account="FR7630006000011234567890189"
    )
    client.force_login(factories.host(venue=venue))

    page = text(client.get(reverse("admin:payments_venuepayments_change", args=[venue.pk])))

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_attack_29_reason_makes_no_header_and_no_template(staff, booking, mailoutbox):
    reason = "{{ 7*7 }} {% debug %} %s %(x)s\r\nBcc: evil@example.org\r\n\r\n<b>bold</b>"

    assert staff.post(refund_path(booking), {"amount_minor": 100, "reason": reason}).status_code == 201
    for receipt in booking.events.latest("version").receipts.filter(subscriber="notifications"):
        deliver_receipt(receipt.pk)
    for delivery in Delivery.objects.filter(channel="email", state="queued"):
        notifications.deliver(delivery.pk)

    told = [mail for mail in mailoutbox if "{{ 7*7 }}" in mail.body]
    assert told
    for mail in mailoutbox:
        raw = mail.message().as_bytes().decode()
        assert "\nBcc:" not in raw.split("\n\n")[0]
        assert "49" not in mail.subject and "\n" not in mail.subject
        for html, _ in mail.alternatives:
            assert "<b>bold</b>" not in html


FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "=cmd|' /C calc'!A0", '=HYPERLINK("//evil")', " =1"]


@pytest.mark.parametrize("holder", FORMULAS)
def test_attack_30_bank_file_holds_no_formula(client, holder, settings):
    settings.PAYOUT_ACCOUNT_HOLDER, settings.PAYOUT_ACCOUNT = "Roomhold", "DE89370400440532013000"
    venue = books.payable_venue(settings={"account_holder": holder})
    books.captured(books.booking(venue=venue))
    payouts.begin_run()
    payouts.continue_run()
    made = bank_export.export(Payout.objects.values_list("pk", flat=True), form="csv", by=None)
    client.force_login(factories.staff())

    file = client.get(reverse("admin:payments_payout_file", args=[made.message_id, "csv"]))

    assert file["Content-Disposition"].startswith("attachment")
    _, row = csv.reader(io.StringIO(file.content.decode("utf-8-sig")))
    assert not [cell for cell in row if cell.lstrip().startswith(("=", "+", "-", "@", "\t"))]


@pytest.mark.parametrize("form", ["csv", "pdf"])
def test_attack_31_files_are_sent_as_attachments_named_by_us(client, form):
    venue = factories.venue(name='"; filename="x.html', slug="plain")
    client.force_login(factories.host(venue=venue))

    file = client.get(reverse("admin:payments_payout_statement", args=[venue.pk]), {"form": form})

    assert file.status_code == 200
    assert file["Content-Disposition"].startswith('attachment; filename="statement-plain-')
    assert file["Content-Disposition"].endswith(f'.{form}"')
    assert file["X-Content-Type-Options"] == "nosniff"


# --- 42, 49, 52 -------------------------------------------------------------------------------------------------

QUERIES = ["admin:payments_payout_earnings", "admin:payments_payout_new_run", "admin:payments_refund_queue",
           "admin:payments_drift_changelist", "admin:payments_payout_changelist", "admin:payments_dispute_changelist",
           "admin:payments_webhookevent_changelist", "admin:money"]  # fmt: skip
PARAMETERS = "month first last currency form q p o state kind provider outcome status e id__exact venue__id__exact days"


@pytest.mark.parametrize("poison", POISON)
def test_attack_42_poison_in_queries_of_money_pages_is_no_fault(client, poison):
    venue = factories.venue()
    client.force_login(factories.staff())
    query = dict.fromkeys(PARAMETERS.split(), poison)
    pages = [reverse(name) for name in QUERIES]
    pages.append(reverse("admin:payments_payout_statement", args=[venue.pk]))

    for address in pages:
        assert client.get(address, query).status_code < 500, address
    for name, value in query.items():
        assert client.get(pages[-1], {name: value}).status_code < 500, name


@pytest.mark.parametrize("poison", [*POISON, MEGABYTE[:400_000], "\ud800"])
def test_attack_42_poison_sent_to_the_money_api_is_no_fault(staff, booking, poison):
    session = factories.session(room=factories.room(kind="workshop"))
    venue, guest = booking.venue, as_guest_of(booking)
    body = json.dumps({"reason": poison, "code": poison, "currency": poison, "account_holder": poison})

    for answer in (
        staff.post(refund_path(booking), body),
        staff.post(refund_path(booking), {"amount_minor": 1, "reason": "x"}, **{"Idempotency-Key": "k" * 300}),
        staff.post(f"sessions/{session.pk}/cancel", body),
        guest.post(f"bookings/{booking.reference}/payment/credit", body),
        staff.get(f"venues/{venue.slug}/balance", {"as_of": "\0", "currency": "x"}),
        staff.client.put(
            f"/api/v1/venues/{venue.slug}/payment-settings", body, content_type="application/json",
            headers=staff.headers,
        ),
    ):  # fmt: skip
        assert answer.status_code < 500


@pytest.mark.parametrize(
    "content_type", ["application/x-python-serialize", "application/x-yaml", "text/plain"]
)
def test_attack_49_worker_reads_json_only(content_type):
    assert list(celery.conf.accept_content) == ["json"]
    queue = Queue("poisoned", Exchange("poisoned"), routing_key="poisoned")
    with Connection("memory://") as broker, broker.channel() as channel:
        queue(channel).declare()
        Producer(channel).publish(
            b"cposix\nsystem\n(S'true'\ntR.", exchange="poisoned", routing_key="poisoned",
            content_type=content_type, content_encoding="binary",
        )  # fmt: skip
        message = queue(channel).get(accept=set(celery.conf.accept_content))

        with pytest.raises(ContentDisallowed):
            message.decode()


def test_attack_52_cache_that_is_gone_lets_nobody_in(settings, booking):
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/1"},
    }
    stranger = as_user(factories.host(venue=factories.venue()))

    assert stranger.post(refund_path(booking), {"amount_minor": 1, "reason": "x"}).status_code == 404
    assert Api().post(refund_path(booking), {"amount_minor": 1, "reason": "x"}).status_code == 401
    assert stranger.get(f"venues/{booking.venue.slug}/balance").status_code == 404
    guessed = Api("Booking " + "0" * 32).post(f"bookings/{booking.reference}/payment/credit", {"code": "x"})
    assert guessed.status_code == 404
    assert due(booking) == 10_000
