"""A booking of the pure layer, as a guest asks for it."""

import datetime as dt
from typing import Any

from tests.simulation import invariants, rows
from tests.simulation.plan import Offer
from tests.simulation.rows import KINDS, Room, Venue


def booking_of(world: Any, offer: Offer, index: int) -> Any:
    """Return an unsaved booking that freezes what is offered now."""
    venue = Venue(
        len(world.bookings) + 1,
        takes_online_payment=offer.takes_online_payment,
        payment_provider=offer.provider,
        answer_hours=offer.answer_hours,
    )
    starts_at = world.now + dt.timedelta(hours=offer.starts_in)
    room = Room(venue, offer.policy, offer.total_minor)
    return KINDS["Booking"](
        reference=f"RH{index + 1}", room=room, venue=venue, slot=offer.slot, offer=offer, entries={},
        kept_minor=0, venue_id=venue.pk,
        approval=offer.approval, capture=offer.capture, policy=dict(offer.policy), currency="EUR", time_zone="UTC",
        total_minor=offer.total_minor, tax_minor=offer.tax_minor, due_minor=offer.total_minor,
        fee_percent=rows.FEE_PERCENT, starts_at=starts_at, ends_at=starts_at + dt.timedelta(hours=offer.hours),
        created_at=world.now, updated_at=world.now, provider=offer.provider, modes=set(),
        watch=invariants.Watch(offer.total_minor, dict(offer.policy)),
    )  # fmt: skip
