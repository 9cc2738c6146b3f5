"""What a payment provider must do, in plain values; it never touches our models."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from django.db import connection, transaction


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
    """What the provider's pay page needs. `amount_minor` in minor units; `expires_at` in epoch seconds.

    `is_embedded`: the card form stands on our own page at `page_url`, where the provider can do that.
    """

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
    page_url: str = ""
    is_embedded: bool = False


@dataclass(frozen=True)
class CheckoutSession:
    """A way to pay; `client_secret` only where it stands on our own page."""

    ref: str
    url: str
    expires_at: dt.datetime
    client_secret: str = ""


@dataclass(frozen=True)
class ProviderRefund:
    """`status` is one of pending, succeeded, failed; `key` is our operation's, empty if made elsewhere.

    With `bank_reference` the guest's bank finds the refund; `failure_reason` is the provider's word.
    """

    ref: str
    amount_minor: int
    status: str
    key: str = ""
    bank_reference: str = ""
    failure_reason: str = ""


@dataclass(frozen=True)
class ProviderDispute:
    """A charge that the guest's bank asks about or takes back; `status` is one of models.Dispute.Status.

    `withdrawn_minor` is what was taken out of our balance for it, whether or not it came back since; `fee_minor`
    what the provider charges for the case; `has_evidence`: our answer is with the bank. Amounts in minor units of
    the payment's currency.
    """

    ref: str
    status: str
    amount_minor: int
    reason: str = ""
    withdrawn_minor: int = 0
    fee_minor: int = 0
    due_by: dt.datetime | None = None
    opened_at: dt.datetime | None = None
    has_evidence: bool = False
    evidence_file_ref: str = ""


@dataclass(frozen=True)
class ProviderPayment:
    """A payment as the provider has it now; amounts in minor units, instants in UTC.

    `fee_minor` is the provider's processing fee of the capture, None while it is not told. `is_unclear`: the provider
    used a word we do not know, so `state` is the least that may be so, and proves nothing.
    """

    state: State
    is_unclear: bool = False
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
    # What a person reads on the card, where the provider tells: the brand as it names it, and four digits.
    card_brand: str = ""
    card_last4: str = ""
    reference: str = ""
    is_live: bool = False
    payment_id: str = ""  # our own, where the provider keeps it for us
    is_two_stage: bool = False
    created_at: dt.datetime | None = None
    refunds: tuple[ProviderRefund, ...] = field(default=())
    fee_minor: int | None = None
    disputes: tuple[ProviderDispute, ...] = field(default=())


@dataclass(frozen=True)
class KnownRefund:
    """A refund of ours as recorded; without a `ref`, a call of ours whose refund the provider has not shown yet.

    `is_unfinished`: the outcome of the call is not known.
    """

    key: str
    amount_minor: int
    ref: str = ""
    status: str = "pending"
    is_unfinished: bool = False


@dataclass(frozen=True)
class Known:
    """What our own books say of a payment, for a provider whose answers leave that out.

    `capture_minor` is what our capture asked for, 0 while there is none; amounts in minor units. Refunds are in
    the order in which they were begun. `unpaid_at` is the last moment the payment was known not to be held yet.
    """

    session_ref: str = ""
    amount_minor: int = 0
    currency: str = ""
    is_two_stage: bool = False
    held_since: dt.datetime | None = None
    unpaid_at: dt.datetime | None = None
    capture_minor: int = 0
    refunds: tuple[KnownRefund, ...] = ()


@dataclass(frozen=True)
class Limits:
    """The least and the most a provider charges at once, in minor units; `most_minor` None: no such limit is known."""

    least_minor: int = 1
    most_minor: int | None = None


class Provider(Protocol):
    """Every call may raise Declined, Unavailable or Misconfigured, and refuses to run inside a transaction.

    `can_end_checkout` is False where a pay page ends by time alone. `limits` is known without asking anybody: by
    currency, and by `method` where the provider makes a difference. Stripe needs nothing of `known`.
    """

    name: str
    can_end_checkout: bool

    @staticmethod
    def limits(currency: str, method: str = "card") -> Limits: ...

    def open_checkout(self, request: CheckoutRequest, *, key: str) -> CheckoutSession: ...

    def end_checkout(self, session_ref: str, *, key: str) -> None: ...

    def capture(
        self, provider_ref: str, amount_minor: int, *, key: str, known: Known | None = None
    ) -> None: ...

    def void(self, provider_ref: str, *, key: str, known: Known | None = None) -> None: ...

    def refund(
        self, provider_ref: str, amount_minor: int, *, key: str, known: Known | None = None
    ) -> None: ...

    def fetch(
        self, *, session_ref: str, provider_ref: str, known: Known | None = None
    ) -> ProviderPayment: ...

    def submit_evidence(
        self, dispute_ref: str, evidence: Mapping[str, str], file: bytes | None, *, key: str
    ) -> None: ...

    def accept_dispute(self, dispute_ref: str, *, key: str) -> None: ...


def refuse_in_transaction() -> None:
    """A provider call must not hold a database transaction open. Raises: RuntimeError."""
    if connection.in_atomic_block:
        # Django's own rule for what must be outermost; the block around a test that is rolled back does not count.
        with transaction.atomic(durable=True):
            return
