"""A load generator that costs little: raw keep-alive sockets in one epoll loop, answers read but not understood.

Loopback only, bounded in clients and seconds. Latency runs from the moment a request was due to be sent until the
last byte of its answer.
"""

from __future__ import annotations

import gc
import select
import socket
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

MOST_CLIENTS = 64
MOST_SECONDS = 60.0
# As many as a browser or a proxy sends before it connects anew. Connections kept for ever would all stay with the
# worker that happened to accept them.
REQUESTS_A_CONNECTION = 25
# An answer later than this is a failure of the run, not a figure of it.
PATIENCE = 30.0


class Address(NamedTuple):
    host: str
    port: int


class LoadError(RuntimeError):
    """The server answered what it should not, or not at all."""


@dataclass
class Sample:
    """What came of a run: seconds each answer took, how often which status came, and over how long.

    `warm_up` counts the answers before the measured time, which are in no other field.
    """

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    client_cpu_seconds: float = 0.0
    warm_up: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile_ms(self, percent: float) -> float:
        """Return the latency that `percent` of the answers do not exceed, in milliseconds."""
        return percentile(self.latencies, percent) * 1000


def percentile(values: Iterable[float], percent: float) -> float:
    """Return the nearest-rank percentile; 0.0 of nothing."""
    ranked = sorted(values)
    if not ranked:
        return 0.0
    rank = -(-len(ranked) * percent // 100)
    return ranked[max(0, int(rank) - 1)]


class Answer(NamedTuple):
    status: int
    seconds: float
    body: bytes


class Client:
    """One keep-alive connection with at most one request under way."""

    __slots__ = ("_address", "_buffer", "_size", "answered", "due", "is_busy", "is_closed", "socket")

    def __init__(self, address: Address) -> None:
        self._address, self._buffer, self._size, self.due = address, bytearray(), 0, 0.0
        self.is_busy = self.is_closed = False
        self.answered = 0
        self.socket = self._connect()

    def _connect(self) -> socket.socket:
        connected = socket.create_connection(self._address, timeout=PATIENCE)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def send(self, request: bytes, due: float) -> None:
        self.due = due
        self._buffer.clear()
        self._size = 0
        self.is_busy = True
        self.socket.sendall(request)

    def receive(self) -> Answer | None:
        """Read what has come; return the answer once it is whole. Raises: LoadError when the server hung up."""
        part = self.socket.recv(262_144)
        if not part and not self.is_busy:
            self.is_closed = True
            return None
        if not part:
            raise LoadError("the server closed the connection before it answered")
        self._buffer += part
        if not self._size:
            self._size = whole_size(self._buffer)
        if not self._size or len(self._buffer) < self._size:
            return None
        self.is_busy = False
        self.answered += 1
        status = int(self._buffer[9:12])
        body = bytes(self._buffer[self._buffer.index(b"\r\n\r\n") + 4 :])
        return Answer(status, time.perf_counter() - self.due, body)

    @property
    def is_last(self) -> bool:
        """Whether this was the connection's last answer: by the server's word, or because it has had its share."""
        if self.answered >= REQUESTS_A_CONNECTION:
            return True
        head = self._buffer[: self._buffer.index(b"\r\n\r\n")].lower()
        return b"connection: close" in head

    def close(self) -> None:
        self.socket.close()


def whole_size(buffer: bytearray) -> int:
    """Return how many bytes the answer has, head and body, or 0 while that is unknown."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return 0
    head = bytes(buffer[:end]).lower()
    at = head.find(b"\r\ncontent-length:")
    if at >= 0:
        return end + 4 + int(head[at + 17 :].split(b"\r\n", 1)[0])
    if b"\r\ntransfer-encoding: chunked" in head:
        return len(buffer) if buffer.endswith(b"0\r\n\r\n") else 0
    if head[9:12] in (b"204", b"304"):
        return end + 4
    raise LoadError("an answer without a length")


def get(path: str) -> bytes:
    """Return the bytes of a GET as a browser or program on the same machine would send it."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n".encode()


def post(path: str, body: bytes, **headers: str) -> bytes:
    """Return the bytes of a POST of JSON; `headers` are named with underscores for hyphens."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{lines}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


# --- ways to load -----------------------------------------------------------------------------------------


def closed_loop(
    address: Address, requests: Iterator[bytes], *, clients: int, seconds: float, warm_up: float = 0.0
) -> Sample:
    """Have so many clients each send the next request as soon as the last is answered; warm-up is not counted.

    Ends early when `requests` runs out. Raises: LoadError.
    """
    with _loop(address, clients) as loop:
        before = len(loop.run_closed(requests, warm_up).latencies) if warm_up else 0
        sample = loop.run_closed(requests, seconds)
        sample.warm_up = before
        return sample


def open_loop(address: Address, requests: Iterable[bytes], *, rate: float, clients: int) -> Sample:
    """Send requests at a fixed rate, whatever the answers take; a late one counts from when it was due.

    Raises: LoadError.
    """
    with _loop(address, clients) as loop:
        return loop.run_open(list(requests), rate)


def volley(address: Address, requests: list[bytes]) -> list[Answer]:
    """Open a connection for each request, send all at one moment, and return the answers in order."""
    with _loop(address, len(requests)) as loop:
        return loop.run_once(requests)


@contextmanager
def _loop(address: Address, clients: int) -> Iterator[_Loop]:
    if not 1 <= clients <= MOST_CLIENTS:
        raise ValueError(f"between 1 and {MOST_CLIENTS} clients")
    loop = _Loop(address, clients)
    gc.disable()
    try:
        yield loop
    finally:
        gc.enable()
        loop.close()


class _Loop:
    def __init__(self, address: Address, clients: int) -> None:
        self._address = address
        self._poll = select.epoll()
        self._clients: dict[int, Client] = {}
        for _number in range(clients):
            self._open()

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        self._poll.close()

    def run_closed(self, requests: Iterator[bytes], seconds: float) -> Sample:
        sample, began, cpu = Sample(), time.perf_counter(), time.process_time()
        end = began + min(seconds, MOST_SECONDS)
        busy = sum(self._send_next(client, requests) for client in list(self._clients.values()))
        while busy:
            for client, answer in self._answers():
                _count(sample, answer)
                if time.perf_counter() >= end or not self._send_next(self._fresh(client), requests):
                    busy -= 1
        return _ended(sample, began, cpu)

    def run_open(self, requests: list[bytes], rate: float) -> Sample:
        if len(requests) / rate > MOST_SECONDS:
            raise ValueError("too long")
        # First in, first out: no connection lies idle until the server closes it.
        sample, cpu, idle = Sample(), time.process_time(), deque(self._clients.values())
        began = time.perf_counter()
        sent = answered = 0
        while answered < len(requests):
            due = began + sent / rate
            while idle and sent < len(requests) and time.perf_counter() >= due:
                self._send(idle.popleft(), requests[sent], due)
                sent += 1
                due = began + sent / rate
            is_waiting = not idle or sent == len(requests)
            for client, answer in self._answers(
                PATIENCE if is_waiting else _until(due), may_be_none=not is_waiting
            ):
                _count(sample, answer)
                idle.append(self._fresh(client))
                answered += 1
        return _ended(sample, began, cpu)

    def run_once(self, requests: list[bytes]) -> list[Answer]:
        clients = list(self._clients.values())
        places = {id(client): place for place, client in enumerate(clients)}
        answers: dict[int, Answer] = {}
        for client, request in zip(clients, requests, strict=True):
            self._send(client, request, time.perf_counter())
        while len(answers) < len(requests):
            for client, answer in self._answers():
                answers[places[id(client)]] = answer
        return [answers[place] for place in range(len(requests))]

    def _send_next(self, client: Client, requests: Iterator[bytes]) -> bool:
        request = next(requests, None)
        if request is not None:
            self._send(client, request, time.perf_counter())
        return request is not None

    def _send(self, client: Client, request: bytes, due: float) -> None:
        # The server may close a connection that lies idle.
        (self._open() if client.is_closed else client).send(request, due)

    def _answers(self, pause: float = PATIENCE, *, may_be_none: bool = False) -> list[tuple[Client, Answer]]:
        ready = self._poll.poll(pause)
        if not ready and not may_be_none:
            raise LoadError(f"no answer within {PATIENCE:.0f} s")
        found = [(self._clients[number], self._clients[number].receive()) for number, _event in ready]
        for client, _answer in found:
            if client.is_closed:
                self._forget(client)
        return [(client, answer) for client, answer in found if answer is not None]

    def _fresh(self, client: Client) -> Client:
        return self._replace(client) if client.is_last else client

    def _replace(self, client: Client) -> Client:
        self._forget(client)
        return self._open()

    def _forget(self, client: Client) -> None:
        self._poll.unregister(client.socket)
        del self._clients[client.socket.fileno()]
        client.close()

    def _open(self) -> Client:
        client = Client(self._address)
        self._poll.register(client.socket, select.EPOLLIN)
        self._clients[client.socket.fileno()] = client
        return client


def _until(due: float) -> float:
    """Return a pause that ends in time: epoll rounds milliseconds up, so the last of them is spun away."""
    return max(0, int((due - time.perf_counter()) * 1000) - 1) / 1000


def _count(sample: Sample, answer: Answer) -> None:
    sample.latencies.append(answer.seconds)
    sample.statuses[answer.status] += 1


def _ended(sample: Sample, began: float, cpu: float) -> Sample:
    sample.seconds = time.perf_counter() - began
    sample.client_cpu_seconds = time.process_time() - cpu
    return sample
