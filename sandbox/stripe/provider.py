"""Stripe as the control layer sees it: an account in test and in live mode, its API, page, books and signatures."""

import random
import threading
from collections.abc import Callable
from typing import Any, Protocol

from sandbox.clock import Clock
from sandbox.faults import FaultBook
from sandbox.journal import Journal
from sandbox.orders import choice_of
from sandbox.outbox import Outbox
from sandbox.settings import Settings
from sandbox.stripe import authentication, books, orders, signing, visit
from sandbox.stripe.account import Account
from sandbox.stripe.engine import Engine
from sandbox.wire import lowered

Json = dict[str, Any]
MODES = ("test", "live")
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
    """The platform's account: its test and its live objects are two worlds, and a call's key says which it is for.

    `engine` and `account` are those of test mode, where all begin.
    """

    name = "stripe"

    def __init__(self, world: Surroundings, randomness: random.Random) -> None:
        self._world = world
        lock = threading.RLock()
        accounts = {mode: _account(world, randomness, is_live=mode == "live") for mode in MODES}
        accounts["test"].twin, accounts["live"].twin = accounts["live"], accounts["test"]
        self.engines = {
            mode: Engine(one, world.faults, world.journal, lock, lambda: world.on_change())
            for mode, one in accounts.items()
        }

    @property
    def engine(self) -> Engine:
        return self.engines["test"]

    @property
    def account(self) -> Account:
        return self.engine.account

    @property
    def accounts(self) -> list[Account]:
        return [engine.account for engine in self.engines.values()]

    def engine_for(self, headers: dict[str, str]) -> Engine:
        """The world a call is for, by its key."""
        return self.engines["live" if authentication.is_live(lowered(headers)) else "test"]

    def mode_of(self, *refs: str) -> str:
        """The mode in which one of these objects or pages exists; test where none does."""
        found = (mode for mode, engine in self.engines.items() if any(map(engine.account.knows, refs)))
        return next(found, "test")

    def tick(self) -> None:
        for engine in self.engines.values():
            engine.tick()

    def reset(self) -> None:
        for engine in self.engines.values():
            engine.reset()

    def snapshot(self) -> Json:
        return {mode: engine.snapshot() for mode, engine in self.engines.items()}

    def restore(self, data: Json) -> None:
        for mode, engine in self.engines.items():
            engine.restore(data[mode])

    def books(self) -> Json:
        with self.engine.lock:
            self.tick()
            return books.books(self.accounts)

    def pay(self, url: str, card: str, action: str) -> Json | None:
        results = (visit.pay(engine, url, card, action) for engine in self.engines.values())
        return next((result for result in results if result is not None), None)

    def pay_intent(self, ref: str, card: str, action: str, return_url: str = "") -> Json | None:
        engine = self.engines[self.mode_of(ref.partition("_secret_")[0])]
        return visit.pay_intent(engine, ref, card, action, return_url)

    def order(self, what: Callable[[Account, Json], Json], order: Json) -> Json:
        """Have one of orders.py happen, in the mode it names or else in that of what it names. Raises: BadOrder."""
        refs = [value for value in order.values() if isinstance(value, str)]
        mode = choice_of({"mode": self.mode_of(*refs), **order}, "mode", MODES)
        return orders.obeyed(self.engines[mode], what, order)

    def webhook_headers(self, body: bytes, *, is_right: bool) -> dict[str, str]:
        secrets = list(self._world.settings.webhook_secrets) if is_right else [WRONG_SECRET]
        return {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signing.signature_header(body, secrets, int(self._world.real())),
            "User-Agent": USER_AGENT,
        }


def _account(world: Surroundings, randomness: random.Random, *, is_live: bool) -> Account:
    settings = world.settings
    return Account(
        clock=world.clock,
        outbox=world.outbox,
        webhook_url=settings.webhook_url,
        page_base=settings.base_url,
        is_live=is_live,
        settlement=settings.stripe_settlement,
        payouts=settings.stripe_payouts,
        randomness=randomness,
    )
