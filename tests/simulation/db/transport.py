"""The providers' wire without a socket: the official clients talk to the sandbox's engines in this process."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import requests
import stripe

from sandbox.wire import Response
from sandbox.world import World as Sandbox
from tests.simulation.db.processes import Processes

# What a fault of the vocabulary is to the sandbox.
ORDERS: dict[str, dict[str, Any]] = {
    "error": {"fault": "reset"},
    "lost": {"fault": "timeout_after"},
    "late": {"fault": "timeout_after"},
    "stored": {"fault": "stored_500"},
    "stored_after": {"fault": "stored_500", "after": True},
    "declined": {"fault": "error_429"},
    "misconfigured": {"fault": "html_502"},
    "odd": {"fault": "error_500"},
}
OCTO_ORDERS = ORDERS | {
    "stored": {"fault": "error_500"},
    "stored_after": {"fault": "error_500", "after": True},
}


class Wire:
    """Both providers; every request is a point where the process that makes it may be interrupted."""

    def __init__(self, sandbox: Sandbox, processes: Processes, cover: Callable[[str], None]) -> None:
        self.sandbox, self.processes, self.cover = sandbox, processes, cover
        self.outages: dict[str, float] = {}

    def exchange(self, provider: str, place: str, work: Any) -> Response:
        """Wait for the scheduler's word, do the work, wait again. Raises: ConnectionError."""
        fault = self.processes.pause(place)
        if self.sandbox.clock.now() < self.outages.get(provider, 0):
            raise ConnectionError("out of reach")
        if fault:
            self.cover(f"{fault} at {place}")
            orders = OCTO_ORDERS if provider == "octo" else ORDERS
            self.sandbox.faults.add({"provider": provider, "operation": "*", "times": 1, **orders[fault]})
        response = work()
        self.sandbox.faults.clear()
        self.processes.pause("answer")
        if response.broken:
            raise ConnectionError(response.broken)
        return response


class StripeWire(stripe.HTTPClient):
    """What the official client sends its requests with."""

    name = "in-process"

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self.wire = wire

    def request(
        self, method: str, url: str, headers: Any, post_data: Any = None, **_: Any
    ) -> tuple[bytes, int, Any]:
        parts = urlsplit(url)
        body = (post_data or "").encode() if isinstance(post_data, str) else post_data or b""
        engine = self.wire.sandbox.stripe.engine_for(dict(headers))
        place = "fetch" if method.upper() == "GET" else parts.path.rsplit("/", 1)[-1]
        try:
            response = self.wire.exchange(
                "stripe",
                place,
                lambda: engine.handle(method.upper(), parts.path, parts.query, dict(headers), body),
            )
        except ConnectionError as error:
            raise stripe.APIConnectionError(str(error)) from error
        lowered = {name.lower(): value for name, value in response.headers.items()}
        return response.body, response.status, lowered

    def close(self) -> None:
        """There is no connection."""


def _octo_requests(wire: Wire) -> SimpleNamespace:
    def post(url: str, *, data: bytes, **_: Any) -> Any:
        engine, path = wire.sandbox.octo.engine, urlsplit(url).path
        is_look = path.endswith("prepare_payment") and "total_sum" not in json.loads(data)
        place = "fetch" if is_look else path.rsplit("/", 1)[-1]
        try:
            response = wire.exchange("octo", place, lambda: engine.handle("POST", path, data))
        except ConnectionError as error:
            raise requests.ConnectionError(str(error)) from error
        return SimpleNamespace(status_code=response.status, content=response.body)

    return SimpleNamespace(post=post, RequestException=requests.RequestException, Response=requests.Response)


@contextmanager
def connected(wire: Wire, mode: str) -> Iterator[None]:
    """Let the adapters reach the sandbox through this wire, with a key of `mode`."""
    client = stripe.StripeClient(
        f"sk_{mode}_roomhold", http_client=StripeWire(wire), max_network_retries=0,
        base_addresses={"api": "http://sandbox.test", "files": "http://sandbox.test"},
    )  # fmt: skip
    with (
        patch("payments.providers.stripe.client._client", lambda *_: client),
        patch("payments.providers.octo.wire.requests", _octo_requests(wire)),
        patch("payments.providers.octo.client.time", SimpleNamespace(sleep=lambda _: None)),
    ):
        yield
