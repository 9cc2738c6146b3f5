"""Pusher as the control layer sees it: its API, its sockets and what was triggered."""

import json
from collections import deque
from collections.abc import Callable
from typing import Any

from sandbox.faults import FaultBook
from sandbox.journal import Journal
from sandbox.pusher.api import Api
from sandbox.pusher.channels import Channels
from sandbox.settings import Settings

Json = dict[str, Any]
KEPT_MESSAGES = 2_000


class Pusher:
    """One app. Nothing of it is saved: the real service keeps no history either."""

    name = "pusher"

    def __init__(
        self, settings: Settings, faults: FaultBook, journal: Journal, real: Callable[[], float]
    ) -> None:
        self.channels = Channels(settings.pusher_key, settings.pusher_secret)
        self.api = Api(settings.pusher_app_id, self.channels, self._deliver, faults, journal, real)
        self._messages: deque[Json] = deque(maxlen=KEPT_MESSAGES)

    def triggered(self, channel: str | None = None) -> list[Json]:
        """What was triggered, oldest first: {"channel", "event", "data", "socket_id", "receivers"}."""
        return [one for one in self._messages if channel in (None, one["channel"])]

    def disconnect(self) -> int:
        """Cut every browser off, as an outage would; returns how many."""
        return self.channels.close_all()

    def tick(self) -> None:
        """Nothing here waits for time."""

    def reset(self) -> None:
        self._messages.clear()

    def snapshot(self) -> Json:
        return {}

    def restore(self, data: Json) -> None:
        """Nothing was saved."""

    def books(self) -> None:
        return None

    def pay(self, url: str, card: str, action: str) -> None:
        return None

    def webhook_headers(self, body: bytes, *, is_right: bool) -> dict[str, str]:
        raise NotImplementedError("the app has no webhooks")

    def _deliver(self, channel: str, event: str, data: str, socket_id: str | None) -> None:
        receivers = self.channels.publish(channel, event, data, exclude=socket_id)
        message = {"channel": channel, "event": event, "data": _decoded(data)}
        self._messages.append({**message, "socket_id": socket_id, "receivers": receivers})


def _decoded(data: str) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data
