"""Pytest plugin: brings PostgreSQL and Valkey up before Django's settings are read, unless they are given.

So `pytest tests/rooms` works by itself. Runs at the same time get a state directory each. Under CI a test that is
skipped for a reason nobody has allowed fails the run.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

from tools.services import MANAGED, Services, start_test_services

_running: list[Services] = []
_unexpected: list[str] = []

# What may be skipped where nobody watches: tests of their own long commands, and of tools a machine may lack.
ALLOWED_SKIPS = ("part of make kill-sweep", "no Docker Compose here")


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


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what was skipped for no reason of ALLOWED_SKIPS."""
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not any(allowed in reason for allowed in ALLOWED_SKIPS):
            _unexpected.append(f"{report.nodeid}: {reason}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run under CI that skipped what it was to prove."""
    if _unexpected and os.environ.get("CI") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was skipped unexpectedly."""
    for line in _unexpected:
        terminalreporter.write_line(f"skipped unexpectedly: {line}", red=True)
