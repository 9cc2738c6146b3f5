"""The hotel way over HTTP with every way a webhook may travel; the outcome is always the same."""

import signal

import pytest

from bookings.states import Status
from payments.models import WebhookEvent
from tests.flows.journey import Journey, wait_for


def finish(journey: Journey) -> None:
    journey.approve()
    journey.reach(Status.CONFIRMED)
    journey.check_confirmed_once()


def test_webhook_without_the_return_authorizes(journey):
    journey.book()
    journey.pay()

    journey.reach(Status.PENDING_APPROVAL)
    finish(journey)


def test_webhook_before_the_return_authorizes_once(journey):
    journey.book()
    journey.pay()
    journey.reach(Status.PENDING_APPROVAL)

    assert journey.come_back() == Status.PENDING_APPROVAL
    assert journey.booking.events.filter(verb="authorize").count() == 1
    finish(journey)


def test_webhook_after_the_return_changes_nothing_more(journey):
    journey.control("webhooks", {"mode": "hold"})
    journey.book()
    journey.pay()

    assert journey.come_back() == Status.PENDING_APPROVAL
    journey.control("webhooks", {"mode": "normal"})
    journey.control("webhooks/release", {})
    wait_for(lambda: WebhookEvent.objects.filter(payment=journey.payment, outcome="processed").count() >= 3)
    assert journey.booking.events.filter(verb="authorize").count() == 1
    finish(journey)


def test_webhooks_thirty_two_times_at_once_count_once(journey):
    journey.control("webhooks", {"mode": "duplicate", "copies": 32})
    journey.book()
    journey.pay()
    journey.reach(Status.PENDING_APPROVAL)

    finish(journey)
    events = WebhookEvent.objects.filter(payment=journey.payment)
    assert events.count() == len(set(events.values_list("event_id", flat=True)))


def test_webhooks_out_of_order_end_the_same(journey):
    journey.control("webhooks", {"mode": "shuffle", "delay_seconds": 1})
    journey.book()
    journey.pay()
    journey.reach(Status.PENDING_APPROVAL)

    finish(journey)


def test_webhooks_lost_are_made_good_by_the_sweep(journey):
    journey.control("webhooks", {"mode": "drop"})
    journey.book()
    journey.pay()
    journey.control("clock", {"advance_seconds": 60})

    journey.reach(Status.PENDING_APPROVAL)
    journey.approve()
    journey.control("clock", {"advance_seconds": 60})
    journey.reach(Status.CONFIRMED)
    journey.check_confirmed_once()


def test_capture_that_times_out_but_was_done_counts_once(journey):
    journey.book()
    journey.pay()
    journey.reach(Status.PENDING_APPROVAL)
    fault = {
        "provider": "stripe",
        "operation": "payment_intents.capture",
        "fault": "timeout_after",
        "times": 1,
    }
    journey.control("faults", fault)

    journey.approve()
    journey.control("clock", {"advance_seconds": 60})
    journey.reach(Status.CONFIRMED, seconds=60)
    journey.check_confirmed_once()


def test_worker_killed_between_capture_and_confirm_is_made_good(journey):
    journey.book()
    journey.pay()
    journey.reach(Status.PENDING_APPROVAL)
    journey.control("webhooks", {"mode": "drop"})
    slow = {
        "provider": "stripe",
        "operation": "payment_intents.capture",
        "fault": "timeout_after",
        "times": 1,
    }
    journey.control("faults", slow)
    journey.approve()
    wait_for(lambda: journey.control("books")["stripe"]["effects"].get("capture") == 1)

    journey.stack.kill("worker", signal.SIGKILL)
    assert journey.booking.status == Status.PENDING_APPROVAL
    journey.stack.start("worker")
    journey.control("clock", {"advance_seconds": 60})

    journey.reach(Status.CONFIRMED, seconds=60)
    journey.check_confirmed_once()


@pytest.mark.parametrize("fault", ["error_500", "error_429", "reset", "html_502"])
def test_provider_in_trouble_while_capturing_confirms_later(journey, fault):
    journey.book()
    journey.pay()
    journey.reach(Status.PENDING_APPROVAL)
    order = {"provider": "stripe", "operation": "payment_intents.capture", "fault": fault, "times": 2}
    journey.control("faults", order)

    journey.approve()
    journey.control("clock", {"advance_seconds": 30})
    journey.reach(Status.CONFIRMED, seconds=60)
    journey.check_confirmed_once()
