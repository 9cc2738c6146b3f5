"""When a booking must be paid, decided or completed: pure functions of instants."""

import datetime as dt

from django.conf import settings

CHECKOUT_GRACE = dt.timedelta(minutes=5)  # a payment may be on its way when the provider's session ends
REPAY_TIME = dt.timedelta(hours=12)
LAST_MINUTE = dt.timedelta(hours=1)
COMPLETE_AFTER = dt.timedelta(hours=24)
LAPSE_MARGIN = dt.timedelta(hours=2)  # a hold that nears its end is captured so long before


def payment_due(now: dt.datetime) -> dt.datetime:
    """Return until when a new booking waits for its payment."""
    return now + dt.timedelta(minutes=settings.PAYMENT_MINUTES)


def repayment_due(now: dt.datetime, starts_at: dt.datetime) -> dt.datetime:
    """Return until when a booking waits for another payment: 12 h or the start, yet never less than an hour."""
    return max(min(now + REPAY_TIME, starts_at), now + LAST_MINUTE)


def decide_by(
    *, asked_at: dt.datetime, answer_hours: int, starts_at: dt.datetime, held_until: dt.datetime | None
) -> dt.datetime:
    """Return until when the host may decide.

    The least of the venue's answer hours, the start (a room asked for after check-in time of its first night
    still leaves the host an hour), and the hold's end less a margin of min(12 h, a tenth of the hold).
    """
    deadlines = [asked_at + dt.timedelta(hours=answer_hours), max(starts_at, asked_at + LAST_MINUTE)]
    if held_until is not None:
        margin = min(dt.timedelta(hours=12), (held_until - asked_at) / 10)
        deadlines.append(held_until - margin)
    return min(deadlines)
