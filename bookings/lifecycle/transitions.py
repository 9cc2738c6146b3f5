"""Steps that the booking's verbs share: end a booking, move it, write its event. Expect the verb's locks."""

import datetime as dt
from collections.abc import Mapping

import structlog

from bookings.actors import Actor
from bookings.errors import InvalidTransition
from bookings.lifecycle import outbox
from bookings.models import Booking, BookingEvent
from bookings.states import ARROWS, Status, allows
from rooms.availability import occupancy

log = structlog.get_logger(__name__)

# What an event tells beside status and money, as JSON.
Facts = Mapping[str, object]


def check(verb: str, booking: Booking) -> None:
    """Refuse a verb without an arrow from here. Raises: InvalidTransition."""
    if not allows(verb, booking.status):
        raise InvalidTransition(verb, booking.status)


def close(
    booking: Booking, verb: str, to_status: Status, actor: Actor, now: dt.datetime, *, reason: str,
    due_minor: int = 0, facts: Facts | None = None,
) -> Booking:  # fmt: skip
    """End a booking: its time is free again and only `due_minor` stays to be paid."""
    booking.due_minor, booking.closed_at = due_minor, now
    booking.payment_due_at = None
    if booking.session_id:
        occupancy.give_back_seats(session_id=booking.session_id, seats=booking.party_size)
    else:
        occupancy.release(reference=booking.reference)
    return move(booking, verb, to_status, actor, now, reason=reason, facts=facts)


def move(
    booking: Booking, verb: str, to_status: Status, actor: Actor, now: dt.datetime, *, reason: str = "",
    facts: Facts | None = None,
) -> Booking:  # fmt: skip
    """Write status and event; `facts` join the event's data. Raises: InvalidTransition."""
    from_status = booking.status
    if to_status not in ARROWS[verb][1]:
        raise InvalidTransition(verb, from_status)
    booking.status = to_status
    data = {"due_minor": booking.due_minor, "currency": booking.currency, **(facts or {})}
    record(booking, verb, from_status, actor, now, reason=reason, data=data)
    log.info("booking_moved", booking=booking.reference, verb=verb, status=str(to_status))
    return booking


def record(
    booking: Booking, verb: str, from_status: str, actor: Actor, now: dt.datetime, *, reason: str = "",
    data: Facts,
) -> BookingEvent:  # fmt: skip
    """Save the booking with its next version and the event of that version, never earlier than the one before.

    `now` may be older: a sweep waited for the lock, or the clocks of two machines differ.
    """
    now = max(now, booking.updated_at)
    booking.version += 1
    booking.updated_at = now
    booking.save()
    event = BookingEvent.objects.create(
        booking=booking, version=booking.version, verb=verb, from_status=from_status, to_status=booking.status,
        actor_kind=actor.kind, actor=actor.user, reason=reason, data=data, created_at=now,
    )  # fmt: skip
    outbox.publish(event)
    return event
