"""What Stripe's answers mean: its objects turned into our words. Asks nobody, and needs nothing of the library."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from core.money import exponent, round_minor
from payments.providers.base import ProviderDispute, ProviderPayment, ProviderRefund, State

if TYPE_CHECKING:
    import stripe

# How an inquiry and a chargeback stand; a word not listed is somebody else's turn.
DISPUTE_WORDS = {
    "needs_response": "needs_response",
    "under_review": "under_review",
    "won": "won",
    "lost": "lost",
    "warning_needs_response": "inquiry",
    "warning_under_review": "inquiry",
    "warning_closed": "closed",
    "prevented": "closed",
    "appeal_needs_response": "needs_response",
    "appeal_under_review": "under_review",
}

# A guest may still pay an intent in these states.
PAYABLE = ("requires_payment_method", "requires_confirmation", "requires_action", "processing")


# A hold whose charge does not say how long it lasts (Link, and whatever else a page may come to offer) is trusted no
# longer than the shortest window Stripe lists for any card: 4 days and 18 hours.
SHORTEST_HOLD = dt.timedelta(days=4, hours=18)


@dataclass(frozen=True)
class More:
    """What a charge lists beside itself, read already: it may take further calls."""

    refunds: tuple[ProviderRefund, ...] = ()
    disputes: tuple[ProviderDispute, ...] = ()


NOTHING_MORE = More()


def read_session(session: "stripe.checkout.Session", more: More = NOTHING_MORE) -> ProviderPayment:
    """Turn a Checkout session, its charge expanded as in SHOWN, into our words."""
    if intent := getattr(session, "payment_intent", None):
        return replace(
            read_intent(intent, more, is_expired=session.status == "expired"),
            session_ref=session.id,
            is_session_open=session.status == "open",
        )
    return ProviderPayment(
        state=State.FAILED if session.status == "expired" else State.OPEN,
        session_ref=session.id,
        is_session_open=session.status == "open",
        amount_minor=session.amount_total or 0,
        currency=(session.currency or "").upper(),
        reference=_text(_plain(getattr(session, "metadata", None)), "booking_reference"),
        is_live=session.livemode,
    )


def read_intent(
    intent: "stripe.PaymentIntent", more: More = NOTHING_MORE, *, is_expired: bool = False
) -> ProviderPayment:
    """Turn a payment intent, its charge expanded as in SHOWN, into our words.

    `is_expired`: its pay page is closed, so nobody can pay it any more.
    """
    charge = getattr(intent, "latest_charge", None)
    metadata = _plain(getattr(intent, "metadata", None))
    captured = getattr(intent, "amount_received", 0) or 0
    capturable = getattr(intent, "amount_capturable", 0) or 0
    return ProviderPayment(
        state=_state(intent, charge, is_expired=is_expired),
        session_ref=intent.id,
        is_session_open=intent.status in PAYABLE,
        provider_ref=intent.id,
        charge_ref=charge.id if charge else "",
        amount_minor=intent.amount,
        currency=intent.currency.upper(),
        authorized_minor=intent.amount if capturable or captured else 0,
        captured_minor=captured,
        capture_before=_capture_before(intent, charge),
        card_brand=_text(_card(charge), "brand"),
        card_last4=_text(_card(charge), "last4"),
        failure_code=_failure(intent),
        reference=_text(metadata, "booking_reference"),
        is_live=intent.livemode,
        payment_id=_text(metadata, "payment_id"),
        is_two_stage=intent.capture_method == "manual",
        created_at=instant(intent.created),
        refunds=more.refunds,
        fee_minor=_fee(charge),
        disputes=more.disputes,
    )


def read_dispute(dispute: "stripe.Dispute", currency: str) -> ProviderDispute:
    """Turn a dispute into our words; `currency` is its charge's."""
    movements = dispute.balance_transactions
    details = _plain(dispute.evidence_details)
    due_by = details.get("due_by")
    status = DISPUTE_WORDS.get(dispute.status, "under_review")
    return ProviderDispute(
        ref=dispute.id,
        status=status,
        amount_minor=dispute.amount,
        reason=dispute.reason or "",
        withdrawn_minor=dispute.amount if any(one.amount < 0 for one in movements) else 0,
        fee_minor=sum(in_currency(one.fee, one, currency) for one in movements),
        due_by=instant(due_by) if isinstance(due_by, int) and due_by else None,
        opened_at=instant(dispute.created),
        # An inquiry that was answered and became a chargeback waits for an answer once more.
        has_evidence=bool(details.get("submission_count")) and not dispute.status.endswith("needs_response"),
        evidence_file_ref=_text(_plain(dispute.evidence), "uncategorized_file"),
    )


def read_refund(refund: "stripe.Refund") -> ProviderRefund:
    """Turn a refund into our words."""
    return ProviderRefund(
        ref=refund.id,
        amount_minor=refund.amount,
        status={"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}.get(
            refund.status or "", "pending"
        ),
        key=_text(_plain(getattr(refund, "metadata", None)), "operation"),
        bank_reference=_bank_reference(refund),
        failure_reason=getattr(refund, "failure_reason", None) or "",
    )


def _capture_before(intent: "stripe.PaymentIntent", charge: "stripe.Charge | None") -> dt.datetime | None:
    """Return until when a hold may be taken; None of what is no hold."""
    until = _card(charge).get("capture_before")
    if isinstance(until, int) and until:
        return instant(until)
    is_held = intent.status == "requires_capture"
    return instant(charge.created) + SHORTEST_HOLD if charge is not None and is_held else None


def _card(charge: "stripe.Charge | None") -> Mapping[str, object]:
    return _within(getattr(charge, "payment_method_details", None), "card")


def _state(intent: "stripe.PaymentIntent", charge: "stripe.Charge | None", *, is_expired: bool) -> State:
    if intent.status == "requires_capture":
        return State.AUTHORIZED
    if intent.status == "succeeded":
        return State.CAPTURED
    if intent.status == "canceled":
        return State.VOIDED if charge is not None and charge.status == "succeeded" else State.FAILED
    if is_expired and intent.status != "processing":
        return State.FAILED
    return State.OPEN


def _failure(intent: "stripe.PaymentIntent") -> str:
    error = _plain(getattr(intent, "last_payment_error", None))
    return _text(error, "decline_code") or _text(error, "code")


def _fee(charge: "stripe.Charge | None") -> int | None:
    """The processing fee, where the charge's balance transaction is there already; later charge.updated tells."""
    if charge is None or not charge.captured:
        return None
    movement = getattr(charge, "balance_transaction", None)
    if movement is None or isinstance(movement, str):
        return None
    return in_currency(movement.fee, movement, charge.currency)


def in_currency(amount_minor: int, movement: "stripe.BalanceTransaction", currency: str) -> int:
    """Write an amount of a balance transaction, which is in the account's currency, in the charge's."""
    if movement.currency == currency or not movement.exchange_rate:
        return amount_minor
    factor = Decimal(10) ** (exponent(currency) - exponent(movement.currency))
    return round_minor(Decimal(amount_minor) / Decimal(str(movement.exchange_rate)) * factor)


def _bank_reference(refund: "stripe.Refund") -> str:
    return _text(_within(getattr(refund, "destination_details", None), "card"), "reference")


def _within(value: object, name: str) -> Mapping[str, object]:
    """Return an object in an object; empty where it is not there."""
    return _plain(_plain(value).get(name))


def _plain(value: object) -> Mapping[str, object]:
    found = value.to_dict() if hasattr(value, "to_dict") else value
    return found if isinstance(found, Mapping) else {}


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def instant(epoch: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(epoch, dt.UTC)
