"""Redis as Celery's broker, whose loss a worker outlives.

kombu 5.7 lets its connection go before it gives back what was not acknowledged. With a task in hand that fails with an
AttributeError, which no one catches, and the worker ends. As a lost connection it is what Celery connects anew after.
"""

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis


class Channel(redis.Channel):
    """A channel that says when its connection is gone."""

    def _connparams(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if self.connection.client is None:
            raise ConnectionError("the connection to the broker is gone")
        return super()._connparams(*args, **kwargs)  # type: ignore[misc]  # kombu's, which its stubs leave out


class Transport(redis.Transport):
    """kombu's own, with that channel."""

    Channel = Channel


def register() -> None:
    """Let addresses of Redis mean this transport; to be called before the first connection."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"
