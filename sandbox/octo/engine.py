"""The wire of the gateway: JSON in and out, who may call, validation and faults around each call.

Synchronous and without a server: one lock guards everything, so calls happen one after another.
"""

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.faults import Fault, FaultBook
from sandbox.journal import Journal
from sandbox.octo import accept, prepare, refunds, shapes, spoil, timers
from sandbox.octo.errors import AUTH, FORMAT, INTERNAL, OctoError
from sandbox.octo.gateway import Gateway, Shop
from sandbox.wire import Request, Response, json_response

log = logging.getLogger("sandbox.octo")
Json = dict[str, Any]
PATHS = ("/prepare_payment", "/set_accept", "/refund")
AMOUNTS = ("total_sum", "final_amount", "amount")


@dataclass
class Call:
    """One call under way: `response` is set when there is nothing left to do but to answer."""

    request: Request
    operation: str
    body: Json = field(default_factory=dict)
    error: OctoError | None = None
    fault: Fault | None = None
    response: Response | None = None

    @property
    def delay_seconds(self) -> float:
        return self.fault.seconds if self.fault and self.fault.fault == "delay" else 0.0

    @property
    def identity(self) -> str:
        """The merchant's own id of what is asked for; empty where the call has none."""
        name = {"prepare_payment": "shop_transaction_id", "refund": "shop_refund_id"}.get(self.operation, "")
        return f"{self.operation} {self.body[name]}" if self.body.get(name) else ""


class Engine:
    """Octo's API. `handle` is all of it; a server that waits in between uses `open` and `finish`."""

    def __init__(
        self,
        gateway: Gateway,
        faults: FaultBook,
        journal: Journal,
        lock: threading.RLock,
        real: Callable[[], float],
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.gateway = gateway
        self.faults = faults
        self.journal = journal
        self.lock = lock
        self.real = real
        self.on_change = on_change

    def handle(self, method: str, path: str, body: bytes = b"") -> Response:
        """Answer one call at once; a fault that delays or breaks the answer is noted on the response."""
        return self.finish(self.open(Request(method, path, body=body)))

    def open(self, request: Request) -> Call:
        """Read a call and draw its fault. Nothing is done yet."""
        with self.lock:
            self.tick()
            call = Call(request, request.path.strip("/"))
            try:
                call.body = _parsed(request.body)
            except OctoError as error:
                call.error = error
            if call.operation == "prepare_payment" and call.body and prepare.is_status_check(call.body):
                call.operation = "check_status"
            if request.path not in PATHS or request.method != "POST":
                call.response = Response(404, {"Content-Type": "text/html"}, b"<html>Not Found</html>\n")
                return call
            self._spoil(call)
            return call

    def finish(self, call: Call) -> Response:
        """Do the work of a call and make its answer."""
        with self.lock:
            self.tick()
            response = call.response or spoil.spoiled(self._execute(call), call.fault)
            response.delay_seconds = call.delay_seconds
            self._log(call, response)
        if call.operation != "check_status":
            self.on_change()
        return response

    def tick(self) -> None:
        """Let time do what is due."""
        with self.lock:
            if timers.fire(self.gateway):
                self.on_change()

    def _spoil(self, call: Call) -> None:
        call.fault = self.faults.draw("octo", call.operation)
        if call.fault and spoil.is_before_the_work(call.fault):
            call.response = spoil.answer(call.fault)
            if call.fault.fault == "stored_500" and call.identity:
                self.gateway.stored.add(call.identity)
        elif call.identity in self.gateway.stored:
            call.response = spoil.internal_error()

    def _execute(self, call: Call) -> Response:
        try:
            if call.error:
                raise call.error
            data = self._result(call, self._shop(call.body))
        except OctoError as error:
            call.error = error
            return json_response(200, self._envelope(None, code=error.code, message=str(error)))
        except Exception:
            log.exception("the sandbox failed on %s", call.operation)
            return json_response(200, self._envelope(None, code=INTERNAL, message="Internal error"))
        return json_response(200, self._envelope(data))

    def _result(self, call: Call, shop: Shop) -> Json:
        if call.operation == "set_accept":
            return accept.set_accept(self.gateway, shop, call.body)
        if call.operation == "refund":
            return refunds.refund(self.gateway, shop, call.body)
        return prepare.prepare(self.gateway, shop, call.body, self.real())

    def _shop(self, body: Json) -> Shop:
        """Who calls. Raises: OctoError."""
        number = body.get("octo_shop_id")
        if type(number) is not int:
            raise OctoError(FORMAT, "octo_shop_id must be a number")
        shop = self.gateway.shops.get(number)
        if shop is None:
            raise OctoError(AUTH, "no_shop_found")
        if body.get("octo_secret") != shop.secret:
            raise OctoError(AUTH, "Wrong secret")
        return shop

    def _envelope(self, data: Json | None, code: int = 0, message: str | None = None) -> Json:
        is_doubled = self.gateway.behavior.duplicates_data
        return shapes.envelope(data, code=code, message=message, is_doubled=is_doubled)

    def _log(self, call: Call, response: Response) -> None:
        amount = next((call.body[name] for name in AMOUNTS if name in call.body), None)
        self.journal.add(
            "octo",
            call.operation,
            call.request.method,
            call.request.path,
            None if response.broken else response.status,
            at=self.gateway.now,
            error=call.error.code if call.error else 0,
            amount=str(amount) if amount is not None else None,  # as it was written
            fields=sorted(set(call.body) - {"octo_secret"}),
            ref=call.body.get("shop_transaction_id") or call.body.get("octo_payment_UUID"),
            fault=call.fault.fault if call.fault else None,
        )


def _parsed(body: bytes) -> Json:
    try:
        data = json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except ValueError as error:  # also bytes that are no UTF-8
        raise OctoError(FORMAT, "The body is not JSON") from error
    if not isinstance(data, dict):
        raise OctoError(FORMAT, "The body must be an object")
    return data


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")
