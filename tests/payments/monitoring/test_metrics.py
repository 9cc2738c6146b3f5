"""The money page: figures add up, cost the same however many rows there are, and are for staff alone."""

import datetime as dt
import html

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core import clock
from payments.models import (
    Dispute,
    Drift,
    PaymentOperation,
    ProviderAccount,
    Refund,
    Settlement,
    WebhookEvent,
)
from payments.monitoring import metrics
from tests.support import factories
from tests.support.admin_world import payment_of, request_of

pytestmark = pytest.mark.django_db

MOST_QUERIES = 40
WEEK = dt.timedelta(days=7)


@pytest.fixture
def room():
    return factories.room()


def figures() -> metrics.Figures:
    return metrics.figures(clock.now() - WEEK)


def add(room, n: int, **fields):
    """A payment of a booking of its own."""
    booking = request_of(room, days_ahead=10 * n)
    return payment_of(booking, str(n), **{"created_at": clock.now() - dt.timedelta(hours=1), **fields})


def rows(found: list[metrics.Row]) -> dict[str, int]:
    return {row.name: row.count for row in found}


def test_authorization_success_counts_those_who_tried_a_card(room):
    now = clock.now()
    for n, minutes in enumerate((1, 2, 9), 1):
        created_at = now - dt.timedelta(hours=1)
        add(room, n, created_at=created_at, authorized_at=created_at + dt.timedelta(minutes=minutes))
    add(room, 4, status="FAILED", failure_code="insufficient_funds")
    add(room, 5, status="FAILED")

    found = figures()

    assert (found.authorized, found.authorized.percent, found.abandoned) == (metrics.Share(3, 4), 75.0, 1)
    assert (round(found.to_authorize.median), round(found.to_authorize.p95)) == (120, 498)
    assert rows(found.declines) == {"insufficient funds": 1}
    assert rows(found.by_status) == {"Held": 3, "Not paid": 2}


def test_refund_rate_and_reasons(room):
    for n in range(1, 5):
        add(room, n, status="CAPTURED", captured_minor=10_000, provider_fee_minor=320)
    payments = list(metrics.Payment.objects.order_by("n", "pk"))
    booking = payments[0].booking
    booking.events.create(
        version=booking.version + 1,
        verb="cancel",
        from_status="CONFIRMED",
        to_status="CANCELLED",
        actor_kind="guest",
    )
    Refund.objects.create(payment=payments[0], provider_ref="re_1", amount_minor=4_000)
    Refund.objects.create(payment=payments[0], provider_ref="re_2", amount_minor=1_000)
    Refund.objects.create(payment=payments[1], provider_ref="re_3", amount_minor=500, is_external=True)
    Refund.objects.create(payment=payments[2], provider_ref="re_4", amount_minor=700, status="failed")

    found = figures()

    assert (found.refunded, found.refunded.percent) == (metrics.Share(2, 4), 50.0)
    assert rows(found.refund_reasons) == {
        "Cancelled by the guest": 2, "In the provider's dashboard": 1, "Paid twice, or other": 1,
    }  # fmt: skip
    assert found.sums == [
        {
            "currency": "EUR",
            "taken_minor": 40_000,
            "own_shop_minor": 0,
            "fee_minor": 1_280,
            "refunded_minor": 5_500,
        }
    ]


def test_what_venues_own_shops_took_is_told_apart(room):
    shop = ProviderAccount.objects.create(
        venue=room.venue, shop_id=77, secret="s", unique_key="k", is_test=True
    )
    for n, account in enumerate([None, shop], 1):
        taken = {"provider": "octo", "account": account, "status": "CAPTURED", "captured_minor": n * 1_000}
        add(room, n, **taken)

    [row] = figures().sums

    assert (row["taken_minor"], row["own_shop_minor"]) == (3_000, 2_000)


def test_errors_are_counted_by_provider_call_and_code(room):
    payment = add(room, 1)
    for n, (kind, code) in enumerate(
        [("capture", "expired_card"), ("capture", "expired_card"), ("refund", "charge_disputed")], 1
    ):
        PaymentOperation.objects.create(
            payment=payment, kind=kind, key=f"k{n}", state="refused", error_code=code, lease_until=clock.now()
        )

    found = figures()

    assert rows(found.capture_failures) == {"expired card": 2}
    assert rows(found.provider_errors) == {
        "stripe, capture: expired_card": 2,
        "stripe, refund: charge_disputed": 1,
    }
    assert [row.of_most for row in found.provider_errors] == [100, 50]


def test_lag_of_messages_and_the_oldest_that_waits():
    now = clock.now()
    for n, seconds in enumerate((1, 3), 1):
        WebhookEvent.objects.create(
            provider="stripe", event_id=f"e{n}", type="x", payload={}, outcome="processed",
            received_at=now - dt.timedelta(seconds=60), processed_at=now - dt.timedelta(seconds=60 - seconds),
        )  # fmt: skip
    oldest = now - dt.timedelta(hours=2)
    WebhookEvent.objects.create(provider="stripe", event_id="w", type="x", payload={}, received_at=oldest)

    found = figures()

    assert (found.messages.median, round(found.messages.p95, 1)) == (2.0, 2.9)
    assert found.waiting_since == oldest


def test_what_is_older_than_the_period_does_not_count(room):
    payment = add(room, 1, authorized_at=clock.now())
    metrics.Payment.objects.filter(pk=payment.pk).update(created_at=clock.now() - 2 * WEEK)

    assert (figures().authorized.whole, figures().by_status) == (0, [])


def test_waiting_counts_what_is_open_whenever_it_began(room):
    payment = add(room, 1, status="CAPTURED", captured_minor=1, mismatch="amount")
    PaymentOperation.objects.create(
        payment=payment, kind="refund", key="k", state="unknown", lease_until=clock.now()
    )
    WebhookEvent.objects.create(provider="stripe", event_id="p", type="x", payload={}, outcome="parked")
    Refund.objects.create(payment=payment, provider_ref="re_1", amount_minor=1, status="failed")
    Dispute.objects.create(payment=payment, provider_ref="du_1", status="needs_response", amount_minor=1)
    Drift.objects.create(provider="stripe", provider_ref="pi", kind="amount")

    assert metrics.waiting() == metrics.Waiting(
        unfinished_calls=1, parked_messages=1, failed_refunds=1, open_disputes=1, differences=1, mismatches=1,
        stuck_settlements=0,
    )  # fmt: skip


def page(client: Client, **query: str):
    return client.get(reverse("admin:money"), query)


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(factories.staff())
    return client


def test_page_costs_the_same_for_one_payment_and_three(room, client):
    add(room, 1, status="CAPTURED", captured_minor=10_000)
    page(client)
    one = queries(client)
    for n in (2, 3):
        add(room, n, status="CAPTURED", captured_minor=10_000)

    assert queries(client) == one <= MOST_QUERIES


def queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert page(client).status_code == 200
    return len(captured)


def test_money_is_stuck_once_staff_were_alarmed_and_the_list_shows_the_same(room, client):
    waits = [add(room, n, status="CAPTURED").booking for n in (1, 2, 3)]
    for booking, attempts, due_at in zip(waits, (7, 8, 8), (clock.now(), clock.now(), None), strict=True):
        Settlement.objects.create(booking=booking, attempts=attempts, due_at=due_at)

    listed = client.get(reverse("admin:payments_settlement_changelist"), {"work": "stuck"})

    assert metrics.waiting().stuck_settlements == 1
    assert [row.booking for row in listed.context["cl"].result_list] == [waits[1]]


def test_page_of_an_empty_house_says_so(client):
    body = html.unescape(page(client).content.decode())

    assert "No payment in this period." in body
    assert "none yet of those who tried a card" in body


@pytest.mark.parametrize("days", ["7", "90", "0", "-1", "1000000000000", "x", "٣٠"])
def test_page_takes_any_period_and_shows_one_it_has(days, client):
    assert page(client, days=days).context["days"] == {"7": 7, "90": 90}.get(days, 30)


def test_page_is_for_staff_alone(room):
    host = Client()
    host.force_login(factories.host(venue=room.venue))

    assert page(host).status_code == 403
    assert page(Client()).status_code == 302


def test_indexes_bound_what_a_period_reads(room):
    """With many rows the planner finds the period by index: shown by forbidding it to read all."""
    since = clock.now() - WEEK
    bounded = {
        "payments_payment": "payment_created", "payments_refund": "refund_created",
        "payments_paymentoperation": "operation_created", "payments_webhookevent": "webhook_received",
    }  # fmt: skip
    for table, index in bounded.items():
        column = "received_at" if "webhook" in table else "created_at"
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN SELECT count(*) FROM {table} WHERE {column} >= %s", [since])
            assert index in "\n".join(line for (line,) in cursor.fetchall())
