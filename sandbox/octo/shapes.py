"""What payments and refunds look like on the wire."""

from typing import Any

from sandbox.octo import cards
from sandbox.octo.gateway import Gateway, Payment, wall_time
from sandbox.octo.money import major

Json = dict[str, Any]
FEE_PERCENT = 3
DEPRECATED = "The fields outside of data are deprecated and will be removed."


def envelope(data: Json | None, *, code: int = 0, message: str | None = None, is_doubled: bool) -> Json:
    """The one shape of all answers; `data` is null, not absent, on errors."""
    twins = dict(data or {}) if is_doubled else {}
    base = {"error": code, "errMessage": message, "errorMessage": message, "data": data}
    return {**twins, **base, "apiMessageForDevelopers": DEPRECATED}


def payment(gateway: Gateway, one: Payment) -> Json:
    return {
        "shop_transaction_id": one.transaction_id,
        "octo_payment_UUID": one.uuid,
        "status": one.status,
        "octo_pay_url": gateway.page_url(one),
        "refunded_sum": major(one.refunded_minor),
        "total_sum": major(shown_total(gateway, one)),
    }


def decided(gateway: Gateway, one: Payment) -> Json:
    """The answer to a decision: the payment, and what will be paid out for it."""
    return {**payment(gateway, one), **_paid_out(one)}


def refund(one: Payment, refund: Json) -> Json:
    return {
        "octo_payment_UUID": one.uuid,
        "refund_id": refund["id"],
        "refund_time": wall_time(refund["at"]),
        "status": refund["status"],
    }


def callback(gateway: Gateway, one: Payment) -> Json:
    """The optional fields of a callback."""
    fields = {"total_sum": major(shown_total(gateway, one)), "refunded_sum": major(one.refunded_minor)}
    if not one.paid_at:
        return fields
    card = cards.find(one.card)
    return {
        **fields,
        **_paid_out(one),
        "card_country": "UZ" if card.kind in ("uzcard", "humo") else "US",
        "maskedPan": card.masked,
        "rrn": f"{one.paid_at % 10**12:012d}",
        "riskLevel": 0,
        "card_type": card.kind,
        "is_physical_card": True,
        "currency": one.currency,
    }


def shown_total(gateway: Gateway, one: Payment) -> int:
    if one.captured_minor and not gateway.behavior.keeps_total:
        return one.captured_minor
    return one.total_minor


def _paid_out(one: Payment) -> Json:
    net = one.captured_minor - (one.captured_minor * FEE_PERCENT + 50) // 100
    return {"transfer_sum": major(net), "payed_time": wall_time(one.paid_at) if one.paid_at else None}
