"""What the payments API gives; amounts are minor units, instants ISO 8601 with offset."""

import datetime as dt
from typing import Annotated, Literal

from ninja import Field, Schema
from pydantic import StringConstraints

from bookings.api.schemas import BookingOut, StatusName
from core.typed.json import line, prose


class SessionOut(Schema):
    """A pay page to send the guest to."""

    session_id: str
    payment_url: str
    client_secret: str | None = Field(
        description="For paying within a page; null where the guest is sent away"
    )
    status: Literal["created"]
    amount: str = Field(description="In major units, for people", examples=["150.00"])
    amount_minor: int
    currency: str
    payment_id: str


class VerifiedOut(BookingOut):
    outcome: Literal["authorized", "confirmed", "working", "failed", "expired", "late"]
    outcome_message: str


class PaymentOut(Schema):
    id: str
    booking: str = Field(description="The booking's reference")
    booking_status: StatusName
    provider: str
    status: Literal["CREATED", "AUTHORIZED", "CAPTURED", "VOIDED", "FAILED"]
    payment_reference: str
    payment_intent_id: str
    amount_minor: int
    authorized_minor: int
    captured_minor: int
    refunded_minor: int
    currency: str
    created_at: dt.datetime
    authorized_at: dt.datetime | None
    captured_at: dt.datetime | None
    capture_before: dt.datetime | None


class RefundIn(Schema):
    """What to give back and why; `currency`, where given, must be the payment's."""

    amount_minor: Annotated[int, Field(strict=True, ge=1, le=10**15)] | None = Field(
        default=None, description="Minor units; without it all that is left"
    )
    reason: Annotated[str, prose(500)] = Field(default="", description="Required; for the guest to read")
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] | None = None
    as_credit: bool = Field(default=False, description="As a credit for later bookings, not to the card")

    model_config = {"extra": "forbid"}


class RefundOut(Schema):
    """A refund that was decided; how far it has come is told by the booking's `refunds`."""

    booking: str
    payment_id: str
    refund_minor: int
    left_minor: int = Field(description="What could go back after it")
    due_minor: int = Field(description="What the booking costs now")
    currency: str
    reason: str
    decided_at: dt.datetime
    status: Literal["decided"]


class CreditIn(Schema):
    code: Annotated[str, line(40)] = ""


class CreditUsedOut(BookingOut):
    credit_minor: int = Field(description="What the credit paid")
