"""What a browser may do with a publishable key: little, and only with the intent's own secret."""

from typing import Any
from urllib.parse import urlencode

import pytest
import requests
import stripe

from sandbox.world import World
from tests.sandbox.process import Sandbox
from tests.sandbox.shapes import faults_of
from tests.sandbox.wire import Wire

PUBLIC = {"Authorization": "Bearer pk_test_shop"}
CARD = {
    "type": "card",
    "card[number]": "4242424242424242",
    "card[exp_month]": 12,
    "card[exp_year]": 2034,
    "card[cvc]": "123",
}


def public(world: World, method: str, path: str, params: dict[str, Any]) -> tuple[int, Any]:
    text = urlencode(params)
    query, body = (text, b"") if method == "GET" else ("", text.encode())
    response = world.stripe.engine.handle(method, path, query, PUBLIC, body)
    return response.status, response.json()


def make(wire: Wire, **more: Any) -> Any:
    raw = {"metadata[booking_reference]": "RH-1", "automatic_payment_methods[enabled]": "true"}
    return wire.post("/v1/payment_intents", raw=raw, amount=4_000, currency="eur", **more)


def test_new_intent_has_a_secret_and_waits_for_a_card(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    intent = client.v1.payment_intents.create(
        params={
            "amount": 4_000,
            "currency": "eur",
            "capture_method": "manual",
            "automatic_payment_methods": {"enabled": True},
            "description": "Sea room",
            "receipt_email": "ada@example.com",
            "metadata": {"booking_reference": "RH-1"},
        }
    )

    assert intent.status == "requires_payment_method"
    assert intent.client_secret.startswith(f"{intent.id}_secret_")
    assert (intent.receipt_email, intent.capture_method) == ("ada@example.com", "manual")
    assert faults_of(intent) == []
    assert sandbox.control("books")["stripe"]["effects"] == {"intent_create": 1}


def test_unpaid_intent_is_canceled_without_a_release(wire: Wire) -> None:
    intent = make(wire)

    canceled = wire.post(f"/v1/payment_intents/{intent['id']}/cancel", cancellation_reason="abandoned")

    assert (canceled["status"], canceled["cancellation_reason"]) == ("canceled", "abandoned")
    assert wire.events() == ["payment_intent.created", "payment_intent.canceled"]
    assert wire.world.books()["stripe"]["effects"] == {"intent_create": 1, "intent_cancel": 1}


def test_browser_pays_with_the_secret_and_sees_little(wire: Wire, world: World) -> None:
    intent = make(wire, capture_method="manual")
    secret = {"client_secret": intent["client_secret"]}
    _, method = public(world, "POST", "/v1/payment_methods", CARD)

    path = f"/v1/payment_intents/{intent['id']}"
    status, paid = public(world, "POST", f"{path}/confirm", {**secret, "payment_method": method["id"]})

    assert (status, paid["status"]) == (200, "requires_capture")
    assert {"metadata", "latest_charge", "amount_received"} & set(paid) == set()
    assert public(world, "GET", path, secret)[1] == paid
    assert wire.get(path)["metadata"] == {"booking_reference": "RH-1"}


def test_wrong_or_no_secret_names_no_intent(wire: Wire, world: World) -> None:
    intent, other = make(wire), make(wire)
    path = f"/v1/payment_intents/{intent['id']}"

    for call, method in ((path, "GET"), (f"{path}/confirm", "POST")):
        status, answer = public(world, method, call, {"client_secret": other["client_secret"]})
        assert (status, answer["error"]["code"]) == (404, "resource_missing")
        assert public(world, method, call, {})[1]["error"]["code"] == "parameter_missing"
    assert wire.get(path)["status"] == "requires_payment_method"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/payment_intents"),
        ("GET", "/v1/payment_intents"),
        ("POST", "/v1/payment_intents/pi_x/capture"),
        ("POST", "/v1/refunds"),
        ("GET", "/v1/balance"),
        ("GET", "/v1/events"),
    ],
)
def test_all_else_needs_a_secret_key(world: World, method: str, path: str) -> None:
    status, answer = public(world, method, path, {})

    assert (status, answer["error"]["code"]) == (401, "secret_key_required")


def test_declined_card_is_told_without_the_merchants_part(wire: Wire, world: World) -> None:
    intent = make(wire)
    _, method = public(world, "POST", "/v1/payment_methods", {**CARD, "card[number]": "4000000000009995"})
    params = {"client_secret": intent["client_secret"], "payment_method": method["id"]}

    status, answer = public(world, "POST", f"/v1/payment_intents/{intent['id']}/confirm", params)

    error = answer["error"]
    assert (status, error["type"], error["code"]) == (402, "card_error", "card_declined")
    assert error["decline_code"] == "insufficient_funds"
    assert "metadata" not in error["payment_intent"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"card[number]": "4242424242424241"}, "incorrect_number"),
        ({"card[exp_month]": 13}, "invalid_expiry_month"),
        ({"card[exp_year]": 2020}, "invalid_expiry_year"),
        ({"card[cvc]": "12"}, "invalid_cvc"),
    ],
)
def test_card_that_cannot_be_is_refused_before_its_bank(world: World, change: Any, code: str) -> None:
    status, answer = public(world, "POST", "/v1/payment_methods", {**CARD, **change})

    assert (status, answer["error"]["type"], answer["error"]["code"]) == (402, "card_error", code)


def test_card_numbers_under_a_secret_key_are_refused(wire: Wire) -> None:
    assert wire.error("POST", "/v1/payment_methods", 400, raw=CARD)["param"] == "card[number]"


def test_real_card_is_not_kept(world: World) -> None:
    _, method = public(world, "POST", "/v1/payment_methods", {**CARD, "card[number]": "4916338506082832"})

    assert world.stripe.account.private[method["id"]]["number"] == "0000000000002832"
    assert "4916338506082832" not in str(world.snapshot())


def test_pages_reach_the_public_calls_and_no_others(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    intent = client.v1.payment_intents.create(params={"amount": 4_000, "currency": "eur"})
    url = f"{sandbox.base}/v1/payment_intents/{intent.id}"
    page = {"Origin": "http://shop.test"}

    asked = requests.options(url, headers=page, timeout=5)
    answer = requests.get(
        url, params={"client_secret": intent.client_secret}, headers=page | PUBLIC, timeout=5
    )
    secret = requests.get(url, headers=page | {"Authorization": "Bearer sk_test_a"}, timeout=5)

    assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert (secret.status_code, "Access-Control-Allow-Origin" in secret.headers) == (403, False)


def test_paying_on_order_needs_no_browser(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    params = {"amount": 4_000, "currency": "eur", "capture_method": "manual"}
    intent = client.v1.payment_intents.create(params=params)

    declined = sandbox.control("pay", {"payment_intent": intent.id, "card": "4000000000009995"})
    assert (declined["result"], declined["decline_code"]) == ("declined", "insufficient_funds")
    left = sandbox.control(
        "pay",
        {"payment_intent": intent.client_secret, "card": "4000000000003220", "action": "leave_3ds",
         "return_url": "http://shop.test/done?a=1"},
    )  # fmt: skip
    assert left == {"result": "requires_action", "return_url": None}
    paid = sandbox.control("pay", {"payment_intent": intent.id, "return_url": "http://shop.test/done?a=1"})

    query = f"a=1&payment_intent={intent.id}&payment_intent_client_secret={intent.client_secret}"
    url = f"http://shop.test/done?{query}&redirect_status=succeeded"
    assert paid == {"result": "succeeded", "return_url": url}
    assert sandbox.control("pay", {"payment_intent": intent.id})["result"] == "requires_capture"
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"


def test_paying_on_order_what_cannot_be_paid_says_why(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    intent = client.v1.payment_intents.create(params={"amount": 4_000, "currency": "eur"})

    for order in ({"payment_intent": "pi_none"}, {"payment_intent": f"{intent.id}_secret_wrong"},
                  {"payment_intent": intent.id, "action": "cancel"},
                  {"payment_intent": intent.id, "card": "1"}):  # fmt: skip
        assert sandbox.fetch("/_control/pay", order, "POST")[0] == 400
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"
