"""The official Stripe library against the running process: the whole way of a held payment and back."""

import json
from typing import Any

import pytest
import stripe

from tests.sandbox.process import OLD_SECRET, SECRET, Receiver, Sandbox, until
from tests.sandbox.shapes import faults_of

RETURN = "http://shop.test/return?session={CHECKOUT_SESSION_ID}"


def open_session(client: stripe.StripeClient, amount: int = 20_000, **more: Any) -> Any:
    params = {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 2,
                "price_data": {
                    "currency": "eur",
                    "unit_amount": amount // 2,
                    "product_data": {"name": "Sea room & café – 2 nights"},
                },
            }
        ],
        "payment_intent_data": {"capture_method": "manual", "metadata": {"booking_reference": "RH-1"}},
        "allowed_payment_method_types": ["card"],
        "adaptive_pricing": {"enabled": False},
        "client_reference_id": "RH-1",
        "metadata": {"booking_reference": "RH-1"},
        "success_url": RETURN,
        "cancel_url": "http://shop.test/back",
    }
    return client.v1.checkout.sessions.create(params={**params, **more})


def hold(client: stripe.StripeClient, sandbox: Sandbox, amount: int = 20_000) -> Any:
    session = open_session(client, amount)
    assert sandbox.control("pay", {"url": session.url})["result"] == "succeeded"
    return client.v1.checkout.sessions.retrieve(
        session.id, params={"expand": ["payment_intent.latest_charge"]}
    )


def test_new_session_is_open_without_an_intent(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    session = open_session(client)

    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert (session.amount_total, session.currency) == (20_000, "eur")
    assert session.url == f"{sandbox.base}/checkout/stripe/{session.id}"
    assert session.id.startswith("cs_test_") and session.livemode is False
    assert session.last_response.headers["stripe-version"] == "2026-10-28.endive"
    assert faults_of(session) == []


def test_paid_session_is_complete_and_its_money_held(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    session = open_session(client)

    paid = sandbox.control("pay", {"url": session.url, "card": "4242424242424242"})

    assert paid == {"result": "succeeded", "return_url": f"http://shop.test/return?session={session.id}"}
    session = client.v1.checkout.sessions.retrieve(
        session.id, params={"expand": ["payment_intent.latest_charge.refunds"]}
    )
    intent = session.payment_intent
    charge = intent.latest_charge
    assert (session.status, session.payment_status, session.url) == ("complete", "unpaid", None)
    assert (intent.status, intent.amount_capturable, intent.amount_received) == (
        "requires_capture",
        20_000,
        0,
    )
    assert intent.metadata["booking_reference"] == "RH-1"
    assert (charge.captured, charge.paid, charge.balance_transaction) == (False, True, None)
    assert charge.payment_method_details.card.capture_before == charge.created + 7 * 86_400
    assert charge.refunds.data == []
    assert faults_of(session) == faults_of(intent) == faults_of(charge) == []


def test_capture_takes_the_money_once(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    intent = hold(client, sandbox).payment_intent

    first = client.v1.payment_intents.capture(intent.id, options={"idempotency_key": "RH-1-capture-1"})
    again = client.v1.payment_intents.capture(intent.id, options={"idempotency_key": "RH-1-capture-1"})

    assert (first.status, first.amount_received, first.amount_capturable) == ("succeeded", 20_000, 0)
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert again.last_response.headers["original-request"] == first.last_response.request_id
    assert first.last_response.headers["original-request"] == first.last_response.request_id
    assert again.to_dict() == first.to_dict()
    assert sandbox.control("books")["stripe"]["effects"]["capture"] == 1


def test_refused_capture_carries_the_intent(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    intent = hold(client, sandbox).payment_intent
    client.v1.payment_intents.cancel(intent.id, params={"cancellation_reason": "abandoned"})

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.capture(intent.id)

    assert refusal.value.code == "payment_intent_unexpected_state"
    assert refusal.value.error.payment_intent.status == "canceled"
    assert refusal.value.error.payment_intent.cancellation_reason == "abandoned"
    assert refusal.value.request_id.startswith("req_")


def test_declined_confirmation_is_a_card_error(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as refusal:
        client.v1.payment_intents.create(
            params={
                "amount": 5_000,
                "currency": "usd",
                "confirm": True,
                "payment_method": "pm_card_visa_chargeDeclinedInsufficientFunds",
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            }
        )

    assert (refusal.value.code, refusal.value.error.decline_code) == ("card_declined", "insufficient_funds")
    assert refusal.value.error.payment_intent.status == "requires_payment_method"
    assert refusal.value.user_message == "Your card has insufficient funds."


def test_webhooks_verify_with_either_secret(
    client: stripe.StripeClient, sandbox: Sandbox, receiver: Receiver
) -> None:
    session = hold(client, sandbox)

    events = receiver.wait(4)

    assert sorted(event["type"] for event in events) == [
        "charge.succeeded",
        "checkout.session.completed",
        "payment_intent.amount_capturable_updated",
        "payment_intent.created",
    ]
    for headers, body in receiver.got:
        for secret in (SECRET, OLD_SECRET):
            event = client.construct_event(body, headers["Stripe-Signature"], secret)
        assert event.api_version == "2026-10-28.endive"
        assert event.livemode is False
    completed = next(event for event in events if event["type"] == "checkout.session.completed")
    assert completed["data"]["object"]["payment_intent"] == session.payment_intent.id


def test_forged_signature_is_told_apart(
    client: stripe.StripeClient, sandbox: Sandbox, receiver: Receiver
) -> None:
    sandbox.control("webhooks", {"signature": "wrong"})
    hold(client, sandbox)
    receiver.wait(1)

    headers, body = receiver.got[0]

    with pytest.raises(stripe.SignatureVerificationError):
        client.construct_event(body, headers["Stripe-Signature"], SECRET)


def test_failed_webhook_is_tried_again_with_the_same_id(
    client: stripe.StripeClient, sandbox: Sandbox, receiver: Receiver
) -> None:
    receiver.answer = 500
    session = open_session(client)
    client.v1.checkout.sessions.expire(session.id)
    receiver.wait(1)
    receiver.answer = 200

    events = receiver.wait(2)

    assert [event["type"] for event in events] == ["checkout.session.expired"] * 2
    assert events[0]["id"] == events[1]["id"]
    first, second = (headers["Stripe-Signature"] for headers, _ in receiver.got)
    assert first != second
    until(lambda: client.v1.events.retrieve(events[0]["id"]).pending_webhooks == 0)


def test_events_are_kept_and_filtered(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    hold(client, sandbox)

    found = client.v1.events.list(params={"types": ["charge.succeeded", "payment_intent.created"]})

    assert [event.type for event in found.data] == ["charge.succeeded", "payment_intent.created"]
    assert faults_of(found.data[0]) == []


def test_undelivered_events_are_found(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    sandbox.control("webhooks", {"mode": "drop"})
    hold(client, sandbox)

    found = client.v1.events.list(params={"delivery_success": False, "limit": 2})

    assert [event.type for event in found.data] == [
        "checkout.session.completed",
        "payment_intent.amount_capturable_updated",
    ]
    assert found.has_more is True


def test_refund_in_parts_and_the_books(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    intent = hold(client, sandbox).payment_intent
    client.v1.payment_intents.capture(intent.id)

    part = client.v1.refunds.create(params={"payment_intent": intent.id, "amount": 5_000})
    rest = client.v1.refunds.create(params={"charge": intent.latest_charge.id})

    assert (part.amount, rest.amount, rest.status) == (5_000, 15_000, "succeeded")
    assert faults_of(rest) == []
    transaction = client.v1.balance_transactions.retrieve(rest.balance_transaction)
    assert (transaction.amount, transaction.fee, transaction.currency) == (-15_000, 0, "eur")
    assert faults_of(transaction) == []
    assert sandbox.control("books")["stripe"]["payments"] == [
        {
            "id": intent.id,
            "reference": "RH-1",
            "account": "platform",
            "mode": "test",
            "status": "succeeded",
            "currency": "eur",
            "authorized_minor": 20_000,
            "captured_minor": 20_000,
            "refunded_minor": 20_000,
        }
    ]


def test_lists_page_through_by_themselves(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    made = [open_session(client).id for _ in range(5)]

    found = [one.id for one in client.v1.checkout.sessions.list(params={"limit": 2}).auto_paging_iter()]

    assert found == made[::-1]


def test_answers_to_wrong_keys_are_authentication_errors(sandbox: Sandbox) -> None:
    for key in ("pk_live_123456789", "pk_test_123456789", "sk_lost_123456789", "nonsense"):
        stranger = stripe.StripeClient(key, base_addresses={"api": sandbox.base})
        with pytest.raises(stripe.AuthenticationError):
            stranger.v1.balance.retrieve()


def test_calls_are_logged_without_secrets(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    open_session(client)

    calls = sandbox.control("calls")["calls"]

    assert [(one["operation"], one["method"], one["path"], one["status"]) for one in calls] == [
        ("checkout.sessions.create", "POST", "/v1/checkout/sessions", 200)
    ]
    assert "sk_test" not in json.dumps(calls)
