"""Signatures: of API requests and of subscriptions to private and presence channels."""

import hashlib
import hmac
from collections.abc import Mapping

TOLERANCE_SECONDS = 600


class Unauthorized(Exception):
    """A request that is not signed the way it must be; the message says why."""


def sign(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def request_signature(secret: str, method: str, path: str, query: Mapping[str, str]) -> str:
    """Over method, path and the sorted, unescaped query without its own signature."""
    pairs = sorted((name.lower(), value) for name, value in query.items() if name != "auth_signature")
    return sign(secret, "\n".join([method, path, "&".join(f"{name}={value}" for name, value in pairs)]))


def check_request(
    key: str, secret: str, method: str, path: str, query: Mapping[str, str], body: bytes, now: float
) -> None:
    """Raises: Unauthorized."""
    if query.get("auth_key") != key:
        raise Unauthorized("Unknown auth_key")
    if query.get("auth_version") != "1.0":
        raise Unauthorized("Invalid auth_version, it must be 1.0")
    timestamp = query.get("auth_timestamp", "")
    if not timestamp.isdigit() or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise Unauthorized(f"Timestamp expired: not within {TOLERANCE_SECONDS}s of the server's time")
    if body and query.get("body_md5") != hashlib.md5(body, usedforsecurity=False).hexdigest():
        raise Unauthorized("Invalid body_md5")
    expected = request_signature(secret, method, path, query)
    if not hmac.compare_digest(expected.encode(), query.get("auth_signature", "").encode()):
        raise Unauthorized("Invalid signature: you should have sent HmacSHA256Hex of the request")


def is_right_subscription(
    key: str, secret: str, socket_id: str, channel: str, channel_data: str | None, auth: str
) -> bool:
    text = f"{socket_id}:{channel}" + (f":{channel_data}" if channel_data is not None else "")
    return hmac.compare_digest(f"{key}:{sign(secret, text)}".encode(), auth.encode())
