"""What every provider must do about refunds, over HTTP against the sandbox; see test_contract.py."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from payments.providers.base import Declined, ProviderPayment, State
from tests.payments.providers.conftest import Case, money

LATE_REFUND_CARD = "4000000000007726"


def statuses(seen: ProviderPayment) -> list[tuple[str, int, str]]:
    found = sorted(seen.refunds, key=lambda refund: refund.key)
    return [(refund.key, refund.amount_minor, refund.status) for refund in found]


def test_refund_in_full_keeps_the_payment_captured(case: Case) -> None:
    case.take()

    case.refund(case.amount)

    seen = case.fetch()
    assert money(seen) == (State.CAPTURED, case.amount, case.amount)
    assert statuses(seen) == [("RHCASE-refund-1", case.amount, "succeeded")]
    assert case.books["refunded_minor"] == case.amount


def test_refunds_in_parts_are_told_apart(case: Case) -> None:
    case.hold()
    case.capture(30_000_000)

    case.refund(case.part, "RHCASE-refund-1")
    case.refund(1_654_322, "RHCASE-refund-2")

    seen = case.fetch()
    assert statuses(seen) == [
        ("RHCASE-refund-1", case.part, "succeeded"),
        ("RHCASE-refund-2", 1_654_322, "succeeded"),
    ]
    assert len({refund.ref for refund in seen.refunds}) == 2


def test_refund_same_key_again_gives_back_once(case: Case) -> None:
    case.take()

    case.refund(case.part)
    case.refund(case.part)

    assert (case.effects["refund"], case.books["refunded_minor"]) == (1, case.part)


def test_refund_above_what_is_left_is_declined(case: Case) -> None:
    case.take()
    case.refund(case.amount - case.part, "RHCASE-refund-1")

    with pytest.raises(Declined):
        case.refund(case.part + 1, "RHCASE-refund-2")

    assert case.books["refunded_minor"] == case.amount - case.part


def test_refund_of_held_money_is_declined(case: Case) -> None:
    case.hold()

    with pytest.raises(Declined):
        case.refund(case.part)

    assert (case.books["captured_minor"], case.books["refunded_minor"]) == (0, 0)


def test_refund_on_its_way_is_pending_until_it_arrives(case: Case) -> None:
    case.take(LATE_REFUND_CARD)
    case.refund(case.part)
    assert statuses(case.fetch()) == [("RHCASE-refund-1", case.part, "pending")]

    case.advance(hours=1)

    assert statuses(case.fetch()) == [("RHCASE-refund-1", case.part, "succeeded")]


def test_sixteen_refunds_at_once_give_back_no_more_than_there_is(case: Case) -> None:
    case.take()
    known = case.known

    def give_back(n: int) -> str:
        try:
            case.provider.refund(case.ref, case.part, key=f"RHCASE-refund-{n}", known=known)
        except Declined:
            return "declined"
        return "done"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(give_back, range(16)))

    assert case.books["refunded_minor"] == 4 * case.part
    assert outcomes.count("done") >= 4


def test_refund_made_elsewhere_is_shown_without_a_key(case: Case) -> None:
    case.take()
    case.refund(case.part)
    # What the dashboard made is not in our books.
    case.provider.refund(case.ref, 2_000_000, key="ELSEWHERE-1", known=case.known)

    seen = case.fetch()

    others = [refund for refund in seen.refunds if refund.key != "RHCASE-refund-1"]
    assert [(one.amount_minor, one.status) for one in others] == [(2_000_000, "succeeded")]
