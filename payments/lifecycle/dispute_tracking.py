"""Follows disputes as the provider tells them: the case's row, the ledger, and who is told. Expects sync's locks.

A case only moves forward: what a provider says of one that has ended is not applied, but alarmed. Its money is
booked by levels, so that a case first heard of at its end is booked whole.
"""

import structlog

from bookings.actors import PROVIDER
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from core import clock
from payments.credits import services as credits
from payments.ledger import given_back
from payments.ledger import posting as ledger
from payments.models import Dispute, Payment
from payments.providers.base import ProviderDispute, ProviderPayment

log = structlog.get_logger(__name__)

Status = Dispute.Status
ALARMS = ("dispute_opened", "dispute_escalated", "dispute_lost")
ENDINGS: dict[str, str] = {
    Status.WON: "dispute_won",
    Status.LOST: "dispute_lost",
    Status.CLOSED: "dispute_closed",
}


def follow(payment: Payment, booking: Booking, seen: ProviderPayment) -> Booking:
    """Carry every dispute of a captured payment forward; returns the booking, fresh where it was told something.

    A dispute heard of before the capture waits for the look that shows it.
    """
    if payment.status != Payment.Status.CAPTURED or not seen.disputes:
        return booking
    known = {dispute.provider_ref: dispute for dispute in payment.disputes.defer("evidence_pdf")}
    for theirs in seen.disputes:
        dispute = known.get(theirs.ref) or Dispute(
            payment=payment,
            provider_ref=theirs.ref,
            status="",
            amount_minor=0,
            opened_at=theirs.opened_at or clock.now(),
        )
        dispute.payment = payment
        booking = _follow_one(dispute, booking, theirs)
    return booking


def _follow_one(dispute: Dispute, booking: Booking, theirs: ProviderDispute) -> Booking:
    if _has_ended(dispute, theirs):
        if dispute.status != theirs.status:
            log.error("dispute_changed_after_its_end", dispute=theirs.ref, status=theirs.status)
        return booking
    before = Dispute(
        status=dispute.status, withdrawn_minor=dispute.withdrawn_minor, fee_minor=dispute.fee_minor,
        submitted_at=dispute.submitted_at,
    )  # fmt: skip
    if _copy(dispute, theirs):
        dispute.save()
    with ledger.together():
        _post(dispute, before, booking)
    if not _notice(dispute, before):
        return booking
    was_given = given_back.of(dispute.payment)
    booking, left_twice = _take_what_is_twice(dispute, before, booking, was_given.twice_minor)
    return _tell(dispute, before, booking, was_given, left_twice)


def _has_ended(dispute: Dispute, theirs: ProviderDispute) -> bool:
    """An inquiry that was closed may still become a chargeback; nothing else comes back."""
    if not dispute.status or dispute.is_open:
        return False
    return not (dispute.status == Status.CLOSED and theirs.withdrawn_minor and not dispute.withdrawn_minor)


def _copy(dispute: Dispute, theirs: ProviderDispute) -> bool:
    """Take over what the provider says; returns whether anything is new."""
    now = clock.now()
    facts = {
        "status": theirs.status,
        "reason": theirs.reason[:64],
        "amount_minor": theirs.amount_minor,
        "withdrawn_minor": max(dispute.withdrawn_minor, theirs.withdrawn_minor),
        "fee_minor": max(dispute.fee_minor, theirs.fee_minor),
        "due_by": theirs.due_by,
        "evidence_file_ref": theirs.evidence_file_ref or dispute.evidence_file_ref,
    }
    is_over = theirs.status not in Dispute.OPEN
    facts["closed_at"] = (dispute.closed_at or now) if is_over else None
    if theirs.has_evidence:
        facts["submitted_at"] = dispute.submitted_at or now
    elif not is_over:
        facts["submitted_at"] = None
    changed = {name: value for name, value in facts.items() if getattr(dispute, name) != value}
    for name, value in changed.items():
        setattr(dispute, name, value)
    return bool(changed)


def _post(dispute: Dispute, before: Dispute, booking: Booking) -> None:
    if dispute.withdrawn_minor and not before.withdrawn_minor:
        ledger.post_dispute_withdrawn(dispute, booking)
    if dispute.fee_minor and not before.fee_minor:
        ledger.post_dispute_fee(dispute, booking)
    if dispute.status == before.status or not dispute.withdrawn_minor:
        return
    if dispute.status == Status.WON:
        ledger.post_dispute_won(dispute, booking)
    elif dispute.status == Status.LOST:
        ledger.post_dispute_lost(
            dispute, booking, kept_before_minor=ledger.kept_minor(booking, dispute.payment.is_live)
        )


def _tell(
    dispute: Dispute, before: Dispute, booking: Booking, was_given: given_back.Given, left_twice: int
) -> Booking:
    notice = _notice(dispute, before)
    facts = {
        "dispute": dispute.provider_ref,
        "amount_minor": dispute.amount_minor,
        "currency": dispute.payment.currency,
        "due_by": dispute.due_by.isoformat() if dispute.due_by else "",
        "is_inquiry": dispute.status == Status.INQUIRY,
        "given": was_given.by_channel,
        "twice_minor": was_given.twice_minor,
        "left_twice_minor": left_twice,
    }
    say = log.error if notice in ALARMS else log.info
    say(notice, booking=booking.reference, dispute=dispute.provider_ref, reason=dispute.reason)
    return bookings.announce(booking_id=booking.pk, notice=notice, data=facts, actor=PROVIDER, locked=booking)


def _take_what_is_twice(
    dispute: Dispute, before: Dispute, booking: Booking, twice: int
) -> tuple[Booking, int]:
    """What was given back before and is disputed now costs twice unless the case is won: never hidden.

    Once it is lost, the guest's unspent credits end; what is spent, or went back another way, is left to staff.
    Returns the booking and how much that is.
    """
    if not twice or dispute.status == before.status or dispute.status in (Status.WON, Status.CLOSED):
        return booking, twice
    log.error("dispute_after_refund", booking=booking.reference, dispute=dispute.provider_ref, minor=twice)
    if dispute.status != Status.LOST:
        return booking, twice
    reason, payment = "The bank gave this money back.", dispute.payment
    credits.take_back(payment, booking, twice, actor=PROVIDER, reason=reason)
    cause = f"Case {dispute.provider_ref} was lost after money had been given back"
    left = given_back.flag_twice(payment, booking, cause=cause)
    return bookings.lock(booking.pk), left


def _notice(dispute: Dispute, before: Dispute) -> str:
    if dispute.status in ENDINGS:
        return ENDINGS[dispute.status] if dispute.status != before.status else ""
    if not before.status:
        return "dispute_opened"
    if dispute.withdrawn_minor and not before.withdrawn_minor and before.status == Status.INQUIRY:
        return "dispute_escalated"
    return "dispute_answered" if dispute.submitted_at and not before.submitted_at else ""
