"""What every provider must do, over HTTP against the sandbox: each test runs once for each of them."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction

from core import clock
from payments.providers.base import Declined, Misconfigured, State
from tests.payments.providers.conftest import Case, money

NOT_PAID_CARD = "4000000000009995"


# --- open a page ----------------------------------------------------------------------------------------------


def test_open_checkout_gives_a_page_that_may_be_paid(case: Case) -> None:
    session = case.open()

    seen = case.fetch()
    assert session.url.startswith(case.sandbox.base)
    assert abs(session.expires_at - clock.now() - dt.timedelta(minutes=33)) < dt.timedelta(seconds=5)
    assert money(seen) == (State.OPEN, 0, 0)
    assert (seen.session_ref, seen.is_session_open) == (session.ref, True)
    assert (seen.amount_minor, seen.currency) == (case.amount, "UZS")
    assert (seen.reference, seen.is_live, seen.refunds) == ("RHCASE", False, ())


def test_open_checkout_same_key_gives_the_same_page(case: Case) -> None:
    request = case.request(is_two_stage=True)

    first = case.provider.open_checkout(request, key="RHCASE-checkout-1")
    again = case.provider.open_checkout(request, key="RHCASE-checkout-1")

    assert first == again
    assert case.opened == 1


def test_open_checkout_same_key_at_once_gives_one_page(case: Case) -> None:
    request = case.request(is_two_stage=True)

    with ThreadPoolExecutor(8) as pool:
        opened = list(
            pool.map(lambda _: case.provider.open_checkout(request, key="RHCASE-checkout-1"), range(8))
        )

    assert len({session.url for session in opened}) == 1
    assert case.opened == 1


def test_open_checkout_same_key_for_another_amount_is_our_mistake(case: Case) -> None:
    case.open()

    with pytest.raises(Misconfigured):
        case.open(amount_minor=case.amount + 1)

    assert case.opened == 1
    assert case.fetch().amount_minor == case.amount


def test_open_checkout_other_key_opens_another_page(case: Case) -> None:
    first, second = case.open("RHCASE-checkout-1"), case.open("RHCASE-checkout-2")

    assert first.ref != second.ref
    assert case.opened == 2


def test_page_nobody_paid_runs_out(case: Case) -> None:
    case.open()

    case.advance(minutes=34)

    seen = case.fetch()
    assert money(seen) == (State.FAILED, 0, 0)
    assert not seen.is_session_open
    assert case.pay()["result"] == "expired"


def test_end_checkout_of_a_page_that_is_over_is_declined(case: Case) -> None:
    case.hold()

    with pytest.raises(Declined):
        case.provider.end_checkout(case.session.ref, key="RHCASE-end-checkout-1")

    assert case.fetch().state == State.AUTHORIZED


def test_end_checkout_ends_the_page_or_says_that_it_cannot(case: Case) -> None:
    case.open()

    if case.provider.can_end_checkout:
        case.provider.end_checkout(case.session.ref, key="RHCASE-end-checkout-1")
        assert case.fetch().state == State.FAILED
    else:
        with pytest.raises(Declined) as refusal:
            case.provider.end_checkout(case.session.ref, key="RHCASE-end-checkout-1")
        assert refusal.value.code == "cannot_end"
        assert case.fetch().state == State.OPEN


# --- pay ------------------------------------------------------------------------------------------------------


def test_payment_of_two_stages_is_held(case: Case) -> None:
    seen = case.hold()

    assert money(seen) == (State.AUTHORIZED, case.amount, 0)
    assert (seen.amount_minor, seen.currency, seen.reference) == (case.amount, "UZS", "RHCASE")
    assert seen.capture_before > clock.now() + dt.timedelta(minutes=29)
    assert not seen.is_session_open
    assert case.books["id"] == seen.provider_ref


def test_payment_of_one_stage_is_taken_at_once(case: Case) -> None:
    seen = case.take()

    assert money(seen) == (State.CAPTURED, case.amount, case.amount)
    assert case.effects["capture"] == 1


def test_declined_card_holds_nothing_and_leaves_a_reason(case: Case) -> None:
    case.open()

    assert case.pay(NOT_PAID_CARD)["result"] == "declined"

    seen = case.fetch()
    assert seen.state in (State.OPEN, State.FAILED)
    assert (seen.authorized_minor, seen.captured_minor, bool(seen.failure_code)) == (0, 0, True)


@pytest.mark.parametrize(("action", "state"), [("pay", State.AUTHORIZED), ("leave_3ds", State.OPEN)])
def test_bank_check_holds_once_it_is_passed(case: Case, action: str, state: State) -> None:
    case.open()

    case.pay("4000000000003220", action)

    assert case.fetch().state == state


def test_abandoned_page_stays_open(case: Case) -> None:
    case.open()
    case.pay(action="abandon")

    assert case.fetch().state == State.OPEN


# --- capture and void -----------------------------------------------------------------------------------------


def test_capture_takes_all_that_is_held(case: Case) -> None:
    case.hold()

    case.capture()

    assert money(case.fetch()) == (State.CAPTURED, case.amount, case.amount)


def test_capture_of_a_part_releases_the_rest(case: Case) -> None:
    case.hold()

    case.capture(case.part)

    seen = case.fetch()
    assert money(seen) == (State.CAPTURED, case.amount, case.part)
    assert seen.amount_minor == case.amount
    assert case.books["captured_minor"] == case.part


def test_capture_same_key_again_takes_nothing_more(case: Case) -> None:
    case.hold()

    case.capture(case.part)
    case.capture(case.part)

    assert (case.effects["capture"], case.books["captured_minor"]) == (1, case.part)


def test_capture_above_the_hold_is_declined(case: Case) -> None:
    case.hold()

    with pytest.raises(Declined):
        case.capture(case.amount + 1)

    case.capture_minor = 0
    assert money(case.fetch()) == (State.AUTHORIZED, case.amount, 0)


def test_void_releases_the_hold(case: Case) -> None:
    case.hold()

    case.void()
    case.void()

    seen = case.fetch()
    assert (seen.state, seen.captured_minor) == (State.VOIDED, 0)
    assert case.effects["cancel"] == 1


def test_capture_after_void_is_declined(case: Case) -> None:
    case.hold()
    case.void()

    with pytest.raises(Declined):
        case.capture()

    assert case.books["captured_minor"] == 0


def test_void_after_capture_is_declined(case: Case) -> None:
    case.hold()
    case.capture()

    with pytest.raises(Declined):
        case.void()

    assert case.fetch().state == State.CAPTURED


def test_hold_lapses_and_can_no_longer_be_captured(case: Case) -> None:
    seen = case.hold()

    case.sandbox.control(
        "clock", {"advance_seconds": int((seen.capture_before - clock.now()).total_seconds()) + 5}
    )

    assert case.fetch().state == State.VOIDED
    with pytest.raises(Declined):
        case.capture()
    assert case.books["captured_minor"] == 0


# --- house rules ----------------------------------------------------------------------------------------------


def test_every_call_refuses_to_run_inside_a_transaction(case: Case, db) -> None:
    ref = {"stripe": "pi_1", "octo": "11111111-2222-4333-8444-555555555555"}[case.provider.name]
    calls: list[Callable[[], object]] = [
        lambda: case.open(),
        lambda: case.provider.end_checkout("RHCASE-checkout-1", key="k"),
        lambda: case.provider.capture(ref, 1, key="k"),
        lambda: case.provider.void(ref, key="k"),
        lambda: case.provider.refund(ref, 1, key="k"),
        lambda: case.provider.fetch(session_ref="RHCASE-checkout-1", provider_ref=""),
    ]

    for call in calls:
        with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
            call()

    assert case.sandbox.control("calls") == {"calls": []}


def test_missing_ids_never_leave_the_house(case: Case) -> None:
    calls: list[Callable[[], object]] = [
        lambda: case.provider.end_checkout("", key="k"),
        lambda: case.provider.capture("", 1, key="k"),
        lambda: case.provider.void("", key="k"),
        lambda: case.provider.refund("", 1, key="k"),
        lambda: case.provider.fetch(session_ref="", provider_ref=""),
    ]

    for call in calls:
        with pytest.raises(ValueError, match=r"missing|malformed|badly formed"):
            call()

    assert case.sandbox.control("calls") == {"calls": []}


def test_two_payments_do_not_touch_each_other(case: Case) -> None:
    case.hold()
    first_session, first_ref = case.session, case.ref
    case.ref, case.held_since = "", None
    case.open("RHCASE-checkout-2")
    case.pay()
    second = case.fetch()

    case.void()

    case.session, case.ref = first_session, first_ref
    assert second.provider_ref != first_ref
    assert case.fetch().state == State.AUTHORIZED
