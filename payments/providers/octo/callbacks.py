"""Octo's callbacks: read, and proved to be Octo's. Pure functions; a callback is only ever a hint to look.

The signature covers the payment's uuid and status, nothing else: not the amount, not our transaction id.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypedDict

from core.money import to_minor
from payments.providers.octo.wire import OctoAccount, merchant_id, payment_uuid

STATUS = re.compile(r"[A-Za-z_-]{1,40}")
SHA1_HEX = re.compile(r"[0-9A-Fa-f]{40}")
# What may be kept of a callback: nothing of the card or its owner, neither signature nor hash key.
KEPT = ("shop_transaction_id", "octo_payment_UUID", "status", "total_sum", "refunded_sum", "currency")


@dataclass(frozen=True)
class Callback:
    """What a callback says, sums in minor units; `payload` is what may be stored of it."""

    transaction_id: str
    payment_uuid: str
    status: str
    currency: str | None
    total_minor: int | None
    refunded_minor: int
    payload: dict[str, str]
    signature: str = field(repr=False)
    hash_key: str = field(repr=False)
    signed_uuid: str = field(repr=False)

    @property
    def event_id(self) -> str:
        """Octo numbers no messages: the same uuid, status and refunded sum say nothing new."""
        return f"{self.payment_uuid}:{self.status}:{self.refunded_minor}"

    @property
    def type(self) -> str:
        return f"octo.{self.status}"


def read_callback(body: bytes) -> Callback | None:
    """Return what a body says, unproved, so that the account can be found by its transaction id; None for nonsense."""
    try:
        fields = json.loads(
            body, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_without_doubles
        )
        return _callback(fields)
    except (ValueError, RecursionError):
        return None


def is_genuine(callback: Callback, account: OctoAccount) -> bool:
    """Return whether the account's key signed this; an account without a key accepts nothing.

    Scheme U signs with `unique_key`. Scheme N, off unless the account says so, hashes `secret` and `hash_key` first;
    in which case that inner hash is written is not documented, so both are tried.
    """
    signed = callback.signed_uuid + callback.status
    if account.signature_scheme == "N":
        inner = _sha1(account.secret + callback.hash_key) if callback.hash_key else ""
        keys = [inner, inner.upper()]
    else:
        keys = [account.unique_key]
    given = callback.signature.lower()
    return any(hmac.compare_digest(_sha1(key + signed), given) for key in keys if key)


def recall(payload: dict[str, str]) -> Callback:
    """Return a callback again from what was stored of it after it had been proved genuine."""
    return Callback(
        **_figures(payload),
        transaction_id=payload["shop_transaction_id"],
        payment_uuid=payment_uuid(payload["octo_payment_UUID"]),
        status=payload["status"],
        payload=payload,
        signature="",
        hash_key="",
        signed_uuid="",
    )


def contradiction(
    callback: Callback, *, session_ref: str, provider_ref: str, currency: str, amounts_minor: set[int]
) -> str:
    """Return what a genuine callback says otherwise than our payment, empty for nothing.

    `amounts_minor` are the sums it may name: what was agreed, and what was captured. A `provider_ref` not known
    yet contradicts nothing: the look at the gateway that follows must show the same one.
    """
    wrong = {
        "transaction": callback.transaction_id != session_ref,
        "payment": provider_ref not in ("", callback.payment_uuid),
        "amount": callback.total_minor is not None and callback.total_minor not in amounts_minor,
        "currency": callback.currency not in (None, currency),
    }
    named = [name for name, is_wrong in wrong.items() if is_wrong]
    return f"the callback names another {' and '.join(named)}" if named else ""


def _callback(fields: object) -> Callback:
    if not isinstance(fields, dict):
        raise ValueError("a callback is an object")
    signature, status, signed_uuid = (
        _text(fields, name) for name in ("signature", "status", "octo_payment_UUID")
    )
    if not SHA1_HEX.fullmatch(signature) or not STATUS.fullmatch(status):
        raise ValueError("signature or status is malformed")
    kept = {name: _plain(fields[name]) for name in KEPT if fields.get(name) is not None}
    return Callback(
        transaction_id=merchant_id(_text(fields, "shop_transaction_id")),
        payment_uuid=payment_uuid(signed_uuid),
        status=status,
        **_figures(kept),
        payload=kept,
        signature=signature,
        hash_key=str(fields.get("hash_key") or ""),
        signed_uuid=signed_uuid,
    )


class Figures(TypedDict):
    currency: str | None
    total_minor: int | None
    refunded_minor: int


def _figures(kept: Mapping[str, str]) -> Figures:
    # Every currency of Octo has two decimals.
    return {
        "currency": kept.get("currency"),
        "total_minor": to_minor(kept["total_sum"], "UZS") if "total_sum" in kept else None,
        "refunded_minor": to_minor(kept.get("refunded_sum", "0"), "UZS"),
    }


def _text(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a text")
    return value


def _plain(value: object) -> str:
    """Texts and numbers, short, as text: nothing that PostgreSQL's JSON cannot hold."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("a field has a wrong type")
    text = str(value)
    if len(text) > 64 or not text.isprintable():
        raise ValueError("a field is malformed")
    return text


def _sha1(text: str) -> str:
    # Octo's choice; forging it would take a second preimage, which SHA-1 still withstands.
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field comes twice")
    return fields
