"""What each app can show of a booking to who doubts it, such as a bank; settings.BOOKING_EXHIBITS names who."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from bookings.models import Booking, BookingEvent


@dataclass(frozen=True)
class Exhibit:
    """A list of things that happened, each with its instant (UTC), what it was, and a detail."""

    title: str
    note: str
    rows: tuple[tuple[dt.datetime, str, str], ...]


def collect(booking: Booking) -> list[Exhibit]:
    """Ask every app named in settings.BOOKING_EXHIBITS; those with nothing to show are left out."""
    sources: Iterable[Callable[[Booking], Exhibit]] = map(import_string, settings.BOOKING_EXHIBITS)
    return [exhibit for source in sources if (exhibit := source(booking)).rows]


ACTS = {
    "submit": "Booked on the site, with the cancellation policy shown beside the price",
    "authorize": "Entered the card and agreed to the payment in the payment provider's own form",
    "confirm": "Paid",
    "cancel": "Cancelled on the site",
    "reschedule": "Moved the booking to another time",
    "complete": "The visit took place",
}


def acts_of_guest(booking: Booking) -> Exhibit:
    """Return what the guest did here: the site logs acts, not visits."""
    rows: list[tuple[dt.datetime, str, str]] = []
    if booking.guest:
        rows.append(
            (booking.guest.date_joined, "Opened an account", f"{booking.guest.email}, confirmed by mail")
        )
    for event in booking.events.order_by("version"):
        by_guest = event.actor_kind == BookingEvent.Actor.GUEST
        if event.verb in ACTS and (by_guest or event.verb in ("authorize", "confirm", "complete")):
            rows.append((event.created_at, ACTS[event.verb], _detail(booking, event)))
    note = "Acts recorded by the site, in the order of their time."
    return Exhibit("What the guest did", note, tuple(sorted(rows)))


def _detail(booking: Booking, event: BookingEvent) -> str:
    if event.verb == "submit":
        return f"as {booking.guest_name}, {booking.guest_email}"
    return event.reason if event.actor_kind == BookingEvent.Actor.GUEST else ""
