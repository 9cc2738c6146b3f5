"""When a guest may expect money back, by how it travels: pure functions over one table."""

import datetime as dt

from core.dates import local
from payments.models import Provider, Refund

Channel = Refund.Channel
ONE_DAY = dt.timedelta(days=1)
SATURDAY = 5

# (provider, channel): business days until a bank shows it, at best and at worst. What is paid back by hand first
# waits for a person, then for the bank; a credit is there at once.
BUSINESS_DAYS: dict[tuple[str, str], tuple[int, int]] = {
    (Provider.STRIPE, Channel.PROVIDER): (5, 10),
    (Provider.OCTO, Channel.PROVIDER): (1, 10),
    (Provider.STRIPE, Channel.HAND): (1, 5),
    (Provider.OCTO, Channel.HAND): (1, 5),
    (Provider.OFFLINE, Channel.HAND): (1, 5),
}


def expected_dates(
    provider: str, channel: str, since: dt.datetime, time_zone: str
) -> tuple[dt.date, dt.date] | None:
    """Return the first and last day a refund begun at `since` should arrive; None where it is there at once.

    Days are counted from the date at the venue, `time_zone`.
    """
    days, day = BUSINESS_DAYS.get((provider, channel)), local(since, time_zone).date()
    return (add_business_days(day, days[0]), add_business_days(day, days[1])) if days else None


def add_business_days(since: dt.date, days: int) -> dt.date:
    """Return the day so many business days later; Saturdays and Sundays don't count (holidays do)."""
    day = since
    while days > 0:
        day += ONE_DAY
        days -= day.weekday() < SATURDAY
    return day
