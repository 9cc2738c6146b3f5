"""A guest's whole visit to a pay page in one call, as the control layer asks for it."""

import re
from typing import Any
from urllib.parse import urlsplit

from sandbox.octo import charging
from sandbox.octo.engine import Engine
from sandbox.octo.gateway import Gateway, Payment
from sandbox.octo.guest import return_url
from sandbox.paypages import BadVisit, bare, is_plausible

Json = dict[str, Any]
ACTIONS = ("pay", "fail_3ds", "leave_3ds", "abandon", "cancel")


def pay(engine: Engine, url: str, number: str, action: str) -> Json | None:
    """Visit a pay page: {"result", "return_url"}; None when `url` is no page of this gateway.

    Results: succeeded, declined (the payment is canceled, and the guest is back at the shop), requires_action
    (code or bank page were left open), abandoned, canceled (gone back unpaid), and complete or expired for a
    payment that is over. Raises: BadVisit for an unknown action or a card that is no card.
    """
    match = re.fullmatch(r"/pay/([0-9a-f-]{36})(?:/answer)?", urlsplit(url).path)
    if match is None:
        return None
    if action not in ACTIONS:
        raise BadVisit(f"action must be one of {', '.join(ACTIONS)}")
    if not is_plausible(number):
        raise BadVisit("card must be a card number")
    with engine.lock:
        engine.tick()
        payment = engine.gateway.payments.get(match[1])
        result = _visit(engine.gateway, payment, bare(number), action) if payment else None
    engine.on_change()
    return result


def _visit(gateway: Gateway, payment: Payment, number: str, action: str) -> Json:
    if action == "abandon":
        return _result("abandoned", None)
    if not payment.is_open:
        return _result("expired" if payment.status == "canceled" else "complete", return_url(payment))
    if action == "cancel":
        return _result("canceled", return_url(payment))
    result = "requires_action" if payment.challenge else charging.attempt(gateway, payment, number)
    while result == "requires_action" and action != "leave_3ds":
        result = charging.answer(gateway, payment, is_right=action != "fail_3ds")
    return _result(result, None if result == "requires_action" else return_url(payment))


def _result(result: str, url: str | None) -> Json:
    return {"result": result, "return_url": url}
