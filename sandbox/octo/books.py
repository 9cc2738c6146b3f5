"""The gateway's own view of its money, to compare with what the booking side believes."""

import re
from typing import Any

from sandbox.octo.gateway import Gateway, Payment

Json = dict[str, Any]
# <booking reference>[.<attempt>]-checkout-<n>, as Roomhold names its transactions.
OURS = re.compile(r"(.+?)(?:\.[0-9]+)?-checkout-[0-9]+")


def books(gateway: Gateway) -> Json:
    payments = [payment(gateway, one) for one in gateway.payments.values()]
    return {"payments": payments, "effects": dict(gateway.effects)}


def reference(transaction_id: str) -> str:
    """The booking's reference in a transaction id; the whole id where it is not one of ours."""
    match = OURS.fullmatch(transaction_id)
    return match[1] if match else transaction_id


def payment(gateway: Gateway, one: Payment) -> Json:
    """`account` is the platform's, or the number of another merchant's own shop."""
    return {
        "id": one.uuid,
        "reference": reference(one.transaction_id),
        "account": "platform" if one.shop_id == gateway.shop.id else one.shop_id,
        "mode": "test" if one.is_test else "live",
        "status": one.status,
        "currency": one.currency,
        "authorized_minor": one.authorized_minor,
        "captured_minor": one.captured_minor,
        "refunded_minor": one.refunded_minor,
    }
