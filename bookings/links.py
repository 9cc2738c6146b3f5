"""The guest's link: until when it opens the booking, and how a new one is had."""

import datetime as dt
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from bookings.actors import CLOCK, Actor
from bookings.lifecycle.services import announce, lock
from bookings.models import Booking
from core import clock
from core.web.ratelimit import hit

# After the last of stay, refund and dispute: a bank may ask about a charge for as long.
LIFETIME = dt.timedelta(days=180)
# Of one booking to its guest, whoever asks: nobody's mailbox is filled by strangers.
MAILS, MAILS_SECONDS = 3, 24 * 3600


def ends_at(booking: Booking) -> dt.datetime:
    """Return when the booking's link opens nothing any more, counted from the last that happened to it."""
    keepers: list[Callable[[Booking], dt.datetime | None]] = [
        import_string(path) for path in settings.BOOKING_LINK_KEEPERS
    ]
    known = [booking.ends_at, booking.link_renewed_at, *(keeper(booking) for keeper in keepers)]
    return max(moment for moment in known if moment) + LIFETIME


def has_ended(booking: Booking) -> bool:
    now = clock.now()
    # What others know is asked for only of a stay long past: a link is opened often, and ends once.
    is_recent = now < max(booking.ends_at, booking.link_renewed_at or booking.ends_at) + LIFETIME
    return not is_recent and now >= ends_at(booking)


def send(booking: Booking) -> None:
    """Mail the guest the link of their booking; an ended one is replaced by a new one."""
    if hit("link-mail", booking.reference, limit=MAILS, seconds=MAILS_SECONDS):
        return
    if has_ended(booking):
        renew(booking_id=booking.pk, actor=CLOCK)
    else:
        announce(booking_id=booking.pk, notice="link_sent", data={"asked_at": clock.now().isoformat()})


def send_if_there_is(reference: str) -> None:
    """Mail the guest of a booking their link, asked by anybody: who asks learns nothing of whether there is one."""
    if booking := Booking.objects.filter(reference=reference).first():
        send(booking)


@transaction.atomic
def renew(*, booking_id: int, actor: Actor, tell: bool = True) -> Booking:
    """Kill every link of a booking made so far; mail the guest a new one unless nobody is to be told."""
    booking = lock(booking_id)
    booking.link_version += 1
    booking.link_renewed_at = clock.now()
    booking.save(update_fields=["link_version", "link_renewed_at"])
    if tell:
        data = {"link_version": booking.link_version}
        announce(booking_id=booking_id, notice="new_link", data=data, actor=actor, locked=booking)
    return booking
