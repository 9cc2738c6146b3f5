"""The official library against the process: disputes with evidence files, the dashboard, transfers, fees, lists."""

import hashlib
import io
from typing import Any

import pytest
import requests
import stripe

from tests.sandbox.process import Receiver, Sandbox, until
from tests.sandbox.shapes import faults_of
from tests.sandbox.test_sdk import hold

PDF = b"%PDF-1.4\r\n\r\n--no boundary\r\n\x00\xff\x80 evidence\r\n%%EOF\r\n"


@pytest.fixture
def client(sandbox: Sandbox) -> stripe.StripeClient:
    http = stripe.RequestsClient(timeout=(2, 5))
    bases: Any = {"api": sandbox.base, "files": sandbox.base}
    return stripe.StripeClient("sk_test_sandbox", base_addresses=bases, http_client=http)


def pay(client: stripe.StripeClient, sandbox: Sandbox, amount: int = 20_000, card: str = "") -> Any:
    intent = client.v1.payment_intents.create(
        params={"amount": amount, "currency": "eur", "metadata": {"booking_reference": "RH-1"}}
    )
    paid = sandbox.control("pay", {"payment_intent": intent.id, "card": card or "4242424242424242"})
    assert paid["result"] == "succeeded"
    return client.v1.payment_intents.retrieve(intent.id, params={"expand": ["latest_charge"]})


def upload(
    client: stripe.StripeClient, content: bytes = PDF, name: str = "evidence.pdf", **options: Any
) -> Any:
    file = io.BytesIO(content)
    file.name = name
    params: Any = {"purpose": "dispute_evidence", "file": file}
    return client.v1.files.create(params=params, options=options)


def test_dispute_is_answered_with_a_file_and_won(
    client: stripe.StripeClient, sandbox: Sandbox, receiver: Receiver
) -> None:
    intent = pay(client, sandbox, card="4000000000000259")
    dispute = client.v1.disputes.list(params={"payment_intent": intent.id}).data[0]
    assert faults_of(dispute) == faults_of(intent) == []

    file = upload(client)
    answered = client.v1.disputes.update(
        dispute.id,
        params={
            "evidence": {"service_documentation": file.id, "uncategorized_text": "winning_evidence"},
            "submit": True,
            "metadata": {"case": "7"},
        },
        options={"idempotency_key": "dispute-7-submit-1"},
    )

    assert (file.size, file.type, file.filename) == (len(PDF), "pdf", "evidence.pdf")
    assert (answered.status, answered.evidence.service_documentation) == ("under_review", file.id)
    assert faults_of(file) == faults_of(answered) == []
    books = sandbox.control("books")["stripe"]["disputes"][0]
    digest = hashlib.sha256(PDF).hexdigest()
    assert books["evidence_files"] == [
        {"id": file.id, "filename": "evidence.pdf", "size": len(PDF), "sha256": digest}
    ]
    sandbox.control("clock", {"advance_seconds": 2})
    assert client.v1.disputes.retrieve(dispute.id).status == "won"
    expected = ["created", "funds_withdrawn", "updated", "funds_reinstated", "closed"]
    told = [event.type for event in client.v1.events.list(params={"type": "charge.dispute.*"}).data]
    assert told == [f"charge.dispute.{name}" for name in reversed(expected)]


def test_files_of_no_use_as_evidence_are_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as kind:
        upload(client, b"MZ\x00", "evidence.exe")
    with pytest.raises(stripe.InvalidRequestError) as size:
        upload(client, b"%PDF-" + b"x" * (5 * 1024 * 1024))

    assert (kind.value.code, size.value.code) == ("file_type_invalid", "file_too_large")
    assert client.v1.files.list().data == []


def test_equal_uploads_share_a_key_and_different_ones_do_not(client: stripe.StripeClient) -> None:
    first, again = (upload(client, idempotency_key="file-1").id for _ in range(2))

    assert first == again
    with pytest.raises(stripe.IdempotencyError):
        upload(client, PDF + b"more", idempotency_key="file-1")
    assert len(client.v1.files.list(params={"purpose": "dispute_evidence"}).data) == 1


def test_dashboard_acts_without_key_or_metadata(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    intent = hold(client, sandbox).payment_intent

    sandbox.control("dashboard", {"action": "capture", "payment_intent": intent.id, "amount_minor": 9_000})
    refund = sandbox.control(
        "dashboard", {"action": "refund", "payment_intent": intent.id, "amount_minor": 500}
    )

    assert (refund["object"], refund["amount"], refund["metadata"]) == ("refund", 500, {})
    found = client.v1.payment_intents.retrieve(intent.id, params={"expand": ["latest_charge"]})
    assert (found.status, found.amount_received) == ("succeeded", 9_000)
    assert found.latest_charge.amount_refunded == 500
    events = client.v1.events.list(params={"types": ["charge.captured", "refund.created"]}).data
    assert [event.request.idempotency_key for event in events] == [None, None]
    assert all(event.request.id.startswith("req_") for event in events)


def test_dashboard_cancels_a_hold(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    intent = hold(client, sandbox).payment_intent

    canceled = sandbox.control("dashboard", {"action": "cancel", "payment_intent": intent.id})

    assert (canceled["status"], canceled["cancellation_reason"]) == ("canceled", None)
    assert client.v1.payment_intents.retrieve(intent.id).status == "canceled"


@pytest.mark.parametrize(
    "order",
    [
        {"action": "dance"},
        {"action": "refund"},
        {"action": "capture", "amount_minor": 20_001},
        {"action": "capture", "amount_minor": -1},
        {"action": "capture", "payment_intent": "pi_none"},
    ],
)
def test_what_the_dashboard_cannot_do_says_why(
    client: stripe.StripeClient, sandbox: Sandbox, order: dict[str, Any]
) -> None:
    intent = hold(client, sandbox).payment_intent

    status, answer = sandbox.fetch("/_control/dashboard", {"payment_intent": intent.id, **order}, "POST")

    assert status == 400 and answer["error"]
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"


def test_fee_is_of_what_was_captured_and_is_not_returned(
    client: stripe.StripeClient, sandbox: Sandbox
) -> None:
    intent = hold(client, sandbox).payment_intent
    client.v1.payment_intents.capture(intent.id, params={"amount_to_capture": 12_345})
    refund = client.v1.refunds.create(params={"payment_intent": intent.id, "expand": ["balance_transaction"]})

    charge = client.v1.charges.retrieve(intent.latest_charge.id, params={"expand": ["balance_transaction"]})

    taken = charge.balance_transaction
    assert (taken.amount, taken.fee, taken.net, taken.currency) == (12_345, 388, 11_957, "eur")
    assert [(one.amount, one.type) for one in taken.fee_details] == [(388, "stripe_fee")]
    given = refund.balance_transaction
    assert (given.amount, given.fee, given.net) == (-12_345, 0, -12_345)
    assert faults_of(taken) == faults_of(given) == []


def test_lists_are_walked_with_what_they_expand(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    made = [pay(client, sandbox, 1_000 + n).id for n in range(5)]
    first = client.v1.payment_intents.retrieve(made[0])

    params: Any = {
        "limit": 2,
        "created": {"gte": first.created},
        "expand": ["data.latest_charge.balance_transaction", "data.latest_charge.refunds"],
    }
    found = list(client.v1.payment_intents.list(params=params).auto_paging_iter())

    assert [one.id for one in found] == made[::-1]
    assert [one.latest_charge.amount for one in found] == [1_004, 1_003, 1_002, 1_001, 1_000]
    assert found[0].latest_charge.refunds.data == []
    assert client.v1.payment_intents.list(params={"created": {"gt": first.created + 60}}).data == []
    assert len(client.v1.charges.list(params={"payment_intent": made[2]}).data) == 1


def test_host_is_enrolled_and_paid(client: stripe.StripeClient, sandbox: Sandbox, receiver: Receiver) -> None:
    host = client.v1.accounts.create(
        params={
            "type": "express",
            "country": "FR",
            "email": "ada@example.com",
            "capabilities": {"transfers": {"requested": True}},
            "business_type": "individual",
            "metadata": {"venue": "sea"},
        }
    )
    assert faults_of(host) == []
    link = client.v1.account_links.create(
        params={
            "account": host.id,
            "type": "account_onboarding",
            "refresh_url": "http://shop.test/again",
            "return_url": "http://shop.test/done",
        }
    )
    assert faults_of(link) == []
    page = requests.get(link.url, timeout=5)
    assert (page.status_code, "ada@example.com" in page.text) == (200, True)
    done = requests.post(link.url, allow_redirects=False, timeout=5)
    assert done.headers["Location"] == "http://shop.test/done"
    again = requests.get(link.url, allow_redirects=False, timeout=5)
    assert again.headers["Location"] == "http://shop.test/again"
    assert client.v1.accounts.retrieve(host.id).payouts_enabled is True

    charge = pay(client, sandbox).latest_charge
    transfer = client.v1.transfers.create(
        params={
            "amount": 15_000,
            "currency": "eur",
            "destination": host.id,
            "source_transaction": charge.id,
            "transfer_group": "RH-1",
            "metadata": {"booking_reference": "RH-1"},
        },
        options={"idempotency_key": "payout-1"},
    )
    back = client.v1.transfers.reversals.create(transfer.id, params={"amount": 1_000})

    fresh = client.v1.transfers.retrieve(
        transfer.id, params={"expand": ["balance_transaction", "source_transaction"]}
    )
    assert (fresh.amount_reversed, fresh.reversed, fresh.source_transaction.id) == (1_000, False, charge.id)
    assert fresh.reversals.data[0].id == back.id
    assert faults_of(fresh) == faults_of(back) == []
    types = {"account.updated", "transfer.created", "transfer.reversed"}
    until(lambda: types <= set(receiver.types()))


def test_transfer_without_funds_is_refused(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    host = client.v1.accounts.create(params={"type": "express", "country": "FR"})
    sandbox.control("account", {"account": host.id, "state": "enabled"})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.transfers.create(params={"amount": 1, "currency": "eur", "destination": host.id})

    assert refusal.value.code == "balance_insufficient"
    assert client.v1.transfers.list().data == []


def test_index_shows_disputes_and_transfers(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    intent = pay(client, sandbox, card="4000000000002685")
    host = client.v1.accounts.create(params={"type": "express", "country": "FR"})
    sandbox.control("account", {"account": host.id, "state": "enabled"})
    params: Any = {"amount": 100, "currency": "eur", "destination": host.id}
    client.v1.transfers.create(params={**params, "source_transaction": intent.latest_charge.id})

    page = requests.get(sandbox.base, timeout=5).text

    assert "product not received" in page
    assert '<span class="badge wait">needs response</span>' in page
    assert f"<td>{host.id}</td>" in page
