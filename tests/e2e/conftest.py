"""Browsers for the browser tests: Chromium as found on the system, one context a person."""

import os
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import expect

from rooms.demo.people import PASSWORD
from rooms.models import Venue
from tests.e2e.people import DESKTOP, Guest, Host, Person, Scene
from tools import browser as chromium

NO_BROWSER = "no Chromium here: `make browser` as root, or set CHROMIUM"
LOUD = "ROOMHOLD: NO BROWSER, BROWSER TESTS WERE SKIPPED"

# For a step that needs worker, sandbox and a live update, on a machine busy with other things; milliseconds.
PATIENCE = 15_000
expect.set_options(timeout=PATIENCE)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not chromium.find():
        terminalreporter.write_line(f"{LOUD} ({NO_BROWSER})", red=True, bold=True)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """Where Chromium is. Without one the tests are skipped, which under CI=true is a failure."""
    executable = chromium.find()
    if not executable:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NO_BROWSER)
    return {**browser_type_launch_args, "executable_path": executable, "args": list(chromium.FLAGS)}


@pytest.fixture(scope="session")
def calm(browser: Any, stack: Any) -> Any:
    """The stack after whatever ran before: all processes up, the sandbox knows nothing, nobody owes anything."""
    stack.start()
    Scene(stack).control("reset", {})
    return stack


def unpublish() -> None:
    """Take what tests have made off the market."""
    Venue.objects.filter(slug__startswith="venue-").update(is_published=False)


@pytest.fixture(scope="session")
def demo(calm: Any) -> Any:
    """The demo's marketplace in the stack's database."""
    calm.manage("seed_demo")
    return SimpleNamespace(password=PASSWORD)


@pytest.fixture
def market(demo: Any, journey: Scene) -> Any:
    """The demo's marketplace with nothing else on offer."""
    unpublish()
    return demo


@pytest.fixture
def journey(calm: Any) -> Iterator[Scene]:
    """A published room and its host, gone from the search afterward. The clock only ever moves ahead."""
    calm.start()
    journey = Scene(calm)
    yield journey
    journey.mend()
    unpublish()


@pytest.fixture
def enter(journey: Scene, new_context: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Bring somebody in with a browser of their own: `enter(Guest)`, `enter(Host, **PHONE)`.

    At the end no page of theirs may have written an error to the console.
    """
    present: list[Person] = []

    def bring(kind: type[Person], **screen: Any) -> Person:
        context = new_context(**{**DESKTOP, **screen}, locale="en-US", reduced_motion="reduce")
        context.set_default_timeout(PATIENCE)
        person = kind(context, journey)
        present.append(person)
        return person

    yield bring
    for person in present:
        assert person.complaints == []


@pytest.fixture
def guest(enter: Callable[..., Any]) -> Guest:
    return enter(Guest)


@pytest.fixture
def host(enter: Callable[..., Any]) -> Host:
    return enter(Host)
