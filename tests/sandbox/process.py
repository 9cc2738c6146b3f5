"""The sandbox as a real process for these tests, and a receiver for its webhooks."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tools.process import free_port

ROOT = Path(__file__).resolve().parents[2]
SECRET = "whsec_tests_of_the_sandbox"
OLD_SECRET = "whsec_the_one_before"
# A platform's Stripe account as README asks for it: a bank account a currency, and payouts by hand.
SET_UP = {"SANDBOX_STRIPE_SETTLEMENT": "usd,eur,gbp", "SANDBOX_STRIPE_PAYOUTS": "manual"}
PUSHER = {"PUSHER_APP_ID": "4711", "PUSHER_KEY": "tests-key", "PUSHER_SECRET": "tests-secret"}


def until(condition: Callable[[], Any], seconds: float = 5.0) -> Any:
    """Wait for something to become true, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"still not so after {seconds} s: {condition}")


@dataclass
class Sandbox:
    """One running process."""

    base: str
    env: dict[str, str]

    def control(self, call: str, data: dict[str, Any] | None = None, method: str = "") -> dict[str, Any]:
        status, answer = self.fetch(f"/_control/{call}", data, method or ("GET" if data is None else "POST"))
        assert status == 200, answer
        return answer

    def fetch(self, path: str, data: dict[str, Any] | None = None, method: str = "GET") -> tuple[int, Any]:
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(self.base + path, body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())


@contextlib.contextmanager
def running(**more: str) -> Iterator[Sandbox]:
    """A process of its own, on a free port, gone at the end."""
    port = more.pop("SANDBOX_PORT", "") or str(free_port())
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SANDBOX_", "DEBUG"))}
    env = {**clean, "SANDBOX_PORT": port, "STRIPE_WEBHOOK_SECRET": SECRET, **SET_UP, **PUSHER, **more}
    process = subprocess.Popen([sys.executable, "-m", "sandbox"], cwd=ROOT, env=env, stderr=subprocess.PIPE)
    sandbox = Sandbox(f"http://127.0.0.1:{port}", env)
    try:
        until(lambda: process.poll() is not None or _is_up(sandbox), 10)
        assert process.poll() is None, process.stderr.read()
        yield sandbox
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)


def _is_up(sandbox: Sandbox) -> bool:
    try:
        return sandbox.control("health") == {"ok": True}
    except OSError:
        return False


@dataclass
class Receiver:
    """Where webhooks arrive: (headers, body) in order; `answer` is the status given back, `reply` its body."""

    url: str = ""
    answer: int = 200
    reply: bytes = b""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.got]

    def wait(self, count: int, seconds: float = 5.0) -> list[dict[str, Any]]:
        until(lambda: len(self.got) >= count, seconds)
        return [json.loads(body) for _, body in self.got]

    def forget(self) -> None:
        self.got.clear()
        self.answer, self.reply = 200, b""


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append((dict(self.headers), body))
            self.send_response(receiver.answer)
            self.end_headers()
            self.wfile.write(receiver.reply)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/webhooks/"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
