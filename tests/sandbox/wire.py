"""Short words for talking to an in-process sandbox the way the wire does."""

import json
from typing import Any
from urllib.parse import urlencode

from sandbox.wire import Response
from sandbox.world import World

AUTH = {"Authorization": "Bearer sk_test_inside"}


class Wire:
    """Form-encoded calls into the engine of a world, without a socket."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.engine = world.stripe.engine

    def call(self, method: str, path: str, *, key: str | None = None, **params: Any) -> Response:
        """`params` are flat wire names: {"amount": 5} or, through `raw`, {"metadata[a]": "b"}."""
        flat = {**params.pop("raw", {}), **params}
        headers = {**AUTH, **({"Idempotency-Key": key} if key else {})}
        text = urlencode(flat)
        if method == "GET":
            return self.engine.handle("GET", path, text, headers)
        return self.engine.handle(method, path, "", headers, text.encode())

    def post(self, path: str, *, key: str | None = None, **params: Any) -> Any:
        response = self.call("POST", path, key=key, **params)
        assert response.status == 200, response.body
        return response.json()

    def get(self, path: str, **params: Any) -> Any:
        response = self.call("GET", path, **params)
        assert response.status == 200, response.body
        return response.json()

    def error(self, method: str, path: str, status: int, *, key: str | None = None, **params: Any) -> Any:
        response = self.call(method, path, key=key, **params)
        assert response.status == status, response.body
        return response.json()["error"]

    def session(
        self, amount: int = 12_345, currency: str = "usd", *, capture: str = "manual", **more: Any
    ) -> Any:
        return self.post("/v1/checkout/sessions", raw=session_form(amount, currency, capture=capture), **more)

    def pay(self, session: Any, card: str = "4242424242424242", action: str = "pay") -> Any:
        return self.world.pay(session["url"], card, action)

    def held(self, amount: int = 12_345, currency: str = "usd", card: str = "4242424242424242") -> Any:
        """A paid session's intent, its money held."""
        return self.paid(amount, currency, card, capture="manual")

    def paid(
        self,
        amount: int = 12_345,
        currency: str = "usd",
        card: str = "4242424242424242",
        capture: str = "automatic",
    ) -> Any:
        session = self.session(amount, currency, capture=capture)
        assert self.pay(session, card)["result"] == "succeeded"
        session = self.get(f"/v1/checkout/sessions/{session['id']}")
        return self.get(f"/v1/payment_intents/{session['payment_intent']}")

    def charge_of(self, intent: Any) -> Any:
        fresh = self.get(f"/v1/payment_intents/{intent['id']}", raw={"expand[0]": "latest_charge"})
        return fresh["latest_charge"]

    def events(self) -> list[str]:
        """The types of all events, oldest first."""
        return [event["type"] for event in self.world.stripe.account.all("event").values()]

    def sent(self) -> list[Any]:
        """The events that webhooks carry now."""
        return [json.loads(message.body) for message in self.world.outbox.take_due()]


def session_form(amount: int, currency: str = "usd", *, capture: str = "manual") -> dict[str, Any]:
    return {
        "mode": "payment",
        "line_items[0][quantity]": 1,
        "line_items[0][price_data][currency]": currency,
        "line_items[0][price_data][unit_amount]": amount,
        "line_items[0][price_data][product_data][name]": "Sea room, 2 nights",
        "payment_intent_data[capture_method]": capture,
        "payment_intent_data[metadata][booking_reference]": "RH-TEST1",
        "allowed_payment_method_types[0]": "card",
        "client_reference_id": "RH-TEST1",
        "metadata[booking_reference]": "RH-TEST1",
        "success_url": "http://shop.test/return?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://shop.test/cancel",
    }
