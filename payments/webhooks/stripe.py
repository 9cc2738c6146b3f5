"""Stripe's messages on their way in: what each is about, and why one that is not followed is set aside."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q

from payments.models import Payment, PaymentSettings, Payout

PAYMENT, TRANSFER, ACCOUNT = "payment", "transfer", "account"

# What a type of message is about; the first row that fits counts. Each means no more than: look there again.
ABOUT = (
    # completed, expired, async_payment_succeeded, async_payment_failed
    ("checkout.session.", PAYMENT),
    # created, amount_capturable_updated, succeeded, canceled, payment_failed, …
    ("payment_intent.", PAYMENT),
    # succeeded, failed, captured, refunded, expired, updated, refund.updated; dispute.created, .updated,
    # .funds_withdrawn, .funds_reinstated, .closed
    ("charge.", PAYMENT),
    # created, updated, failed
    ("refund.", PAYMENT),
    # created, updated, reversed
    ("transfer.", TRANSFER),
    ("account.updated", ACCOUNT),
)
NOT_FOLLOWED = (
    ("payout.", "about money between Stripe and our own bank"),
    ("account.", "about a change of an account that moves no money"),
)


@dataclass(frozen=True)
class Subject:
    """What a message is about: a payment, a payout, or a connected account; or why it is ignored or parked."""

    payment: Payment | None = None
    payout: Payout | None = None
    account_ref: str = ""
    ignored: str = ""
    parked: str = ""


def subject_of(payload: dict[str, Any]) -> Subject:
    """Read a stored event. What is not ours is ignored; what claims to be ours and is not is parked."""
    about = next((kind for start, kind in ABOUT if str(payload.get("type")).startswith(start)), "")
    data = payload.get("data")
    thing = _dict(data.get("object")) if isinstance(data, dict) else {}
    if not about:
        return Subject(ignored=_why_not_followed(str(payload.get("type"))))
    found = {PAYMENT: _payment, TRANSFER: _transfer, ACCOUNT: _account}[about](thing)
    if found.ignored or found.parked:
        return found
    if bool(payload.get("livemode")) != settings.STRIPE_IS_LIVE:
        return Subject(payment=found.payment, parked="live and test mode mixed")
    if about == PAYMENT and payload.get("account"):
        # Payments are taken on the platform's account; a venue's own account cannot pay for a booking.
        return Subject(payment=found.payment, parked="a payment on another account")
    return found


def _why_not_followed(kind: str) -> str:
    return next((why for start, why in NOT_FOLLOWED if kind.startswith(start)), "not about a payment")


def _payment(thing: dict[str, Any]) -> Subject:
    metadata = _dict(thing.get("metadata"))
    reference = metadata.get("booking_reference")
    payment = _find_payment(thing, metadata)
    if payment is None:
        return (
            Subject(parked="no such payment here") if reference else Subject(ignored="not a payment of ours")
        )
    if reference and reference != payment.booking.reference:
        return Subject(payment=payment, parked="names another booking than its payment's")
    return Subject(payment=payment)


def _find_payment(thing: dict[str, Any], metadata: dict[str, Any]) -> Payment | None:
    refs = [ref for name in ("id", "payment_intent", "charge") if (ref := _ref(thing.get(name)))]
    rows = Payment.objects.select_related("booking")
    known = Q(session_ref__in=refs) | Q(provider_ref__in=refs) | Q(charge_ref__in=refs)
    if payment := rows.filter(known).first():
        return payment
    try:
        return rows.filter(
            public_id=metadata.get("payment_id") or "", booking__reference=metadata.get("booking_reference")
        ).first()
    except (ValueError, TypeError, ValidationError):
        return None


def _transfer(thing: dict[str, Any]) -> Subject:
    refs, key = _ref(thing.get("id")), _ref(thing.get("transfer_group"))
    payouts = Payout.objects.filter(method=Payout.Method.STRIPE)
    payout = payouts.filter(Q(provider_ref=refs) | Q(key=key)).first() if refs else None
    return Subject(payout=payout) if payout else Subject(ignored="not a transfer of ours")


def _account(thing: dict[str, Any]) -> Subject:
    ref = _ref(thing.get("id"))
    if not ref or not PaymentSettings.objects.filter(stripe_account_ref=ref).exists():
        return Subject(ignored="not an account of a venue")
    return Subject(account_ref=ref)


def _ref(value: Any) -> str:
    """An id, or the id of an object sent whole; anything else is none."""
    ref = value.get("id") if isinstance(value, dict) else value
    return ref if isinstance(ref, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
