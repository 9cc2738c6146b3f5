"""Rows for tests of the ledger and of payouts: bookings and payments written as `sync` would have left them."""

import datetime as dt
import itertools
import uuid
from decimal import Decimal

from django.db import transaction

from bookings.models import Booking
from core import clock
from payments.ledger import posting as ledger
from payments.models import Credit, Dispute, Payment, PaymentSettings, Provider, Refund
from rooms.models import Room, Venue
from tests.support import factories

_numbers = itertools.count(1)

BANK = {
    "account_holder": "Hôtel de la Paix", "bank_account": "FR1420041010050500013M02606", "bank_code": "BNPAFRPP",
}  # fmt: skip


def payable_venue(**fields) -> Venue:
    """A venue with bank details, paid out 24 hours after a booking's start."""
    settings = fields.pop("settings", {})
    venue = factories.venue(**fields)
    PaymentSettings.objects.create(venue=venue, **{**BANK, **settings})
    return venue


def booking(
    *,
    room: Room | None = None,
    venue: Venue | None = None,
    total_minor: int = 10_000,
    tax_minor: int = 0,
    fee_percent: str = "10",
    days_ago: float = 3,
    **fields,
) -> Booking:
    """A confirmed booking that began some days ago, made without its journey."""
    room = room or factories.room(venue=venue)
    starts_at = clock.now() - dt.timedelta(days=days_ago)
    n = next(_numbers)
    defaults = {
        "venue": room.venue, "guest_name": f"Guest {n}", "guest_email": f"guest{n}@example.org", "status": "CONFIRMED",
        "starts_at": starts_at, "ends_at": starts_at + dt.timedelta(days=1), "time_zone": room.venue.time_zone,
        "approval": room.approval, "capture": room.capture, "currency": room.venue.currency, "due_minor": total_minor,
        "submission_key": uuid.uuid4().hex, "submission_digest": "-",
    }  # fmt: skip
    return Booking.objects.create(
        room=room,
        total_minor=total_minor,
        tax_minor=tax_minor,
        fee_percent=Decimal(fee_percent),
        **{**defaults, **fields},
    )


@transaction.atomic
def captured(
    booking: Booking,
    amount_minor: int | None = None,
    *,
    provider: str = Provider.STRIPE,
    fee_minor: int = 0,
    **fields,
) -> Payment:
    """A payment of the booking, held and taken, as the ledger has it."""
    amount = booking.total_minor if amount_minor is None else amount_minor
    payment = Payment.objects.create(
        booking=booking, provider=provider, n=booking.payments.count() + 1, status="CAPTURED", is_two_stage=True,
        currency=booking.currency, amount_minor=amount, authorized_minor=amount, captured_minor=amount,
        **fields,
    )  # fmt: skip
    kept = ledger.kept_minor(booking, payment.is_live)
    if provider not in ledger.BY_HAND:
        ledger.post_authorize(payment, booking)
    ledger.post_capture(payment, booking, kept_before_minor=kept)
    ledger.post_processing_fee(payment, booking, fee_minor)
    return payment


@transaction.atomic
def refunded(payment: Payment, amount_minor: int, **fields) -> Refund:
    refund = Refund.objects.create(
        payment=payment,
        provider_ref=uuid.uuid4().hex,
        amount_minor=amount_minor,
        status="succeeded",
        **fields,
    )
    kept = ledger.kept_minor(payment.booking, payment.is_live)
    ledger.post_refund(refund, payment.booking, kept_before_minor=kept)
    return refund


@transaction.atomic
def came_back(refund: Refund) -> None:
    booking = refund.payment.booking
    refund.status = Refund.Status.FAILED
    refund.save()
    ledger.post_refund_failed(
        refund, booking, kept_before_minor=ledger.kept_minor(booking, refund.payment.is_live)
    )


@transaction.atomic
def disputed(payment: Payment, amount_minor: int, *, fee_minor: int = 0) -> Dispute:
    dispute = Dispute.objects.create(
        payment=payment, provider_ref=uuid.uuid4().hex, status=Dispute.Status.NEEDS_RESPONSE,
        amount_minor=amount_minor, withdrawn_minor=amount_minor, fee_minor=fee_minor,
    )  # fmt: skip
    ledger.post_dispute_withdrawn(dispute, payment.booking)
    ledger.post_dispute_fee(dispute, payment.booking)
    return dispute


@transaction.atomic
def ended(dispute: Dispute, status: str) -> None:
    """The case ends: `won` or `lost`."""
    booking = dispute.payment.booking
    dispute.status, dispute.closed_at = status, clock.now()
    dispute.save()
    if status == Dispute.Status.WON:
        ledger.post_dispute_won(dispute, booking)
    else:
        kept = ledger.kept_minor(booking, dispute.payment.is_live)
        ledger.post_dispute_lost(dispute, booking, kept_before_minor=kept)


@transaction.atomic
def credited(booking: Booking, amount_minor: int, *, code: str = "") -> Credit:
    credit = Credit.objects.create(
        code=code or uuid.uuid4().hex[:20], booking=booking, guest_email=booking.guest_email, currency=booking.currency,
        amount_minor=amount_minor, reason="The card is closed.",
    )  # fmt: skip
    kept = ledger.kept_minor(booking, credit.is_live)
    ledger.post_credit_given(credit, booking, kept_before_minor=kept)
    return credit
