"""What the payments API gives; amounts are minor units, instants ISO 8601 with offset."""

import datetime as dt
from typing import Literal

from ninja import Field, Schema

from bookings.schemas import BookingOut, StatusName


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
