"""Octo as the control layer sees it: its shops, its API, its page, its books and its callbacks."""

import random
import threading
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Protocol

from sandbox.clock import Clock
from sandbox.faults import FaultBook
from sandbox.journal import Journal
from sandbox.octo import books, callbacks, holds, refunds, visit
from sandbox.octo.behavior import BadOctoOrder, Behavior
from sandbox.octo.engine import Engine
from sandbox.octo.errors import OctoError
from sandbox.octo.gateway import Gateway, Payment, Shop
from sandbox.orders import BadOrder, amount_of, choice_of
from sandbox.outbox import Message, Outbox
from sandbox.settings import Settings

Json = dict[str, Any]
FORGEABLE = ("shop_transaction_id", "octo_payment_UUID", "status", "total_sum", "refunded_sum", "signature")


class Surroundings(Protocol):
    """What the gateway lives in."""

    settings: Settings
    clock: Clock
    faults: FaultBook
    journal: Journal
    outbox: Outbox

    def real(self) -> float: ...

    def on_change(self) -> None: ...


class Octo:
    """The gateway with the environment's shop, and those that tests add."""

    name = "octo"

    def __init__(self, world: Surroundings, randomness: random.Random, lock: threading.RLock) -> None:
        settings = world.settings
        self.gateway = Gateway(
            clock=world.clock,
            outbox=world.outbox,
            shop=Shop(settings.octo_shop_id, settings.octo_secret, settings.octo_unique_key),
            page_base=settings.base_url,
            notify_hosts=settings.octo_notify_hosts,
            first_behavior=Behavior(hold_minutes=settings.octo_hold_minutes),
            randomness=randomness,
        )
        self.engine = Engine(
            self.gateway,
            world.faults,
            world.journal,
            lock,
            real=lambda: world.real(),
            on_change=lambda: world.on_change(),
        )

    def tick(self) -> None:
        self.engine.tick()

    def reset(self) -> None:
        with self.engine.lock:
            self.gateway.reset()

    def snapshot(self) -> Json:
        return self.gateway.snapshot()

    def restore(self, data: Json) -> None:
        with self.engine.lock:
            self.gateway.restore(data)

    def books(self) -> Json:
        with self.engine.lock:
            self.engine.tick()
            return books.books(self.gateway)

    def pay(self, url: str, card: str, action: str) -> Json | None:
        return visit.pay(self.engine, url, card, action)

    def webhook_headers(self, body: bytes, *, is_right: bool) -> dict[str, str]:
        """The signature is in the body, made when the callback was queued."""
        return {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Octo sandbox"}

    def answered(self, message: Message, body: bytes) -> None:
        """A callback was taken with HTTP 2xx; its body may decide a hold."""
        with self.engine.lock:
            is_news = callbacks.answered(self.gateway, message.subject, body)
        if is_news:
            self.engine.on_change()

    def configure(self, order: Json) -> Json:
        """Turn switches of behavior.py; returns them all. Raises: BadOctoOrder."""
        with self.engine.lock:
            self.gateway.behavior = self.gateway.behavior.changed(order)
            return asdict(self.gateway.behavior)

    def add_shop(self, order: Json) -> Json:
        """Admit another merchant: {"shop_id", "secret", "unique_key"}. Raises: BadOctoOrder."""
        number, keys = order.get("shop_id"), [order.get("secret"), order.get("unique_key")]
        if type(number) is not int or number < 1:
            raise BadOctoOrder("shop_id must be a positive whole number")
        if not all(isinstance(key, str) and key for key in keys):
            raise BadOctoOrder("secret and unique_key must be texts")
        with self.engine.lock:
            self.gateway.shops[number] = Shop(number, *map(str, keys))
        self.engine.on_change()
        return {"shops": sorted(self.gateway.shops)}

    def cabinet(self, order: Json) -> Json:
        """A person at work in the bank's cabinet: {"action": refund | capture | cancel, "payment": uuid,
        "amount_minor"}. Returns the payment's books. Raises: BadOrder, also for what the gateway refuses.
        """
        action = choice_of(order, "action", ("refund", "capture", "cancel"))
        amount = amount_of(order)
        payment = self.gateway.payments.get(str(order.get("payment")))
        if payment is None:
            raise BadOrder("payment must be the uuid of a payment")
        with self.engine.lock:
            self.engine.tick()
            try:
                self._by_hand(payment, action, amount)
            except OctoError as error:
                raise BadOrder(str(error)) from error
        self.engine.on_change()
        return books.payment(self.gateway, payment)

    def _by_hand(self, payment: Payment, action: str, amount: int | None) -> None:
        if action == "refund":
            refunds.by_hand(self.gateway, payment, amount)
            return
        final = None if amount is None or action == "cancel" else Decimal(amount) / 100
        holds.decide(self.gateway, payment, action, final)
        callbacks.notify(self.gateway, payment)

    def call_back(self, order: Json) -> Json:
        """Send a callback of {"payment": uuid} now; any field may be forged. Raises: BadOctoOrder."""
        payment = self.gateway.payments.get(str(order.get("payment")))
        if payment is None:
            raise BadOctoOrder("payment must be the uuid of a payment")
        changes = {name: value for name, value in order.items() if name != "payment"}
        if unknown := set(changes) - set(FORGEABLE):
            raise BadOctoOrder(f"cannot forge {', '.join(sorted(unknown))}")
        with self.engine.lock:
            callbacks.notify(self.gateway, payment, changes)
        return {"ok": True}
