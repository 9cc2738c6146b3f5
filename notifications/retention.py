"""What notifications forget: to whom a mail went, a year after."""

import datetime as dt

from core import clock
from notifications.models import Delivery

DELIVERIES_LIVE = dt.timedelta(days=365)


def forget(now: dt.datetime | None = None) -> int:
    """Delete old deliveries, but for those still on their way; an event is never told anew. Returns how many."""
    old = Delivery.objects.filter(created_at__lt=(now or clock.now()) - DELIVERIES_LIVE)
    return old.exclude(state=Delivery.State.QUEUED).delete()[0]
