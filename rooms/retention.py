"""What rooms forget: mails about venues a year after, and invitations nobody took up."""

import datetime as dt

from core import clock
from rooms.models import Invitation, VenueNotice

NOTICES_LIVE = dt.timedelta(days=365)
INVITATIONS_LIVE = dt.timedelta(days=30)


def forget(now: dt.datetime | None = None) -> int:
    """Delete mails that are no longer on their way, and invitations long over; returns how many."""
    now = now or clock.now()
    sent = VenueNotice.objects.filter(created_at__lt=now - NOTICES_LIVE, next_attempt_at=None)
    over = Invitation.objects.filter(accepted_at=None, expires_at__lt=now - INVITATIONS_LIVE)
    return sent.delete()[0] + over.delete()[0]
