"""What a payment provider must do, in plain values; it never touches our models."""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from django.db import connection


class ProviderError(Exception):
    """Base of the three ways a provider says no."""

    def __init__(self, message: str, *, code: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.code, self.request_id = code, request_id


class Declined(ProviderError):
    """Refused for good: the same call will not succeed."""


class Unavailable(ProviderError):
    """No answer to rely on: ask again later. `is_final` when the provider will repeat this very failure."""

    def __init__(self, message: str, *, code: str = "", request_id: str = "", is_final: bool = False) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.is_final = is_final


class Misconfigured(ProviderError):
    """Our keys or settings are wrong: only staff can mend it."""


class State(StrEnum):
    """How far a provider's payment has come, in words all providers share."""

    OPEN = "open"  # the guest may still pay
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    VOIDED = "voided"  # was held, is not any more
    FAILED = "failed"  # never held, and will not be


@dataclass(frozen=True)
class CheckoutRequest:
    """What the provider's pay page needs. `amount_minor` in minor units; `expires_at` in epoch seconds."""

    reference: str
    payment_id: str
    amount_minor: int
    currency: str
    is_two_stage: bool
    title: str
    description: str
    email: str
    success_url: str
    cancel_url: str
    expires_at: int


@dataclass(frozen=True)
class CheckoutSession:
    ref: str
    url: str
    expires_at: dt.datetime


@dataclass(frozen=True)
class ProviderRefund:
    """`status` is one of pending, succeeded, failed; `key` is our operation's, empty if made elsewhere."""

    ref: str
    amount_minor: int
    status: str
    key: str = ""


@dataclass(frozen=True)
class ProviderPayment:
    """A payment as the provider has it now; amounts in minor units, instants in UTC."""

    state: State
    session_ref: str = ""
    is_session_open: bool = False
    provider_ref: str = ""
    charge_ref: str = ""
    amount_minor: int = 0
    currency: str = ""
    authorized_minor: int = 0
    captured_minor: int = 0
    capture_before: dt.datetime | None = None
    failure_code: str = ""
    reference: str = ""
    is_live: bool = False
    refunds: tuple[ProviderRefund, ...] = field(default=())


class Provider(Protocol):
    """Every call may raise Declined, Unavailable or Misconfigured, and refuses to run inside a transaction."""

    name: str

    def open_checkout(self, request: CheckoutRequest, *, key: str) -> CheckoutSession: ...

    def end_checkout(self, session_ref: str, *, key: str) -> None: ...

    def capture(self, provider_ref: str, amount_minor: int, *, key: str) -> None: ...

    def void(self, provider_ref: str, *, key: str) -> None: ...

    def refund(self, provider_ref: str, amount_minor: int, *, key: str) -> None: ...

    def fetch(self, *, session_ref: str, provider_ref: str) -> ProviderPayment: ...


def refuse_in_transaction() -> None:
    """A provider call must not hold a database transaction open. Raises: RuntimeError."""
    if connection.in_atomic_block:
        raise RuntimeError("a provider was called inside a database transaction")
