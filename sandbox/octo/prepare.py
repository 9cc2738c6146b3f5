"""prepare_payment: makes a payment once for each merchant's id, and tells how it fares ever after."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.octo import callbacks, money, shapes
from sandbox.octo.errors import (
    CURRENCY,
    FORMAT,
    METHOD,
    NO_NOTIFY_URL,
    SUM,
    TOO_OFTEN,
    OctoError,
)
from sandbox.octo.gateway import Gateway, Payment, Shop

Json = dict[str, Any]
STATUS_FIELDS = {"octo_shop_id", "octo_secret", "shop_transaction_id", "octo_payment_UUID"}
METHODS = ("bank_card", "uzcard", "humo")
LANGUAGES = ("uz", "ru", "en", "oz")
LONGEST_TTL = 5_000
DEFAULT_TTL = 15
LONGEST_TEXT = 255
SECONDS_BETWEEN_CHECKS = 1.0


def is_status_check(body: Json) -> bool:
    return set(body) <= STATUS_FIELDS


def prepare(gateway: Gateway, shop: Shop, body: Json, real: float) -> Json:
    """Create, or answer for the payment that has this id already, whatever else the body says."""
    ref = body.get("shop_transaction_id")
    if not isinstance(ref, str) or not 0 < len(ref) <= LONGEST_TEXT:
        raise OctoError(FORMAT, "shop_transaction_id must be a text")
    payment = gateway.find(shop.id, ref)
    if payment is None:
        if is_status_check(body):
            raise OctoError(FORMAT, "Required fields are missing: auto_capture, init_time, total_sum")
        payment = _created(gateway, shop, body)
    elif body.get("test", payment.is_test) != payment.is_test:
        # A payment of the other mode is never shown.
        raise OctoError(FORMAT, "shop_transaction_id is taken")
    elif is_status_check(body):
        _check_rate(gateway, payment, real)
    return shapes.payment(gateway, payment)


def expire(gateway: Gateway, uuid: str) -> None:
    """The pay page's time is over."""
    payment = gateway.payments[uuid]
    if payment.is_open:
        payment.status, payment.challenge = "canceled", ""
        gateway.count("expire")
        callbacks.notify(gateway, payment)


def _created(gateway: Gateway, shop: Shop, body: Json) -> Payment:
    _check_fields(body)
    is_one_stage = body["auto_capture"]
    notify_url = _notify_url(gateway, body.get("notify_url"), is_one_stage=is_one_stage)
    minutes = _ttl(body.get("ttl"))
    payment = Payment(
        uuid=gateway.new_uuid(),
        shop_id=shop.id,
        transaction_id=body["shop_transaction_id"],
        created_at=gateway.now,
        expires_at=gateway.now + minutes * 60,
        is_one_stage=is_one_stage,
        total_minor=money.minor(body["total_sum"], "total_sum"),
        currency=body["currency"],
        description=body["description"],
        return_url=body["return_url"],
        notify_url=notify_url,
        language=body.get("language", "uz"),
        is_test=body["test"],
    )
    gateway.add(payment)
    gateway.count("create")
    gateway.later(payment.expires_at, "expire", payment.uuid)
    return payment


def _check_fields(body: Json) -> None:
    """Raises: OctoError, in the order of the gateway's own numbers where it matters."""
    for name, kind in (("auto_capture", bool), ("test", bool), ("init_time", str), ("description", str)):
        if not isinstance(body.get(name), kind):
            raise OctoError(FORMAT, f"{name} is required")
    _check_time(body["init_time"])
    if not re.fullmatch(r"https?://\S+", str(body.get("return_url"))):
        raise OctoError(FORMAT, "return_url is required")
    if body.get("currency") not in money.CURRENCIES:
        raise OctoError(CURRENCY, "Wrong currency")
    total = money.minor(body.get("total_sum"), "total_sum")
    if body.get("language", "uz") not in LANGUAGES:
        raise OctoError(FORMAT, "language is unknown")
    user = body.get("user_data", {})
    if not isinstance(user, dict) or not all(isinstance(value, str) and value for value in user.values()):
        raise OctoError(FORMAT, "user_data must be an object of texts")
    _check_methods(body.get("payment_methods", []))
    if body.get("basket"):
        _check_basket(body["basket"], total)


def _check_time(value: str) -> None:
    try:
        datetime.strptime(value, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - the wire names no zone
    except ValueError as error:
        raise OctoError(FORMAT, "init_time must be YYYY-MM-DD HH:MM:SS") from error


def _check_methods(methods: Any) -> None:
    is_right = isinstance(methods, list) and all(
        isinstance(one, dict) and one.get("method") in METHODS for one in methods
    )
    if not is_right:
        raise OctoError(METHOD, "Payment method is not allowed")


def _check_basket(basket: Any, total: int) -> None:
    try:
        found = sum(Decimal(one["price"]) * one["count"] for one in basket)
    except (TypeError, KeyError, ArithmeticError) as error:
        raise OctoError(FORMAT, "basket items need position_desc, count and price") from error
    if found * 100 != total:
        raise OctoError(SUM, "The basket's sum differs from total_sum")


def _notify_url(gateway: Gateway, url: Any, *, is_one_stage: bool) -> str:
    if not url:
        if not is_one_stage:
            raise OctoError(NO_NOTIFY_URL, "notify_url is required when auto_capture is false")
        return ""
    if not isinstance(url, str) or not callbacks.is_allowed(gateway, url):
        raise OctoError(FORMAT, "notify_url is not an address this sandbox may call")
    return url


def _ttl(value: Any) -> int:
    if value is None:
        return DEFAULT_TTL
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LONGEST_TTL:
        raise OctoError(FORMAT, f"ttl must be a whole number of minutes up to {LONGEST_TTL}")
    return value


def _check_rate(gateway: Gateway, payment: Payment, real: float) -> None:
    last, payment.checked_at = payment.checked_at, real
    if gateway.behavior.limits_rate and 0 <= real - last < SECONDS_BETWEEN_CHECKS:
        raise OctoError(TOO_OFTEN, "Requests too often. Minimum delay is 1 second")
