"""Stripe as the control layer sees it: one account, its API, its page, its books and its signatures."""

import random
from collections.abc import Callable
from typing import Any, Protocol

from sandbox.clock import Clock
from sandbox.faults import FaultBook
from sandbox.journal import Journal
from sandbox.outbox import Outbox
from sandbox.settings import Settings
from sandbox.stripe import books, orders, signing, visit
from sandbox.stripe.account import Account
from sandbox.stripe.engine import Engine

Json = dict[str, Any]
WRONG_SECRET = "whsec_nobody_knows_this_one"
USER_AGENT = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"


class Surroundings(Protocol):
    """What the account lives in."""

    settings: Settings
    clock: Clock
    faults: FaultBook
    journal: Journal
    outbox: Outbox

    def real(self) -> float: ...

    def on_change(self) -> None: ...


class Stripe:
    """One test account."""

    name = "stripe"

    def __init__(self, world: Surroundings, randomness: random.Random) -> None:
        self._world = world
        settings = world.settings
        self.account = Account(
            clock=world.clock,
            outbox=world.outbox,
            webhook_url=settings.webhook_url,
            page_base=settings.base_url,
            settlement=settings.stripe_settlement,
            payouts=settings.stripe_payouts,
            randomness=randomness,
        )
        self.engine = Engine(self.account, world.faults, world.journal, lambda: world.on_change())

    def tick(self) -> None:
        self.engine.tick()

    def reset(self) -> None:
        self.engine.reset()

    def snapshot(self) -> Json:
        return self.engine.snapshot()

    def restore(self, data: Json) -> None:
        self.engine.restore(data)

    def books(self) -> Json:
        with self.engine.lock:
            self.engine.tick()
            return books.books(self.account)

    def pay(self, url: str, card: str, action: str) -> Json | None:
        return visit.pay(self.engine, url, card, action)

    def pay_intent(self, ref: str, card: str, action: str, return_url: str = "") -> Json | None:
        return visit.pay_intent(self.engine, ref, card, action, return_url)

    def order(self, what: Callable[[Account, Json], Json], order: Json) -> Json:
        """Have one of orders.py happen. Raises: BadOrder."""
        return orders.obeyed(self.engine, what, order)

    def webhook_headers(self, body: bytes, *, is_right: bool) -> dict[str, str]:
        secrets = list(self._world.settings.webhook_secrets) if is_right else [WRONG_SECRET]
        return {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signing.signature_header(body, secrets, int(self._world.real())),
            "User-Agent": USER_AGENT,
        }
