"""Who hears of a booking: addresses of guest and hosts, and the channels of open pages."""

from bookings.models import Booking
from notifications.messages import GUEST, Message


def addresses_of(message: Message, booking: Booking) -> list[str]:
    """Return the addresses a message goes to, each once however it is written."""
    if message.audience == GUEST:
        return [booking.guest_email]
    return _once([booking.venue.email, *_members(booking)])


def reply_address(message: Message, booking: Booking) -> str:
    """Return whom an answer to the mail reaches: the venue for guests, the guest for hosts."""
    return booking.venue.email if message.audience == GUEST else booking.guest_email


def channels_of(booking: Booking) -> list[str]:
    """Return the private Pusher channels on which a booking's pages listen."""
    return [venue_channel(booking.venue.slug), booking_channel(booking.reference)]


def venue_channel(slug: str) -> str:
    return f"private-venue-{slug}"


def booking_channel(reference: str) -> str:
    return f"private-booking-{reference}"


def _members(booking: Booking) -> list[str]:
    members = booking.venue.members.filter(user__is_active=True).order_by("pk")
    return list(members.values_list("user__email", flat=True))


def _once(addresses: list[str]) -> list[str]:
    known: dict[str, str] = {}
    for address in addresses:
        if address:
            known.setdefault(address.casefold(), address)
    return list(known.values())
