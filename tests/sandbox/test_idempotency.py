"""Idempotency keys in process: replay, mismatch, in flight, what is kept and for how long."""

from typing import Any

from sandbox.wire import Request, lowered
from sandbox.world import World
from tests.sandbox.wire import AUTH, Wire, session_form

INTENTS = "/v1/payment_intents"
BODY = b"amount=500&currency=usd"


def test_same_call_is_answered_with_the_first_answer(wire: Wire) -> None:
    first = wire.call("POST", INTENTS, key="k", amount=500, currency="usd")
    again = wire.call("POST", INTENTS, key="k", currency="usd", amount=500)

    assert again.body == first.body
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Original-Request"] == first.headers["Request-Id"] != again.headers["Request-Id"]
    assert len(wire.get(INTENTS)["data"]) == 1


def test_other_parameters_under_one_key_are_refused(wire: Wire) -> None:
    wire.post(INTENTS, key="k", amount=500, currency="usd")

    error = wire.error("POST", INTENTS, 400, key="k", amount=501, currency="usd")

    assert error["type"] == "idempotency_error"
    assert "code" not in error
    assert len(wire.get(INTENTS)["data"]) == 1


def test_other_endpoint_under_one_key_is_refused(wire: Wire) -> None:
    intent = wire.held()
    wire.post(f"{INTENTS}/{intent['id']}/capture", key="k")

    error = wire.error("POST", f"{INTENTS}/{intent['id']}/cancel", 400, key="k")

    assert error["type"] == "idempotency_error"


def test_key_in_flight_is_a_conflict(wire: Wire) -> None:
    request = Request("POST", INTENTS, "", lowered({**AUTH, "Idempotency-Key": "k"}), BODY)
    running = wire.engine.open(request)

    conflict = wire.engine.handle("POST", INTENTS, "", {**AUTH, "Idempotency-Key": "k"}, BODY)
    first = wire.engine.finish(running)
    after = wire.engine.handle("POST", INTENTS, "", {**AUTH, "Idempotency-Key": "k"}, BODY)

    assert (conflict.status, conflict.json()["error"]["code"]) == (409, "idempotency_key_in_use")
    assert conflict.headers["Stripe-Should-Retry"] == "true"
    assert first.status == after.status == 200
    assert after.body == first.body


def test_refusals_after_the_start_are_replayed(wire: Wire) -> None:
    intent = wire.held()
    path = f"{INTENTS}/{intent['id']}/capture"
    wire.post(path)
    first = wire.call("POST", path, key="again")

    second = wire.call("POST", path, key="again")

    assert first.status == second.status == 400
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.body == first.body


def test_declines_are_replayed_and_try_the_card_once(wire: Wire) -> None:
    form = {"amount": 500, "currency": "usd", "confirm": "true", "payment_method": "pm_card_chargeDeclined"}
    first = wire.call("POST", INTENTS, key="k", raw=form)

    second = wire.call("POST", INTENTS, key="k", raw=form)

    assert (first.status, second.status) == (402, 402)
    assert second.body == first.body
    assert wire.events().count("charge.failed") == 1


def test_validation_failures_are_not_kept(wire: Wire) -> None:
    assert wire.call("POST", INTENTS, key="k", amount="x", currency="usd").status == 400

    assert wire.call("POST", INTENTS, key="k", amount=500, currency="usd").status == 200


def test_rate_limits_are_not_kept(wire: Wire, world: World) -> None:
    world.faults.add({"provider": "stripe", "operation": "payment_intents.create", "fault": "error_429"})
    assert wire.call("POST", INTENTS, key="k", amount=500, currency="usd").status == 429

    assert wire.call("POST", INTENTS, key="k", amount=500, currency="usd").status == 200


def test_keys_are_forgotten_after_a_day(wire: Wire, world: World) -> None:
    first = wire.post(INTENTS, key="k", amount=500, currency="usd")
    world.advance(86_399)
    assert wire.post(INTENTS, key="k", amount=500, currency="usd") == first

    world.advance(1)

    assert wire.post(INTENTS, key="k", amount=900, currency="usd")["amount"] == 900


def test_get_ignores_the_key(wire: Wire) -> None:
    wire.post(INTENTS, key="k", amount=500, currency="usd")

    response = wire.call("GET", INTENTS, key="k")

    assert response.status == 200
    assert "Idempotency-Key" not in response.headers


def test_session_retried_with_a_fresh_expiry_is_refused(wire: Wire, world: World) -> None:
    def form() -> dict[str, Any]:
        return {**session_form(5_000), "expires_at": world.clock.now() + 2_000}

    wire.post("/v1/checkout/sessions", key="k", raw=form())
    world.advance(5)

    error = wire.error("POST", "/v1/checkout/sessions", 400, key="k", raw=form())

    assert error["type"] == "idempotency_error"


def test_events_name_the_key_of_their_call(wire: Wire) -> None:
    intent = wire.held()
    wire.post(f"{INTENTS}/{intent['id']}/capture", key="RH-1-capture-1")

    event = wire.get("/v1/events", type="charge.captured")["data"][0]

    assert event["request"]["idempotency_key"] == "RH-1-capture-1"
    assert event["request"]["id"].startswith("req_")


def test_stored_500_is_replayed_and_did_nothing(wire: Wire, world: World) -> None:
    intent = wire.held()
    path = f"{INTENTS}/{intent['id']}/capture"
    world.faults.add({"provider": "stripe", "operation": "payment_intents.capture", "fault": "stored_500"})

    first, second = wire.call("POST", path, key="k1"), wire.call("POST", path, key="k1")

    assert (first.status, second.status) == (500, 500)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.headers["Stripe-Should-Retry"] == "false"
    assert wire.get(f"{INTENTS}/{intent['id']}")["status"] == "requires_capture"
    assert wire.call("POST", path, key="k2").status == 200


def test_stored_500_after_the_work_keeps_the_work(wire: Wire, world: World) -> None:
    intent = wire.held()
    path = f"{INTENTS}/{intent['id']}/capture"
    order = {"operation": "payment_intents.capture", "fault": "stored_500", "after": True}
    world.faults.add(order)

    assert wire.call("POST", path, key="k1").status == 500
    assert wire.call("POST", path, key="k1").status == 500

    assert wire.get(f"{INTENTS}/{intent['id']}")["status"] == "succeeded"
