"""Callbacks to notify_url: made and signed here, sent by the outbox; a hold's answer may decide it."""

import json
import logging
import uuid
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from sandbox.octo import holds, shapes, signing
from sandbox.octo.errors import OctoError
from sandbox.octo.gateway import Gateway, Payment

log = logging.getLogger("sandbox.octo")
Json = dict[str, Any]
LOOPBACK = ("127.0.0.1", "localhost", "::1")
REQUIRED = ("shop_transaction_id", "octo_payment_UUID", "status", "signature", "hash_key")
STOP_REPEATING = "waiting_user_action"  # sic


def is_allowed(gateway: Gateway, url: str) -> bool:
    """Only this machine, and hosts the environment names, ever get a callback."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and parts.hostname in (*LOOPBACK, *gateway.notify_hosts)


def notify(gateway: Gateway, payment: Payment, changes: Json | None = None) -> None:
    """Queue a callback about the payment as it is now; `changes` forge fields, signed unless they sign."""
    if not payment.notify_url:
        return
    body = _body(gateway, payment, changes or {})
    payment.callbacks += 1
    subject = f"{payment.uuid}:{body['status']}:{payment.callbacks}"
    gateway.outbox.put("octo", subject, str(body["status"]), payment.notify_url, json.dumps(body, indent=2))


def repeat(gateway: Gateway, uuid: str) -> None:
    """Say again that a hold waits for its decision, and plan to do so once more."""
    payment = gateway.payments[uuid]
    if payment.status != "waiting_for_capture" or payment.is_quiet:
        return
    notify(gateway, payment)
    plan_repeat(gateway, payment)


def plan_repeat(gateway: Gateway, payment: Payment) -> None:
    """From now, not from when it was due: a jump of the clock repeats once, not for every interval."""
    if gateway.behavior.repeat_seconds:
        gateway.later(gateway.clock.now() + gateway.behavior.repeat_seconds, "repeat", payment.uuid)


def answered(gateway: Gateway, subject: str, body: bytes) -> bool:
    """Take the answer to a callback; True if it decided a hold. Anything odd in it leaves the hold open."""
    ref, status, _ = subject.split(":")
    payment = gateway.payments.get(ref)
    if payment is None or status != "waiting_for_capture" or payment.status != status:
        return False
    answer = _parsed(body)
    verdict = answer.get("accept_status")
    if verdict == STOP_REPEATING:
        payment.is_quiet = True
    if verdict not in holds.VERDICTS:
        return False
    try:
        holds.decide(gateway, payment, str(verdict), answer.get("final_amount"))
    except OctoError as error:
        log.info("the answer to a callback was no decision: %s", error)
        return False
    if gateway.behavior.confirms_answer:
        notify(gateway, payment)
    return True


def _body(gateway: Gateway, payment: Payment, changes: Json) -> Json:
    body: Json = {
        "shop_transaction_id": payment.transaction_id,
        "octo_payment_UUID": payment.uuid,
        "status": payment.status,
        "hash_key": str(uuid.UUID(int=gateway.randomness.getrandbits(128), version=4)),
        **shapes.callback(gateway, payment),
        **changes,
    }
    body.setdefault("signature", _signature(gateway, payment, body))
    if gateway.behavior.notify_fields == "required":
        body = {name: value for name, value in body.items() if name in (*REQUIRED, *changes)}
    return body


def _signature(gateway: Gateway, payment: Payment, body: Json) -> str:
    shop = gateway.shops[payment.shop_id]
    named = str(body["octo_payment_UUID"]), str(body["status"])
    is_right = gateway.outbox.travel.signature == "right"
    if gateway.behavior.signature_scheme == "N":
        secret = shop.secret if is_right else "nobody knows this one"
        return signing.scheme_n(secret, str(body["hash_key"]), *named)
    return signing.scheme_u(shop.unique_key if is_right else "nobody knows this one", *named)


def _parsed(body: bytes) -> Json:
    try:
        data = json.loads(body, parse_float=Decimal)
    except (ValueError, InvalidOperation):
        return {}
    return data if isinstance(data, dict) else {}
