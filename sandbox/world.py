"""The whole sandbox without a server: its clock, its faults, its outgoing webhooks and its providers."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from sandbox.clock import Clock
from sandbox.faults import FaultBook
from sandbox.journal import Journal
from sandbox.octo.provider import Octo
from sandbox.outbox import Message, Outbox
from sandbox.pusher.provider import Pusher
from sandbox.settings import Settings
from sandbox.stripe.provider import Stripe

Json = dict[str, Any]


class Provider(Protocol):
    """What the control layer asks of each provider."""

    name: str

    def tick(self) -> None:
        """Let time do what is due."""

    def reset(self) -> None:
        """Forget everything."""

    def snapshot(self) -> Json:
        """All that must survive a restart, as JSON."""

    def restore(self, data: Json) -> None:
        """Take back a snapshot."""

    def books(self) -> Json | None:
        """Its view of the money, or None where it holds none."""

    def pay(self, url: str, card: str, action: str) -> Json | None:
        """Act as the guest on one of its pages; None when `url` is not one of them."""

    def webhook_headers(self, body: bytes, *, is_right: bool) -> dict[str, str]:
        """Headers of one delivery attempt, signed now."""


class World:
    """One sandbox. `real` and `randomness` are injected where a test brings its own time and luck."""

    def __init__(
        self,
        settings: Settings,
        real: Callable[[], float] = time.time,
        randomness: random.Random | None = None,
    ) -> None:
        self.settings = settings
        self.real = real
        self.on_change: Callable[[], None] = lambda: None
        self.clock = Clock(file=settings.clock_file, real=real)
        self.faults = FaultBook(self.clock.now)
        self.journal = Journal()
        self.outbox = Outbox(real, on_change=self._changed)
        randomness = randomness or random.SystemRandom()
        self.stripe = Stripe(self, randomness)
        self.octo = Octo(self, randomness, self.stripe.engine.lock)
        self.pusher = Pusher(settings, self.faults, self.journal, real)
        self.providers: tuple[Provider, ...] = (self.stripe, self.octo, self.pusher)

    def tick(self) -> None:
        for provider in self.providers:
            provider.tick()

    def advance(self, seconds: int) -> None:
        """Move the clock and let all that became due happen. Raises: ValueError when it would run back."""
        self.clock.advance(seconds)
        self.tick()
        self._changed()

    def reset(self) -> None:
        self.clock.reset()
        self.faults.clear()
        self.journal.clear()
        self.outbox.reset()
        for provider in self.providers:
            provider.reset()
        self._changed()

    def books(self) -> Json:
        found = {provider.name: provider.books() for provider in self.providers}
        return {name: books for name, books in found.items() if books is not None}

    def pay(self, url: str, card: str, action: str) -> Json | None:
        for provider in self.providers:
            result = provider.pay(url, card, action)
            if result is not None:
                return result
        return None

    def webhook_headers(self, message: Message) -> dict[str, str]:
        """Sign one attempt, with real time, as the provider of the message does."""
        provider = next(one for one in self.providers if one.name == message.provider)
        is_right = self.outbox.travel.signature == "right"
        return provider.webhook_headers(message.body.encode(), is_right=is_right)

    def answered(self, message: Message, body: bytes) -> None:
        """A webhook was accepted; Octo reads the answer, which may decide a hold."""
        if message.provider == self.octo.name:
            self.octo.answered(message, body)

    def snapshot(self) -> Json:
        state = {provider.name: provider.snapshot() for provider in self.providers}
        return {"offset": self.clock.offset, "outbox": self.outbox.snapshot(), "providers": state}

    def restore(self, data: Json) -> None:
        self.clock.restore(data["offset"])
        self.outbox.restore(data["outbox"])
        for provider in self.providers:
            if provider.name in data["providers"]:
                provider.restore(data["providers"][provider.name])

    def _changed(self) -> None:
        self.on_change()


def state_file(settings: Settings) -> Path | None:
    return settings.state_dir / "sandbox.json" if settings.state_dir else None
