"""Short words for talking to the in-process Octo the way the wire does."""

import json
from typing import Any

from sandbox.settings import Settings
from sandbox.wire import Response
from sandbox.world import World

NOTIFY = "http://127.0.0.1:9/webhooks/octo/"
VISA = "4242424242424242"
UZCARD = "8600000000000007"
WHO = {"octo_shop_id": Settings.octo_shop_id, "octo_secret": Settings.octo_secret}


class OctoWire:
    """JSON calls into the engine of a world, without a socket, as the environment's shop."""

    def __init__(self, world: World) -> None:
        self.world = world

    def call(self, path: str, **fields: Any) -> Response:
        body = json.dumps({**WHO, **fields}).encode()
        return self.world.octo.engine.handle("POST", f"/{path}", body)

    def post(self, path: str, **fields: Any) -> Any:
        response = self.call(path, **fields)
        answer = response.json()
        assert (response.status, answer["error"]) == (200, 0), answer
        return answer["data"]

    def error(self, path: str, **fields: Any) -> int:
        """The number of a refusal, which is an envelope without data."""
        response = self.call(path, **fields)
        answer = response.json()
        assert (response.status, answer["data"]) == (200, None), answer
        assert answer["errMessage"] == answer["errorMessage"] != ""
        return int(answer["error"])

    def create(self, ref: str = "RH1-checkout-1", **changes: Any) -> Any:
        return self.post("prepare_payment", **order(ref, **changes))

    def status(self, ref: str = "RH1-checkout-1") -> Any:
        return self.post("prepare_payment", shop_transaction_id=ref)

    def pay(self, payment: Any, card: str = VISA, action: str = "pay") -> Any:
        return self.world.pay(payment["octo_pay_url"], card, action)

    def held(self, ref: str = "RH1-checkout-1", **changes: Any) -> Any:
        return self._paid(ref, auto_capture=False, **changes)

    def paid(self, ref: str = "RH1-checkout-1", card: str = VISA, **changes: Any) -> Any:
        return self._paid(ref, card, auto_capture=True, **changes)

    def accept(self, payment: Any, verdict: str, **more: Any) -> Any:
        return self.post("set_accept", **named(payment), accept_status=verdict, **more)

    def refund(self, payment: Any, amount: float, ref: str = "RH1-refund-1") -> Any:
        return self.post("refund", **named(payment), shop_refund_id=ref, amount=amount)

    def configure(self, **switches: Any) -> None:
        self.world.octo.configure(switches)

    def callbacks(self) -> list[Any]:
        """The callbacks due now."""
        return [json.loads(message.body) for message in self.world.outbox.take_due()]

    @property
    def effects(self) -> Any:
        return self.world.books()["octo"]["effects"]

    def _paid(self, ref: str, card: str = VISA, **changes: Any) -> Any:
        payment = self.create(ref, **changes)
        assert self.pay(payment, card)["result"] == "succeeded"
        return payment


def named(payment: Any) -> dict[str, Any]:
    return {"octo_payment_UUID": payment["octo_payment_UUID"]}


def order(ref: str = "RH1-checkout-1", **changes: Any) -> dict[str, Any]:
    """A whole prepare_payment; a change to None leaves the field out."""
    fields = {
        "shop_transaction_id": ref,
        "auto_capture": True,
        "test": True,
        "init_time": "2026-11-21 15:00:00",
        "total_sum": 500_000,
        "currency": "UZS",
        "description": "Sea room, 2 nights",
        "return_url": "http://shop.test/return?booking=RH1",
        "notify_url": NOTIFY,
        "language": "en",
        "ttl": 15,
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}
