"""What a cancellation costs and gives back, by the policy frozen into the booking: pure functions.

The arithmetic of tiers is rooms.pricing.policies', which also works it out before there is a booking.
"""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bookings.actors import Actor
from bookings.errors import InvalidTransition
from bookings.models import Booking
from bookings.states import Status
from rooms.pricing.policies import RefundStep, refund_schedule, schedule_json, step_at, steps_ahead, tiers_of

# From these statuses a guest may still cancel.
ENDING = frozenset({Status.PENDING_PAYMENT, Status.PENDING_APPROVAL, Status.CONFIRMED})


@dataclass(frozen=True)
class Terms:
    """What a guest who cancels gets back, now and later; minor units of the booking's currency.

    Before the host's yes (and before a payment) cancelling is free: `is_free_now`. `back_minor` is what would
    come back now of the money held or paid, `fee_minor` what would stay due; `next_change` is when that changes.
    `schedule` holds every step of the policy, `ahead` those not past, the present one first.
    """

    is_free_now: bool
    back_minor: int
    fee_minor: int
    next_change: dt.datetime | None
    schedule: tuple[RefundStep, ...]
    ahead: tuple[RefundStep, ...]


def can_guest_cancel(booking: Booking, now: dt.datetime) -> bool:
    """Return whether a guest may still cancel: what is over has taken place, or is for the host to settle."""
    return booking.status in ENDING and now < booking.ends_at


def check_may_cancel(booking: Booking, actor: Actor, now: dt.datetime) -> None:
    """Refuse a step the booking's status, or its time, does not allow. Raises: InvalidTransition."""
    if booking.status not in ENDING:
        raise InvalidTransition("cancel", booking.status)
    if actor.is_guest and not can_guest_cancel(booking, now):
        raise InvalidTransition("cancel", "over")


def guest_fee_minor(*, total_minor: int, policy: dict, starts_at: dt.datetime, now: dt.datetime) -> int:
    """Return what a guest who cancels a confirmed booking still owes, in minor units."""
    schedule = refund_schedule(tiers_of(policy), starts_at=starts_at, amount_minor=total_minor)
    return total_minor - step_at(schedule, now).refund_minor


def schedule_of(booking: Booking) -> tuple[RefundStep, ...]:
    """Return what comes back when, once the booking is confirmed: of what it costs now, earliest step first."""
    tiers = tiers_of(booking.policy)
    return refund_schedule(tiers, starts_at=booking.starts_at, amount_minor=booking.due_minor)


def is_bound(booking: Booking) -> bool:
    """Return whether the policy counts already: after the host's yes, or where none is needed, once confirmed."""
    return booking.status == Status.CONFIRMED or booking.is_capturing


def terms_of(booking: Booking, now: dt.datetime) -> Terms | None:
    """Return what cancelling at `now` and later means to the guest; None where it cannot be cancelled any more."""
    if not can_guest_cancel(booking, now):
        return None
    schedule = schedule_of(booking)
    ahead = steps_ahead(schedule, now)
    moves_money = bool(booking.authorized_at or booking.paid_at)
    if not is_bound(booking):
        return Terms(True, booking.due_minor if moves_money else 0, 0, None, schedule, ahead)
    back_minor = ahead[0].refund_minor if moves_money else 0
    fee_minor = booking.due_minor - ahead[0].refund_minor
    return Terms(False, back_minor, fee_minor, ahead[0].until, schedule, ahead)


def terms_json(booking: Booking, now: dt.datetime) -> dict | None:
    """Return what cancelling gives the guest now and later, as the API shows it; None once it is too late."""
    terms = terms_of(booking, now)
    if terms is None:
        return None
    zone = ZoneInfo(booking.time_zone)
    return {
        "refund_now_minor": terms.back_minor,
        "fee_now_minor": terms.fee_minor,
        "is_free_now": terms.is_free_now,
        "next_change_at": terms.next_change.astimezone(zone).isoformat() if terms.next_change else None,
        "schedule": schedule_json(terms.schedule, zone),
    }
