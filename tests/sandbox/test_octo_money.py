"""Octo's held and taken money, without a socket: decided once, refunded in parts, kept in the books."""

from typing import Any

import pytest

from sandbox.orders import BadOrder
from sandbox.world import World
from tests.sandbox.octo_wire import OctoWire, named

# --- set_accept -----------------------------------------------------------------------------------------------


def test_capture_in_full(octo: OctoWire) -> None:
    payment = octo.held()
    assert octo.status()["status"] == "waiting_for_capture"

    decided = octo.accept(payment, "capture", final_amount=500_000)

    assert (decided["status"], decided["total_sum"], decided["transfer_sum"]) == (
        "succeeded",
        500_000.0,
        485_000.0,
    )
    assert octo.effects["capture"] == 1


@pytest.mark.parametrize(("keeps_total", "total"), [(False, 123_456.78), (True, 500_000.0)])
def test_partial_capture_releases_the_rest(octo: OctoWire, keeps_total: bool, total: float) -> None:
    octo.configure(keeps_total=keeps_total)
    payment = octo.held()

    octo.accept(payment, "capture", final_amount=123_456.78)

    assert octo.status()["total_sum"] == total
    books = octo.world.books()["octo"]["payments"][0]
    assert (books["authorized_minor"], books["captured_minor"]) == (50_000_000, 12_345_678)


def test_capture_without_an_amount_takes_all(octo: OctoWire) -> None:
    assert octo.accept(octo.held(), "capture")["total_sum"] == 500_000.0


def test_cancel_releases_the_hold(octo: OctoWire) -> None:
    assert octo.accept(octo.held(), "cancel")["status"] == "canceled"
    assert octo.effects == {"create": 1, "authorize": 1, "cancel": 1}


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ({"accept_status": "capture", "final_amount": 500_000.01}, 1),
        ({"accept_status": "capture", "final_amount": 0}, 1),
        ({"accept_status": "capture", "final_amount": -1}, 1),
        ({"accept_status": "capture", "final_amount": 1.001}, 1),
        ({"accept_status": "capture", "final_amount": "5"}, 1),
        ({"accept_status": "keep"}, 1),
        ({}, 1),
        ({"accept_status": "capture", "octo_payment_UUID": "11111111-2222-4333-8444-555555555555"}, 11),
    ],
)
def test_wrong_decision_leaves_the_hold(octo: OctoWire, fields: dict[str, Any], number: int) -> None:
    payment = octo.held()

    assert octo.error("set_accept", **{**named(payment), **fields}) == number
    assert octo.status()["status"] == "waiting_for_capture"


@pytest.mark.parametrize("verdict", ["capture", "cancel"])
def test_second_decision_is_refused(octo: OctoWire, verdict: str) -> None:
    payment = octo.held()
    octo.accept(payment, "capture", final_amount=500_000)

    assert octo.error("set_accept", **named(payment), accept_status=verdict) == 10
    assert octo.effects["capture"] == 1


def test_unpaid_payment_waits_for_no_decision(octo: OctoWire) -> None:
    assert octo.error("set_accept", **named(octo.create()), accept_status="cancel") == 10


@pytest.mark.parametrize("minutes", [30, 10_080])
def test_undecided_hold_lapses(octo: OctoWire, world: World, minutes: int) -> None:
    octo.configure(hold_minutes=minutes)
    payment = octo.held()

    world.advance(minutes * 60 - 1)
    assert octo.status()["status"] == "waiting_for_capture"
    world.advance(1)

    assert octo.status()["status"] == "canceled"
    assert octo.error("set_accept", **named(payment), accept_status="capture") == 10
    assert octo.effects == {"create": 1, "authorize": 1, "lapse": 1}


# --- refund ---------------------------------------------------------------------------------------------------


def test_refunds_in_parts_up_to_the_payment(octo: OctoWire) -> None:
    payment = octo.paid()

    first = octo.refund(payment, 200_000, "r1")
    octo.refund(payment, 300_000, "r2")

    assert (first["octo_payment_UUID"], first["status"]) == (payment["octo_payment_UUID"], "succeeded")
    assert (octo.status()["status"], octo.status()["refunded_sum"]) == ("succeeded", 500_000.0)
    assert octo.error("refund", **named(payment), shop_refund_id="r3", amount=12_000) == 22


def test_repeated_refund_id_gives_back_once(octo: OctoWire) -> None:
    payment = octo.paid()

    assert octo.refund(payment, 200_000) == octo.refund(payment, 200_000) == octo.refund(payment, 90_000)
    octo.configure(repeated_refund="error")
    assert octo.error("refund", **named(payment), shop_refund_id="RH1-refund-1", amount=200_000) == 1

    assert (octo.status()["refunded_sum"], octo.effects["refund"]) == (200_000.0, 1)


@pytest.mark.parametrize("amount", [500_000.01, 11_999.99])
def test_refund_outside_its_limits_is_refused(octo: OctoWire, amount: float) -> None:
    payment = octo.paid()

    assert octo.error("refund", **named(payment), shop_refund_id="r1", amount=amount) == 22
    assert octo.status()["refunded_sum"] == 0.0


def test_one_refund_is_at_most_ten_million(octo: OctoWire) -> None:
    payment = octo.paid(total_sum=25_000_000)

    assert octo.error("refund", **named(payment), shop_refund_id="r1", amount=10_000_000.01) == 22
    assert octo.refund(payment, 10_000_000, "r1")["status"] == "succeeded"


def test_older_number_of_a_wrong_refund(octo: OctoWire) -> None:
    octo.configure(refund_limit_code=3)

    assert octo.error("refund", **named(octo.paid()), shop_refund_id="r", amount=600_000) == 3


@pytest.mark.parametrize(
    "fields", [{"amount": 20_000}, {"shop_refund_id": "r1"}, {"shop_refund_id": "r1", "amount": 0}]
)
def test_refund_without_id_or_amount_is_a_format_error(octo: OctoWire, fields: dict[str, Any]) -> None:
    assert octo.error("refund", **named(octo.paid()), **fields) == 1


def test_only_captured_money_is_refunded(octo: OctoWire) -> None:
    assert octo.error("refund", **named(octo.held()), shop_refund_id="r1", amount=20_000) == 10


def test_partly_captured_payment_is_refunded_up_to_the_capture(octo: OctoWire) -> None:
    payment = octo.held()
    octo.accept(payment, "capture", final_amount=100_000)

    assert octo.error("refund", **named(payment), shop_refund_id="r1", amount=100_001) == 22
    assert octo.refund(payment, 100_000)["status"] == "succeeded"


def test_pending_refund_counts_at_once_and_shows_later(octo: OctoWire, world: World) -> None:
    payment = octo.paid(card="4000000000007726")
    assert octo.refund(payment, 400_000, "r1")["status"] == "pending"
    assert octo.status()["refunded_sum"] == 0.0
    assert octo.error("refund", **named(payment), shop_refund_id="r2", amount=200_000) == 22

    world.advance(3_600)

    assert octo.status()["refunded_sum"] == 400_000.0


# --- books and memory -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ref", "reference"),
    [
        ("RH7KQ2M9XC-checkout-1", "RH7KQ2M9XC"),
        ("RH7KQ2M9XC.2-checkout-3", "RH7KQ2M9XC"),
        ("order 17", "order 17"),
    ],
)
def test_books_name_the_booking(octo: OctoWire, ref: str, reference: str) -> None:
    payment = octo.paid(ref)
    octo.refund(payment, 100_000)

    assert octo.world.books()["octo"]["payments"] == [
        {
            "id": payment["octo_payment_UUID"],
            "reference": reference,
            "account": "platform",
            "mode": "test",
            "status": "succeeded",
            "currency": "UZS",
            "authorized_minor": 50_000_000,
            "captured_minor": 50_000_000,
            "refunded_minor": 10_000_000,
        }
    ]


def test_journal_keeps_the_amount_as_written_and_no_secret(octo: OctoWire) -> None:
    octo.world.octo.engine.handle(
        "POST", "/prepare_payment", b'{"octo_shop_id": 1, "octo_secret": "nobody", "total_sum": 1000.00}'
    )

    (call,) = octo.world.journal.listed("octo")

    assert (call["operation"], call["error"], call["amount"]) == ("prepare_payment", 2, "1000.00")
    assert "nobody" not in str(call)


def test_everything_survives_a_restart(octo: OctoWire, world: World, time: Any) -> None:
    payment = octo.held()
    octo.configure(signature_scheme="N")
    world.octo.add_shop({"shop_id": 7, "secret": "venue-secret", "unique_key": "venue-key"})
    state = world.snapshot()

    world.reset()
    world.restore(state)

    assert octo.status() == {**payment, "status": "waiting_for_capture"}
    assert world.octo.gateway.behavior.signature_scheme == "N"
    assert octo.create(octo_shop_id=7, octo_secret="venue-secret")["status"] == "created"
    world.advance(30 * 60)
    assert octo.status()["status"] == "canceled"


@pytest.mark.parametrize(
    "switches",
    [
        {"no_such": 1},
        {"hold_minutes": 0},
        {"hold_minutes": True},
        {"signature_scheme": "X"},
        {"limits_rate": 1},
    ],
)
def test_senseless_switches_change_nothing(octo: OctoWire, switches: dict[str, Any]) -> None:
    before = octo.world.octo.gateway.behavior

    with pytest.raises(ValueError, match=next(iter(switches))):
        octo.world.octo.configure(switches)

    assert octo.world.octo.gateway.behavior == before


def test_cabinet_captures_part_and_tells(octo: OctoWire) -> None:
    payment = octo.held()
    octo.callbacks()

    done = octo.world.octo.cabinet(
        {"action": "capture", "payment": payment["octo_payment_UUID"], "amount_minor": 30_000_000}
    )

    assert (done["status"], done["captured_minor"]) == ("succeeded", 30_000_000)
    assert [one["status"] for one in octo.callbacks()] == ["succeeded"]
    assert octo.status()["status"] == "succeeded"


def test_cabinet_releases_and_refunds_by_its_own_number(octo: OctoWire) -> None:
    held, paid = octo.held("RH1-checkout-1"), octo.paid("RH2-checkout-1")
    octo.callbacks()

    octo.world.octo.cabinet({"action": "cancel", "payment": held["octo_payment_UUID"]})
    done = octo.world.octo.cabinet(
        {"action": "refund", "payment": paid["octo_payment_UUID"], "amount_minor": 10_000_000}
    )

    assert octo.status("RH1-checkout-1")["status"] == "canceled"
    assert done["refunded_minor"] == 10_000_000
    assert [one["status"] for one in octo.callbacks()] == ["canceled"]
    assert (octo.effects["cancel"], octo.effects["refund"]) == (1, 1)


@pytest.mark.parametrize(
    "order",
    [
        {"action": "dance"},
        {"action": "refund"},
        {"action": "capture", "amount_minor": 10**12},
        {"action": "capture", "amount_minor": 0},
        {"action": "cancel", "payment": "none"},
    ],
)
def test_what_the_cabinet_cannot_do_says_why(octo: OctoWire, order: dict) -> None:
    payment = octo.held()

    with pytest.raises(BadOrder):
        octo.world.octo.cabinet({"payment": payment["octo_payment_UUID"], **order})

    assert octo.status()["status"] == "waiting_for_capture"
