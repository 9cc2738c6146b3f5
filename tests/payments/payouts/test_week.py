"""When the weekly run of payouts begins by itself."""

import datetime as dt

import pytest

from core import clock
from payments.payouts import services as payouts

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("now", "slot"),
    [
        ("2026-03-02T06:00", "2026-03-02T06:00"),  # a Monday
        ("2026-03-02T05:59", "2026-02-23T06:00"),
        ("2026-03-05T12:00", "2026-03-02T06:00"),
        ("2026-03-08T23:59", "2026-03-02T06:00"),
    ],
)
def test_weekly_slot_is_the_latest_monday_at_six(settings, now, slot):
    settings.PAYOUT_WEEKDAY, settings.PAYOUT_HOUR = 0, 6
    at = dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC)

    assert payouts.weekly_slot(at) == dt.datetime.fromisoformat(slot).replace(tzinfo=dt.UTC)


def test_weekly_run_begins_once_a_week(settings):
    settings.PAYOUT_WEEKDAY, settings.PAYOUT_HOUR = clock.now().weekday(), 0

    first = payouts.begin_weekly_run()
    payouts.continue_run()

    assert first.cutoff_at == payouts.weekly_slot(clock.now())
    assert payouts.begin_weekly_run() is None


def test_weekly_run_without_a_day_never_begins(settings):
    settings.PAYOUT_WEEKDAY = None

    assert payouts.begin_weekly_run() is None
