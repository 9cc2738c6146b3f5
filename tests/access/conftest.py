"""Two venues with a row of everything: one's own, and a stranger's."""

import pytest

from tests.support.admin_world import CANARY, OWN, Side, build


@pytest.fixture
def own() -> Side:
    return build(OWN)


@pytest.fixture
def strange() -> Side:
    return build(CANARY)
