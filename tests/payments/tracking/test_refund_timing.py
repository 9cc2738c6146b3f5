"""When money comes back: business days by provider."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.tracking.refund_timing import add_business_days, expected_dates

FRIDAY = dt.date(2027, 1, 1)
NOON = dt.datetime(2027, 1, 1, 12, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, dt.date(2027, 1, 1)),
        (1, dt.date(2027, 1, 4)),
        (5, dt.date(2027, 1, 8)),
        (10, dt.date(2027, 1, 15)),
    ],
)
def test_business_days_skip_the_weekend(days, expected):
    assert add_business_days(FRIDAY, days) == expected


def test_card_refund_is_expected_in_five_to_ten_business_days():
    assert expected_dates("stripe", "provider", NOON, "Europe/Paris") == (
        dt.date(2027, 1, 8),
        dt.date(2027, 1, 15),
    )


def test_days_count_from_the_date_at_the_venue():
    late = dt.datetime(2027, 1, 1, 23, 30, tzinfo=dt.UTC)

    # Saturday in Tashkent already: Monday is the first of the days either way; on a Thursday it is not.
    assert expected_dates("octo", "provider", late, "Asia/Tashkent")[0] == dt.date(2027, 1, 4)
    thursday = late - dt.timedelta(days=1)
    assert expected_dates("octo", "provider", thursday, "Europe/London")[0] == dt.date(2027, 1, 1)
    assert expected_dates("octo", "provider", thursday, "Asia/Tashkent")[0] == dt.date(2027, 1, 4)


def test_credit_is_there_at_once():
    assert expected_dates("stripe", "credit", NOON, "Europe/Paris") is None


@given(st.dates(dt.date(2000, 1, 1), dt.date(2199, 1, 1)), st.integers(1, 60))
def test_business_days_end_on_a_working_day_and_count_each(since, days):
    end = add_business_days(since, days)
    between = [since + dt.timedelta(days=n) for n in range(1, (end - since).days + 1)]

    assert end.weekday() < 5
    assert sum(day.weekday() < 5 for day in between) == days
