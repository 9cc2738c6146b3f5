"""What lies around the processes fails: Redis, PostgreSQL, the provider."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from tests.kill_sweep.results import IS_FULL
from tests.kill_sweep.story import Story

PROVIDER = {
    "slow by 30 s": {"fault": "delay", "seconds": 30, "times": 1},
    "429": {"fault": "error_429", "times": 3},
    "500": {"fault": "error_500", "times": 3},
    "stored 500": {"fault": "stored_500", "times": 1},
    "connection reset": {"fault": "reset", "times": 3},
    "502 of HTML": {"fault": "html_502", "times": 3},
    "done, answer lost": {"fault": "timeout_after", "times": 1},
}
CALLS = {
    ("hotel", "approve"): "payment_intents.capture",
    ("hotel", "decline"): "payment_intents.cancel",
    ("hotel", "cancel"): "refunds.create",
    ("octo hotel", "approve"): "set_accept",
    ("octo one-stage", "cancel"): "refund",
    ("payout", "payout"): "transfers.create",
}
# Octo takes a refund and a decision by our own id; what it would store under a key it does not have.
NOT_AT_OCTO = ("stored 500",)
SERVICES: dict[str, Callable[[Any], None]] = {
    "Redis flushed": lambda services: services.flush_redis(),
    "Redis killed and started": lambda services: (services.kill_redis(), services.start_redis()),
    "PostgreSQL restarted": lambda services: services.restart_postgres(),
    "PostgreSQL killed and started": lambda services: (services.kill_postgres(), services.start_postgres()),
}
PHASES = ("authorize", "approve", "decline", "cancel", "refund")
ALL_SERVICES = [("hotel", phase, name) for phase in PHASES for name in SERVICES]
ALL_FAULTS = [
    (way, phase, name)
    for way, phase in CALLS
    for name in PROVIDER
    if not (way.startswith("octo") and name in NOT_AT_OCTO) and (way, name) != ("payout", "stored 500")
]


@pytest.mark.parametrize(("way", "phase", "outage"), ALL_SERVICES if IS_FULL else ALL_SERVICES[:1])
def test_lost_service_loses_nothing(story: Story, services, measure, way, phase, outage):
    measure(f"{way}: {phase}", outage)
    story.come_to(phase)

    story.insist(phase)
    SERVICES[outage](services)
    # Our own connection went with the others.
    connections.close_all()
    began_at = time.monotonic()

    story.reach_end_of(phase)
    measure(f"{way}: {phase}", outage, began_at)
    story.check()


@pytest.mark.parametrize(("way", "phase", "fault"), ALL_FAULTS if IS_FULL else ALL_FAULTS[6:7])
def test_failing_provider_is_asked_again_until_all_is_right(story: Story, measure, way, phase, fault):
    measure(f"{way}: {phase}", f"provider: {fault}")
    story.come_to(phase)
    provider = story.way.provider
    story.control("faults", {"provider": provider, "operation": CALLS[way, phase], **PROVIDER[fault]})
    began_at = time.monotonic()

    story.insist(phase)

    story.reach_end_of(phase)
    measure(f"{way}: {phase}", f"provider: {fault}", began_at)
    story.check()
