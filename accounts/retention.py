"""What accounts forget: sessions and tokens that are over."""

import datetime as dt

from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import ApiToken


def forget(now: dt.datetime | None = None) -> int:
    """Delete what opens nothing any more; returns how many."""
    # Sessions live in real time, whatever the demo's clock says.
    over = Session.objects.filter(expire_date__lt=now or timezone.now()).delete()[0]
    return over + ApiToken.objects.expired().delete()[0]
