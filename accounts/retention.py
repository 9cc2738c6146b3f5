"""What accounts forget: sessions and tokens that are over, and addresses no longer written to."""

import datetime as dt

from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.former_addresses import KEPT
from accounts.models import ApiToken, FormerAddress
from core import clock


def forget(now: dt.datetime | None = None) -> int:
    """Delete what opens nothing any more; returns how many."""
    # Sessions live in real time, whatever the demo's clock says.
    over = Session.objects.filter(expire_date__lt=now or timezone.now()).delete()[0]
    former = FormerAddress.objects.filter(replaced_at__lte=(now or clock.now()) - KEPT)
    return over + ApiToken.objects.expired().delete()[0] + former.delete()[0]
