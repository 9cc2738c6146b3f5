"""One booking's journey over HTTP against the running product."""

import pytest

from tests.flows.journey import Journey


@pytest.fixture(scope="module", autouse=True)
def _alone(emptied) -> None:
    """What these tests check is checked over everything in the database."""


@pytest.fixture
def journey(stack) -> Journey:
    """A fresh journey; the sandbox has forgotten everything, faults and webhook modes included."""
    stack.start()
    journey = Journey(stack)
    journey.control("reset", {})
    return journey
