"""The stage of the run: durable services, the product with production's settings, rooms to sell, paid bookings."""

import contextlib
import datetime as dt
import json
import os
import shutil
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.site import collect_static
from tools.services import Services
from tools.stack import Stack

ROOT = Path(__file__).resolve().parent.parent.parent
STATE = ROOT / ".local" / "load"
ROOMS, PAID = 60, 48
# As the product is deployed: DEBUG off, its sweeps every 15 s, a commit survives a crash.
PRODUCTION = {
    "DEBUG": "false", "SANDBOX_URL": "", "SANDBOX_CLOCK_FILE": "", "SECURE_SSL_REDIRECT": "0",
    "SECURE_COOKIES": "0", "MFA_REQUIRED": "true", "ALLOW_TEST_MODE": "true", "ALLOW_LOCAL_ADDRESSES": "true",
    "BOOKINGS_PER_IP_HOUR": "0", "HOLDS_PER_NETWORK": "0", "UNPROVED_HOLDS": "0",
    "STATIC_ROOT": str(STATE / "static"),
}  # fmt: skip
SWEEP_SECONDS = 15


@contextlib.contextmanager
def site() -> Iterator[Stack]:
    """The product and its services, from nothing; Django in this process talks to the same database."""
    shutil.rmtree(STATE, ignore_errors=True)
    with Services(STATE / "services", durable=True, environ={}) as services:
        services.create_database("load")
        stack = Stack(services, STATE / "stack", database="load", sweep_seconds=SWEEP_SECONDS)
        try:
            # The sandbox refuses to run beside production's settings; it is the others that are measured.
            stack.start("sandbox")
            stack.extra |= PRODUCTION
            stack.manage("migrate", "-v0")
            collect_static(stack.environment())
            stack.start("web", "worker", "beat")
            _set_up_django(stack)
            yield stack
        finally:
            stack.stop()


def _set_up_django(stack: Stack) -> None:
    os.environ.update(stack.environment(), DJANGO_SETTINGS_MODULE="config.settings")
    import django

    django.setup()


def rooms() -> list[str]:
    """Publish rooms; returns their paths."""
    from tests.support import factories

    return [factories.room().path for _ in range(ROOMS)]


def paid_bookings(stack: Stack, paths: list[str]) -> list[dict]:
    """Book and pay; returns the events the provider has of it."""
    first = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=200)
    choices = [
        {
            "room": paths[n % len(paths)], "check_in": f"{first + dt.timedelta(days=3 * (n // len(paths)))}",
            "check_out": f"{first + dt.timedelta(days=3 * (n // len(paths)) + 2)}", "party_size": 2,
            "guest": {"name": "Ada Guest", "email": f"{uuid.uuid4().hex[:12]}@example.org", "phone": ""},
        }
        for n in range(PAID)
    ]  # fmt: skip
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda choice: _book_and_pay(stack, choice), choices))
    return _events(stack)


def _book_and_pay(stack: Stack, choice: dict) -> None:
    key = {"Idempotency-Key": uuid.uuid4().hex}
    booking = call("POST", f"{stack.url}/api/v1/bookings", choice, **key)
    secret = {"Authorization": f"Booking {booking['secret']}"}
    path = f"{stack.url}/api/v1/bookings/{booking['reference']}/payment/session"
    session = call("POST", path, {}, **secret)
    call("POST", f"{stack.sandbox_url}/_control/pay", {"url": session["payment_url"]})


def _events(stack: Stack) -> list[dict]:
    """Return every event of the provider, a page at a time."""
    secret = {"Authorization": f"Bearer {stack.environment()['STRIPE_SECRET_KEY']}"}
    found: list[dict] = []
    while True:
        after = f"&starting_after={found[-1]['id']}" if found else ""
        page = call("GET", f"{stack.sandbox_url}/v1/events?limit=100{after}", **secret)
        found += page["data"]
        if not page["has_more"]:
            return found


def call(method: str, url: str, data: dict | None = None, **headers: str) -> Any:
    """Send JSON and return what is answered. Raises: HTTPError, URLError."""
    body = None if data is None else json.dumps(data).encode()
    headers |= {"Content-Type": "application/json"} if data is not None else {}
    request = urllib.request.Request(url, body, method=method, headers=headers)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as response:
        return json.loads(response.read())


class Books:
    """The sandbox's books, as tests/support/invariants.py asks for them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def control(self, path: str) -> dict:
        return call("GET", f"{self.stack.sandbox_url}/_control/{path}")
