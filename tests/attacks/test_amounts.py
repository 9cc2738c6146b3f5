"""Attacks on refunds and credits: fields nobody may say, states, amounts; numbers: docs/reliability/attacks.md."""

import json

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings.models import Booking, BulkCancellation
from bookings.states import Status
from payments.models import (
    Credit,
    Payment,
    PaymentOperation,
    PaymentSettings,
    Refund,
)
from tests.api.callers import Api, as_guest_of, as_user, booking_in
from tests.payments.paying import paid_by_hand
from tests.support import factories
from tests.support.attacks import due, refund_path

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    cache.clear()


@pytest.fixture
def booking() -> Booking:
    """A confirmed booking of 100 euros, paid."""
    return paid_by_hand()


@pytest.fixture
def staff() -> Api:
    return as_user(factories.staff())


# --- 7, 8: what is not theirs to say ----------------------------------------------------------------------------

EXTRA = {
    "status": "succeeded", "channel": "credit", "is_external": True, "actor": 1, "due_minor": 0, "captured_minor": 0,
    "booking": 1, "key": "x", "left_minor": 10**9, "currency_exponent": 0, "decided_at": "2020-01-01T00:00:00Z",
}  # fmt: skip


@pytest.mark.parametrize("field", sorted(EXTRA))
def test_attack_07_refund_with_what_nobody_may_say_is_refused_whole(staff, booking, field):
    answer = staff.post(refund_path(booking), {"amount_minor": 2_500, "reason": "Noise", field: EXTRA[field]})

    assert answer.status_code == 422
    assert due(booking) == 10_000
    assert not Credit.objects.exists() and not Refund.objects.exists()


def test_attack_07_session_cancel_ignores_what_nobody_may_say(staff):
    room = factories.room(kind="workshop")
    session, other = factories.session(room=room), factories.session(room=factories.room(kind="workshop"))

    sent = {"reason": "Ill", "session": other.pk, "is_cancelled": False, "room": other.room_id}
    assert staff.post(f"sessions/{session.pk}/cancel", sent).status_code == 200

    begun = BulkCancellation.objects.get()
    assert (begun.session, begun.room) == (session, room)


@pytest.mark.parametrize("status", [one for one in Status if one not in ("DRAFT", "CONFIRMED", "COMPLETED")])
def test_attack_08_refund_of_what_was_never_taken_is_a_conflict(staff, status):
    room = factories.room()
    booking = booking_in(status, room, factories.host(venue=room.venue))
    payment = Payment.objects.create(
        booking=booking, provider="stripe", n=1, is_two_stage=True, currency="EUR", amount_minor=10_000
    )
    before = due(booking)

    answer = staff.post(f"payments/{payment.public_id}/refund", {"amount_minor": 100, "reason": "Why not"})

    assert answer.status_code == 409
    assert due(booking) == before
    assert not Refund.objects.exists() and not PaymentOperation.objects.exists()


@pytest.mark.parametrize("status", [one for one in Status if one not in ("DRAFT", "PENDING_PAYMENT")])
def test_attack_08_credit_for_what_is_not_to_be_paid_is_a_conflict(status):
    room = factories.room()
    booking = booking_in(status, room, factories.host(venue=room.venue))
    credit = Credit.objects.create(
        code="AAAA-BBBB-CCCC-DDDD", booking=booking, guest_email=booking.guest_email, currency="EUR",
        amount_minor=100_000, reason="x",
    )  # fmt: skip

    answer = as_guest_of(booking).post(f"bookings/{booking.reference}/payment/credit", {"code": credit.code})

    assert answer.status_code == 409
    assert not Payment.objects.filter(provider="credit").exists()


# --- 9: amounts -------------------------------------------------------------------------------------------------

NUMBERS = [
    "-1", "0", "-0.0", "1e400", "-1e400", "NaN", "Infinity", "1.5", "1e2", '"100"', "true", "[]", "{}", "10001",
    "9" * 30, "1e1000000000", '"１００"', '"0x64"', '""',
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_attack_09_refund_of_a_strange_amount_moves_nothing(staff, booking, number):
    answer = staff.post(refund_path(booking), f'{{"amount_minor": {number}, "reason": "Noise"}}')

    assert answer.status_code in (400, 409, 422)
    assert due(booking) == 10_000


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(number=st.one_of(st.integers(), st.floats(), st.text(max_size=20), st.booleans(), st.none()))
def test_attack_09_whatever_is_asked_no_more_goes_back_than_there_is(number):
    booking = paid_by_hand()
    staff = as_user(factories.staff())

    answer = staff.post(refund_path(booking), json.dumps({"amount_minor": number, "reason": "Noise"}))

    assert answer.status_code < 500
    assert 0 <= due(booking) <= 10_000
    assert (answer.status_code == 201) == (due(booking) < 10_000)


@pytest.mark.parametrize("currency", ["USD", "eur", "EURO", "JPY", "€", "E\0R", 978])
def test_attack_09_refund_in_another_currency_moves_nothing(staff, booking, currency):
    sent = {"amount_minor": 100, "reason": "Noise", "currency": currency}

    assert staff.post(refund_path(booking), sent).status_code in (400, 422)
    assert due(booking) == 10_000


@pytest.mark.parametrize("field", ["payout_minimum_minor", "payout_delay_hours", "octo_hold_minutes"])
@pytest.mark.parametrize("number", ["-1", "1.5", "NaN", "1e400", '"x"', "9" * 30, "true"])
def test_attack_09_settings_with_a_strange_number_are_refused(staff, field, number):
    venue = factories.venue()

    answer = staff.client.put(
        f"/api/v1/venues/{venue.slug}/payment-settings", f'{{"{field}": {number}}}',
        content_type="application/json", headers=staff.headers,
    )  # fmt: skip

    assert answer.status_code in (400, 422)
    assert not PaymentSettings.objects.filter(venue=venue).exists()
