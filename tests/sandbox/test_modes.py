"""Test and live mode through the official library: two worlds at one account, of which a key sees its own alone."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
import stripe

from tests.sandbox.process import SECRET, Receiver, Sandbox, running
from tests.sandbox.shapes import faults_of
from tests.sandbox.test_sdk import hold, open_session

REAL_CARD = "4532015112830366"
Client = Callable[[str], stripe.StripeClient]


@pytest.fixture
def client_of(sandbox: Sandbox) -> Client:
    """A client with a key of its own."""

    def made(key: str) -> stripe.StripeClient:
        http = stripe.RequestsClient(timeout=(2, 5))
        return stripe.StripeClient(key, base_addresses={"api": sandbox.base}, http_client=http)

    return made


@pytest.fixture
def live(client_of: Client) -> stripe.StripeClient:
    return client_of("sk_live_sandbox")


def taken(client: stripe.StripeClient, sandbox: Sandbox, card: str, amount: int = 20_000) -> Any:
    session = open_session(client, amount, payment_intent_data={"metadata": {"booking_reference": "RH-1"}})
    assert sandbox.control("pay", {"url": session.url, "card": card})["result"] == "succeeded"
    return client.v1.checkout.sessions.retrieve(
        session.id, params={"expand": ["payment_intent.latest_charge"]}
    )


def test_live_objects_say_so_and_their_events_too(
    live: stripe.StripeClient, sandbox: Sandbox, receiver: Receiver
) -> None:
    session = taken(live, sandbox, REAL_CARD)

    charge = session.payment_intent.latest_charge
    assert session.id.startswith("cs_live_")
    assert {session.livemode, session.payment_intent.livemode, charge.livemode} == {True}
    assert charge.payment_method_details.card.last4 == "0366"
    assert faults_of(session) == []
    assert live.v1.balance.retrieve().livemode is True
    assert {(event["livemode"], event["data"]["object"]["livemode"]) for event in receiver.wait(4)} == {
        (True, True)
    }


def test_objects_of_one_mode_are_missing_in_the_other(
    client: stripe.StripeClient, live: stripe.StripeClient, sandbox: Sandbox
) -> None:
    ours, theirs = hold(client, sandbox).payment_intent.id, open_session(live).id

    with pytest.raises(stripe.InvalidRequestError) as test_object:
        live.v1.payment_intents.capture(ours)
    with pytest.raises(stripe.InvalidRequestError) as live_object:
        client.v1.checkout.sessions.retrieve(theirs)

    assert (test_object.value.code, test_object.value.http_status) == ("resource_missing", 404)
    assert test_object.value.user_message == (
        f"No such payment_intent: '{ours}'; a similar object exists in test mode, but a live mode key was used to "
        "make this request."
    )
    assert "exists in live mode, but a test mode key" in live_object.value.user_message
    assert client.v1.payment_intents.retrieve(ours).status == "requires_capture"
    assert (len(live.v1.payment_intents.list().data), len(client.v1.checkout.sessions.list().data)) == (0, 1)


def test_test_card_is_declined_in_live_mode(live: stripe.StripeClient, sandbox: Sandbox) -> None:
    session = open_session(live)

    declined = sandbox.control("pay", {"url": session.url, "card": "4242424242424242"})
    challenged = sandbox.control("pay", {"url": session.url, "card": "4000000000003220"})

    assert (
        declined
        == challenged
        == {
            "result": "declined",
            "return_url": None,
            "code": "card_declined",
            "decline_code": "live_mode_test_card",
        }
    )
    intent = live.v1.payment_intents.list().data[0]
    assert (intent.status, intent.amount_received) == ("requires_payment_method", 0)
    assert intent.last_payment_error.message == (
        "Your card was declined. Your request was in live mode, but used a known test card."
    )


def test_test_token_does_not_exist_in_live_mode(live: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="similar object exists in test mode") as refused:
        live.v1.payment_intents.create(
            params={"amount": 5_000, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
        )

    assert refused.value.code == "resource_missing"
    assert live.v1.payment_intents.list().data == []


def test_real_card_is_declined_in_test_mode(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    session = open_session(client)

    declined = sandbox.control("pay", {"url": session.url, "card": REAL_CARD})

    assert (declined["result"], declined["decline_code"]) == ("declined", "test_mode_live_card")


def test_balance_and_books_are_apart(
    client: stripe.StripeClient, live: stripe.StripeClient, sandbox: Sandbox
) -> None:
    taken(client, sandbox, "4000000000000077", 10_000)
    taken(live, sandbox, REAL_CARD, 20_000)
    sandbox.control("clock", {"advance_seconds": 1})

    sums = [
        {
            name: {one.currency: one.amount for one in getattr(found, name)}["eur"]
            for name in ("available", "pending")
        }
        for found in (client.v1.balance.retrieve(), live.v1.balance.retrieve())
    ]
    books = sandbox.control("books")["stripe"]
    assert sums == [{"available": 9_680, "pending": 0}, {"available": 0, "pending": 19_390}]
    assert [(one["account"], one["mode"], one["captured_minor"]) for one in books["payments"]] == [
        ("platform", "test", 10_000), ("platform", "live", 20_000),
    ]  # fmt: skip
    assert books["balances"] == [
        {
            "account": "platform", "mode": mode, "currency": "eur",
            "available_minor": available, "pending_minor": pending, "paid_out_minor": 0,
        }
        for mode, available, pending in (("test", 9_680, 0), ("live", 0, 19_390))
    ]  # fmt: skip
    assert [len(one.v1.balance_transactions.list().data) for one in (client, live)] == [1, 1]


def test_key_of_idempotency_is_of_one_mode(client: stripe.StripeClient, live: stripe.StripeClient) -> None:
    options = {"idempotency_key": "RH-1-checkout-1"}
    params = {"amount": 5_000, "currency": "eur"}

    first = client.v1.payment_intents.create(params, options)
    second = live.v1.payment_intents.create(params, options)

    assert first.id != second.id
    assert (first.livemode, second.livemode) == (False, True)
    assert "idempotent-replayed" not in second.last_response.headers


def test_order_is_carried_out_in_the_mode_of_what_it_names(
    live: stripe.StripeClient, sandbox: Sandbox
) -> None:
    intent = taken(live, sandbox, REAL_CARD).payment_intent.id

    refund = sandbox.control("dashboard", {"action": "refund", "payment_intent": intent, "amount_minor": 500})
    dispute = sandbox.control("dispute", {"payment_intent": intent, "reason": "fraudulent"})
    daily = sandbox.control("account", {"account": "platform", "schedule": "daily", "mode": "live"})

    assert (refund["amount"], dispute["livemode"]) == (500, True)
    assert daily["settings"]["payouts"]["schedule"]["interval"] == "daily"
    assert live.v1.accounts.retrieve_current().settings.payouts.schedule.interval == "daily"
    assert sandbox.fetch("/_control/account", {"account": "platform", "schedule": "daily", "mode": "real"}, "POST") == (
        400, {"error": "mode must be one of test, live"},
    )  # fmt: skip


def test_schedule_of_one_mode_leaves_the_other(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    sandbox.control("account", {"account": "platform", "schedule": "daily", "mode": "live"})

    assert client.v1.accounts.retrieve_current().settings.payouts.schedule.interval == "manual"


def test_live_page_and_its_form_are_of_live_mode(live: stripe.StripeClient, sandbox: Sandbox) -> None:
    session = open_session(live)

    page = requests.get(session.url, timeout=5)
    form = {"email": "ada@example.org", "number": REAL_CARD, "expiry": "12 / 40", "cvc": "123", "name": "Ada"}
    paid = requests.post(session.url, form, timeout=5, allow_redirects=False)

    assert page.status_code == 200
    assert "any number that is no test card" in page.text
    assert (paid.status_code, paid.headers["Location"]) == (
        303,
        f"http://shop.test/return?session={session.id}",
    )
    assert live.v1.payment_intents.list().data[0].status == "requires_capture"


def test_both_modes_survive_a_restart(tmp_path: Any) -> None:
    with running(SANDBOX_STATE_DIR=str(tmp_path)) as first:
        for key in ("sk_test_sandbox", "sk_live_sandbox"):
            open_session(stripe.StripeClient(key, base_addresses={"api": first.base}))
        before = first.control("calls")
    with running(SANDBOX_STATE_DIR=str(tmp_path)) as second:
        found = [
            [one.livemode for one in stripe.StripeClient(key, base_addresses={"api": second.base})
             .v1.checkout.sessions.list().data]
            for key in ("sk_test_sandbox", "sk_live_sandbox")
        ]  # fmt: skip

    assert [call["mode"] for call in before["calls"]] == ["test", "live"]
    assert found == [[False], [True]]


def test_webhook_of_live_mode_is_signed(
    live: stripe.StripeClient, sandbox: Sandbox, receiver: Receiver
) -> None:
    taken(live, sandbox, REAL_CARD)
    receiver.wait(1)
    headers, body = receiver.got[0]

    event = live.construct_event(body, headers["Stripe-Signature"], SECRET)

    assert event.livemode is True
