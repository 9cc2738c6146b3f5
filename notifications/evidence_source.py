"""The mails a booking's guest was sent, to be shown to somebody who doubts it: see settings.BOOKING_EXHIBITS."""

from bookings.evidence_sources import Exhibit
from bookings.models import Booking
from notifications.mail.catalog import GUEST, MESSAGES
from notifications.models import Delivery


def mails_of(booking: Booking) -> Exhibit:
    """Return what reached the guest by mail, oldest first (one query); what was never sent is left out."""
    sent = Delivery.objects.filter(
        event__booking=booking, channel=Delivery.Channel.EMAIL, state=Delivery.State.SENT,
        recipient__iexact=booking.guest_email,
    )  # fmt: skip
    rows = tuple(
        (
            mail.sent_at,
            MESSAGES[mail.message].subject.format(reference=booking.reference),
            f"to {mail.recipient}, Message-ID {mail.message_id}",
        )
        for mail in sent.order_by("sent_at", "pk")
        if mail.sent_at and mail.message in MESSAGES and MESSAGES[mail.message].audience == GUEST
    )
    note = "Accepted for delivery by the mail server. Each links to the booking's page, where it can be cancelled."
    return Exhibit("Mails to the guest", note, rows)
