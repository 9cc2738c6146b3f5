"""A log of the API calls the sandbox answered, for tests and for the curious; it holds no secret."""

from collections import deque
from typing import Any

KEPT_CALLS = 5_000  # enough for any test, small enough to stay in memory


class Journal:
    """The newest calls, oldest first."""

    def __init__(self) -> None:
        self._calls: deque[dict[str, Any]] = deque(maxlen=KEPT_CALLS)

    def add(
        self, provider: str, operation: str, method: str, path: str, status: int | None, **more: Any
    ) -> None:
        """Note one call; `status` None means that its answer was never sent."""
        call = {
            "provider": provider,
            "operation": operation,
            "method": method,
            "path": path,
            "status": status,
        }
        self._calls.append({**call, **more})

    def listed(self, provider: str | None = None, operation: str | None = None) -> list[dict[str, Any]]:
        return [
            call
            for call in self._calls
            if provider in (None, call["provider"]) and operation in (None, call["operation"])
        ]

    def clear(self) -> None:
        self._calls.clear()
