"""Takes over what somebody did in the provider's dashboard, and says so. Expects sync's locks.

The amount due follows the money, so that `settle` does not fight it: a refund made there lowers it by what was not
on its way back anyhow; a capture of less leaves only that due. Every such act is a row for staff and an alarm.
"""

from collections.abc import Iterable

import structlog
from django.db.models import Sum

from accounts.models import User
from bookings.actors import PROVIDER, member_actor
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.states import Status, allows
from core import clock
from core.money import format_minor
from payments.ledger import given_back
from payments.models import CreditUse, Drift, Payment, PaymentOperation, Refund

log = structlog.get_logger(__name__)

Kind = PaymentOperation.Kind
SOURCE = "dashboard"


def take_over_refund(refund: Refund, payment: Payment, booking: Booking) -> Booking:
    """Lower what is due by a refund that was not ours; returns the booking as it is then.

    What was too much before it was on its way back by itself: that part lowers nothing. A booking that cannot be
    adjusted yet is adjusted when it is confirmed; see `take_over_shortfall`.
    """
    amount = format_minor(refund.amount_minor, payment.currency)
    _flag(payment, refund.provider_ref, theirs=f"{amount} refunded", cause="A refund we did not ask for")
    if twice := given_back.flag_twice(
        payment, booking, cause="Refunded in the dashboard after money had been given back"
    ):
        log.error("refund_given_twice", booking=booking.reference, refund=refund.provider_ref, minor=twice)
    booking = _tell(booking, "external_refund", payment, refund.amount_minor, refund.provider_ref)
    if not allows("adjust", booking.status):
        return booking
    net_before = _net_minor(payment, booking) + refund.amount_minor - _under_way_minor(booking)
    excess_before = max(net_before - booking.due_minor, 0)
    # What was given as a credit before and is paid back there, too, is more than was due: nothing is below nothing.
    due_minor = max(booking.due_minor - max(refund.amount_minor - excess_before, 0), 0)
    return _adjust(booking, due_minor, f"{amount} refunded in the provider's dashboard")


def close_if_not_owed(refund: Refund, booking: Booking) -> bool:
    """Close a failed refund of a dashboard's that never lowered what is due; returns whether it was one.

    Its money is here again and wanted, so that staff need not give it back a second time.
    """
    if not refund.is_external or _net_minor(refund.payment, booking) > booking.due_minor:
        return False
    refund.solved_at = clock.now()
    refund.save(update_fields=["solved_at"])
    return True


def note_capture(payment: Payment, booking: Booking) -> Booking:
    """Flag a capture that was not ours; the money stays where it is until the host has answered."""
    taken = format_minor(payment.captured_minor, payment.currency)
    cause = "Taken before we asked for it"
    if booking.is_undecided:
        cause = "Taken before the host answered: a decline gives it back"
    _flag(payment, payment.provider_ref, theirs=f"{taken} captured", cause=cause)
    return _tell(booking, "external_capture", payment, payment.captured_minor, payment.provider_ref)


def note_cancel(payment: Payment, booking: Booking) -> Booking:
    """Flag a hold released that was not released by us, nor by time."""
    held = format_minor(payment.authorized_minor, payment.currency)
    _flag(payment, payment.provider_ref, theirs=f"hold of {held} released", cause="A hold we still wanted")
    return _tell(booking, "external_cancel", payment, payment.authorized_minor, payment.provider_ref)


def take_over_shortfall(payment: Payment, booking: Booking) -> Booking:
    """Where less was taken than is due and nothing more will be, only that is due; returns the booking as it is."""
    if not allows("adjust", booking.status) or booking.status == Status.CANCELLED:
        return booking
    others = Payment.objects.filter(booking=booking).exclude(pk=payment.pk)
    if others.filter(status__in=[Payment.Status.CREATED, Payment.Status.AUTHORIZED]).exists():
        return booking
    net_minor = _net_minor(payment, booking)
    if net_minor >= booking.due_minor:
        return booking
    taken = format_minor(max(net_minor, 0), booking.currency)
    due = format_minor(booking.due_minor, booking.currency)
    if not is_captured_elsewhere(payment, payment.operations.all()):
        log.error("captured_less_than_asked", booking=booking.reference, payment=payment.provider_ref)
        _flag(
            payment, payment.provider_ref, Drift.Kind.AMOUNT, ours=due, theirs=taken,
            cause="The provider took less than we asked for",
        )  # fmt: skip
    return _adjust(booking, max(net_minor, 0), f"Only {taken} of {due} was taken at the provider")


def note_lost_fee(booking: Booking, lost_minor: int) -> None:
    """Flag, once, what is left of a cancellation's fee whose hold ended; staff collect it by hand, or waive it."""
    payment = booking.payments.filter(is_two_stage=True, authorized_minor__gt=0).latest("n")
    lost, due = (format_minor(minor, booking.currency) for minor in (lost_minor, booking.due_minor))
    _, is_new = Drift.objects.get_or_create(
        provider=payment.provider, provider_ref=payment.provider_ref, kind=Drift.Kind.FEE,
        defaults={
            "payment": payment, "booking": booking, "ours": f"{lost} of {due} missing", "theirs": "no hold left",
            "cause": "The hold ended before the fee was taken. Record what the guest pays by hand, or waive it.",
        },
    )  # fmt: skip
    if is_new:
        log.error("fee_lost", booking=booking.reference, payment=payment.provider_ref, minor=lost_minor)


def waive_lost_fee(booking: Booking, lost_minor: int, *, by: User) -> Booking:
    """Lower what is due by what could not be taken, at the word of staff."""
    due_minor = booking.due_minor - lost_minor
    actor, reason = member_actor(by), "The rest of the fee was waived: it could not be taken any more."
    return bookings.adjust(booking_id=booking.pk, actor=actor, due_minor=due_minor, reason=reason)


def is_captured_elsewhere(payment: Payment, calls: Iterable[PaymentOperation]) -> bool:
    """Return whether a hold was captured though no call of ours asked for it."""
    return payment.is_two_stage and all(call.kind != Kind.CAPTURE for call in calls)


def is_released_elsewhere(payment: Payment, calls: Iterable[PaymentOperation]) -> bool:
    """Return whether a hold ended before its time without a call of ours."""
    lapse, ended = payment.capture_before, payment.closed_at
    is_lapsed = lapse is not None and ended is not None and ended >= lapse
    return not is_lapsed and all(call.kind not in (Kind.VOID, Kind.END_CHECKOUT) for call in calls)


def _adjust(booking: Booking, due_minor: int, reason: str) -> Booking:
    if due_minor == booking.due_minor:
        return booking
    return bookings.adjust(
        booking_id=booking.pk, actor=PROVIDER, due_minor=due_minor, reason=reason, source=SOURCE
    )


def _net_minor(payment: Payment, booking: Booking) -> int:
    """What the booking's payments keep, this one as it is in hand: taken less refunded.

    Money a bank took back was not given by anybody here, and counts as kept.
    """
    others = Payment.objects.filter(booking=booking).exclude(pk=payment.pk)
    taken = payment.captured_minor + (others.aggregate(total=Sum("captured_minor"))["total"] or 0)
    back = Refund.objects.filter(payment__booking=booking).exclude(status=Refund.Status.FAILED)
    ended = CreditUse.objects.filter(credit__refund__payment__booking=booking, is_taken_back=True)
    given_minor = back.aggregate(total=Sum("amount_minor", default=0))["total"]
    return taken - given_minor + ended.aggregate(total=Sum("amount_minor", default=0))["total"]


def _under_way_minor(booking: Booking) -> int:
    """What our own refunds that nobody has seen yet send back besides, or sent already."""
    calls = PaymentOperation.objects.filter(payment__booking=booking, kind=Kind.REFUND, refund__isnull=True)
    made = calls.exclude(state=PaymentOperation.State.REFUSED)
    return sum(call.params["amount_minor"] for call in made)


def _flag(
    payment: Payment, ref: str, kind: str = Drift.Kind.EXTERNAL, *, theirs: str, cause: str, ours: str = ""
) -> None:
    Drift.objects.get_or_create(
        provider=payment.provider, provider_ref=ref, kind=kind, state=Drift.State.OPEN,
        defaults={"payment": payment, "ours": ours, "theirs": theirs, "cause": cause},
    )  # fmt: skip


def _tell(booking: Booking, notice: str, payment: Payment, amount_minor: int, ref: str) -> Booking:
    log.error(notice, booking=booking.reference, payment=payment.provider_ref, minor=amount_minor)
    facts = {"ref": ref, "amount_minor": amount_minor, "currency": payment.currency}
    return bookings.announce(booking_id=booking.pk, notice=notice, data=facts, actor=PROVIDER, locked=booking)
