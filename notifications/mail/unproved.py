"""Mail to addresses nobody has proved: at most one of a kind a day, so that no stranger fills another's mailbox.

What waits stays queued: a day later it goes if it is still true. The booking's page says it all meanwhile.
"""

import datetime as dt

from django.db import connection
from django.db.models import Q

from bookings.models import Booking, BookingEvent
from notifications.mail.catalog import GUEST, MESSAGES
from notifications.models import Delivery

A_DAY = dt.timedelta(days=1)
# A stranger brings these about alone; a host's answer or a provider's word takes somebody else.
BY_STRANGERS = (BookingEvent.Actor.GUEST, BookingEvent.Actor.CLOCK)
QUEUE = "SELECT pg_advisory_xact_lock(hashtextextended(upper(%s), 0))"


def waits_until(delivery: Delivery, now: dt.datetime) -> dt.datetime | None:
    """Return when a mail may be looked at again, None where it may go now.

    Expects a transaction, in which rivals to the same address wait for each other.
    """
    message = MESSAGES.get(delivery.message)
    is_guests = delivery.channel == Delivery.Channel.EMAIL and message and message.audience == GUEST
    if not is_guests or delivery.event.actor_kind not in BY_STRANGERS or is_proved(delivery.event.booking):
        return None
    with connection.cursor() as cursor:
        cursor.execute(QUEUE, [delivery.recipient])
    on_its_way = Q(state=Delivery.State.SENT, sent_at__gt=now - A_DAY)
    on_its_way |= Q(state=Delivery.State.QUEUED, attempts__gt=0)
    same = Delivery.objects.filter(recipient__iexact=delivery.recipient, message=delivery.message)
    other = same.filter(on_its_way).exclude(pk=delivery.pk).order_by("-sent_at").first()
    return (other.sent_at or now) + A_DAY if other else None


def is_proved(booking: Booking) -> bool:
    """Return whether the booking's address is its guest's own: of their account, or they have paid."""
    is_own = booking.guest is not None and booking.guest.email.lower() == booking.guest_email.lower()
    return is_own or booking.authorized_at is not None or booking.paid_at is not None
