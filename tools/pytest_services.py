"""Pytest plugin: brings PostgreSQL and Valkey up before Django's settings are read, unless they are given.

So `pytest tests/rooms` works by itself. Runs at the same time get a state directory each.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

from tools.services import MANAGED, Services, start_test_services

_running: list[Services] = []


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None]:
    # Wraps every other implementation, so it comes before pytest-django's, which reads the settings.
    given = MANAGED in os.environ or {"DATABASE_URL", "REDIS_URL"} <= os.environ.keys()
    if not given and "PYTEST_XDIST_WORKER" not in os.environ:
        services = start_test_services()
        _running.append(services)
        os.environ.update(services.environment())
    return (yield)


def pytest_unconfigure() -> None:
    while _running:
        _running.pop().stop()


@pytest.fixture(scope="session")
def services() -> Services:
    """The services this run started: to stop, kill and start them. Skips where they are somebody else's."""
    if not _running:
        pytest.skip("PostgreSQL and Valkey are not this run's to stop")
    return _running[0]
