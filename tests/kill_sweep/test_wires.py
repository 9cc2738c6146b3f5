"""The wire between web and workers and what they talk to breaks, stands still or swallows an answer."""

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connections

from tests.kill_sweep.proxy import Proxy
from tests.kill_sweep.results import IS_FULL
from tests.kill_sweep.story import Story

# Longer than any lock or statement may take, and than a provider call.
FROZEN_SECONDS = 16.0
CUT_SECONDS = 5.0


def _cut(wire: Proxy) -> None:
    wire.cut()
    time.sleep(CUT_SECONDS)


def _freeze(wire: Proxy) -> None:
    wire.freeze()
    time.sleep(FROZEN_SECONDS)


FAULTS: dict[str, Callable[[Proxy], None]] = {
    f"cut for {CUT_SECONDS:.0f} s": _cut,
    f"silent for {FROZEN_SECONDS:.0f} s": _freeze,
    "each piece 0.2 s late": lambda wire: wire.slow(0.2),
    "three answers cut off": lambda wire: wire.lose_answers(3),
}
ENDS = {"PostgreSQL": "DATABASE_URL", "Redis": "REDIS_URL", "provider": "STRIPE_API_BASE"}
ALL = [
    ("hotel", phase, end, fault)
    for phase in ("authorize", "approve")
    for end in ENDS
    for fault in FAULTS
    # A database or broker that is late by this for every piece is no fault that one waits 60 s for.
    if end == "provider" or fault != "each piece 0.2 s late"
]


@pytest.fixture(scope="module")
def wires(mortal: Any) -> Iterator[dict[str, Proxy]]:
    """A proxy before PostgreSQL, Redis and the provider each, for everything but this process."""
    wires, before = {}, dict(mortal.extra)
    for end, name in ENDS.items():
        parts = urlsplit(mortal.environment()[name])
        wire = wires[end] = Proxy((parts.hostname, parts.port))
        login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
        mortal.extra[name] = urlunsplit(parts._replace(netloc=f"{login}127.0.0.1:{wire.port}"))
    mortal.restart("web", "worker", "beat")
    yield wires
    for wire in wires.values():
        wire.close()
    mortal.extra = before
    mortal.restart("web", "worker", "beat")


@pytest.mark.skipif(not IS_FULL, reason="part of make kill-sweep")
@pytest.mark.parametrize(("way", "phase", "end", "fault"), ALL)
def test_broken_wire_loses_nothing(wires, story: Story, measure, way, phase, end, fault):
    measure(f"{way}: {phase}", f"wire to {end} {fault}")
    story.come_to(phase)

    story.insist(phase)
    FAULTS[fault](wires[end])
    began_at = time.monotonic()
    if fault.startswith(("cut", "silent")):
        wires[end].heal()

    try:
        story.insist(phase)
        story.reach_end_of(phase)
    finally:
        wires[end].heal()
    measure(f"{way}: {phase}", f"wire to {end} {fault}", began_at)
    connections.close_all()
    story.check()


# --- the proxy itself -----------------------------------------------------------------------------------------


@pytest.fixture
def echo() -> Iterator[Proxy]:
    """A proxy before a server that says back what it hears."""
    import threading

    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                heard, _ = listener.accept()
            except OSError:
                return
            with heard:
                while piece := heard.recv(100):
                    heard.sendall(piece)

    threading.Thread(target=serve, daemon=True).start()
    with Proxy(listener.getsockname()) as wire:
        yield wire
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def said(connection: socket.socket) -> bytes:
    connection.sendall(b"ping")
    return connection.recv(100)


def test_proxy_carries_both_ways(echo):
    with socket.create_connection(("127.0.0.1", echo.port), timeout=5) as connection:
        assert said(connection) == b"ping"


def test_proxy_cut_ends_connections_and_takes_none_until_healed(echo):
    with socket.create_connection(("127.0.0.1", echo.port), timeout=5) as connection:
        assert said(connection) == b"ping"
        echo.cut()
        assert connection.recv(100) == b""
    with socket.create_connection(("127.0.0.1", echo.port), timeout=5) as refused:
        assert refused.recv(100) == b""

    echo.heal()
    with socket.create_connection(("127.0.0.1", echo.port), timeout=5) as connection:
        assert said(connection) == b"ping"


def test_proxy_frozen_holds_back_and_loses_nothing(echo):
    with socket.create_connection(("127.0.0.1", echo.port), timeout=0.3) as connection:
        echo.freeze()
        with pytest.raises(TimeoutError):
            said(connection)

        echo.heal()
        connection.settimeout(5)
        assert connection.recv(100) == b"ping"


def test_proxy_that_loses_an_answer_ends_the_connection(echo):
    echo.lose_answers(1)
    with socket.create_connection(("127.0.0.1", echo.port), timeout=5) as connection:
        assert said(connection) == b""
    with socket.create_connection(("127.0.0.1", echo.port), timeout=5) as connection:
        assert said(connection) == b"ping"
