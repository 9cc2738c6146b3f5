"""The state machine of a hosted checkout, in process: pay, decline, challenge, lapse, expiry."""

import pytest

from sandbox.world import World
from tests.sandbox.conftest import Time
from tests.sandbox.wire import Wire, session_form

WEEK = 7 * 86_400


def test_manual_payment_emits_events_in_the_usual_order(wire: Wire) -> None:
    wire.held()

    assert wire.events() == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "checkout.session.completed",
    ]


def test_automatic_payment_is_captured_at_once(wire: Wire) -> None:
    intent = wire.paid(5_000)

    assert (intent["status"], intent["amount_received"], intent["amount_capturable"]) == (
        "succeeded",
        5_000,
        0,
    )
    assert wire.charge_of(intent)["balance_transaction"].startswith("txn_")
    session = wire.get("/v1/checkout/sessions", payment_intent=intent["id"])["data"][0]
    assert (session["status"], session["payment_status"]) == ("complete", "paid")
    assert wire.events() == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]


def test_default_capture_settles_a_moment_later(wire: Wire, time: Time) -> None:
    session = wire.session(capture="automatic_async")
    wire.pay(session)
    intent = wire.get("/v1/payment_intents")["data"][0]
    assert wire.charge_of(intent)["balance_transaction"] is None

    time.seconds += 1

    assert wire.charge_of(intent)["balance_transaction"].startswith("txn_")
    assert wire.events()[-1] == "charge.updated"


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("4000000000000002", "card_declined", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds"),
        ("4000000000009987", "card_declined", "lost_card"),
        ("4000000000009979", "card_declined", "stolen_card"),
        ("4000000000000069", "expired_card", None),
        ("4000000000000127", "incorrect_cvc", None),
        ("4000000000000119", "processing_error", None),
        ("4000000000006975", "card_declined", "card_velocity_exceeded"),
        ("4000008260003178", "card_declined", "insufficient_funds"),
        ("4000008400001629", "card_declined", "generic_decline"),
        ("5105105105105100", "card_declined", "test_mode_live_card"),
    ],
)
def test_declined_card_leaves_the_session_open(
    wire: Wire, card: str, code: str, decline_code: str | None
) -> None:
    session = wire.session()

    result = wire.pay(session, card)

    assert result == {"result": "declined", "return_url": None, "code": code, "decline_code": decline_code}
    session = wire.get(f"/v1/checkout/sessions/{session['id']}", raw={"expand[]": "payment_intent"})
    intent = session["payment_intent"]
    assert (session["status"], session["payment_status"]) == ("open", "unpaid")
    assert (intent["status"], intent["last_payment_error"]["code"]) == ("requires_payment_method", code)
    assert wire.events()[-2:] == ["charge.failed", "payment_intent.payment_failed"]
    assert wire.charge_of(intent)["status"] == "failed"


def test_second_try_after_a_decline_pays_the_same_intent(wire: Wire) -> None:
    session = wire.session()
    wire.pay(session, "4000000000000002")
    first = wire.get("/v1/payment_intents")["data"][0]["id"]

    assert wire.pay(session)["result"] == "succeeded"

    found = wire.get("/v1/payment_intents")["data"]
    assert [(one["id"], one["status"]) for one in found] == [(first, "requires_capture")]
    assert found[0]["last_payment_error"] is None
    assert wire.world.books()["stripe"]["payments"][0]["authorized_minor"] == 12_345


@pytest.mark.parametrize("card", ["4000000000003220", "4000002760003184", "4000002500003155"])
def test_challenge_completed_holds_the_money(wire: Wire, card: str) -> None:
    session = wire.session()

    assert wire.pay(session, card)["result"] == "succeeded"

    intent = wire.get("/v1/payment_intents")["data"][0]
    assert intent["status"] == "requires_capture"
    details = wire.charge_of(intent)["payment_method_details"]["card"]
    assert details["three_d_secure"]["result"] == "authenticated"
    assert wire.events()[:3] == [
        "payment_intent.created",
        "payment_intent.requires_action",
        "charge.succeeded",
    ]


def test_challenge_left_open_waits(wire: Wire) -> None:
    session = wire.session()

    assert wire.pay(session, "4000000000003220", "leave_3ds")["result"] == "requires_action"

    intent = wire.get("/v1/payment_intents")["data"][0]
    assert (intent["status"], intent["latest_charge"]) == ("requires_action", None)
    assert wire.get(f"/v1/checkout/sessions/{session['id']}")["status"] == "open"


def test_challenge_failed_is_a_decline_without_a_charge(wire: Wire) -> None:
    session = wire.session()

    result = wire.pay(session, "4000000000003220", "fail_3ds")

    assert (result["result"], result["code"]) == ("declined", "payment_intent_authentication_failure")
    intent = wire.get("/v1/payment_intents")["data"][0]
    assert (intent["status"], intent["latest_charge"]) == ("requires_payment_method", None)
    assert wire.events()[-1] == "payment_intent.payment_failed"


def test_abandoned_and_canceled_visits_change_nothing(wire: Wire) -> None:
    session = wire.session()

    assert wire.pay(session, action="abandon") == {"result": "abandoned", "return_url": None}
    assert wire.pay(session, action="cancel") == {
        "result": "canceled",
        "return_url": "http://shop.test/cancel",
    }

    assert wire.events() == []
    assert wire.get(f"/v1/checkout/sessions/{session['id']}")["status"] == "open"


def test_complete_session_cannot_be_paid_again(wire: Wire) -> None:
    session = wire.session()
    wire.pay(session)

    assert wire.pay(session)["result"] == "complete"

    assert wire.world.books()["stripe"]["effects"]["authorize"] == 1


def test_expired_by_call_cannot_be_paid(wire: Wire) -> None:
    session = wire.session()

    expired = wire.post(f"/v1/checkout/sessions/{session['id']}/expire")

    assert (expired["status"], expired["url"]) == ("expired", None)
    assert wire.pay(session) == {"result": "expired", "return_url": None}
    assert wire.events() == ["checkout.session.expired"]


def test_expire_of_a_closed_session_is_refused_without_a_code(wire: Wire) -> None:
    session = wire.session()
    wire.pay(session)

    error = wire.error("POST", f"/v1/checkout/sessions/{session['id']}/expire", 400)

    assert "code" not in error
    assert error["type"] == "invalid_request_error"


def test_session_expires_by_the_clock_and_takes_its_intent_along(wire: Wire, world: World) -> None:
    session = wire.session(expires_at=world.clock.now() + 1_800)
    wire.pay(session, "4000000000000002")

    world.advance(1_799)
    assert wire.get(f"/v1/checkout/sessions/{session['id']}")["status"] == "open"
    world.advance(1)

    assert wire.get(f"/v1/checkout/sessions/{session['id']}")["status"] == "expired"
    assert wire.get("/v1/payment_intents")["data"][0]["status"] == "canceled"
    assert wire.events()[-2:] == ["checkout.session.expired", "payment_intent.canceled"]


def test_hold_lapses_at_capture_before(wire: Wire, world: World) -> None:
    intent = wire.held(9_000)
    limit = wire.charge_of(intent)["payment_method_details"]["card"]["capture_before"]
    assert limit == world.clock.now() + WEEK

    world.advance(WEEK - 1)
    assert wire.get(f"/v1/payment_intents/{intent['id']}")["status"] == "requires_capture"
    world.advance(1)

    intent = wire.get(f"/v1/payment_intents/{intent['id']}", raw={"expand[]": "latest_charge.refunds"})
    charge = intent["latest_charge"]
    assert (intent["status"], intent["cancellation_reason"]) == ("canceled", "automatic")
    assert (charge["captured"], charge["refunded"], charge["amount_refunded"]) == (False, True, 9_000)
    assert charge["refunds"]["data"][0]["reason"] == "expired_uncaptured_charge"
    assert wire.events()[-2:] == ["charge.expired", "payment_intent.canceled"]
    assert wire.world.books()["stripe"]["payments"][0]["refunded_minor"] == 0


def test_events_of_a_long_leap_carry_the_moment_they_were_due(wire: Wire, world: World) -> None:
    wire.held()
    start = world.clock.now()

    world.advance(30 * 86_400)

    lapsed = wire.get("/v1/events", type="charge.expired")["data"][0]
    assert lapsed["created"] == start + WEEK
    assert lapsed["request"] == {"id": None, "idempotency_key": None}


def test_session_metadata_is_not_copied_to_the_intent(wire: Wire) -> None:
    form = session_form(5_000) | {"metadata[only_here]": "yes"}
    session = wire.post("/v1/checkout/sessions", raw=form)
    wire.pay(session)

    intent = wire.get("/v1/payment_intents")["data"][0]

    assert session["metadata"] == {"booking_reference": "RH-TEST1", "only_here": "yes"}
    assert intent["metadata"] == {"booking_reference": "RH-TEST1"}
    assert wire.charge_of(intent)["metadata"] == {"booking_reference": "RH-TEST1"}
