"""The other ends of a booking, over HTTP: declined, expired, late, withdrawn, cancelled; and what breaks around it."""

from bookings.states import Status
from tests.flows.journey import wait_for


def test_declined_request_is_voided_and_the_guest_told(journey):
    journey.book()
    journey.pay()
    journey.reach(Status.PENDING_APPROVAL)

    journey.decline()
    wait_for(lambda: journey.payment.status == "VOIDED")

    journey.wait_quiet()
    assert journey.booking.status == Status.DECLINED
    assert journey.control("books")["stripe"]["effects"].get("capture", 0) == 0
    assert len(journey.mails("Booking Update")) >= 1


def test_unpaid_booking_expires_and_the_room_is_free_again(journey):
    journey.book()
    journey.as_guest("POST", "/payment/session", {})
    journey.control("clock", {"advance_seconds": 40 * 60})

    journey.reach(Status.EXPIRED)
    journey.book()


def test_undecided_request_expires_and_is_voided(journey):
    journey.book()
    journey.pay()
    journey.reach(Status.PENDING_APPROVAL)
    journey.control("clock", {"advance_seconds": 25 * 3600})

    journey.reach(Status.EXPIRED)
    wait_for(lambda: journey.payment.status == "VOIDED")


def test_guest_withdraws_before_the_decision(journey):
    journey.book()
    journey.pay()
    journey.reach(Status.PENDING_APPROVAL)

    status, _ = journey.as_guest("POST", "/cancel", {"reason": "Other plans"})

    assert status == 200
    journey.reach(Status.CANCELLED)
    wait_for(lambda: journey.payment.status == "VOIDED")


def test_host_cancels_a_confirmed_booking_with_a_full_refund(journey):
    journey.book()
    journey.pay()
    journey.reach(Status.PENDING_APPROVAL)
    journey.approve()
    journey.reach(Status.CONFIRMED)

    status, _ = journey.as_host("POST", "/cancel", {"reason": "Water damage"})

    assert status == 200
    refund = wait_for(lambda: journey.payment.refunds.first())
    assert refund.amount_minor == journey.booking.total_minor
    assert journey.booking.status == Status.CANCELLED


def test_past_stay_is_completed_by_the_clock(journey):
    journey.book(days_ahead=1, nights=1)
    journey.pay()
    journey.reach(Status.PENDING_APPROVAL)
    journey.approve()
    journey.reach(Status.CONFIRMED)
    journey.control("clock", {"advance_seconds": 4 * 24 * 3600})

    journey.reach(Status.COMPLETED)


def test_redis_down_bookings_go_on_and_effects_follow(journey, services):
    services.stop_redis()
    try:
        journey.book()
        journey.pay()
        assert journey.come_back() == Status.PENDING_APPROVAL
        journey.approve()
    finally:
        services.start_redis()

    journey.reach(Status.CONFIRMED, seconds=90)
    journey.check_confirmed_once()


def test_redis_flushed_loses_no_effect(journey, services):
    journey.stack.stop("worker")
    journey.book()
    journey.pay()
    journey.come_back()
    services.flush_redis()
    journey.stack.start("worker")
    journey.approve()

    journey.reach(Status.CONFIRMED, seconds=90)
    journey.check_confirmed_once()


def test_provider_down_at_checkout_keeps_the_booking_and_mails_a_link(journey):
    journey.book()
    journey.control("faults", {"provider": "stripe", "operation": "*", "fault": "error_500", "times": 1})

    status, problem = journey.as_guest("POST", "/payment/session", {})
    journey.control("clock", {"advance_seconds": 60})

    assert (status, problem["code"]) == (503, "payment_unavailable")
    assert journey.booking.status == Status.PENDING_PAYMENT
    wait_for(lambda: journey.booking.events.filter(verb="payment_available").exists())
    journey.pay()
    journey.reach(Status.PENDING_APPROVAL)
