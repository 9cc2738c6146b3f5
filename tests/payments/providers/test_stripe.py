"""Stripe's adapter against the sandbox, where it differs from what every provider must do."""

import datetime as dt

import pytest
import stripe

from payments.providers.base import Unavailable
from payments.providers.stripe.reading import instant, read_intent
from tests.payments.providers.conftest import Case

pytestmark = pytest.mark.parametrize("case", ["stripe"], indirect=True)


def give_back(case: Case, times: int) -> None:
    for n in range(times):
        case.refund(1_000_000, key=f"RHCASE-refund-{n}")


def test_refunds_beyond_the_first_page_are_all_read(case):
    case.take()
    give_back(case, 12)

    seen = case.fetch()

    assert sorted(refund.key for refund in seen.refunds) == sorted(f"RHCASE-refund-{n}" for n in range(12))


@pytest.mark.parametrize("fault", ["error_500", "error_429", "reset", "html_502"])
def test_further_page_of_refunds_that_does_not_come_is_unavailable(case, fault):
    case.take()
    give_back(case, 12)
    order = {"provider": "stripe", "operation": "charges.refunds.list", "fault": fault}
    case.sandbox.control("faults", order)

    with pytest.raises(Unavailable):
        case.fetch()

    assert len(case.fetch().refunds) == 12


def held_by_link(case: Case) -> dict:
    """A held intent as Stripe shows it where the guest paid with Link: the charge has no card to read a time from."""
    case.hold()
    intent = case.provider.client.v1.payment_intents.retrieve(
        case.ref, {"expand": ["latest_charge"]}
    ).to_dict()
    intent["latest_charge"]["payment_method_details"] = {"type": "link", "link": {"country": None}}
    return intent


def read(intent: dict):
    return read_intent(stripe.PaymentIntent.construct_from(intent, "sk_test_sandbox"))


def test_hold_that_does_not_say_how_long_it_lasts_is_trusted_for_the_shortest_time(case):
    intent = held_by_link(case)

    seen = read(intent)

    held_at = instant(intent["latest_charge"]["created"])
    assert seen.capture_before == held_at + dt.timedelta(days=4, hours=18)


def test_money_taken_without_a_card_has_no_time_to_be_taken_by(case):
    intent = held_by_link(case)

    assert read({**intent, "status": "succeeded"}).capture_before is None
