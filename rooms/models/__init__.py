"""The tables of rooms: venues with their teams, what they sell, and what of it is taken."""

from rooms.models.photos import RoomPhoto
from rooms.models.rooms import (
    Blackout,
    CancellationPolicy,
    Closing,
    Occupancy,
    OpeningHours,
    PriceRule,
    Room,
    Session,
)
from rooms.models.venues import HOLD_LIMIT_MINUTES, Invitation, Venue, VenueIdentity, VenueMember, VenueNotice

__all__ = [
    "HOLD_LIMIT_MINUTES",
    "Blackout",
    "CancellationPolicy",
    "Closing",
    "Invitation",
    "Occupancy",
    "OpeningHours",
    "PriceRule",
    "Room",
    "RoomPhoto",
    "Session",
    "Venue",
    "VenueIdentity",
    "VenueMember",
    "VenueNotice",
]
