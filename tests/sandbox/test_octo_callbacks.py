"""Octo's callbacks: what they say, how they are signed, repeated, forged, and decided by their answer."""

import json
from hashlib import sha1
from typing import Any

import pytest

from sandbox.octo import signing
from sandbox.octo.behavior import BadOctoOrder
from sandbox.outbox import Travel
from sandbox.settings import Settings
from sandbox.world import World
from tests.sandbox.octo_wire import UZCARD, OctoWire

UUID = "11111111-2222-4333-8444-555555555555"


def signed_by(key: str, body: Any) -> str:
    return sha1((key + body["octo_payment_UUID"] + body["status"]).encode()).hexdigest().upper()


@pytest.mark.parametrize(
    ("status", "signature"),
    [
        ("succeeded", "ABD07152EB78FB6434AEC31EE17BE442E7B403D0"),
        ("waiting_for_capture", "85B5C6BB8D1BFA1C0829E36C76B4F73CF57DA0EE"),
        ("canceled", "FB829ABFBB23EF45C1A0588299C39E424EA4B432"),
    ],
)
def test_scheme_u_agrees_with_its_vectors(status: str, signature: str) -> None:
    assert signing.scheme_u("test-unique-key", UUID, status) == signature


def test_scheme_n_agrees_with_its_vector() -> None:
    signature = signing.scheme_n("test-secret", "test-hash-key", UUID, "succeeded")

    assert signature == "FC54EB448BC555B2FB6E4CF43AD551A513DA25C5"


def test_callback_of_a_payment_says_all_of_it(octo: OctoWire) -> None:
    payment = octo.paid()

    (body,) = octo.callbacks()

    assert body.pop("signature") == signed_by(Settings.octo_unique_key, body)
    assert len(body.pop("hash_key")) == 36
    assert body == {
        "shop_transaction_id": "RH1-checkout-1",
        "octo_payment_UUID": payment["octo_payment_UUID"],
        "status": "succeeded",
        "total_sum": 500_000.0,
        "refunded_sum": 0.0,
        "transfer_sum": 485_000.0,
        "payed_time": "2027-01-15 13:00:00",
        "card_country": "US",
        "maskedPan": "424242** **** 4242",
        "rrn": "001800000000",
        "riskLevel": 0,
        "card_type": "internationalVisa",
        "is_physical_card": True,
        "currency": "UZS",
    }


def test_callback_may_carry_only_what_is_required(octo: OctoWire) -> None:
    octo.configure(notify_fields="required")
    octo.paid()

    (body,) = octo.callbacks()

    assert sorted(body) == ["hash_key", "octo_payment_UUID", "shop_transaction_id", "signature", "status"]


def test_other_shops_callbacks_are_signed_with_their_own_key(octo: OctoWire) -> None:
    octo.world.octo.add_shop({"shop_id": 7, "secret": "venue-secret", "unique_key": "venue-key"})
    octo.paid(octo_shop_id=7, octo_secret="venue-secret")

    (body,) = octo.callbacks()

    assert body["signature"] == signed_by("venue-key", body)


def test_scheme_n_is_a_switch(octo: OctoWire) -> None:
    octo.configure(signature_scheme="N")
    octo.paid()

    (body,) = octo.callbacks()

    inner = sha1((Settings.octo_secret + body["hash_key"]).encode()).hexdigest()
    assert body["signature"] == signed_by(inner, body)


@pytest.mark.parametrize("scheme", ["U", "N"])
def test_wrong_signatures_on_order(octo: OctoWire, world: World, scheme: str) -> None:
    octo.configure(signature_scheme=scheme)
    world.outbox.travel = Travel(signature="wrong")
    octo.paid()

    (body,) = octo.callbacks()

    assert body["signature"] != signed_by(Settings.octo_unique_key, body)


def statuses(octo: OctoWire) -> list[str]:
    return [body["status"] for body in octo.callbacks()]


def test_two_stages_send_two_callbacks(octo: OctoWire) -> None:
    payment = octo.held()
    assert statuses(octo) == ["waiting_for_capture"]

    octo.accept(payment, "capture", final_amount=500_000)

    assert statuses(octo) == ["succeeded"]


def test_every_end_is_told(octo: OctoWire, world: World) -> None:
    octo.accept(octo.held("a"), "cancel")
    octo.pay(octo.create("b"), "4000000000000002")
    octo.create("c")
    world.advance(15 * 60)

    assert statuses(octo) == ["waiting_for_capture", "canceled", "canceled", "canceled"]


def test_step_of_the_guest_is_told_on_request(octo: OctoWire) -> None:
    octo.pay(octo.create("a"), UZCARD, "leave_3ds")
    assert statuses(octo) == []

    octo.configure(announces_action=True)
    octo.pay(octo.create("b"), UZCARD, "leave_3ds")

    assert statuses(octo) == ["wait_user_action"]


def test_refund_is_told_on_request(octo: OctoWire) -> None:
    payment = octo.paid()
    octo.refund(payment, 100_000, "r1")
    assert len(octo.callbacks()) == 1

    octo.configure(announces_refund=True)
    octo.refund(payment, 50_000, "r2")

    (body,) = octo.callbacks()
    assert (body["status"], body["refunded_sum"]) == ("succeeded", 150_000.0)


def test_payment_without_an_address_is_not_told(octo: OctoWire) -> None:
    octo.paid(notify_url=None)

    assert octo.callbacks() == []


def test_undecided_hold_is_told_again_until_it_lapses(octo: OctoWire, world: World) -> None:
    octo.held()
    assert statuses(octo) == ["waiting_for_capture"]

    world.advance(50)
    assert statuses(octo) == ["waiting_for_capture"]
    world.advance(49)
    assert statuses(octo) == []
    world.advance(1)
    assert statuses(octo) == ["waiting_for_capture"]

    world.advance(40 * 60)
    assert statuses(octo) == ["waiting_for_capture", "canceled"]
    world.advance(3_600)
    assert statuses(octo) == []


def test_repeats_may_be_switched_off(octo: OctoWire, world: World) -> None:
    octo.configure(repeat_seconds=0)
    octo.held()
    statuses(octo)

    world.advance(20 * 60)

    assert statuses(octo) == []


def answer(octo: OctoWire, body: Any) -> str:
    """Answer the newest callback of a hold; the payment's status then."""
    (message,) = octo.world.outbox.take_due()
    octo.world.answered(message, body if isinstance(body, bytes) else json.dumps(body).encode())
    return str(octo.status()["status"])


def test_answer_may_capture_a_part(octo: OctoWire) -> None:
    octo.held()

    assert answer(octo, {"accept_status": "capture", "final_amount": 100_000.5}) == "succeeded"

    assert octo.world.books()["octo"]["payments"][0]["captured_minor"] == 10_000_050
    assert statuses(octo) == []


def test_answer_may_cancel_and_be_confirmed(octo: OctoWire) -> None:
    octo.configure(confirms_answer=True)
    octo.held()

    assert answer(octo, {"accept_status": "cancel"}) == "canceled"

    assert statuses(octo) == ["canceled"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"OK",
        b"[1]",
        {},
        {"status": "ok"},
        {"accept_status": "keep"},
        {"accept_status": ["capture"]},
        {"accept_status": "capture", "final_amount": 500_001},
        {"accept_status": "capture", "final_amount": "all"},
    ],
)
def test_answer_without_a_decision_leaves_the_hold(octo: OctoWire, body: Any) -> None:
    octo.held()

    assert answer(octo, body) == "waiting_for_capture"


def test_answer_may_stop_the_repeats_only(octo: OctoWire, world: World) -> None:
    octo.held()

    assert answer(octo, {"accept_status": "waiting_user_action"}) == "waiting_for_capture"

    world.advance(60)
    assert statuses(octo) == []
    world.advance(30 * 60)
    assert statuses(octo) == ["canceled"]


def test_answer_to_another_status_decides_nothing(octo: OctoWire) -> None:
    octo.paid()

    assert answer(octo, {"accept_status": "cancel"}) == "succeeded"


def test_late_answer_does_not_undo_a_decision(octo: OctoWire) -> None:
    payment = octo.held()
    octo.accept(payment, "cancel")
    waiting, _ = octo.world.outbox.take_due()

    octo.world.answered(waiting, b'{"accept_status": "capture"}')

    assert octo.status()["status"] == "canceled"


@pytest.mark.parametrize(
    "forged",
    [
        {"shop_transaction_id": "RH2-checkout-1"},
        {"total_sum": 1.0},
        {"status": "refunded"},
        {"status": "payment_in_process"},
        {"octo_payment_UUID": UUID},
    ],
)
def test_forged_callback_has_a_true_signature(octo: OctoWire, forged: dict[str, Any]) -> None:
    payment = octo.paid()
    octo.callbacks()

    octo.world.octo.call_back({"payment": payment["octo_payment_UUID"], **forged})

    (body,) = octo.callbacks()
    assert {name: body[name] for name in forged} == forged
    assert body["signature"] == signed_by(Settings.octo_unique_key, body)


def test_forged_signature_is_taken_as_ordered(octo: OctoWire) -> None:
    payment = octo.paid()
    octo.callbacks()

    octo.world.octo.call_back({"payment": payment["octo_payment_UUID"], "signature": "0" * 40})

    assert octo.callbacks()[0]["signature"] == "0" * 40


@pytest.mark.parametrize("order", [{}, {"payment": "none"}])
def test_callback_about_nothing_is_refused(octo: OctoWire, order: dict[str, Any]) -> None:
    with pytest.raises(BadOctoOrder):
        octo.world.octo.call_back(order)
