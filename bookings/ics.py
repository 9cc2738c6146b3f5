"""A booking as an iCalendar file: for the page's "add to calendar" and the confirmation mail.

The bytes depend on the booking alone: UID from its reference, SEQUENCE and DTSTAMP from its changes. So a
calendar takes a later file for a newer version of the same event.
"""

from email.mime.text import MIMEText
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar, Event, vCalAddress

from bookings.models import Booking, BookingEvent
from bookings.states import DEAD, Status
from core import dates

PUBLISH, CANCEL = "PUBLISH", "CANCEL"
# What matters to a calendar: the booking stands, moves, or ends. A reminder sent is no new version.
MATERIAL = frozenset({Status.CONFIRMED, *DEAD})


def build(booking: Booking, method: str = PUBLISH) -> bytes:
    """Return the booking as an .ics file (UTF-8, CRLF, folded); venue and room should be loaded.

    `method` is PUBLISH, or CANCEL to take it out of calendars again. One query, for the booking's events.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Roomhold//Bookings//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(_event(booking, method))
    return calendar.to_ical()


def filename(booking: Booking) -> str:
    return f"roomhold-{booking.reference}.ics"


def mail_part(booking: Booking, method: str = PUBLISH) -> MIMEText:
    """Return the file as a mail's attachment, typed so that mail programs offer to add it to a calendar."""
    part = MIMEText(build(booking, method).decode(), "calendar", "utf-8")
    part.set_param("method", method)
    part.add_header("Content-Disposition", "attachment", filename=filename(booking))
    return part


def _event(booking: Booking, method: str) -> Event:
    venue, changes = booking.venue, _material_changes(booking)
    changed_at = changes[-1].created_at if changes else booking.created_at
    event = Event()
    event.add("uid", f"{booking.reference}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("sequence", len(changes))
    event.add("dtstamp", changed_at)
    event.add("last-modified", changed_at)
    # Instants in UTC: no calendar has to know our zone's rules; the wall time stands in the text.
    event.add("dtstart", booking.starts_at)
    event.add("dtend", booking.ends_at)
    event.add("summary", f"{booking.room.name}, {venue.name}")
    event.add("location", ", ".join([venue.name, venue.address, venue.city, venue.get_country_display()]))
    event.add("description", _description(booking))
    event.add("status", _status(booking, method))
    # Not the secret link: calendars are shared.
    event.add("url", f"{settings.SITE_URL}{booking.get_absolute_url()}")
    event.add("organizer", _organizer(booking))
    return event


def _material_changes(booking: Booking) -> list[BookingEvent]:
    return [event for event in booking.events.order_by("version") if _is_material(event)]


def _is_material(event: BookingEvent) -> bool:
    is_new = event.from_status != event.to_status
    return event.verb == "reschedule" or (is_new and event.to_status in MATERIAL)


def _description(booking: Booking) -> str:
    starts, ends = (
        dates.full_moment(instant, booking.time_zone) for instant in (booking.starts_at, booking.ends_at)
    )
    zone = dates.zone_name(booking.time_zone, booking.starts_at, booking.ends_at)
    lines = [
        f"Booking {booking.reference}",
        f"From {starts} to {ends} ({zone})",
        f"{booking.party_size} guest{'' if booking.party_size == 1 else 's'}",
    ]
    return "\n".join(lines)


def _status(booking: Booking, method: str) -> str:
    if method == CANCEL or booking.status in DEAD:
        return "CANCELLED"
    return "CONFIRMED" if booking.status in (Status.CONFIRMED, Status.COMPLETED) else "TENTATIVE"


def _organizer(booking: Booking) -> vCalAddress:
    organizer = vCalAddress(f"mailto:{booking.venue.email or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}")
    organizer.params["cn"] = booking.venue.name
    return organizer
