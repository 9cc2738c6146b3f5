"""The wire of the account: authentication, idempotency, validation, faults and headers around each call.

Synchronous and without a server: one lock guards everything, so calls happen one after another.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from sandbox.faults import Fault, FaultBook
from sandbox.journal import Journal
from sandbox.stripe import (
    authentication,
    expand,
    files,
    forms,
    listing,
    methods,
    public,
    routes,
    schema,
    spoil,
    timers,
)
from sandbox.stripe.account import API_VERSION, Account
from sandbox.stripe.errors import StripeError
from sandbox.stripe.idempotency import Keys
from sandbox.wire import Request, Response, json_response, lowered

log = logging.getLogger("sandbox.stripe")
Json = dict[str, Any]


@dataclass
class Call:
    """One call under way: `response` is set when there is nothing left to do but to answer."""

    request: Request
    request_id: str
    key: str | None = None
    operation: str = "unknown"
    route: routes.Route | None = None
    refs: tuple[str, ...] = ()
    params: Json = field(default_factory=dict)
    fault: Fault | None = None
    response: Response | None = None
    is_claimed: bool = False
    is_public: bool = False  # made with a publishable key

    @property
    def delay_seconds(self) -> float:
        return self.fault.seconds if self.fault and self.fault.fault == "delay" else 0.0


class Engine:
    """The Stripe API in one mode. `handle` is all of it; a server that waits in between uses `open` and `finish`."""

    def __init__(
        self,
        account: Account,
        faults: FaultBook,
        journal: Journal,
        lock: threading.RLock,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.account = account
        self.faults = faults
        self.journal = journal
        self.keys = Keys()
        self.lock = lock
        self.on_change = on_change

    def handle(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> Response:
        """Answer one call at once; a fault that delays or breaks the answer is noted on the response."""
        return self.finish(self.open(Request(method, path, query, lowered(headers or {}), body)))

    def open(self, request: Request) -> Call:
        """Admit a call: check the key, draw its fault, claim its idempotency key. Nothing is done yet."""
        with self.lock:
            self.tick()
            call = Call(request, self.account.new_id("req_", 14))
            try:
                self._admit(call)
            except StripeError as error:
                call.response = self._error(call, error)
            return call

    def finish(self, call: Call) -> Response:
        """Do the work of an admitted call and make its answer."""
        with self.lock:
            self.tick()
            response = call.response or self._execute(call)
            response = spoil.spoiled(response, call.fault)
            response.delay_seconds = call.delay_seconds
            self._log(call, response)
        if call.request.method != "GET":
            self.on_change()
        return response

    def tick(self) -> None:
        """Let time do what is due."""
        with self.lock:
            if timers.fire(self.account):
                self.on_change()

    def reset(self) -> None:
        with self.lock:
            self.account.reset()
            self.keys.reset()

    def snapshot(self) -> Json:
        return {"account": self.account.snapshot(), "keys": self.keys.snapshot()}

    def restore(self, data: Json) -> None:
        with self.lock:
            self.account.restore(data["account"])
            self.keys.restore(data["keys"])

    def _admit(self, call: Call) -> None:
        request = call.request
        found = routes.find(request.method, unquote(request.path).rstrip("/"))
        if found:
            call.route, call.refs = found
            call.operation = call.route.operation
        call.is_public = authentication.check(request.headers)
        if found is None:
            raise StripeError(404, f"Unrecognized request URL ({request.method}: {request.path}).")
        if call.is_public and found[0].keys == "secret":
            raise authentication.secret_needed()
        call.fault = self.faults.draw("stripe", call.operation)
        if call.fault and spoil.is_before_the_work(call.fault) and call.fault.fault != "stored_500":
            call.response = self._broken(call)
            return
        call.params = _params(request)
        if request.method == "POST":
            self._claim(call)
        if call.fault and call.fault.fault == "stored_500" and call.response is None and not call.fault.after:
            call.response = self._broken(call)
            self._settle_key(call, 500, call.response.body, is_stored=True)

    def _claim(self, call: Call) -> None:
        call.key = call.request.headers.get("idempotency-key")
        if call.key is None:
            return
        endpoint = f"{call.request.method} {call.request.path}"
        now = self.account.now
        kept = self.keys.claim(call.key, endpoint, call.params, call.request_id, now)
        if kept is None:
            call.is_claimed = True
            return
        assert kept.status is not None
        headers = self._headers(call, should_retry=False, original=kept.request_id)
        headers["Idempotent-Replayed"] = "true"
        call.response = Response(kept.status, headers, kept.body.encode())

    def _execute(self, call: Call) -> Response:
        """Validate, do, answer; the key keeps the answer unless validation refused the call."""
        try:
            body = json_response(200, self._result(call)).body
            response = Response(200, self._headers(call, should_retry=False), body)
            is_stored = True
        except StripeError as error:
            response, is_stored = self._error(call, error), error.is_stored
        except Exception:
            log.exception("the sandbox failed on %s", call.operation)
            message = "An unknown error occurred in the sandbox"
            response, is_stored = self._error(call, StripeError(500, message, type="api_error")), True
        if call.fault and call.fault.fault == "stored_500" and call.fault.after:
            response, is_stored = self._broken(call), True
        self._settle_key(call, response.status, response.body, is_stored=is_stored)
        return response

    def _result(self, call: Call) -> Json:
        route, account = call.route, self.account
        assert route is not None
        rules = {"expand": schema.listed(schema.text(), 20), **route.rules}
        params = schema.check(call.params, rules)
        asked = [path for path in params.pop("expand", []) if path]
        paths = expand.paths_of(route.kind, asked, is_list=route.is_list)
        if route.is_list:
            return self._list(call, route, params, paths)
        assert route.handler is not None
        self._check_key(call, route, params)
        account.request = {"id": call.request_id, "idempotency_key": call.key}
        try:
            obj = route.handler(account, params, *call.refs)
            return public.visible(obj) if call.is_public else expand.shown(account, obj, paths)
        finally:
            account.request = None

    def _check_key(self, call: Call, route: routes.Route, params: Json) -> None:
        """A browser must know the secret of the intent it names; the merchant must not know card numbers."""
        secret = params.pop("client_secret", None)
        if call.is_public and call.refs:
            public.check(self.account, call.refs[0], secret)
        if route.keys == "publishable" and not call.is_public:
            raise methods.never_with_a_secret_key()

    def _list(self, call: Call, route: routes.Route, params: Json, paths: list[list[str]]) -> Json:
        source = route.source(self.account, *call.refs) if route.source else None
        objects = source if source is not None else self.account.all(route.kind).values()
        filters = {**(route.filters or {})}
        if route.kind == "item":
            filters["created"] = lambda account, obj, bounds: True  # lines carry no moment
        found, has_more = listing.page(self.account, objects, params, filters)
        data = [expand.shown(self.account, obj, paths) for obj in found]
        return {"object": "list", "data": data, "has_more": has_more, "url": call.request.path}

    def _settle_key(self, call: Call, status: int, body: bytes, *, is_stored: bool) -> None:
        if not (call.key and call.is_claimed):
            return
        if is_stored:
            self.keys.keep(call.key, status, body)
        else:
            self.keys.drop(call.key)

    def _broken(self, call: Call) -> Response:
        assert call.fault is not None
        return spoil.answer(call.fault, self._headers(call, should_retry=None))

    def _error(self, call: Call, error: StripeError) -> Response:
        retry = True if error.status == 409 else False if error.is_stored else None
        error = public.censored(error) if call.is_public else error
        return json_response(error.status, error.body(), self._headers(call, should_retry=retry))

    def _headers(
        self, call: Call, *, should_retry: bool | None, original: str | None = None
    ) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Request-Id": call.request_id,
            "Stripe-Version": call.request.headers.get("stripe-version", API_VERSION),
        }
        key = call.request.headers.get("idempotency-key")
        if call.request.method == "POST" and key is not None:
            headers |= {"Idempotency-Key": key, "Original-Request": original or call.request_id}
        if call.request.method == "POST" and should_retry is not None:
            headers["Stripe-Should-Retry"] = "true" if should_retry else "false"
        return headers

    def _log(self, call: Call, response: Response) -> None:
        self.journal.add(
            "stripe",
            call.operation,
            call.request.method,
            call.request.path,
            None if response.broken else response.status,
            at=self.account.now,
            request_id=call.request_id,
            mode=self.account.mode,
            idempotency_key=call.key,
            is_replayed="Idempotent-Replayed" in response.headers,
            fault=call.fault.fault if call.fault else None,
        )


def _params(request: Request) -> Json:
    if request.method != "POST":
        return forms.decode(request.query)
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("multipart/form-data"):
        return files.parts_of(request.body, content_type)
    return forms.decode(_text(request.body))


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise StripeError(400, "Invalid request: the body is not UTF-8") from error
