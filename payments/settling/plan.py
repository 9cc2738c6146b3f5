"""What must still be done at a provider so that a booking costs what it should: pure functions, values in and out.

`next_step` names one missing call at a time; `advance` moves a payment's status forward only.
"""

import datetime as dt
from dataclasses import dataclass

from bookings.lifecycle.deadlines import LAPSE_MARGIN
from bookings.states import DEAD, Status
from payments.models import Payment
from payments.providers.base import State
from rooms.models import Room

S = Payment.Status

CAPTURE_DELAY = dt.timedelta(minutes=30)  # after an appointment was completed

# How a payment's status follows the provider's word; anything else stays as it is.
FORWARD: dict[str, dict[State, str]] = {
    S.CREATED: {
        State.AUTHORIZED: S.AUTHORIZED,
        State.CAPTURED: S.CAPTURED,
        State.VOIDED: S.VOIDED,
        State.FAILED: S.FAILED,
    },
    S.AUTHORIZED: {State.CAPTURED: S.CAPTURED, State.VOIDED: S.VOIDED},
}


@dataclass(frozen=True)
class BookingFacts:
    """What a booking asks of its money. `due_minor` in minor units."""

    status: str
    is_approved: bool
    capture: str
    due_minor: int
    completed_at: dt.datetime | None = None
    held_until: dt.datetime | None = None


@dataclass(frozen=True)
class PaymentFacts:
    """Where one payment stands; `refunded_minor` counts refunds on their way, too.

    `stuck_minor` came back from the guest's bank or could not be sent, and waits for staff. `disputed_minor` is what
    the guest's bank took back; while a dispute is open (`is_disputed`) nothing is refunded, and while the bank so
    much as asks (`has_case`) nothing is given past the provider. `is_busy`: a call is under way, and how it ends is not
    known. `is_marked`: its booking is marked settle-due, now or later.
    """

    pk: int
    status: str
    authorized_minor: int = 0
    captured_minor: int = 0
    refunded_minor: int = 0
    has_session: bool = False
    stuck_minor: int = 0
    disputed_minor: int = 0
    is_disputed: bool = False
    has_case: bool = False
    is_two_stage: bool = False
    is_busy: bool = False
    is_marked: bool = False

    @property
    def net_minor(self) -> int:
        """What is kept of it."""
        return self.captured_minor - self.refunded_minor - self.disputed_minor

    @property
    def creditable_minor(self) -> int:
        """What may be given as a credit instead."""
        return 0 if self.has_case else self.refundable_minor

    @property
    def refundable_minor(self) -> int:
        """What may go back by itself: nothing in dispute, nothing that failed before and waits for staff."""
        return 0 if self.is_disputed else max(self.net_minor - self.stuck_minor, 0)


@dataclass(frozen=True)
class Step:
    """One call to make: `kind` is a PaymentOperation.Kind; `amount_minor` counts for capture and refund."""

    payment_pk: int
    kind: str
    amount_minor: int = 0


def advance(status: str, state: State) -> str:
    """Return the payment's status after hearing the provider's state: forward, or as it was."""
    return FORWARD.get(status, {}).get(state, status)


def next_step(booking: BookingFacts, payments: list[PaymentFacts], now: dt.datetime) -> Step | None:
    """Return the next call missing, or None when what is held and taken is as it should be.

    Order matters: first no second way to pay stays open, then no needless hold, then the money due is taken, then
    what is too much goes back.
    """
    return (
        _needless_session(booking, payments)
        or _needless_hold(booking, payments)
        or _missing_capture(booking, payments, now)
        or _needless_charge(booking, payments)
    )


def asks_for_money(booking: BookingFacts, now: dt.datetime) -> bool:
    """Return whether what is due should be taken by now."""
    if booking.status == Status.PENDING_APPROVAL:
        return booking.is_approved and booking.capture == Room.Capture.ON_CONFIRMATION
    if booking.status == Status.COMPLETED and booking.capture == Room.Capture.AFTER_COMPLETION:
        return now >= capture_at(booking)
    if booking.status == Status.CONFIRMED:
        return booking.capture == Room.Capture.ON_CONFIRMATION
    return booking.status in (Status.COMPLETED, Status.CANCELLED)


def capture_at(booking: BookingFacts) -> dt.datetime:
    """Return when a completed appointment is captured: 30 minutes later, always before the hold lapses."""
    if booking.completed_at is None:
        raise ValueError("not completed yet")
    at = booking.completed_at + CAPTURE_DELAY
    return min(at, booking.held_until - LAPSE_MARGIN) if booking.held_until else at


def is_paid_unconfirmed(booking: BookingFacts, payments: list[PaymentFacts]) -> bool:
    """Return whether an approved booking has all the money it will get, so that no call at a provider confirms it.

    So it is where all of it was paid with a credit or by hand before the host's yes, or where a hold was captured,
    in full or in part, in the provider's dashboard.
    """
    if booking.status != Status.PENDING_APPROVAL or not booking.is_approved:
        return False
    if booking.due_minor <= 0 or any(payment.status == S.AUTHORIZED for payment in payments):
        return False
    is_captured = any(payment.status == S.CAPTURED and payment.is_two_stage for payment in payments)
    return booking.due_minor <= _net(payments) or (is_captured and _net(payments) > 0)


def left_to_refund(booking: BookingFacts, payments: list[PaymentFacts]) -> int:
    """Return how much less the booking could cost, with that much of its money free to go back; minor units."""
    return max(min(booking.due_minor, sum(payment.refundable_minor for payment in payments)), 0)


def lost_fee_minor(booking: BookingFacts, payments: list[PaymentFacts]) -> int:
    """Return what stays due of a cancelled booking though its hold ended and cannot be taken any more; minor units.

    What a guest's bank took back counts as taken.
    """
    if booking.status != Status.CANCELLED:
        return 0
    if any(payment.status == S.AUTHORIZED or payment.is_busy for payment in payments):
        return 0
    had_hold = any(payment.is_two_stage and payment.authorized_minor for payment in payments)
    taken = sum(payment.captured_minor - payment.refunded_minor for payment in payments)
    return max(booking.due_minor - taken, 0) if had_hold else 0


def _net(payments: list[PaymentFacts]) -> int:
    return sum(payment.net_minor for payment in payments)


def _needless_session(booking: BookingFacts, payments: list[PaymentFacts]) -> Step | None:
    if booking.status == Status.PENDING_PAYMENT:
        return None
    for payment in payments:
        if payment.status == S.CREATED and payment.has_session:
            return Step(payment.pk, "end-checkout")
    return None


def _needless_hold(booking: BookingFacts, payments: list[PaymentFacts]) -> Step | None:
    held = [payment for payment in payments if payment.status == S.AUTHORIZED]
    missing = booking.due_minor - _net(payments)
    is_wanted = missing > 0 and (booking.status not in DEAD or booking.status == Status.CANCELLED)
    spare = held[1:] if is_wanted else held
    return Step(spare[0].pk, "void") if spare else None


def _missing_capture(booking: BookingFacts, payments: list[PaymentFacts], now: dt.datetime) -> Step | None:
    missing = booking.due_minor - _net(payments)
    if missing <= 0 or not asks_for_money(booking, now):
        return None
    for payment in payments:
        if payment.status == S.AUTHORIZED:
            return Step(payment.pk, "capture", min(missing, payment.authorized_minor))
    return None


def _needless_charge(booking: BookingFacts, payments: list[PaymentFacts]) -> Step | None:
    if booking.status in (Status.PENDING_PAYMENT, Status.PENDING_APPROVAL):
        return None
    excess = _net(payments) - booking.due_minor - sum(payment.stuck_minor for payment in payments)
    for payment in reversed(payments):
        if excess > 0 and payment.refundable_minor > 0:
            return Step(payment.pk, "refund", min(excess, payment.refundable_minor))
    return None
