"""Who hears of a booking: addresses of guest and hosts, and the channels of open pages."""

from django.db.models import Q

from accounts.models import STAFF_GROUP, User
from bookings.models import Booking
from notifications.mail.catalog import GUEST, HOSTS, STAFF, Message


def addresses_of(message: Message, booking: Booking) -> list[str]:
    """Return the addresses a message goes to, each once however it is written."""
    if message.audience == GUEST:
        return [booking.guest_email]
    hosts = [booking.venue.email, *_members(booking)] if message.audience != STAFF else []
    return _once([*hosts, *(_staff() if message.audience != HOSTS else [])])


def reply_address(message: Message, booking: Booking) -> str:
    """Return whom an answer to the mail reaches: the venue for guests, the guest for hosts.

    What staff alone are told is not the guest's to read: an answer goes to the sender, as to any mail.
    """
    if message.audience == STAFF:
        return ""
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


def _staff() -> list[str]:
    """Those who run the platform; see User.is_platform_staff."""
    runs_it = Q(is_superuser=True) | Q(groups__name=STAFF_GROUP)
    staff = User.objects.filter(runs_it, is_active=True).order_by("pk").distinct()
    return list(staff.values_list("email", flat=True))


def _once(addresses: list[str]) -> list[str]:
    known: dict[str, str] = {}
    for address in addresses:
        if address:
            known.setdefault(address.casefold(), address)
    return list(known.values())
