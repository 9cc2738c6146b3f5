"""set_accept: the merchant's decision about a hold. It has no idempotency key: a second one is refused."""

from typing import Any

from sandbox.octo import callbacks, holds, shapes
from sandbox.octo.errors import NOT_FOUND, OctoError
from sandbox.octo.gateway import Gateway, Payment, Shop

Json = dict[str, Any]


def set_accept(gateway: Gateway, shop: Shop, body: Json) -> Json:
    payment = named(gateway, shop, body)
    holds.decide(gateway, payment, body.get("accept_status", ""), body.get("final_amount"))
    callbacks.notify(gateway, payment)
    return shapes.decided(gateway, payment)


def named(gateway: Gateway, shop: Shop, body: Json) -> Payment:
    """The payment of octo_payment_UUID. Raises: OctoError for none, or another shop's."""
    payment = gateway.payments.get(str(body.get("octo_payment_UUID")))
    if payment is None or payment.shop_id != shop.id:
        raise OctoError(NOT_FOUND, "Payment not found")
    return payment
