"""What a cancellation costs, by the policy frozen into the booking."""

import datetime as dt
from decimal import Decimal

from core.money import percent_of


def refund_percent(policy: dict, *, starts_at: dt.datetime, now: dt.datetime) -> int:
    """Return how many per cent come back when cancelling at `now`.

    `policy["tiers"]` is a list of {"hours", "percent"}; the tier with the most hours that are still kept counts.
    A booking without tiers gives everything back until its start.
    """
    hours_left = (starts_at - now) / dt.timedelta(hours=1)
    if hours_left <= 0:
        return 0
    tiers = policy.get("tiers")
    if not tiers:
        return 100
    kept = [tier for tier in tiers if hours_left >= tier["hours"]]
    return max(kept, key=lambda tier: tier["hours"])["percent"] if kept else 0


def guest_fee_minor(*, total_minor: int, policy: dict, starts_at: dt.datetime, now: dt.datetime) -> int:
    """Return what a guest who cancels a confirmed booking still owes, in minor units."""
    percent = refund_percent(policy, starts_at=starts_at, now=now)
    return total_minor - percent_of(total_minor, Decimal(percent))
