"""When each queue tries again: every wait of every policy, to the second, and after how many tries it ends."""

import datetime as dt

import pytest

from bookings.bulk import services as bulk
from bookings.lifecycle import outbox
from core.retries import Listed, Policy
from notifications import services as deliveries
from notifications.models import Delivery
from payments.payouts import transfers
from payments.settling import operations, settle_queue
from payments.webhooks import services as webhooks

DOUBLING = (2, 4, 8, 16, 32, 64, 128, 256)
EMAIL, PUSHER = Delivery.Channel.EMAIL, Delivery.Channel.PUSHER

# (policy, seconds to wait after each failed try, tries until it is parked, tries until staff are told)
POLICIES = {
    "receipts of events": (outbox.RETRIES, DOUBLING, 8, None),
    "messages of providers": (webhooks.RETRIES, (30, 60, 120, 240, 480, 960, 1920, *[3600] * 13), 20, None),
    "settlements": (settle_queue.RETRIES, (*DOUBLING, 512, *[900] * 91), None, 8),
    "calls to providers": (operations.RETRIES, (*DOUBLING, *[300] * 92), None, None),
    "transfers": (transfers.RETRIES, (*DOUBLING, 512, *[900] * 91), None, 8),
    "mails": (deliveries.RETRIES[EMAIL], (30, 60, 120, 240, 480, 960, 1920, *[3600] * 23), 31, None),
    "mails about venues": (deliveries.MAIL_RETRIES, (30, 60, 120, 240, 480, 960, 1920, *[3600] * 23), 31, None),
    "bulk cancellations": (bulk.RETRIES, (0,) * 8, 8, None),
}  # fmt: skip


@pytest.mark.parametrize("name", POLICIES)
def test_policy_waits_parks_and_alarms_exactly(name: str) -> None:
    policy, seconds, park_after, alarm_after = POLICIES[name]
    tries = range(1, 101)

    waits = [policy.wait_after(n) for n in range(1, len(seconds) + 1)]

    assert waits == [dt.timedelta(seconds=second) for second in seconds]
    assert [n for n in tries if policy.is_spent(n)] == ([*range(park_after, 101)] if park_after else [])
    assert isinstance(policy, Policy)
    assert [n for n in tries if policy.is_alarming(n)] == ([*range(alarm_after, 101)] if alarm_after else [])


def test_open_pages_are_told_at_listed_times() -> None:
    policy = deliveries.RETRIES[PUSHER]

    assert policy == Listed(tuple(dt.timedelta(seconds=second) for second in (2, 10, 60)))
    assert [policy.wait_after(n).seconds for n in (1, 2, 3)] == [2, 10, 60]
    assert [policy.is_spent(n) for n in (3, 4)] == [False, True]


def test_wait_never_grows_beyond_what_a_date_can_hold() -> None:
    policy = Policy(first=dt.timedelta(seconds=30), most=dt.timedelta(hours=1))

    assert policy.wait_after(2**31) == dt.timedelta(hours=1)
