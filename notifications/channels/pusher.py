"""Pusher Channels: tells open pages that a booking changed. Off, not broken, without its settings."""

from functools import lru_cache

import requests
from django.conf import settings
from pusher import Pusher
from pusher.errors import PusherError

from notifications.channels.base import Refused, Unavailable

EVENT = "booking-updated"
TIMEOUT_SECONDS = 5


def is_on() -> bool:
    """Return whether the settings name an app to publish to."""
    return bool(settings.PUSHER_APP_ID and settings.PUSHER_KEY and settings.PUSHER_SECRET)


def publish(channel: str, payload: dict) -> None:
    """Publish one event on one private channel. Raises: Unavailable, Refused (unusable settings)."""
    try:
        _client().trigger(channel, EVENT, payload)
    except (PusherError, requests.RequestException) as error:
        raise Unavailable(f"{type(error).__name__}: {error}") from error
    except (TypeError, ValueError) as error:  # what the library finds wrong before it calls
        raise Refused(f"{type(error).__name__}: {error}") from error


def sign(channel: str, socket_id: str) -> dict[str, str]:
    """Return what a browser shows to Pusher to be let into a private channel."""
    return _client().authenticate(channel=channel, socket_id=socket_id)


def _client() -> Pusher:
    return _client_of(
        settings.PUSHER_APP_ID, settings.PUSHER_KEY, settings.PUSHER_SECRET, settings.PUSHER_CLUSTER,
        settings.PUSHER_HOST, settings.PUSHER_PORT,
    )  # fmt: skip


@lru_cache(maxsize=4)
def _client_of(app_id: str, key: str, secret: str, cluster: str, host: str, port: int) -> Pusher:
    # An own host speaks TLS only on its usual port: a sandbox or a server on the same machine has none.
    place = {"host": host, "port": port, "ssl": port == 443} if host else {"cluster": cluster, "ssl": True}
    return Pusher(app_id=app_id, key=key, secret=secret, timeout=TIMEOUT_SECONDS, **place)
