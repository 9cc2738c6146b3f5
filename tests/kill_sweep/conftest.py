"""The product with points to die at, the faults between its parts, and the table of what was tried.

`make kill-sweep` tries every point; a plain run of the tests a few, with calls given up for lost after 3 s.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings

from tests.kill_sweep import results
from tests.kill_sweep.points import disarm, forget
from tests.kill_sweep.results import IS_FULL, SHARE, SHARES
from tests.kill_sweep.story import Story
from tests.kill_sweep.ways import WAYS

HERE = Path(__file__).parent
SHORT_LEASE = {} if IS_FULL else {"KILL_SWEEP_LEASE_SECONDS": "3", "PROVIDER_READ_SECONDS": "1"}


def is_row(item: pytest.Item) -> bool:
    return HERE in item.path.parents and "measure" in getattr(item, "fixturenames", ())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what another process tries and what held already in this sweep."""
    if not IS_FULL:
        return
    rows = [item for item in items if is_row(item)]
    held = {name for name, row in results.read().items() if row["held"]}
    for place, item in enumerate(rows):
        item.user_properties.append(("place", place))
    mine = [item for place, item in enumerate(rows) if place % SHARES == SHARE and item.name not in held]
    config.hook.pytest_deselected(items=[item for item in items if item not in mine])
    items[:] = mine


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[Any]:
    report = yield
    # A stack that did not start is no finding: the row stays untried, and the sweep ends with an error.
    if IS_FULL and call.when == "call" and is_row(item):
        row = {"phase": item.name, "at": call.when} | dict(item.user_properties)
        results.keep(item.name, row | {"held": report.passed, "seconds": round(report.duration, 1)})
    return report


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where orders to die are left."""
    return tmp_path_factory.mktemp("kill-sweep")


@pytest.fixture(scope="session")
def mortal(stack: Any, services: Any, folder: Path) -> Iterator[Any]:
    """The stack whose processes know the points, on a PostgreSQL that loses no commit when it is killed."""
    known = {"DJANGO_SETTINGS_MODULE": "tests.kill_sweep.settings", "KILL_SWEEP_FOLDER": str(folder)}
    stack.extra |= known | SHORT_LEASE
    stack.stop("web", "worker", "beat")
    services.postgres.durable = True
    services.restart_postgres()
    connections.close_all()
    stack.start()
    reached = {
        "STRIPE_API_BASE": stack.sandbox_url,
        "STRIPE_SECRET_KEY": stack.environment()["STRIPE_SECRET_KEY"],
    }
    with override_settings(**reached):
        yield stack
    for name in known | SHORT_LEASE:
        del stack.extra[name]
    stack.restart("web", "worker", "beat")


@pytest.fixture
def story(request: pytest.FixtureRequest, mortal: Any, emptied: None, folder: Path) -> Iterator[Story]:
    """A booking yet to be made; afterward every process is up and nobody is told to die."""
    way = WAYS[request.node.callspec.params.get("way", "hotel")]
    _start_as(mortal, way.environment)
    forget(folder)
    yield Story(mortal, way)
    disarm(folder)
    connections.close_all()
    mortal.start()
    Story.call(None, "DELETE", f"{mortal.sandbox_url}/_control/faults")


def _start_as(stack: Any, environment: dict[str, str]) -> None:
    """Have the processes run as the way wants them, whether or not another way ran before."""
    others = {name for way in WAYS.values() for name in way.environment} - environment.keys()
    wanted = {name: value for name, value in stack.extra.items() if name not in others} | environment
    if wanted != stack.extra:
        stack.extra = wanted
        stack.stop("web", "worker")
    stack.start()


@pytest.fixture
def measure(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Write down a row of the table: `measure(phase, at)`; once quiet again with `since`, the instant of the cut."""

    def write(phase: str, at: str, since: float | None = None) -> None:
        told = [("phase", phase), ("at", at)]
        request.node.user_properties += told
        if since is not None:
            request.node.user_properties.append(("quiet_after", time.monotonic() - since))

    return write
