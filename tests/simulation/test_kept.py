"""Histories that once broke a promise, kept for good: each fails again when its mending is undone."""

import datetime as dt

import pytest
from django.db import transaction

from bookings.actors import guest_actor
from bookings.lifecycle import services as bookings
from bookings.states import Status
from core import clock
from payments.lifecycle import services as lifecycle
from payments.models import Payment, Settlement
from payments.providers.base import CheckoutSession
from payments.settling import operations, settle_queue
from tests.simulation.history import play
from tests.simulation.plan import Offer, Plan
from tests.simulation.plants import planted
from tests.simulation.scheduler import WAYS
from tests.support import factories

HALF = {"name": "Half", "tiers": [{"hours": 0, "percent": 50}]}


def offer(kind: str, provider: str, **more: object) -> Offer:
    approval, capture, hours, _ = WAYS[kind]
    facts = {
        "slot": 0,
        "total_minor": 20_000,
        "tax_minor": 0,
        "policy": {},
        "starts_in": 240,
        "answer_hours": 24,
    }
    return Offer(
        kind=kind, approval=approval, capture=capture, hours=hours, provider=provider, **{**facts, **more}
    )


# Octo does not say when a hold began. Counted from when we heard of it, a host could say yes to money that was gone.
OCTO_HOLD = Plan(offers=(offer("hotel", "octo"),)), [
    ("submit", 0), ("run", "checkout", 0), ("pay", "RH1-checkout-1", "good"), ("clock", 1799.0),
    ("run", "return", 0), ("verb", "approve", 0, "host"),
]  # fmt: skip


def test_octo_hold_heard_of_late_can_not_be_approved_after_its_end():
    outcome = play(*OCTO_HOLD)
    with planted("octo_hold_start"):
        unmended = play(*OCTO_HOLD)

    assert outcome.violation is None
    assert unmended.violation.code == "T1"


# Seed 9287. A process that slept over its lease opened a page under an old key, and wrote it over the page that the
# guest had paid in the meantime: held money nobody knew of.
TAKEOVER = Plan(offers=(offer("hotel", "stripe"),)), [
    ("submit", 0), ("start", 2, "checkout", 0), ("clock", 31),
    ("run", "sweep", "operations", (None, "declined")), ("pay", "cs_1", "good"),
    ("start", 10, "return", 0), ("step", 10),
]  # fmt: skip


def test_late_answer_does_not_overwrite_the_page_that_was_paid():
    outcome = play(*TAKEOVER)
    with planted("takeover_stands"):
        unmended = play(*TAKEOVER)

    assert outcome.violation is None
    assert unmended.violation.code == "C1"


# A refund was under way when the sweep looked: it counted as made, so the mark was cleared. It was never made, and its
# key had been forgotten when its turn came: 10,000 too much were kept for good.
UNDER_WAY = Plan(offers=(offer("workshop", "stripe", total_minor=20_000, policy=HALF),), keeps_bells=True), [
    ("submit", 0), ("run", "checkout", 0), ("pay", "cs_1", "good"), ("run", "return", 0),
    ("verb", "cancel", 0, "guest"), ("run", "deliver", 3),
    ("run", "sweep", "settlements", (None, "error", "declined", "error")), ("clock", 863_588.84),
]  # fmt: skip


def test_refund_that_was_under_way_and_never_made_is_begun_again():
    outcome = play(*UNDER_WAY)
    with planted("mark_while_under_way"):
        unmended = play(*UNDER_WAY)

    assert outcome.violation is None
    assert unmended.violation.code == "M3"


@pytest.mark.django_db
def test_mark_stays_while_a_call_is_under_way():
    booking = factories.booking()
    call = operations.begin(payment_of(booking, session_ref="cs_open"), "checkout", {})
    with transaction.atomic():
        settle_queue.mark(booking.pk)

    steps, due_at = settle_queue.begin_next(booking.pk), Settlement.objects.get(booking=booking).due_at
    operations.give_up(call, "the provider no longer knows the key")
    settle_queue.begin_next(booking.pk)

    assert steps is None
    assert clock.now() < due_at <= clock.now() + operations.LEASE
    assert Settlement.objects.get(booking=booking).due_at is None


# A status of Octo's nobody knows was taken for "not paid yet", so the hold was thought to have begun after it.
UNCLEAR = Plan(offers=(offer("hotel", "octo"),), octo_hold_minutes=30), [
    ("submit", 0), ("run", "checkout", 0), ("pay", "RH1-checkout-1", "good"), ("clock", 320),
    ("deliver", "RH1-checkout-1:held:0"), ("run", "webhook", 1, (None, "odd")), ("run", "return", 0),
    ("verb", "approve", 0, "host"),
]  # fmt: skip


def test_status_nobody_knows_does_not_say_that_nothing_was_held():
    outcome = play(*UNCLEAR)
    with planted("unclear_proves_nothing"):
        unmended = play(*UNCLEAR)

    assert outcome.violation is None
    assert unmended.violation.code == "T1"


def payment_of(booking, **fields: object) -> Payment:
    facts = {
        "provider": "stripe",
        "n": 1,
        "is_two_stage": True,
        "currency": "EUR",
        "amount_minor": booking.due_minor,
    }
    return Payment.objects.create(booking=booking, **{**facts, **fields})


@pytest.mark.django_db
def test_answer_of_a_call_another_process_ended_is_not_recorded():
    payment = payment_of(factories.booking(), session_ref="cs_paid")
    call = operations.begin(payment, "checkout", {})
    operations.give_up(call, "taken over")

    operations._record(
        call, CheckoutSession("cs_late", "https://pay.example/", clock.now() + dt.timedelta(hours=1))
    )

    payment.refresh_from_db()
    assert (payment.session_ref, call.state) == ("cs_paid", "refused")


# Seed 16600. The sweep had listed a booking as unpaid that was cancelled before its turn came, while the provider was
# out of reach.
@pytest.mark.django_db(transaction=True)
def test_booking_that_moved_on_before_its_turn_is_left_alone_by_the_unpaid_sweep(settings):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    booking = factories.booking()
    payment_of(booking, session_ref="cs_open")
    bookings.cancel(booking_id=booking.pk, actor=guest_actor())

    lifecycle.expire_unpaid(booking.pk)

    booking.refresh_from_db()
    assert booking.status == Status.CANCELLED
    assert not booking.payments.get().operations.exists()
