"""Paying with Octo in one stage when time runs out, or no answer can be relied on."""

import datetime as dt

import pytest

from bookings.actors import guest_actor
from bookings.errors import InvalidTransition
from bookings.lifecycle import services as bookings
from bookings.states import Status
from payments import tasks
from payments.lifecycle import refresh
from payments.models import Payment, WebhookEvent
from payments.providers.base import Misconfigured, Unavailable
from payments.webhooks import services as webhooks
from tests.support import factories
from tests.support.invariants import check_always, check_quiet

DECLINED = "4000000000000002"
TOTAL = 240_000_000


@pytest.fixture(autouse=True)
def _invariants(octo_sandbox):
    yield
    check_always()


# --- time ---------------------------------------------------------------------------------------------------------


def test_page_left_open_is_followed_by_another_after_its_end(octo):
    octo.payable()
    first = octo.checkout()
    octo.advance(minutes=21)
    second = octo.checkout()

    assert first.session_ref != second.session_ref
    assert Payment.objects.get(n=1).status == "FAILED"


def test_no_second_page_outlives_the_bookings_deadline(octo):
    octo.room.approval = "none"
    octo.room.save()
    octo.booking = factories.booking(room=octo.room, days_ahead=20)
    octo.pay(DECLINED)
    octo.sync()
    octo.advance(minutes=15)
    second = octo.checkout()
    assert second.payment.session_expires_at + dt.timedelta(minutes=5) <= octo.fresh.payment_due_at

    octo.pay(DECLINED)
    octo.sync()
    octo.advance(minutes=9)
    with pytest.raises(InvalidTransition):
        octo.checkout()


def test_unpaid_in_time_expires_once_the_page_has_ended(octo):
    octo.room.approval = "none"
    octo.room.save()
    octo.booking = factories.booking(room=octo.room, days_ahead=20)
    octo.checkout()
    octo.advance(minutes=31)
    tasks.sweep_unpaid()

    assert octo.fresh.status == Status.EXPIRED
    assert octo.payment.status == "FAILED"
    check_quiet(octo.sandbox)


def test_paid_after_cancelling_is_given_back_by_itself(octo):
    octo.payable().checkout()
    url = octo.payment.session_url
    bookings.cancel(booking_id=octo.booking.pk, actor=guest_actor())
    octo.work()
    assert octo.payment.operations.filter(kind="end-checkout").count() == 0
    octo.sandbox.control("pay", {"url": url, "card": "4242424242424242"})
    octo.deliver()
    octo.work()
    octo.work()

    assert octo.fresh.status == Status.CANCELLED
    assert octo.theirs[0]["refunded_minor"] == TOTAL
    check_quiet(octo.sandbox)


# --- no answer to rely on -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["html_502", "html_200", "truncated", "error_500", "error_429", "reset"])
def test_trouble_while_opening_keeps_the_room_and_opens_once(octo, fault):
    octo.payable()
    octo.fault("prepare_payment", fault)
    with pytest.raises(Unavailable):
        octo.checkout()
    assert octo.fresh.status == Status.PENDING_PAYMENT
    octo.advance(minutes=1)
    tasks.sweep_operations()
    octo.authorize()

    assert (octo.fresh.status, octo.effects["create"]) == (Status.CONFIRMED, 1)
    check_quiet(octo.sandbox)


def test_message_of_a_page_nobody_was_shown_is_done_with_at_once(octo):
    """Found by seed 1001859 of the simulation: it waited up to an hour for the payment's next look."""
    octo.room.approval = "none"
    octo.room.save()
    octo.booking = factories.booking(room=octo.room, days_ahead=20)
    octo.fault("prepare_payment", "timeout_after", seconds=2)
    with pytest.raises(Unavailable):
        octo.checkout()
    octo.advance(minutes=60 * 24)
    tasks.sweep_unpaid()
    tasks.sweep_operations()
    assert (octo.fresh.status, octo.payment.status) == (Status.EXPIRED, "CREATED")

    octo.deliver()
    webhooks.process(WebhookEvent.objects.get().pk)

    event = WebhookEvent.objects.get()
    assert (event.type, event.outcome) == ("octo.canceled", "ignored")
    assert (octo.payment.status, octo.payment.session_ref) == ("FAILED", "")


@pytest.mark.parametrize("fault", ["html_502", "html_200", "truncated", "reset"])
def test_trouble_while_looking_leaves_the_booking_and_is_looked_at_again(octo, fault):
    octo.payable().pay()
    octo.fault("check_status", fault)
    assert refresh.verify(octo.booking.pk).status == Status.PENDING_PAYMENT
    octo.advance(minutes=1)
    tasks.sweep_open_payments()

    assert octo.fresh.status == Status.CONFIRMED


def test_wrong_secret_is_misconfigured_and_mended_by_the_right_one(octo, settings):
    octo.payable()
    right, settings.OCTO_SECRET = settings.OCTO_SECRET, "not-it"
    with pytest.raises(Misconfigured):
        octo.checkout()
    assert octo.payment.operations.get().error_code == "prepare_payment:2"
    settings.OCTO_SECRET = right
    octo.authorize()

    assert octo.fresh.status == Status.CONFIRMED
    check_quiet(octo.sandbox)


def test_venue_without_any_octo_keys_is_misconfigured_and_nothing_is_called(octo, settings):
    settings.OCTO_SHOP_ID = 0
    octo.payable()

    with pytest.raises(Misconfigured):
        octo.checkout()
    assert octo.effects == {}
