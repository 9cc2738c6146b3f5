"""Idempotency keys: the first answer is kept for a day and given again, word for word."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.stripe.errors import StripeError
from sandbox.stripe.forms import flatten

KEPT_SECONDS = 24 * 3_600
LONGEST_KEY = 255


@dataclass
class Kept:
    """What a key was used for; `status` None while the first call is still running."""

    endpoint: str
    fingerprint: str
    request_id: str
    at: int
    status: int | None = None
    body: str = ""


class Keys:
    """The keys of the account, with their answers."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}

    def claim(
        self, key: str, endpoint: str, params: dict[str, Any], request_id: str, now: int
    ) -> Kept | None:
        """Reserve `key` for this call and return None, or return the answer it already has.

        Raises: StripeError 400 when it was used for something else, 409 while it is in use.
        """
        if len(key) > LONGEST_KEY:
            raise StripeError(400, f"Idempotency keys may be at most {LONGEST_KEY} characters long.")
        fingerprint = hashlib.sha256(repr(sorted(flatten(params).items())).encode()).hexdigest()
        kept = self._kept.get(key)
        if kept is None or (kept.status is not None and now - kept.at >= KEPT_SECONDS):
            self._kept[key] = Kept(endpoint, fingerprint, request_id, now)
            return None
        _check_same(key, kept, endpoint, fingerprint)
        if kept.status is None:
            raise StripeError(
                409,
                f"There is currently another in-progress request using this Idempotent Key ({key}).",
                type="idempotency_error",
                code="idempotency_key_in_use",
            )
        return kept

    def keep(self, key: str, status: int, body: bytes) -> None:
        kept = self._kept.get(key)
        if kept is not None:  # a reset may have come between
            kept.status, kept.body = status, body.decode()

    def drop(self, key: str) -> None:
        """Forget a claim whose call left nothing worth keeping."""
        self._kept.pop(key, None)

    def reset(self) -> None:
        self._kept.clear()

    def snapshot(self) -> dict[str, Any]:
        return {key: asdict(kept) for key, kept in self._kept.items() if kept.status is not None}

    def restore(self, data: dict[str, Any]) -> None:
        self._kept = {key: Kept(**fields) for key, fields in data.items()}


def _check_same(key: str, kept: Kept, endpoint: str, fingerprint: str) -> None:
    if kept.endpoint != endpoint:
        raise StripeError(
            400,
            "Keys for idempotent requests can only be used for the same endpoint they were first used for "
            f"('{kept.endpoint}' vs '{endpoint}'). Try using a key other than '{key}' if you meant to "
            "execute a different request.",
            type="idempotency_error",
        )
    if kept.fingerprint != fingerprint:
        raise StripeError(
            400,
            "Keys for idempotent requests can only be used with the same parameters they were first used "
            f"with. Try using a key other than '{key}' if you meant to execute a different request.",
            type="idempotency_error",
        )
