"""The guest's pay page from its opening to its end, against the sandbox over HTTP."""

import datetime as dt

import pytest
from django.db import transaction

from bookings.actors import guest_actor
from bookings.lifecycle import services as bookings
from bookings.states import Status
from payments import tasks
from payments.lifecycle import services as lifecycle
from payments.models import Payment, PaymentOperation
from payments.providers.stripe.client import platform_account
from tests.support import factories
from tests.support.invariants import check_always, check_quiet


@pytest.fixture(autouse=True)
def _invariants(sandbox):
    yield
    check_always()


def test_cancel_while_paying_ends_the_pay_page(journey):
    checkout = journey.checkout()
    bookings.cancel(booking_id=journey.booking.pk, actor=guest_actor())
    journey.work()

    answer = journey.sandbox.control("pay", {"url": checkout.url, "card": "4242424242424242"})
    assert answer["result"] == "expired"
    assert journey.payment.status == "FAILED"
    check_quiet(journey.sandbox)


def test_checkout_twice_is_one_session(journey):
    first, again = journey.checkout(), journey.checkout()

    assert first.session_ref == again.session_ref
    assert journey.effects["session_create"] == 1
    assert Payment.objects.count() == 1


def test_checkout_tells_the_provider_which_booking_at_which_venue(journey):
    journey.pay()
    journey.sync()

    booking = journey.booking
    told = PaymentOperation.objects.get().params["description"]
    theirs = platform_account().client.v1.payment_intents.retrieve(journey.payment.provider_ref)
    assert told == theirs.description == f"Booking {booking.reference} - {booking.venue.name}"


def test_checkout_moves_the_deadline_to_the_sessions_end_plus_five_minutes(journey):
    checkout = journey.checkout()

    ends_at = checkout.payment.session_expires_at
    assert journey.fresh.payment_due_at == ends_at + dt.timedelta(minutes=5)


def test_checkout_inside_a_transaction_is_refused(journey):
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        lifecycle.start_checkout(journey.booking.pk)


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("4000000000000002", "generic_decline"),
        ("4000000000009995", "insufficient_funds"),
        ("4000000000009987", "lost_card"),
        ("4000000000009979", "stolen_card"),
        ("4000000000000069", "expired_card"),
    ],
)
def test_declined_card_leaves_the_booking_payable(journey, card, code):
    answer = journey.pay(card)
    journey.sync()

    assert answer["result"] == "declined"
    assert (journey.fresh.status, journey.payment.failure_code) == (Status.PENDING_PAYMENT, code)
    assert journey.pay()["result"] == "succeeded"
    journey.sync()
    assert (journey.fresh.status, journey.payment.failure_code) == (Status.PENDING_APPROVAL, "")


@pytest.mark.parametrize(
    "card", ["4242424242424242", "4000056655665556", "5555555555554444", "378282246310005"]
)
def test_good_cards_are_held(journey, card):
    journey.pay(card)
    journey.sync()

    assert journey.payment.status == "AUTHORIZED"


def test_unpaid_booking_expires_and_frees_the_room_only_after_the_page_has_ended(journey):
    checkout = journey.checkout()
    journey.advance(minutes=39)
    tasks.sweep_unpaid()

    assert (journey.fresh.status, journey.payment.status) == (Status.EXPIRED, "FAILED")
    assert (
        journey.sandbox.control("pay", {"url": checkout.url, "card": "4242424242424242"})["result"]
        == "expired"
    )
    factories.booking(room=journey.room, nights=2)
    check_quiet(journey.sandbox)


def test_payment_in_the_last_moment_is_seen_before_the_booking_expires(journey):
    journey.pay()
    journey.advance(minutes=39)
    tasks.sweep_unpaid()

    assert journey.fresh.status == Status.PENDING_APPROVAL


def test_provider_out_of_reach_delays_expiry_fifteen_minutes(journey):
    journey.checkout()
    journey.advance(minutes=39)
    journey.fault("*", "error_500", times=50)
    tasks.sweep_unpaid()
    waiting = journey.fresh.status
    journey.advance(minutes=16)
    tasks.sweep_unpaid()

    assert (waiting, journey.fresh.status) == (Status.PENDING_PAYMENT, Status.EXPIRED)


def test_page_the_provider_will_not_end_is_not_asked_for_at_every_sweep(journey):
    journey.checkout()
    journey.advance(minutes=39)
    Payment.objects.filter(pk=journey.payment.pk).update(session_ref="cs_test_gone")
    for _ in range(5):
        tasks.sweep_unpaid()
    tries = journey.payment.operations.filter(kind="end-checkout").count()
    journey.advance(minutes=16)
    tasks.sweep_unpaid()

    assert (tries, journey.fresh.status) == (1, Status.EXPIRED)
