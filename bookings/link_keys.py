"""How the secret of a guest's link is worked out: 128 bits of HMAC-SHA256, never stored.

The first of BOOKING_LINK_KEYS signs, all of them verify, and so does SECRET_KEY, which signed before there were any:
a key is rotated by putting a new one in front.
"""

import hashlib
import hmac
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.utils.crypto import constant_time_compare

# A key is drawn, not thought of.
SHORTEST_KEY = 32


def sign(reference: str, link_version: int) -> str:
    """Return the secret that goes into links made now, as 32 hex digits."""
    return _secret(_keys()[0], reference, link_version)


def verify(secret: str, reference: str, link_version: int) -> bool:
    """Return whether any of our keys made this secret."""
    given = secret.encode(errors="replace")
    return any(
        constant_time_compare(given, _secret(key, reference, link_version).encode()) for key in _keys()
    )


def check_keys(**_options: Any) -> list[CheckMessage]:
    """Let `check --deploy` say what is wrong with the keys: guests' links must outlive a change of SECRET_KEY."""
    keys = settings.BOOKING_LINK_KEYS
    if not keys:
        how = "Set it: 50 random characters, in front of what SECRET_KEY is now, so that links made so far go on."
        return [
            Warning(
                "BOOKING_LINK_KEYS is empty: SECRET_KEY signs guests' links.", hint=how, id="bookings.W001"
            )
        ]
    found: list[CheckMessage] = []
    if any(len(key) < SHORTEST_KEY for key in keys):
        found.append(
            Error(f"BOOKING_LINK_KEYS has a key under {SHORTEST_KEY} characters.", id="bookings.E001")
        )
    if keys[0] == settings.SECRET_KEY:
        found.append(
            Error(
                "The first of BOOKING_LINK_KEYS is SECRET_KEY: give links a key of their own.",
                id="bookings.E002",
            )
        )
    if len(set(keys)) < len(keys):
        found.append(Warning("BOOKING_LINK_KEYS names a key twice.", id="bookings.W002"))
    return found


def _keys() -> list[str]:
    return [*settings.BOOKING_LINK_KEYS, settings.SECRET_KEY]


def _secret(key: str, reference: str, link_version: int) -> str:
    message = f"booking-link:{reference}:{link_version}".encode()
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()[:32]
