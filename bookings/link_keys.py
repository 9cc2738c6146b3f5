"""How the secret of a guest's link is worked out: 128 bits of HMAC-SHA256, never stored.

The first of BOOKING_LINK_KEYS signs, all of them verify, and so does SECRET_KEY, which signed before there were any:
a key is rotated by putting a new one in front.
"""

import hashlib
import hmac

from django.conf import settings
from django.utils.crypto import constant_time_compare


def sign(reference: str, link_version: int) -> str:
    """Return the secret that goes into links made now, as 32 hex digits."""
    return _secret(_keys()[0], reference, link_version)


def verify(secret: str, reference: str, link_version: int) -> bool:
    """Return whether any of our keys made this secret."""
    given = secret.encode(errors="replace")
    return any(
        constant_time_compare(given, _secret(key, reference, link_version).encode()) for key in _keys()
    )


def _keys() -> list[str]:
    return [*settings.BOOKING_LINK_KEYS, settings.SECRET_KEY]


def _secret(key: str, reference: str, link_version: int) -> str:
    message = f"booking-link:{reference}:{link_version}".encode()
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()[:32]
