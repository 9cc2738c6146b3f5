"""What every provider of the sandbox speaks: plain HTTP requests in, plain HTTP responses out.

Providers are synchronous and know no server, so a test may also reach them without a socket.
"""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """One HTTP request; `query` is the raw query string and header names are lower-case."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Response:
    """One HTTP answer, and how its transport must spoil it.

    `broken` is "" (send it), "reset" (cut the connection) or "timeout" (never answer; cut it after
    `hang_seconds`). `delay_seconds` is how long the transport waited, or should, before the work was done.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    broken: str = ""
    hang_seconds: float = 0.0
    delay_seconds: float = 0.0

    def json(self) -> Any:
        return json.loads(self.body)


def json_response(status: int, data: Any, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps(data, indent=2).encode() + b"\n"
    return Response(status, {"Content-Type": "application/json", **(headers or {})}, body)


def lowered(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
