"""The gateway's own view of its money, to compare with what the booking side believes."""

import re
from typing import Any

from sandbox.octo.gateway import Gateway, Payment

Json = dict[str, Any]
# <booking reference>[.<attempt>]-checkout-<n>, as Roomhold names its transactions.
OURS = re.compile(r"(.+?)(?:\.[0-9]+)?-checkout-[0-9]+")


def books(gateway: Gateway) -> Json:
    payments = [payment(one) for one in gateway.payments.values()]
    return {"payments": payments, "effects": dict(gateway.effects)}


def reference(transaction_id: str) -> str:
    """The booking's reference in a transaction id; the whole id where it is not one of ours."""
    match = OURS.fullmatch(transaction_id)
    return match[1] if match else transaction_id


def payment(one: Payment) -> Json:
    return {
        "id": one.uuid,
        "reference": reference(one.transaction_id),
        "status": one.status,
        "currency": one.currency,
        "authorized_minor": one.authorized_minor,
        "captured_minor": one.captured_minor,
        "refunded_minor": one.refunded_minor,
    }
