"""The ways to sell: how `approval` and `capture` of a room come together. Pure functions, values in and out.

Money is held first and taken later only where a person or a clock stands between; a hold ends by itself when the
payment provider lets it go, so what lies beyond that is charged at confirmation instead.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from rooms.enums import Approval, Capture, Kind

if TYPE_CHECKING:
    from rooms.models import Room, Venue
from core.dates import write_minutes

# A host needs at least a day between the hold and its end to answer in.
MIN_HOLD_MINUTES = 24 * 60
# Between the end of a visit and the end of the hold: time to complete it, to take the money, and for an outage.
HOLD_RESERVE = dt.timedelta(hours=12)

WAY_NAMES: dict[tuple[str, str], str] = {
    (Approval.AFTER_PAYMENT, Capture.ON_CONFIRMATION): "Hold, then answer",
    (Approval.BEFORE_PAYMENT, Capture.ON_CONFIRMATION): "Answer, then payment",
    (Approval.NONE, Capture.ON_CONFIRMATION): "Booked and paid at once",
    (Approval.NONE, Capture.AFTER_COMPLETION): "Booked at once, charged afterwards",
    (Approval.AFTER_PAYMENT, Capture.AFTER_COMPLETION): "Hold, answer, charged afterwards",
    (Approval.BEFORE_PAYMENT, Capture.AFTER_COMPLETION): "Answer, hold, charged afterwards",
}
VISITS: dict[str, str] = {
    Kind.HOTEL: "stay",
    Kind.CONFERENCE: "meeting",
    Kind.EXPERT: "appointment",
    Kind.WORKSHOP: "session",
}


def way_name(room: Room) -> str:
    """Return a room's way to sell in a few words, as true as what its guests read: see components/promise.html."""
    if room.price_minor and room.venue.takes_online_payment:
        return WAY_NAMES[room.approval, room.capture]
    first = "Booked at once" if room.approval == Approval.NONE else "Answer first"
    return f"{first}, {'paid at the venue' if room.price_minor else 'nothing to pay'}"


def visit_word(room: Room) -> str:
    """Return what guests come for: stay, meeting, appointment or session."""
    return VISITS[room.kind]


def holds_first(approval: str, capture: str) -> bool:
    """Return whether money is held first and taken later."""
    return approval == Approval.AFTER_PAYMENT or capture == Capture.AFTER_COMPLETION


def last_end_held(hold_limit_minutes: int, now: dt.datetime) -> dt.datetime:
    """Return the latest end of a visit whose money a hold placed at `now` outlasts with time to spare."""
    return now + dt.timedelta(minutes=hold_limit_minutes) - HOLD_RESERVE


def capture_for(room: Room, stay_ends_at: dt.datetime, now: dt.datetime) -> str:
    """Return when the money of a stay booked at `now` is taken (Room.Capture), which the booking freezes.

    A room that charges afterwards charges at confirmation what ends later than a hold lasts, less 12 hours.
    """
    if room.capture != Capture.AFTER_COMPLETION:
        return room.capture
    is_within = stay_ends_at <= last_end_held(room.venue.hold_limit_minutes, now)
    return Capture.AFTER_COMPLETION if is_within else Capture.ON_CONFIRMATION


def is_too_far_to_hold(room: Room, stay_ends_at: dt.datetime, now: dt.datetime) -> bool:
    """Return whether a stay is charged at confirmation only because no hold lasts that long."""
    return room.capture != capture_for(room, stay_ends_at, now)


def refusals(venue: Venue, approval: str, capture: str) -> dict[str, str]:
    """Return why a venue cannot sell this way, as {field: sentence}; empty where it can."""
    if venue.hold_limit_minutes >= MIN_HOLD_MINUTES:
        return {}
    reason = hold_too_short(venue.hold_limit_minutes)
    refused = {}
    if approval == Approval.AFTER_PAYMENT:
        refused["approval"] = reason
    if capture == Capture.AFTER_COMPLETION:
        refused["capture"] = reason
    return refused


def hold_too_short(hold_limit_minutes: int) -> str:
    """Say why a venue's provider cannot hold money first."""
    return (
        f"This venue's payment provider holds money for {write_minutes(hold_limit_minutes)} only; "
        f"holding first needs at least {write_minutes(MIN_HOLD_MINUTES)}."
    )
