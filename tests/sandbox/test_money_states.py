"""Capture, cancel and refund in process: what is allowed, what is refused, and what adds up."""

from typing import Any

import pytest

from sandbox.orders import BadOrder
from sandbox.stripe import orders
from sandbox.world import World
from tests.sandbox.wire import Wire


def capture(wire: Wire, intent: Any, **params: Any) -> Any:
    return wire.post(f"/v1/payment_intents/{intent['id']}/capture", **params)


def test_capture_of_everything_marks_charge_and_session_paid(wire: Wire, world: World) -> None:
    intent = wire.held(10_000)

    taken = capture(wire, intent)

    assert (taken["status"], taken["amount"], taken["amount_received"]) == ("succeeded", 10_000, 10_000)
    charge = wire.charge_of(intent)
    assert (charge["captured"], charge["amount_captured"], charge["amount_refunded"]) == (True, 10_000, 0)
    transaction = wire.get(f"/v1/balance_transactions/{charge['balance_transaction']}")
    assert (transaction["amount"], transaction["fee"], transaction["net"]) == (10_000, 320, 9_680)
    assert wire.get("/v1/checkout/sessions")["data"][0]["payment_status"] == "paid"
    assert wire.events()[-2:] == ["charge.captured", "payment_intent.succeeded"]
    world.advance(1)
    assert wire.events()[-1] == "charge.updated"


def test_partial_capture_releases_the_rest_and_keeps_the_amount(wire: Wire) -> None:
    intent = wire.held(10_000)

    taken = capture(wire, intent, amount_to_capture=4_000)

    assert (taken["amount"], taken["amount_received"], taken["amount_capturable"]) == (10_000, 4_000, 0)
    charge = wire.charge_of(intent)
    assert (charge["amount"], charge["amount_captured"], charge["amount_refunded"]) == (10_000, 4_000, 0)
    assert charge["refunded"] is False
    error = wire.error("POST", f"/v1/payment_intents/{intent['id']}/capture", 400)
    assert error["code"] == "payment_intent_unexpected_state"
    assert error["payment_intent"]["status"] == "succeeded"


def test_capture_beyond_the_hold_is_refused(wire: Wire) -> None:
    intent = wire.held(10_000)
    path = f"/v1/payment_intents/{intent['id']}/capture"

    too_much = wire.error("POST", path, 400, amount_to_capture=10_001)
    nothing = wire.error("POST", path, 400, amount_to_capture=0)
    negative = wire.error("POST", path, 400, amount_to_capture=-5)

    assert (too_much["code"], too_much["param"]) == ("amount_too_large", "amount_to_capture")
    assert (nothing["code"], nothing["param"]) == ("parameter_invalid_integer", "amount")
    assert (negative.get("code"), negative["param"]) == (None, "amount_to_capture")
    assert wire.get(f"/v1/payment_intents/{intent['id']}")["amount_capturable"] == 10_000


def test_lapsed_hold_cannot_be_captured(wire: Wire, world: World) -> None:
    intent = wire.held()
    world.advance(8 * 86_400)

    error = wire.error("POST", f"/v1/payment_intents/{intent['id']}/capture", 400)

    assert error["code"] == "payment_intent_unexpected_state"
    assert error["payment_intent"]["status"] == "canceled"


def test_cancel_releases_the_hold(wire: Wire) -> None:
    intent = wire.held(10_000)

    canceled = wire.post(
        f"/v1/payment_intents/{intent['id']}/cancel", cancellation_reason="requested_by_customer"
    )

    assert (canceled["status"], canceled["amount_capturable"]) == ("canceled", 0)
    assert canceled["cancellation_reason"] == "requested_by_customer"
    charge = wire.charge_of(intent)
    assert (charge["captured"], charge["status"], charge["refunded"]) == (False, "succeeded", True)
    assert wire.events()[-2:] == ["charge.refunded", "payment_intent.canceled"]
    assert wire.world.books()["stripe"]["payments"][0]["refunded_minor"] == 0
    assert wire.get("/v1/balance_transactions")["data"] == []


@pytest.mark.parametrize("end", ["capture", "cancel"])
def test_cancel_of_an_ended_intent_is_refused(wire: Wire, end: str) -> None:
    intent = wire.held()
    wire.post(f"/v1/payment_intents/{intent['id']}/{end}")
    before = wire.events()

    error = wire.error("POST", f"/v1/payment_intents/{intent['id']}/cancel", 400)

    assert error["code"] == "payment_intent_unexpected_state"
    assert wire.events() == before


def test_cancel_of_an_unpaid_checkout_intent_is_refused(wire: Wire) -> None:
    session = wire.session()
    wire.pay(session, "4000000000000002")
    intent = wire.get("/v1/payment_intents")["data"][0]

    error = wire.error("POST", f"/v1/payment_intents/{intent['id']}/cancel", 400)

    assert "Expire the Checkout Session" in error["message"]


def test_refunds_add_up_and_stop_at_the_captured_sum(wire: Wire) -> None:
    intent = wire.held(10_000)
    capture(wire, intent, amount_to_capture=6_000)

    wire.post("/v1/refunds", payment_intent=intent["id"], amount=2_500)
    too_much = wire.error("POST", "/v1/refunds", 400, payment_intent=intent["id"], amount=3_501)
    rest = wire.post("/v1/refunds", payment_intent=intent["id"])
    none_left = wire.error("POST", "/v1/refunds", 400, payment_intent=intent["id"])

    assert (too_much.get("code"), too_much["param"]) == (None, "amount")
    assert rest["amount"] == 3_500
    assert none_left["code"] == "charge_already_refunded"
    charge = wire.charge_of(intent)
    assert (charge["amount_refunded"], charge["refunded"]) == (6_000, True)
    assert wire.events()[-4:] == ["refund.created", "charge.refunded"] * 2
    refunded = wire.get("/v1/events", type="charge.refunded")["data"]
    assert [event["data"]["object"]["amount_refunded"] for event in refunded] == [6_000, 2_500]
    assert [event["data"]["previous_attributes"]["amount_refunded"] for event in refunded] == [2_500, 0]


def test_refund_of_a_mere_hold_says_to_cancel(wire: Wire) -> None:
    intent = wire.held()

    error = wire.error("POST", "/v1/refunds", 400, payment_intent=intent["id"])

    assert "code" not in error
    assert "Cancel the PaymentIntent" in error["message"]


def test_refund_refusals_name_what_is_wrong(wire: Wire) -> None:
    intent = wire.paid()

    assert wire.error("POST", "/v1/refunds", 400)["type"] == "invalid_request_error"
    assert wire.error("POST", "/v1/refunds", 404, charge="ch_gone")["param"] == "id"
    assert wire.error("POST", "/v1/refunds", 404, payment_intent="pi_gone")["param"] == "intent"
    zero = wire.error("POST", "/v1/refunds", 400, payment_intent=intent["id"], amount=0)
    assert zero["code"] == "parameter_invalid_integer"
    reason = wire.error(
        "POST", "/v1/refunds", 400, payment_intent=intent["id"], reason="expired_uncaptured_charge"
    )
    assert reason["param"] == "reason"
    assert wire.get("/v1/refunds")["data"] == []


def test_refund_gets_its_bank_reference_later(wire: Wire, world: World) -> None:
    intent = wire.paid()
    refund = wire.post("/v1/refunds", payment_intent=intent["id"])
    assert refund["destination_details"]["card"]["reference_status"] == "pending"

    world.advance(2)

    refund = wire.get(f"/v1/refunds/{refund['id']}")
    assert len(refund["destination_details"]["card"]["reference"]) == 23
    assert wire.events()[-2:] == ["refund.updated", "charge.refund.updated"]


def test_pending_refund_succeeds_later(wire: Wire, world: World) -> None:
    intent = wire.paid(5_000, card="4000000000007726")
    refund = wire.post("/v1/refunds", payment_intent=intent["id"])
    assert (refund["status"], refund["balance_transaction"]) == ("pending", None)

    world.advance(3_600)

    refund = wire.get(f"/v1/refunds/{refund['id']}")
    assert refund["status"] == "succeeded"
    assert refund["balance_transaction"].startswith("txn_")


def test_failed_refund_returns_the_money_to_the_balance(wire: Wire, world: World) -> None:
    intent = wire.paid(5_000, card="4000000000005126")
    refund = wire.post("/v1/refunds", payment_intent=intent["id"])
    assert refund["status"] == "succeeded"

    world.advance(86_400)

    refund = wire.get(f"/v1/refunds/{refund['id']}", raw={"expand[]": "failure_balance_transaction"})
    assert (refund["status"], refund["failure_reason"]) == ("failed", "expired_or_canceled_card")
    assert refund["failure_balance_transaction"]["amount"] == 5_000
    charge = wire.charge_of(intent)
    assert (charge["amount_refunded"], charge["refunded"]) == (0, False)
    assert "refund.failed" in wire.events()
    assert wire.post("/v1/refunds", payment_intent=intent["id"])["amount"] == 5_000


def test_balance_transactions_are_in_the_settlement_currency(wire: Wire) -> None:
    intent = wire.paid(900_000_00, "uzs")

    transaction = wire.get("/v1/balance_transactions", source=intent["latest_charge"])["data"][0]

    assert (transaction["currency"], transaction["amount"]) == ("usd", 7_500)
    assert transaction["exchange_rate"] == pytest.approx(1 / 12_000, rel=1e-3)
    assert transaction["net"] == transaction["amount"] - transaction["fee"]


def test_balance_becomes_available_with_time(wire: Wire, world: World) -> None:
    wire.paid(10_000)
    assert wire.get("/v1/balance")["pending"][0]["amount"] == 9_680

    world.advance(2 * 86_400)

    balance = wire.get("/v1/balance")
    assert (balance["available"][0]["amount"], balance["pending"][0]["amount"]) == (9_680, 0)
    assert wire.get("/v1/balance_transactions")["data"][0]["status"] == "available"


def test_bare_intent_goes_through_its_states(wire: Wire) -> None:
    intent = wire.post("/v1/payment_intents", amount=4_000, currency="gbp", capture_method="manual")
    assert intent["status"] == "requires_payment_method"

    intent = wire.post(
        f"/v1/payment_intents/{intent['id']}", payment_method="pm_card_visa", description="Two"
    )
    assert (intent["status"], intent["description"]) == ("requires_confirmation", "Two")
    intent = wire.post(f"/v1/payment_intents/{intent['id']}/confirm")

    assert (intent["status"], intent["amount_capturable"]) == ("requires_capture", 4_000)
    error = wire.error("POST", f"/v1/payment_intents/{intent['id']}/confirm", 400)
    assert error["code"] == "payment_intent_unexpected_state"


def test_bare_intent_with_a_challenge_redirects_and_comes_back(wire: Wire) -> None:
    intent = wire.post(
        "/v1/payment_intents",
        amount=4_000,
        currency="usd",
        confirm="true",
        payment_method="pm_card_threeDSecure2Required",
        return_url="http://shop.test/done",
    )
    page = intent["next_action"]["redirect_to_url"]["url"]

    result = wire.world.pay(page, "4242424242424242", "pay")

    query = f"payment_intent={intent['id']}&payment_intent_client_secret={intent['client_secret']}"
    back = f"http://shop.test/done?{query}&redirect_status=succeeded"
    assert result == {"result": "succeeded", "return_url": back}
    assert wire.get(f"/v1/payment_intents/{intent['id']}")["status"] == "succeeded"


def test_pending_refund_that_fails_never_left_the_balance(wire: Wire, world: World) -> None:
    intent = wire.paid(5_000, card="4000000000007726")
    refund = wire.post("/v1/refunds", payment_intent=intent["id"], amount=2_000)
    assert refund["pending_reason"] == "processing"

    failed = world.stripe.order(orders.refund, {"refund": refund["id"], "resolve": "failed"})
    world.advance(3_600)

    assert (failed["status"], failed["failure_reason"]) == ("failed", "expired_or_canceled_card")
    assert failed.get("failure_balance_transaction") is None
    assert wire.charge_of(intent)["amount_refunded"] == 0
    assert wire.events()[-3:] == ["refund.failed", "refund.updated", "charge.refund.updated"]
    assert wire.get(f"/v1/refunds/{refund['id']}")["status"] == "failed"


def test_refund_is_settled_on_order(wire: Wire, world: World) -> None:
    intent = wire.paid(5_000, card="4000000000007726")
    refund = wire.post("/v1/refunds", payment_intent=intent["id"])

    done = world.stripe.order(orders.refund, {"refund": refund["id"], "resolve": "succeeded"})
    assert done["status"] == "succeeded" and "pending_reason" not in done
    world.advance(3_600)
    assert wire.events().count("refund.updated") == 2  # success and the bank's reference, each once
    back = world.stripe.order(orders.refund, {"refund": refund["id"], "resolve": "failed"})

    assert back["failure_balance_transaction"].startswith("txn_")
    for order in ({"refund": refund["id"], "resolve": "failed"}, {"refund": "re_none", "resolve": "failed"},
                  {"refund": refund["id"], "resolve": "lost"}):  # fmt: skip
        with pytest.raises(BadOrder):
            world.stripe.order(orders.refund, order)
