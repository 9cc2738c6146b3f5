"""What a host's yes or no needs: who may say it, until when, and what was said before. Expect the verb's locks."""

import datetime as dt

from bookings.actors import Actor, Kind
from bookings.errors import AboveClerk, AlreadyDecided, DecisionOverdue, NotChargeable, NotPublished
from bookings.lifecycle import deadlines
from bookings.lifecycle.transitions import check
from bookings.models import Booking
from rooms.models import Room, Venue
from rooms.pricing import charge_limits
from rooms.team.permissions import is_above_clerk


def decided_before(booking: Booking, decision: str) -> bool:
    """Return whether this decision stands already. Raises: AlreadyDecided (the other one does)."""
    if not booking.decision:
        return False
    if booking.decision != decision:
        assert booking.decision_made_at is not None
        made, by = booking.get_decision_display().lower(), str(booking.decision_made_by)
        raise AlreadyDecided(made, by, booking.decision_made_at, booking.time_zone)
    return True


def check_may_decide(verb: str, booking: Booking, now: dt.datetime) -> None:
    """Refuse what is not asked, or not any more. Raises: InvalidTransition, NotPublished, DecisionOverdue."""
    check(verb, booking)
    if booking.venue.status == Venue.Status.SUSPENDED:
        raise NotPublished("The venue is suspended: its requests are declined.")
    if booking.decide_by and now > booking.decide_by:
        raise DecisionOverdue(booking.decide_by, booking.time_zone)


def check_clerk(booking: Booking, actor: Actor) -> None:
    """Whatever moves a booking's money is above a clerk from the venue's limit on. Raises: AboveClerk."""
    limit = booking.venue.clerk_limit_minor
    is_above = actor.kind == Kind.HOST and is_above_clerk(actor.user, booking.venue, booking.total_minor)
    if is_above and limit is not None:
        raise AboveClerk(limit, booking.currency)


def check_chargeable(booking: Booking) -> None:
    """A yes asks the guest to pay: not for what the provider, which may be another by now, does not take.

    Raises: NotChargeable.
    """
    asks_to_pay = booking.approval == Room.Approval.BEFORE_PAYMENT
    if asks_to_pay and (reason := charge_limits.why_not(booking.venue, booking.due_minor)):
        raise NotChargeable(f"{reason} Decline it, or let the guest pay another way.")


def decide(booking: Booking, decision: str, actor: Actor, now: dt.datetime) -> None:
    """Set what was decided, when and by whom; the verb saves it."""
    booking.decision = decision
    booking.decision_made_at, booking.decision_made_by = now, actor.user


def due_by(booking: Booking, now: dt.datetime, held_until: dt.datetime | None) -> dt.datetime:
    """Return until when the host may answer; `held_until` is when the held money is lost."""
    return deadlines.decide_by(
        asked_at=now,
        answer_hours=booking.venue.answer_hours,
        starts_at=booking.starts_at,
        held_until=held_until,
    )
