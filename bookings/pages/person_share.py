"""A person's bookings on their page for staff; see settings.PERSON_PANELS."""

from django.urls import reverse
from django.utils.http import urlencode

from accounts.admin.person_page import MOST_ROWS, Row, Share, share
from accounts.people import Person
from bookings.keeper import bookings_of
from bookings.models import Booking
from bookings.phrases import host as host_phrases
from core.money import format_minor


def bookings_share(person: Person) -> Share:
    """The newest bookings, made with the account or with an address of it (one query)."""
    rows = bookings_of(person).select_related("room", "venue").order_by("-created_at", "-pk")
    found = [_row(booking, person) for booking in rows[: MOST_ROWS + 1]]
    more = f"{reverse('admin:bookings_booking_changelist')}?{urlencode({'q': person.account.email})}"
    return share("Bookings", found, more_url=more, empty="No booking yet.")


def _row(booking: Booking, person: Person) -> Row:
    state, _tone = host_phrases.pill(booking)
    # Anybody may write an address into a form.
    how = "" if booking.guest_id == person.account.pk else f", as {booking.guest_name}, without the account"
    return Row(
        reverse("admin:bookings_booking_change", args=[booking.pk]),
        f"{booking.room.name}, {booking.venue.name}",
        f"{booking.reference}, {host_phrases.write_stay(booking)}{how}",
        f"{state} · {format_minor(booking.total_minor, booking.currency)}",
    )
