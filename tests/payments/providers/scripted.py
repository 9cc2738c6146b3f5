"""A gateway that answers whatever a test says, for answers no honest one gives."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Script:
    """`answers` are given in order, the last one again and again: (status, headers, body)."""

    base: str = ""
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: list[tuple[str, bytes]] = field(default_factory=list)

    def says(self, body: Any, *, status: int = 200, **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.append((status, headers, raw))

    def data(self, **fields: Any) -> None:
        """One good answer; a field of None is left out."""
        found = {name: value for name, value in fields.items() if value is not None}
        self.says({"error": 0, "errMessage": None, "data": found})

    def refuses(self, number: Any, text: str = "no") -> None:
        self.says({"error": number, "errMessage": text, "errorMessage": text, "data": None})


@contextlib.contextmanager
def scripted() -> Iterator[Script]:
    script = Script()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            script.asked.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            status, headers, body = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
