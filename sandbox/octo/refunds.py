"""refund: captured money given back, in one go or in parts, once for each shop_refund_id."""

from typing import Any

from sandbox.octo import callbacks, cards, money, shapes
from sandbox.octo.accept import named
from sandbox.octo.errors import FORMAT, REFUND_AMOUNT, STATUS, OctoError
from sandbox.octo.gateway import Gateway, Payment, Shop

Json = dict[str, Any]
PENDING_SECONDS = 3_600
LONGEST_ID = 255


def refund(gateway: Gateway, shop: Shop, body: Json) -> Json:
    payment = named(gateway, shop, body)
    ref = body.get("shop_refund_id")
    if not isinstance(ref, str) or not 0 < len(ref) <= LONGEST_ID:
        raise OctoError(FORMAT, "shop_refund_id must be a text")
    known = next((one for one in payment.refunds if one["shop_refund_id"] == ref), None)
    if known is not None:
        return _repeated(gateway, payment, known)
    if payment.status != "succeeded":
        raise OctoError(STATUS, f"Payment cannot be refunded, it is {payment.status}")
    amount = money.minor(body.get("amount"), "amount")
    _check_limits(gateway, payment, amount)
    return shapes.refund(payment, _made(gateway, payment, ref, amount))


def by_hand(gateway: Gateway, payment: Payment, amount: int | None) -> Json:
    """A refund made in the bank's cabinet; None gives back all that is left. Raises: OctoError."""
    if payment.status != "succeeded":
        raise OctoError(STATUS, f"Payment cannot be refunded, it is {payment.status}")
    amount = payment.captured_minor - payment.promised_minor if amount is None else amount
    _check_limits(gateway, payment, amount)
    return shapes.refund(payment, _made(gateway, payment, f"cabinet-{gateway.new_uuid()}", amount))


def complete(gateway: Gateway, uuid: str) -> None:
    """The oldest pending refund went through."""
    payment = gateway.payments[uuid]
    pending = next((one for one in payment.refunds if one["status"] == "pending"), None)
    if pending is not None:
        pending["status"] = "succeeded"
        _announce(gateway, payment)


def _made(gateway: Gateway, payment: Payment, ref: str, amount: int) -> Json:
    is_late = gateway.behavior.refund_result == "pending" or cards.find(payment.card).refund == "pending"
    made = {
        "id": gateway.new_uuid(),
        "shop_refund_id": ref,
        "amount_minor": amount,
        "status": "pending" if is_late else "succeeded",
        "at": gateway.now,
    }
    payment.refunds.append(made)
    gateway.count("refund")
    if is_late:
        gateway.later(gateway.now + PENDING_SECONDS, "refund", payment.uuid)
    else:
        _announce(gateway, payment)
    return made


def _repeated(gateway: Gateway, payment: Payment, known: Json) -> Json:
    if gateway.behavior.repeated_refund == "error":
        raise OctoError(FORMAT, "shop_refund_id was used before")
    return shapes.refund(payment, known)


def _check_limits(gateway: Gateway, payment: Payment, amount: int) -> None:
    limit = gateway.behavior.refund_limit_code
    if amount > payment.captured_minor - payment.promised_minor:
        raise OctoError(limit, "Wrong amount: more than is left of the payment")
    if amount < money.DOLLAR[payment.currency]:
        raise OctoError(REFUND_AMOUNT, "Wrong amount: below the smallest refund")
    if amount > money.LARGEST_REFUND.get(payment.currency, amount):
        raise OctoError(REFUND_AMOUNT, "Wrong amount: above the largest single refund")


def _announce(gateway: Gateway, payment: Payment) -> None:
    if gateway.behavior.announces_refund:
        callbacks.notify(gateway, payment)
