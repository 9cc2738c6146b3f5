"""What bookings forget: keys that programs chose for a request, a day after."""

import datetime as dt

from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat

from bookings.lifecycle.submission import CHOSEN, CHOSEN_LIVES
from bookings.models import Booking
from core import clock


def forget(now: dt.datetime | None = None) -> int:
    """Free chosen keys that are over (bookings.lifecycle.submission); returns how many."""
    over = Booking.objects.filter(
        submission_key__startswith=CHOSEN, created_at__lte=(now or clock.now()) - CHOSEN_LIVES
    )
    return over.update(submission_key=Concat(Value("ended:"), Cast(F("pk"), CharField())))
