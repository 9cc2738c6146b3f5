"""Histories that once broke a promise, kept for good: each fails again when its mending is undone."""

import datetime as dt

import pytest

from bookings import services as bookings
from bookings.actors import guest_actor
from bookings.states import Status
from core import clock
from payments import operations, services
from payments.models import Payment
from payments.providers.base import CheckoutSession
from tests import factories
from tests.simulation.history import play
from tests.simulation.plan import Offer, Plan
from tests.simulation.plants import planted
from tests.simulation.scheduler import WAYS


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

    services.expire_unpaid(booking.pk)

    booking.refresh_from_db()
    assert booking.status == Status.CANCELLED
    assert not booking.payments.get().operations.exists()
