import datetime as dt

import pytest

from rooms.models import OpeningHours
from rooms.pricing.policies import OpenDays, cancellation_rules, opening_days


@pytest.mark.parametrize(
    ("tiers", "rules"),
    [
        ([], ["Full refund until the start."]),
        (
            [{"hours": 24, "percent": 50}, {"hours": 48, "percent": 100}],
            [
                "Full refund until 48 hours before the start.",
                "50% refund until 24 hours before the start.",
                "No refund after that.",
            ],
        ),
        ([{"hours": 0, "percent": 50}], ["50% refund until the start."]),
        ([{"hours": 0, "percent": 0}], ["No refund."]),
    ],
)
def test_cancellation_rules_read_from_the_longest_notice_down(tiers, rules):
    assert cancellation_rules(tiers) == rules


def test_opening_days_join_days_with_the_same_hours():
    rows = [OpeningHours(weekday=day, opens=dt.time(9), closes=dt.time(12)) for day in range(5)]
    rows += [OpeningHours(weekday=0, opens=dt.time(13), closes=dt.time(18))]

    assert opening_days(rows) == [
        OpenDays("Monday", "9:00 AM – 12:00 PM, 1:00 PM – 6:00 PM"),
        OpenDays("Tuesday to Friday", "9:00 AM – 12:00 PM"),
        OpenDays("Saturday to Sunday", ""),
    ]
