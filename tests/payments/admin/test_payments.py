"""Money in the admin: seen by those whose venue it is, changed by nobody, personal data hidden."""

import html

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from payments.models import (
    Credit,
    Dispute,
    Drift,
    LedgerCheckpoint,
    LedgerEntry,
    LedgerTransaction,
    OfflinePayment,
    Payment,
    PaymentOperation,
    Payout,
    PayoutRun,
    ProviderAccount,
    ReconciliationRun,
    Refund,
    Settlement,
    VenuePayments,
    WebhookEvent,
)
from payments.webhooks.masking import HIDDEN, masked
from tests.support import factories
from tests.support.admin_world import payment_of, request_of

pytestmark = pytest.mark.django_db

MOST_QUERIES = 12
SHOWN = (
    Payment, Refund, LedgerTransaction, PaymentOperation, WebhookEvent, Settlement, Drift, ReconciliationRun,
)  # fmt: skip
# Their pages change something, and have tests of their own.
EDITED = {VenuePayments, Credit, OfflinePayment, Dispute, Payout, PayoutRun, LedgerCheckpoint}
TO_HOSTS = (Payment, Refund, LedgerTransaction)


@pytest.fixture
def room():
    return factories.room(venue=factories.venue(currency="USD"), price_minor=21_000)


@pytest.fixture
def booking(room):
    return request_of(room, guest=factories.guest_details(name="Elin Guest"))


@pytest.fixture
def rows(booking):
    return money_rows(booking)


def money_rows(booking, mark: str = "1") -> dict:
    """One row of each kind, as a captured and partly refunded payment leaves them."""
    total = booking.total_minor
    payment = payment_of(booking, mark, status="CAPTURED", captured_minor=total)
    movement = LedgerTransaction.objects.create(
        key=f"capture:{mark}", kind="capture", booking=booking, payment=payment, currency=booking.currency
    )
    for account, amount in (("clearing", total), ("venue", -total)):
        LedgerEntry.objects.create(
            transaction=movement,
            account=account,
            venue=booking.venue,
            currency=booking.currency,
            amount_minor=amount,
        )
    payload = {
        "id": f"evt_{mark}", "type": "payment_intent.succeeded",
        "data": {"object": {
            "id": f"pi_{mark}", "amount": total, "customer_details": {"email": "elin@example.org", "name": "Elin"},
            "metadata": {"booking_reference": booking.reference}, "client_secret": "pi_secret_abc",
            "charges": [{"billing_details": {"phone": "+33123456789"}, "receipt_email": "elin@example.org"}],
        }},
    }  # fmt: skip
    return {
        Payment: payment, LedgerTransaction: movement,
        Refund: Refund.objects.create(payment=payment, provider_ref=f"re_{mark}", amount_minor=1_000),
        PaymentOperation: PaymentOperation.objects.create(
            payment=payment, kind="checkout", key=f"{booking.reference}-checkout-{mark}", state="done",
            params={"amount_minor": total, "email": "elin@example.org"}, lease_until=booking.created_at,
        ),
        WebhookEvent: WebhookEvent.objects.create(
            provider="stripe", event_id=f"evt_{mark}", type="payment_intent.succeeded", payload=payload, payment=payment
        ),
        Settlement: Settlement.objects.get_or_create(booking=booking)[0],
        Drift: Drift.objects.create(
            provider="stripe", provider_ref=f"pi_{mark}", kind="amount", payment=payment, booking=booking,
            ours="taken $1.00", theirs="taken $2.00",
        ),
        ReconciliationRun: ReconciliationRun.objects.create(
            provider="stripe", since=booking.created_at, until=booking.created_at
        ),
    }  # fmt: skip


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(model, page: str, *args) -> str:
    return reverse(f"admin:payments_{model._meta.model_name}_{page}", args=args)


def text(response) -> str:
    return html.unescape(response.content.decode())


@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model.__name__)
def test_money_is_changed_by_nobody(model, rows):
    client = logged_in(User.objects.create_superuser("root@example.org", factories.PASSWORD))
    row = rows[model]
    before = list(model.objects.values())

    assert client.get(url(model, "add")).status_code == 403
    assert client.post(url(model, "add"), {}).status_code == 403
    assert (
        client.post(url(model, "change", row.pk), {"status": "VOIDED", "amount_minor": "1"}).status_code
        == 403
    )
    assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert list(model.objects.values()) == before


def test_money_models_are_all_shown():
    registered = {model for model in admin.site._registry if model._meta.app_label == "payments"}

    assert registered == set(SHOWN) | EDITED


@pytest.mark.parametrize("model", TO_HOSTS, ids=lambda model: model.__name__)
def test_owner_sees_amounts_in_list_and_page(model, room, rows):
    client = logged_in(factories.host(venue=room.venue))
    amount = "$10.00" if model is Refund else "$420.00"

    assert amount in text(client.get(url(model, "changelist")))
    assert amount in text(client.get(url(model, "change", rows[model].pk)))


def of_platform(payment: Payment) -> None:
    """As it is: begun with the account in the environment."""


def of_venues_shop(payment: Payment) -> None:
    payment.provider = "octo"
    payment.account = ProviderAccount.objects.create(
        venue=payment.booking.venue, shop_id=4711, secret="secret-canary", unique_key="unique-canary"
    )


def by_hand(payment: Payment) -> None:
    payment.provider = "offline"


@pytest.mark.parametrize(
    ("taken", "words"),
    [
        (of_platform, "The platform&#x27;s"), (of_venues_shop, "Octo shop 4711, the venue&#x27;s own"),
        (by_hand, "None: moved past the providers"),
    ],
)  # fmt: skip
def test_payment_page_names_the_account_that_took_it(taken, words, room, rows):
    payment = rows[Payment]
    taken(payment)
    payment.save()

    page = logged_in(factories.host(venue=room.venue)).get(url(Payment, "change", payment.pk))

    body = page.content.decode()
    assert (words in body, "canary" in body) == (True, False)


def test_ledger_page_shows_both_sides(room, rows):
    client = logged_in(factories.host(venue=room.venue))

    body = text(client.get(url(LedgerTransaction, "change", rows[LedgerTransaction].pk)))

    assert "Provider clearing" in body
    assert "−$420.00" in body


def test_payment_is_found_by_booking_and_provider_reference(room, booking, rows):
    client = logged_in(factories.host(venue=room.venue))

    for term in (booking.reference, "pi_1", "cs_1"):
        assert client.get(url(Payment, "changelist"), {"q": term}).context["cl"].result_count == 1
    assert client.get(url(Payment, "changelist"), {"q": "pi_2"}).context["cl"].result_count == 0


def test_payment_filters_by_disagreement(rows):
    client = logged_in(factories.staff())
    assert client.get(url(Payment, "changelist"), {"agreement": "no"}).context["cl"].result_count == 0

    Payment.objects.update(mismatch="amount: 1, not 2")

    assert client.get(url(Payment, "changelist"), {"agreement": "no"}).context["cl"].result_count == 1


@pytest.mark.parametrize("model", [WebhookEvent, PaymentOperation], ids=lambda model: model.__name__)
def test_raw_messages_hide_personal_data_and_secrets(model, booking, rows):
    body = text(logged_in(factories.staff()).get(url(model, "change", rows[model].pk)))

    assert HIDDEN in body
    for secret in ("elin@example.org", "pi_secret_abc", "+33123456789"):
        assert secret not in body
    assert booking.reference in body


def test_raw_message_with_script_stays_text(rows):
    event = rows[WebhookEvent]
    event.payload = {"note": "</pre><script>alert(1)</script>", "<b>key</b>": 1}
    event.save()

    body = logged_in(factories.staff()).get(url(WebhookEvent, "change", event.pk)).content.decode()

    assert "<script>alert" not in body
    assert "<b>key</b>" not in body


def test_masked_keeps_shape_ids_and_empty_values():
    value = {
        "id": "pi_1", "email": None, "name": "", "amount": 5, "Phone": "1",
        "list": [{"address": {"line1": "x"}}, 3, None, True],
    }  # fmt: skip

    assert masked(value) == {
        "id": "pi_1", "email": None, "name": "", "amount": 5, "Phone": HIDDEN,
        "list": [{"address": HIDDEN}, 3, None, True],
    }  # fmt: skip


@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model.__name__)
def test_lists_cost_the_same_for_one_row_and_three(model, room, booking, rows):
    client = logged_in(factories.staff())
    one = queries(client, url(model, "changelist"))
    for n, days in enumerate((20, 30), 2):
        money_rows(request_of(room, days_ahead=days), str(n))

    assert client.get(url(model, "changelist")).context["cl"].result_count == 3
    assert queries(client, url(model, "changelist")) == one <= MOST_QUERIES


def queries(client, address) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)
