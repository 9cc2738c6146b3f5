"""Giving money back by decision of a person: refunds with amount and reason, and what to do where one failed.

A refund lowers what the booking should cost, under its lock; `settle` then gives back what is too much. So however
many ask at once, no more goes back than there is.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass

import structlog
from django.db import transaction
from django.db.models import QuerySet

from bookings.actors import Actor
from bookings.errors import BookingError, InvalidTransition, ReasonMissing, SubmissionConflict
from bookings.lifecycle import services as bookings
from bookings.models import Booking, BookingEvent
from bookings.states import allows
from core import clock
from core.money import format_minor
from payments.credits import services as credits
from payments.ledger import posting as ledger
from payments.models import Credit, Payment, Provider, Refund
from payments.refunds.covering import cannot_cover
from payments.settling import manual_steps, settle_queue
from payments.settling.facts import booking_facts, payment_facts
from payments.settling.plan import left_to_refund
from payments.tracking import refund_display, refund_notices

log = structlog.get_logger(__name__)

Channel, Solution, RefundStatus = Refund.Channel, Refund.Solution, Refund.Status


class RefundRefused(BookingError):
    """An amount that cannot go back; `left_minor` is what could."""

    code = "invalid_amount"

    def __init__(self, message: str, *, left_minor: int = 0, code: str = "") -> None:
        super().__init__(message, code=code)
        self.left_minor = left_minor


class NotWaiting(BookingError):
    """Somebody has dealt with this refund already, or it needs no hand."""

    code = "refund_not_waiting"


@dataclass(frozen=True)
class Given:
    """A refund that was decided: the event that says so, and what could go back after it, in minor units."""

    booking: Booking
    event: BookingEvent
    amount_minor: int
    left_minor: int
    is_replay: bool = False


@dataclass(frozen=True)
class Preview:
    """What a refund would do, in minor units: what goes back, stays, and whose it is then."""

    back_minor: int
    kept_minor: int
    before: ledger.Split
    after: ledger.Split


def left_minor(booking: Booking) -> int:
    """Return how much could go back to the guest now, in minor units."""
    if not allows("adjust", booking.status):
        return 0
    return left_to_refund(booking_facts(booking), payment_facts(booking))


def creditable_minor(booking: Booking) -> int:
    """Return how much could be given as a credit instead: of no payment that the guest's bank asks about."""
    facts = [one for one in payment_facts(booking) if not one.has_case]
    return left_to_refund(booking_facts(booking), facts) if allows("adjust", booking.status) else 0


def preview(booking: Booking, amount_minor: int) -> Preview:
    """Return what a refund of `amount_minor` would do; writes nothing."""
    kept = booking.due_minor - amount_minor
    return Preview(amount_minor, kept, ledger.split(booking.due_minor, booking), ledger.split(kept, booking))


@transaction.atomic
def refund(
    *, booking_id: int, actor: Actor, amount_minor: int | None, reason: str, key: str = "",
    as_credit: bool = False, now: dt.datetime | None = None,
) -> Given:  # fmt: skip
    """Give some of a booking's money back, or all that is left where `amount_minor` is None.

    The same `key` again answers with the first. Raises: RefundRefused, ReasonMissing, InvalidTransition,
    SubmissionConflict (the key was used for something else).
    """
    booking = bookings.lock(booking_id)
    asked = hashlib.sha256(f"{amount_minor}|{reason.strip()}|{as_credit}".encode()).hexdigest()
    if key and (earlier := _earlier(booking, key, asked)):
        return earlier
    if not allows("adjust", booking.status):
        raise InvalidTransition("adjust", booking.status)
    list(Payment.objects.select_for_update(no_key=True).filter(booking=booking))
    left = creditable_minor(booking) if as_credit else left_minor(booking)
    amount = left if amount_minor is None else amount_minor
    _check_amount(booking, amount, left)
    facts = {"refund_minor": amount, "left_minor": left - amount, "key": key, "asked": asked}
    facts |= {"as_credit": True} if as_credit else _expected(booking, now or clock.now())
    after = bookings.adjust(
        booking_id=booking_id,
        actor=actor,
        due_minor=booking.due_minor - amount,
        reason=reason,
        facts=facts,
        now=now,
    )
    if as_credit:
        _turn_into_credits(after, amount, actor, reason)
    settle_queue.mark(booking_id)
    log.info("refund_decided", booking=after.reference, amount_minor=amount, actor=actor.kind)
    return Given(after, after.events.get(verb="adjust", data__refund_minor=amount, version__gt=booking.version),
                 amount, left - amount)  # fmt: skip


def _expected(booking: Booking, now: dt.datetime) -> dict[str, str]:
    """Return when the guest may expect it, by the payment that goes back first."""
    latest = booking.payments.filter(status=Payment.Status.CAPTURED).latest("n")
    return refund_display.event_facts(
        latest.provider, refund_display.channel_of(latest), now, booking.time_zone
    )


def _earlier(booking: Booking, key: str, asked: str) -> Given | None:
    event = booking.events.filter(verb="adjust", data__key=key).first()
    if event is None:
        return None
    if event.data["asked"] != asked:
        raise SubmissionConflict("This key was already used for another refund.")
    return Given(booking, event, event.data["refund_minor"], event.data["left_minor"], is_replay=True)


def _check_amount(booking: Booking, amount_minor: int, left: int) -> None:
    if left == 0:
        raise RefundRefused(_why_nothing(booking), code="nothing_to_refund")
    if amount_minor <= 0:
        raise RefundRefused("A refund is more than nothing.", left_minor=left)
    if amount_minor > left:
        most = format_minor(left, booking.currency)
        raise RefundRefused(f"At most {most} can go back.", left_minor=left, code="refund_too_large")


def _why_nothing(booking: Booking) -> str:
    if any(payment.has_case for payment in payment_facts(booking)):
        return "The guest's bank disputes this payment: nothing is refunded until the case is closed."
    return "Nothing of this booking's money is left to refund."


def _turn_into_credits(booking: Booking, amount_minor: int, actor: Actor, reason: str) -> None:
    """Give the amount as credit, of the latest payments first, instead of sending it back."""
    for facts in reversed(payment_facts(booking)):
        part = min(amount_minor, facts.creditable_minor)
        if part:
            amount_minor -= part
            payment = Payment.objects.get(pk=facts.pk)
            give_credit(payment, booking, part, actor=actor, reason=reason)


def give_credit(
    payment: Payment, booking: Booking, amount_minor: int, *, actor: Actor, reason: str
) -> Credit | None:
    """Turn some of a payment into a credit of the guest, and tell them; what came from a credit returns to it.

    Expects the locks of booking and payment; returns the new credit. Raises: RefundRefused where the money is at the
    venue's own shop and the venue cannot cover it.
    """
    if why_not := cannot_cover(payment, amount_minor):
        raise RefundRefused(why_not, code="credit_not_covered")
    refund = manual_steps.add_refund(
        payment, booking, amount_minor, channel=Channel.CREDIT, status=RefundStatus.SUCCEEDED
    )
    if payment.provider == Provider.CREDIT:
        refund_notices.tell(refund, booking, actor=actor, reason=reason)
        return None
    return credits.give(booking, refund, actor=actor, reason=reason)


# --- refunds that failed, and those made by hand --------------------------------------------------------------


def waiting() -> QuerySet[Refund]:
    """Return the refunds that wait for staff: failed and unsolved, or to be paid back by hand."""
    rows = Refund.objects.select_related("payment__booking__venue")
    failed = rows.filter(status=RefundStatus.FAILED, solved_at=None)
    by_hand = rows.filter(status=RefundStatus.PENDING, channel=Channel.HAND)
    return (failed | by_hand).order_by("created_at", "pk")


@transaction.atomic
def try_again(*, refund_id: int, actor: Actor, reason: str) -> Refund:
    """Send a failed refund once more, as a new one. Raises: NotWaiting, ReasonMissing."""
    refund, booking = _lock_waiting(refund_id, reason)
    if refund.status != RefundStatus.FAILED:
        raise NotWaiting("This refund has not failed: it is paid back by hand.")
    _solve(refund, booking, Solution.RETRY, actor, reason)
    settle_queue.mark(booking.pk)
    return refund


@transaction.atomic
def solve_by_credit(*, refund_id: int, actor: Actor, reason: str) -> Credit | None:
    """Give the guest a credit instead of a refund that cannot be made.

    Raises: NotWaiting (also where a bank has taken the money back since), ReasonMissing.
    """
    refund, booking = _lock_waiting(refund_id, reason)
    if refund.status == RefundStatus.PENDING:
        _give_up(refund, booking)
    _check_still_here(refund, booking)
    _solve(refund, booking, Solution.CREDIT, actor, reason)
    return give_credit(refund.payment, booking, refund.amount_minor, actor=actor, reason=reason)


@transaction.atomic
def paid_by_hand(*, refund_id: int, actor: Actor, reference: str, paid_date: dt.date, reason: str) -> Refund:
    """Record that staff paid a refund back themselves; `reference` is the transfer's.

    Raises: NotWaiting, ReasonMissing (also without a reference).
    """
    refund, booking = _lock_waiting(refund_id, reason)
    if not reference.strip():
        raise ReasonMissing("Give the reference of the transfer.")
    if refund.status == RefundStatus.FAILED:
        _check_still_here(refund, booking)
        _solve(refund, booking, Solution.HAND, actor, reason)
        refund = manual_steps.add_refund(
            refund.payment, booking, refund.amount_minor, channel=Channel.HAND, status=RefundStatus.SUCCEEDED
        )
    refund.status, refund.bank_reference, refund.settled_at = (
        RefundStatus.SUCCEEDED,
        reference.strip(),
        _noon(paid_date),
    )
    refund.save()
    refund_notices.tell(refund, booking, actor=actor, reason=reason)
    return refund


def _lock_waiting(refund_id: int, reason: str) -> tuple[Refund, Booking]:
    booking_id = Refund.objects.values_list("payment__booking_id", flat=True).get(pk=refund_id)
    booking = bookings.lock(booking_id)
    list(Payment.objects.select_for_update(no_key=True).filter(booking_id=booking_id))
    if not reason.strip():
        raise ReasonMissing("Say why.")
    refund = waiting().filter(pk=refund_id).first()
    if refund is None:
        raise NotWaiting("Somebody has dealt with this refund already.")
    return refund, booking


def _check_still_here(refund: Refund, booking: Booking) -> None:
    """What a bank has taken back since, asks about, or a dashboard gave back, is not given a second time."""
    payments = payment_facts(booking)
    if any(one.has_case for one in payments if one.pk == refund.payment_id):
        raise NotWaiting("The guest's bank has a case about this payment: give nothing until it is closed.")
    kept = sum(one.net_minor for one in payments if one.pk == refund.payment_id)
    owed = sum(one.net_minor for one in payments) - booking.due_minor
    if refund.amount_minor > min(kept, owed):
        left = format_minor(max(min(kept, owed), 0), booking.currency)
        raise NotWaiting(f"Only {left} of this refund is still owed; the rest has gone another way.")


def _solve(refund: Refund, booking: Booking, solution: str, actor: Actor, reason: str) -> None:
    refund.solution, refund.solved_at = solution, clock.now()
    refund.save(update_fields=["solution", "solved_at"])
    data = {"refund": refund.provider_ref, "solution": solution, "amount_minor": refund.amount_minor,
            "currency": refund.payment.currency}  # fmt: skip
    bookings.announce(booking_id=booking.pk, notice="refund_solved", actor=actor, reason=reason, data=data)
    log.info("refund_solved", booking=booking.reference, refund=refund.provider_ref, solution=solution)


def _give_up(refund: Refund, booking: Booking) -> None:
    """End a refund that was to be paid by hand: what was booked for it is taken back."""
    refund.status, refund.settled_at = RefundStatus.FAILED, clock.now()
    refund.save(update_fields=["status", "settled_at"])
    kept = ledger.kept_minor(booking, refund.payment.is_live)
    ledger.post_refund_failed(refund, booking, kept_before_minor=kept)


def _noon(date: dt.date) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(12), dt.UTC)
