"""The booking's verbs, one per arrow of states.ARROWS: the only code that writes a booking's status.

Each verb locks room (or session) and booking, checks its arrow, and in one transaction writes status, occupancy,
`due_minor` and one BookingEvent. It calls no provider and sends nothing: subscribers of the event do.
"""

import datetime as dt

import structlog
from django.db import IntegrityError, transaction

from bookings import cancellation
from bookings.actors import CLOCK, PROVIDER, Actor, Kind
from bookings.errors import (
    InvalidDue,
    InvalidTransition,
    NotPublished,
    PriceChanged,
    ReasonMissing,
)
from bookings.lifecycle import deadlines, decisions
from bookings.lifecycle.submission import GuestDetails, as_it_is_now, digest_of, new_draft, submitted
from bookings.lifecycle.transitions import Facts
from bookings.lifecycle.transitions import check as _check
from bookings.lifecycle.transitions import close as _close
from bookings.lifecycle.transitions import move as _move
from bookings.lifecycle.transitions import record as _record
from bookings.models import Booking
from bookings.states import NOTICES, Status
from core import clock
from rooms.availability import occupancy
from rooms.availability.stays import Stay, check_stay, period_of, visit_of
from rooms.models import Room, Session
from rooms.pricing import charge_limits
from rooms.pricing.quotes import quote

log = structlog.get_logger(__name__)

# Asked at every step of every booking, so put together once.
LOCKED_ROOMS = Room.objects.select_for_update(no_key=True, of=("self",)).select_related("venue")
LOCKED_BOOKINGS = Booking.objects.select_for_update(no_key=True)


def lock(booking_id: int) -> Booking:
    """Lock room, then booking, until the transaction ends; returns the fresh booking with room and venue."""
    room = LOCKED_ROOMS.get(bookings=booking_id)
    booking = LOCKED_BOOKINGS.get(pk=booking_id)
    booking.room, booking.venue = room, room.venue
    return booking


# --- submit ---------------------------------------------------------------------------------------------------


def submit(
    *,
    room: Room,
    stay: Stay,
    party_size: int,
    guest: GuestDetails,
    submission_key: str,
    actor: Actor,
    message: str = "",
    session: Session | None = None,
    expected_total_minor: int | None = None,
    now: dt.datetime | None = None,
) -> Booking:
    """Create a booking and claim its time, in one transaction; the same submission again returns the first.

    Raises: InvalidStay, RoomTaken, PriceChanged, SubmissionConflict (key used for something else), NotPublished.
    """
    now = now or clock.now()
    digest = digest_of(room, stay, party_size, guest, message, session)
    try:
        with transaction.atomic():
            locked = occupancy.lock_room(room.pk)
            if earlier := submitted(submission_key, digest, now):
                return earlier
            if not (locked.is_published and locked.venue.is_on_sale):
                raise NotPublished("This room is no longer offered.")
            session = as_it_is_now(session, stay)
            check_stay(locked, stay, party_size, now)
            price = quote(locked, stay, party_size, now=now, session=session)
            if expected_total_minor is not None and expected_total_minor != price.total_minor:
                raise PriceChanged(price)
            if actor.kind == Kind.GUEST:
                # What is booked by hand may be paid by hand.
                charge_limits.check(locked, price)
            booking = new_draft(locked, stay, party_size, guest, price, session)
            booking.message, booking.submission_key = message, submission_key
            booking.submission_digest = digest
            booking.created_at = booking.updated_at = now
            _take(booking, stay)
            # Written once, with the status it is born with; the unique key speaks up here at the latest.
            return _submit(booking, actor, now)
    except IntegrityError:
        # The same key on another room at the same moment: the other one won.
        if earlier := submitted(submission_key, digest, now):
            return earlier
        raise


def _take(booking: Booking, stay: Stay) -> None:
    if booking.session_id:
        occupancy.take_seats(session_id=booking.session_id, seats=booking.party_size)
    else:
        occupancy.claim(
            room_id=booking.room_id, period=period_of(booking.room, stay), visit=visit_of(stay),
            reference=booking.reference, is_locked=True,
        )  # fmt: skip


def _submit(booking: Booking, actor: Actor, now: dt.datetime) -> Booking:
    pays_online = booking.total_minor > 0 and booking.venue.takes_online_payment
    if booking.approval == Room.Approval.BEFORE_PAYMENT or (
        not pays_online and booking.approval != Room.Approval.NONE
    ):
        booking.decide_by = decisions.due_by(booking, now, None)
        to_status = Status.PENDING_APPROVAL
    elif pays_online:
        booking.payment_due_at = deadlines.payment_due(now)
        to_status = Status.PENDING_PAYMENT
    else:
        booking.confirmed_at = now
        to_status = Status.CONFIRMED
    return _move(booking, "submit", to_status, actor, now)


# --- the provider's verbs -------------------------------------------------------------------------------------


@transaction.atomic
def authorize(
    *, booking_id: int, held_until: dt.datetime | None, now: dt.datetime | None = None,
    locked: Booking | None = None,
) -> Booking:  # fmt: skip
    """Record that the money is held: the host may decide, or the booking stands where nobody has to any more.

    A booking approved before its first capture failed keeps that decision. `locked` is the booking to who holds its
    lock already. Raises: InvalidTransition.
    """
    booking = _locked_for("authorize", booking_id, locked)
    now = now or clock.now()
    booking.authorized_at, booking.held_until, booking.payment_due_at = now, held_until, None
    is_agreed = booking.approval == Room.Approval.NONE or booking.is_approved
    if is_agreed and booking.capture == Room.Capture.AFTER_COMPLETION:
        booking.confirmed_at = now
        return _move(booking, "authorize", Status.CONFIRMED, PROVIDER, now)
    if not booking.decision:
        booking.decide_by = decisions.due_by(booking, now, held_until)
    return _move(booking, "authorize", Status.PENDING_APPROVAL, PROVIDER, now)


@transaction.atomic
def confirm(
    *, booking_id: int, paid_at: dt.datetime, now: dt.datetime | None = None, locked: Booking | None = None
) -> Booking:
    """Record that the money is taken. From PENDING_APPROVAL only after an approval. Raises: InvalidTransition."""
    booking = _locked_for("confirm", booking_id, locked)
    now = now or clock.now()
    if booking.is_undecided:
        raise InvalidTransition("confirm", booking.status)
    booking.paid_at, booking.confirmed_at = paid_at, now
    booking.payment_due_at = booking.decide_by = None
    return _move(booking, "confirm", Status.CONFIRMED, PROVIDER, now)


@transaction.atomic
def capture_failed(*, booking_id: int, reason: str, now: dt.datetime | None = None) -> Booking:
    """Record that held money could not be taken after the approval: the guest may pay once more.

    Raises: InvalidTransition (also when nobody approved).
    """
    booking = _locked_for("capture_failed", booking_id)
    now = now or clock.now()
    if not booking.is_approved:
        raise InvalidTransition("capture_failed", booking.status)
    booking.authorized_at = booking.held_until = booking.checkout_opened_at = None
    booking.payment_due_at = deadlines.repayment_due(now, booking.starts_at)
    return _move(booking, "capture_failed", Status.PENDING_PAYMENT, PROVIDER, now, reason=reason)


@transaction.atomic
def hold_for_checkout(
    *, booking_id: int, session_ends_at: dt.datetime, now: dt.datetime | None = None
) -> Booking:
    """Keep the room until the provider's pay page ends plus 5 minutes; moves the deadline once, never nearer.

    Raises: InvalidTransition when the booking awaits no payment.
    """
    booking = lock(booking_id)
    if booking.status != Status.PENDING_PAYMENT:
        raise InvalidTransition("pay", booking.status)
    if booking.checkout_opened_at is None:
        booking.checkout_opened_at = now or clock.now()
        until = session_ends_at + deadlines.CHECKOUT_GRACE
        booking.payment_due_at = max(booking.payment_due_at or until, until)
        booking.save(update_fields=["checkout_opened_at", "payment_due_at"])
    return booking


# --- people's verbs -------------------------------------------------------------------------------------------


@transaction.atomic
def approve(*, booking_id: int, actor: Actor, now: dt.datetime | None = None) -> Booking:
    """Say yes to a request; said again it answers with the first. What is held is then captured by payments.

    Raises: AlreadyDecided (declined before), DecisionOverdue, InvalidTransition.
    """
    booking = lock(booking_id)
    now = now or clock.now()
    if decisions.decided_before(booking, Booking.Decision.APPROVED):
        return booking
    decisions.check_clerk(booking, actor)
    decisions.check_may_decide("approve", booking, now)
    decisions.check_chargeable(booking)
    decisions.decide(booking, Booking.Decision.APPROVED, actor, now)
    log.info("booking_approved", booking=booking.reference, actor=actor.kind)
    is_held_to_the_end = booking.capture == Room.Capture.AFTER_COMPLETION and booking.authorized_at
    if booking.total_minor == 0 or not booking.venue.takes_online_payment or is_held_to_the_end:
        booking.confirmed_at = now
        return _move(booking, "approve", Status.CONFIRMED, actor, now)
    if booking.approval == Room.Approval.BEFORE_PAYMENT:
        booking.payment_due_at = deadlines.repayment_due(now, booking.starts_at)
        return _move(booking, "approve", Status.PENDING_PAYMENT, actor, now)
    return _move(booking, "approve", Status.PENDING_APPROVAL, actor, now)


@transaction.atomic
def decline(*, booking_id: int, actor: Actor, reason: str = "", now: dt.datetime | None = None) -> Booking:
    """Say no to a request; said again it answers with the first. What is held is then voided by payments.

    Raises: AlreadyDecided (approved before), InvalidTransition.
    """
    booking = lock(booking_id)
    now = now or clock.now()
    if decisions.decided_before(booking, Booking.Decision.DECLINED):
        return booking
    if not booking.is_undecided:
        raise InvalidTransition("decline", booking.status)
    decisions.check_clerk(booking, actor)
    decisions.decide(booking, Booking.Decision.DECLINED, actor, now)
    booking.decision_reason = reason
    log.info("booking_declined", booking=booking.reference, actor=actor.kind)
    return _close(booking, "decline", Status.DECLINED, actor, now, reason=reason)


@transaction.atomic
def cancel(
    *, booking_id: int, actor: Actor, reason: str = "", fee_minor: int | None = None,
    now: dt.datetime | None = None,
) -> Booking:  # fmt: skip
    """End a booking. Before the host's yes, and whenever host or staff cancel, nothing stays due; a guest who
    cancels later keeps owing what the frozen policy says, and once it is over cancels nothing. Cancelled before:
    answers with the first.

    Staff may set another `fee_minor` by hand, with a reason. Raises: InvalidTransition, InvalidDue, ReasonMissing.
    """
    booking = lock(booking_id)
    now = now or clock.now()
    if booking.status == Status.CANCELLED:
        return booking
    cancellation.check_may_cancel(booking, actor, now)
    decisions.check_clerk(booking, actor)
    by_rule, before = cancellation_fee(booking, actor, now), booking.due_minor
    facts = {"before_minor": before}
    if fee_minor is not None:
        _check_override(booking, actor, fee_minor, reason)
        facts |= {"is_override": True, "fee_by_rule_minor": by_rule}
    due_minor = by_rule if fee_minor is None else fee_minor
    moves_money = booking.authorized_at or booking.paid_at
    facts["refund_minor"] = before - due_minor if moves_money else 0
    return _close(
        booking, "cancel", Status.CANCELLED, actor, now, reason=reason, due_minor=due_minor, facts=facts
    )


def _check_override(booking: Booking, actor: Actor, fee_minor: int, reason: str) -> None:
    if actor.kind != Kind.STAFF:
        raise InvalidDue("Only staff set a fee by hand.")
    if not 0 <= fee_minor <= booking.due_minor:
        raise InvalidDue("A fee is from nothing up to what the booking costs.")
    if fee_minor and not reason.strip():
        raise ReasonMissing("Say why a fee is kept.")


def cancellation_fee(booking: Booking, actor: Actor, now: dt.datetime) -> int:
    """Return what would stay due, in minor units, if `actor` cancelled at `now`."""
    if not actor.is_guest or not (booking.status == Status.CONFIRMED or booking.is_capturing):
        return 0
    return cancellation.guest_fee_minor(
        total_minor=booking.due_minor, policy=booking.policy, starts_at=booking.starts_at, now=now
    )


@transaction.atomic
def adjust(
    *, booking_id: int, actor: Actor, due_minor: int, reason: str, source: str = "staff",
    facts: Facts | None = None, now: dt.datetime | None = None,
) -> Booking:  # fmt: skip
    """Change what a booking should cost, in minor units, and say why; payments then give back what is too much.

    `source` is "staff", or "dashboard" where it takes over what was done at the provider; `facts` join the event.
    The same amount again changes nothing. Raises: InvalidTransition, InvalidDue, ReasonMissing.
    """
    booking = _locked_for("adjust", booking_id)
    if not reason.strip():
        raise ReasonMissing("Say why the amount changes.")
    if not 0 <= due_minor <= booking.total_minor:
        raise InvalidDue("A booking costs from nothing up to its total.")
    before = booking.due_minor
    if due_minor == before:
        return booking
    booking.due_minor = due_minor
    facts = {"before_minor": before, "source": source, **(facts or {})}
    status = Status(booking.status)
    return _move(booking, "adjust", status, actor, now or clock.now(), reason=reason.strip(), facts=facts)


@transaction.atomic
def complete(*, booking_id: int, actor: Actor = CLOCK, now: dt.datetime | None = None) -> Booking:
    """Record that the stay took place. Raises: InvalidTransition (also before its start)."""
    booking = _locked_for("complete", booking_id)
    now = now or clock.now()
    if actor.kind != CLOCK.kind and now < booking.starts_at:
        raise InvalidTransition("complete", "not yet begun")
    decisions.check_clerk(booking, actor)
    booking.closed_at = now
    return _move(booking, "complete", Status.COMPLETED, actor, now)


# --- the clock's verbs ----------------------------------------------------------------------------------------


@transaction.atomic
def expire(
    *, booking_id: int, reason: str = "", listed_as: Status | None = None, now: dt.datetime | None = None
) -> Booking:
    """End a booking nobody paid or decided in time. Raises: InvalidTransition (also once it is approved, or when it
    is not any more what a sweep listed it as).
    """
    booking = _locked_for("expire", booking_id)
    now = now or clock.now()
    if booking.is_capturing or booking.status != (listed_as or booking.status):
        raise InvalidTransition("expire", booking.status)
    return _close(booking, "expire", Status.EXPIRED, CLOCK, now, reason=reason)


# --- notices --------------------------------------------------------------------------------------------------


@transaction.atomic
def announce(
    *, booking_id: int, notice: str, data: Facts | None = None, now: dt.datetime | None = None,
    actor: Actor = CLOCK, reason: str = "", locked: Booking | None = None,
) -> Booking:  # fmt: skip
    """Add an event that tells people something without a change of status; each notice once per `data`."""
    if notice not in NOTICES:
        raise ValueError(f"unknown notice {notice!r}")
    booking = locked or lock(booking_id)
    if not booking.events.filter(verb=notice, data=data or {}).exists():
        now = now or clock.now()
        _record(booking, notice, booking.status, actor, now, reason=reason, data=data or {})
    return booking


# --- shared steps ---------------------------------------------------------------------------------------------


def _locked_for(verb: str, booking_id: int, locked: Booking | None = None) -> Booking:
    booking = locked or lock(booking_id)
    _check(verb, booking)
    return booking
