"""Octo's prepare_payment and its guests, without a socket: what is refused, and by which number."""

from typing import Any

import pytest

from sandbox.world import World
from tests.sandbox.octo_wire import UZCARD, OctoWire, named, order

# --- prepare_payment ------------------------------------------------------------------------------------------


def test_new_payment_is_created_with_a_page(octo: OctoWire) -> None:
    payment = octo.create(total_sum=103.33, currency="USD")

    ref = payment["octo_payment_UUID"]
    assert payment == {
        "shop_transaction_id": "RH1-checkout-1",
        "octo_payment_UUID": ref,
        "status": "created",
        "octo_pay_url": f"http://127.0.0.1:8001/pay/{ref}?language=en",
        "refunded_sum": 0.0,
        "total_sum": 103.33,
    }
    assert ref == ref.lower()


def test_envelope_doubles_data_unless_switched_off(octo: OctoWire) -> None:
    answer = octo.call("prepare_payment", **order()).json()
    assert answer["status"] == answer["data"]["status"] == "created"
    assert (answer["error"], answer["errMessage"], answer["errorMessage"]) == (0, None, None)

    octo.configure(duplicates_data=False)

    assert "status" not in octo.call("prepare_payment", **order()).json()


def test_known_id_answers_with_the_first_payment_whatever_is_asked(octo: OctoWire) -> None:
    first = octo.create()

    again = octo.create(total_sum=1, currency="USD", return_url="http://elsewhere.test/")

    assert again == first == octo.status()
    assert octo.effects == {"create": 1}


def test_status_check_of_an_unknown_id_creates_nothing(octo: OctoWire) -> None:
    assert octo.error("prepare_payment", shop_transaction_id="RH9-checkout-1") == 1
    assert octo.effects == {}


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"auto_capture": None}, 1),
        ({"auto_capture": "true"}, 1),
        ({"test": None}, 1),
        ({"init_time": "2026-11-21T15:00:00Z"}, 1),
        ({"total_sum": None}, 1),
        ({"total_sum": "500000"}, 1),
        ({"total_sum": 0}, 1),
        ({"total_sum": -5}, 1),
        ({"total_sum": 10.005}, 1),
        ({"total_sum": 1e15}, 1),
        ({"currency": "GBP"}, 6),
        ({"currency": None}, 6),
        ({"description": None}, 1),
        ({"return_url": None}, 1),
        ({"return_url": "javascript:alert(1)"}, 1),
        ({"notify_url": None, "auto_capture": False}, 9),
        ({"notify_url": "http://elsewhere.test/hook"}, 1),
        ({"language": "de"}, 1),
        ({"ttl": 0}, 1),
        ({"ttl": 5_001}, 1),
        ({"ttl": "15"}, 1),
        ({"user_data": {"phone": ""}}, 1),
        ({"payment_methods": ["uzcard"]}, 7),
        ({"payment_methods": [{"method": "cash"}]}, 7),
        ({"basket": [{"position_desc": "Night", "count": 2, "price": 100}]}, 3),
        ({"basket": [{"count": 2}]}, 1),
        ({"octo_shop_id": "1"}, 1),
        ({"octo_shop_id": 404}, 2),
        ({"octo_secret": "guess"}, 2),
        ({"shop_transaction_id": 7}, 1),
        ({"shop_transaction_id": ""}, 1),
    ],
)
def test_wrong_order_is_refused_by_its_number(octo: OctoWire, changes: dict[str, Any], number: int) -> None:
    assert octo.error("prepare_payment", **order(**changes)) == number
    assert octo.effects == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"notify_url": None},
        {"ttl": None, "language": None},
        {"user_data": {"user_id": "RH1", "email": "ada@example.com"}},
        {"payment_methods": [{"method": "bank_card"}, {"method": "humo"}]},
        {"basket": [{"position_desc": "Night", "count": 2, "price": 250_000}]},
        {"currency": "RUB"},
    ],
)
def test_optional_fields_are_taken(octo: OctoWire, changes: dict[str, Any]) -> None:
    assert octo.create(**changes)["status"] == "created"


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b'{"octo_shop_id": NaN}', b"\xff\xfe", b"a=1"])
def test_body_that_is_no_object_is_a_format_error(octo: OctoWire, body: bytes) -> None:
    answer = octo.world.octo.engine.handle("POST", "/prepare_payment", body)

    assert (answer.status, answer.json()["error"], answer.json()["data"]) == (200, 1, None)


@pytest.mark.parametrize("path", ["check_status", "status", "check_transaction", "capture"])
def test_invented_endpoints_are_404(octo: OctoWire, path: str) -> None:
    assert octo.call(path, shop_transaction_id="RH1-checkout-1").status == 404


def test_another_shop_has_its_own_ids(octo: OctoWire) -> None:
    octo.world.octo.add_shop({"shop_id": 7, "secret": "venue-secret", "unique_key": "venue-key"})
    other = {"octo_shop_id": 7, "octo_secret": "venue-secret"}
    mine = octo.paid()

    theirs = octo.create(**other)

    assert theirs["octo_payment_UUID"] != mine["octo_payment_UUID"]
    assert octo.error("refund", **{**named(mine), **other}, shop_refund_id="r", amount=50_000) == 11
    assert octo.error("prepare_payment", **order(octo_shop_id=7)) == 2


def test_status_checks_are_limited_to_one_a_second_when_told(octo: OctoWire, time: Any) -> None:
    octo.create()
    octo.configure(limits_rate=True)
    octo.status()

    assert octo.error("prepare_payment", shop_transaction_id="RH1-checkout-1") == 11

    time.seconds += 1
    assert octo.status()["status"] == "created"


# --- paying ---------------------------------------------------------------------------------------------------


def test_one_stage_payment_succeeds_at_once(octo: OctoWire) -> None:
    result = octo.pay(octo.create())

    assert result == {
        "result": "succeeded",
        "return_url": "http://shop.test/return?booking=RH1&octo_status=succeeded",
    }
    assert octo.status()["status"] == "succeeded"
    assert octo.effects == {"create": 1, "authorize": 1, "capture": 1}


def test_decline_cancels_the_payment_and_sends_the_guest_back(octo: OctoWire) -> None:
    result = octo.pay(octo.create(), "4000000000000002")

    assert result["result"] == "declined"
    assert result["return_url"].endswith("&octo_status=canceled")
    assert octo.status()["status"] == "canceled"
    assert octo.world.books()["octo"]["payments"][0]["authorized_minor"] == 0


@pytest.mark.parametrize(
    ("action", "result", "status"),
    [
        ("pay", "succeeded", "succeeded"),
        ("fail_3ds", "declined", "canceled"),
        ("leave_3ds", "requires_action", "wait_user_action"),
        ("abandon", "abandoned", "created"),
        ("cancel", "canceled", "created"),
    ],
)
def test_guest_with_a_code_by_sms(octo: OctoWire, action: str, result: str, status: str) -> None:
    assert octo.pay(octo.create(), UZCARD, action)["result"] == result
    assert octo.status()["status"] == status


def test_page_that_is_over_takes_no_money(octo: OctoWire) -> None:
    payment = octo.paid()

    assert octo.pay(payment)["result"] == "complete"
    assert octo.effects["capture"] == 1


@pytest.mark.parametrize("action", ["abandon", "leave_3ds"])
def test_page_ends_after_its_ttl(octo: OctoWire, world: World, action: str) -> None:
    payment = octo.create(ttl=20)
    octo.pay(payment, UZCARD, action)

    world.advance(20 * 60 - 1)
    assert octo.status()["status"] != "canceled"
    world.advance(1)

    assert octo.status()["status"] == "canceled"
    assert octo.pay(payment)["result"] == "expired"
    assert octo.effects == {"create": 1, "expire": 1}
