"""The load generator against a small server: it counts what came, and understands keep-alive."""

import socket
import threading
from collections.abc import Iterator
from itertools import repeat

import pytest

from bench.load import (
    REQUESTS_A_CONNECTION,
    Address,
    LoadError,
    closed_loop,
    get,
    open_loop,
    percentile,
    post,
    volley,
    whole_size,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LAST = b"HTTP/1.1 201 Created\r\nConnection: close\r\ncontent-length: 0\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"


class Server:
    """Answers by path, one thread a connection; `/last` closes, `/hang-up` closes without a word."""

    ANSWERS = {b"/": OK, b"/last": LAST, b"/chunked": CHUNKED}

    def __init__(self) -> None:
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = Address(*self._socket.getsockname())
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _peer = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            while request := connection.recv(65_536):
                path = request.split(b" ", 2)[1]
                if path not in self.ANSWERS:
                    return
                connection.sendall(self.ANSWERS[path])
                if path == b"/last":
                    return

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def test_closed_loop_counts_measured_answers_apart_from_warm_up(server):
    sample = closed_loop(server.address, repeat(get("/")), clients=3, seconds=0.1, warm_up=0.05)

    assert set(sample.statuses) == {200}
    assert sample.statuses[200] == len(sample.latencies) > 3
    assert sample.warm_up > 3
    assert 0.1 <= sample.seconds < 1
    assert sample.rate == len(sample.latencies) / sample.seconds


def test_closed_loop_connects_anew_after_a_share_of_requests(server):
    sample = closed_loop(
        server.address, iter([get("/")] * (REQUESTS_A_CONNECTION * 2 + 1)), clients=1, seconds=30
    )

    assert sample.statuses == {200: REQUESTS_A_CONNECTION * 2 + 1}
    assert server.connections == 3


def test_closed_loop_ends_when_nothing_is_left_to_ask(server):
    sample = closed_loop(server.address, iter([get("/")] * 5), clients=2, seconds=30)

    assert sample.statuses == {200: 5}


def test_closed_loop_server_that_closes_gets_a_new_connection_each_time(server):
    sample = closed_loop(server.address, iter([get("/last")] * 4), clients=1, seconds=5)

    assert sample.statuses == {201: 4}
    assert server.connections >= 4


def test_open_loop_keeps_the_rate_whatever_the_answers_take(server):
    sample = open_loop(server.address, repeat(get("/"), 40), rate=200, clients=4)

    assert sample.statuses == {200: 40}
    assert 39 / 200 <= sample.seconds < 1


def test_volley_answers_come_in_the_order_asked(server):
    answers = volley(server.address, [get("/"), get("/last"), get("/chunked")])

    assert [answer.status for answer in answers] == [200, 201, 200]
    assert answers[0].body == b"ok"
    assert server.connections == 3


def test_volley_server_that_hangs_up_is_an_error(server):
    with pytest.raises(LoadError, match="closed the connection"):
        volley(server.address, [get("/hang-up")])


@pytest.mark.parametrize("clients", [0, 65])
def test_closed_loop_refuses_a_number_of_clients_out_of_bounds(server, clients):
    with pytest.raises(ValueError, match="clients"):
        closed_loop(server.address, repeat(get("/")), clients=clients, seconds=0.1)


@pytest.mark.parametrize(
    ("received", "size"),
    [
        (OK[:20], 0),
        (OK, len(OK)),
        (OK[:-2], len(OK)),
        (CHUNKED, len(CHUNKED)),
        (CHUNKED[:-3], 0),
        (b"HTTP/1.1 304 Not Modified\r\nX: y\r\n\r\n", 35),
    ],
)
def test_whole_size_is_known_once_the_head_is_there(received, size):
    assert whole_size(bytearray(received)) == size


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (50, 2), (75, 3), (99, 4), (100, 4)])
def test_percentile_takes_the_nearest_rank(percent, value):
    assert percentile([4, 2, 3, 1], percent) == value


def test_percentile_of_nothing_is_zero():
    assert percentile([], 99) == 0.0


def test_post_says_length_and_headers():
    assert post("/x", b"{}", Idempotency_Key="k").decode().split("\r\n") == [
        "POST /x HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", "Idempotency-Key: k",
        "Content-Length: 2", "", "{}",
    ]  # fmt: skip
