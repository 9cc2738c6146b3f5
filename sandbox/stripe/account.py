"""One account in one mode: its objects, in wire shape with ids for what can be expanded, and its events."""

import heapq
import json
import random
import string
from dataclasses import dataclass, field
from typing import Any

from sandbox.clock import Clock
from sandbox.outbox import Outbox
from sandbox.stripe.errors import missing

API_VERSION = "2026-10-28.endive"
ALPHABET = string.ascii_letters + string.digits
Json = dict[str, Any]


@dataclass
class Account:
    """Objects by kind and id, oldest first. Every change goes through the engine's lock.

    An account's test and live objects are two worlds: `twin` is the other one, known for its name alone.
    `private` holds what the wire does not show (the card behind a payment method, a session's lines).
    `timers` is a heap of (moment, number, what, id); timers.py knows what each does.
    """

    clock: Clock
    outbox: Outbox
    webhook_url: str = ""
    page_base: str = ""
    is_live: bool = False
    twin: "Account | None" = None
    settlement: tuple[str, ...] = ("usd",)  # currencies it holds; a charge in any other becomes the first
    payouts: str = "daily"  # its own schedule, unless the dashboard has chosen another since
    randomness: random.Random = field(default_factory=random.SystemRandom)
    objects: dict[str, dict[str, Json]] = field(default_factory=dict)
    private: dict[str, Json] = field(default_factory=dict)
    timers: list[tuple[int, int, str, str]] = field(default_factory=list)
    effects: dict[str, int] = field(default_factory=dict)
    # Refunds, disputes and transfers of a charge, charges of an intent, reversals of a transfer.
    children: dict[str, list[str]] = field(default_factory=dict)
    moment: int | None = None  # while a timer fires: the time it was due
    request: Json | None = None  # id and idempotency key of the call under way, for its events
    _timer_count: int = 0

    @property
    def now(self) -> int:
        return self.moment if self.moment is not None else self.clock.now()

    @property
    def mode(self) -> str:
        return "live" if self.is_live else "test"

    def new_id(self, prefix: str, length: int = 24) -> str:
        return prefix + "".join(self.randomness.choices(ALPHABET, k=length))

    def all(self, kind: str) -> dict[str, Json]:
        return self.objects.setdefault(kind, {})

    def add(self, obj: Json) -> Json:
        if "livemode" in obj:
            obj["livemode"] = self.is_live
        self.all(obj["object"])[obj["id"]] = obj
        return obj

    def get(self, kind: str, ref: str, param: str) -> Json:
        """Raises: StripeError 404 `resource_missing`."""
        found = self.all(kind).get(ref)
        if found is None:
            raise missing(kind, ref, param, elsewhere=self._elsewhere(kind, ref))
        return found

    def one(self, kind: str, ref: str) -> Json:
        return self.all(kind)[ref]

    def knows(self, ref: str) -> bool:
        """Whether `ref` is an object of this mode, or the address of one of its pages."""
        return ref in self.private or any(ref in found for found in self.objects.values())

    def link(self, parent: str, child: str) -> None:
        self.children.setdefault(parent, []).append(child)

    def linked(self, parent: str, kind: str) -> list[Json]:
        """The children of one kind, oldest first."""
        found = self.all(kind)
        return [found[ref] for ref in self.children.get(parent, ()) if ref in found]

    def later(self, moment: int, what: str, ref: str) -> None:
        self._timer_count += 1
        heapq.heappush(self.timers, (moment, self._timer_count, what, ref))

    def count(self, effect: str) -> None:
        """Note something that changed the state of money or of a session; replays and refusals do not."""
        self.effects[effect] = self.effects.get(effect, 0) + 1

    def emit(self, kind: str, obj: Json, previous: Json | None = None) -> None:
        """Record an event with the object as it is now, and queue its webhook."""
        data: Json = {"object": copied(obj)}
        if previous is not None:
            data["previous_attributes"] = previous
        event = {
            "id": self.new_id("evt_"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now,
            "data": data,
            "livemode": False,
            "pending_webhooks": 1 if self.webhook_url else 0,
            "request": self.request or {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self.add(event)
        if self.webhook_url:
            self.outbox.put("stripe", str(event["id"]), kind, self.webhook_url, json.dumps(event, indent=2))

    def _elsewhere(self, kind: str, ref: str) -> str:
        """The name of the other mode, where an object that is missed here exists there."""
        return self.twin.mode if self.twin and ref in self.twin.all(kind) else ""

    def reset(self) -> None:
        for held in (self.objects, self.private, self.timers, self.effects, self.children):
            held.clear()

    def snapshot(self) -> Json:
        names = ("objects", "private", "timers", "effects", "children")
        return {name: getattr(self, name) for name in names}

    def restore(self, data: Json) -> None:
        for name in ("objects", "private", "effects", "children"):
            setattr(self, name, data[name])
        self.timers = [(moment, count, what, ref) for moment, count, what, ref in data["timers"]]
        heapq.heapify(self.timers)
        self._timer_count = max((timer[1] for timer in self.timers), default=0)


def copied(value: Any) -> Any:
    """A deep copy of what JSON can hold, many times faster than that of anything."""
    if isinstance(value, dict):
        return {name: copied(one) for name, one in value.items()}
    return [copied(one) for one in value] if isinstance(value, list) else value
