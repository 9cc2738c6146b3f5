"""One booking's journey over HTTP against the running product."""

import pytest

from tests.flows.journey import Journey


@pytest.fixture
def journey(stack) -> Journey:
    """A fresh journey; the sandbox has forgotten everything, faults and webhook modes included."""
    stack.start()
    journey = Journey(stack)
    journey.control("reset", {})
    return journey
