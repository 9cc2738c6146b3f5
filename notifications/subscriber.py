"""Hears of every booking event: writes down who is to be told what, and leaves the telling to workers."""

from bookings.models import BookingEvent
from core import clock
from core.queue import ring
from notifications.channels import pusher
from notifications.mail.catalog import messages_of
from notifications.mail.recipients import addresses_of, channels_of
from notifications.models import Delivery
from notifications.services import DELIVER_TASK


def on_booking_event(event: BookingEvent) -> None:
    """Write the event's Delivery rows and ring a worker on commit; hearing of it again changes nothing.

    Expects a transaction: the outbox's.
    """
    Delivery.objects.bulk_create([*_signals(event), *_mails(event)], ignore_conflicts=True)
    queued = Delivery.objects.filter(
        event=event, state=Delivery.State.QUEUED, next_attempt_at__lte=clock.now()
    ).order_by("pk")
    for delivery_id in queued.values_list("pk", flat=True):
        ring(DELIVER_TASK, delivery_id)


def _signals(event: BookingEvent) -> list[Delivery]:
    if not pusher.is_on():
        return []
    return [
        Delivery(event=event, channel=Delivery.Channel.PUSHER, recipient=channel, message=pusher.EVENT)
        for channel in channels_of(event.booking)
    ]


def _mails(event: BookingEvent) -> list[Delivery]:
    """One mail per address and event: who is guest and host at once gets the guest's."""
    told: dict[str, Delivery] = {}
    for message in messages_of(event):
        for address in addresses_of(message, event.booking):
            row = Delivery(
                event=event, channel=Delivery.Channel.EMAIL, recipient=address, message=message.name,
                next_attempt_at=clock.now() + message.after,
            )  # fmt: skip
            told.setdefault(address.casefold(), row)
    return list(told.values())
