"""Webhooks on their way out: what is queued, held, dropped, doubled, shuffled, tried again or given up.

The queue is passive: someone takes what is due, sends it and reports the outcome. The web server does so
over HTTP; an in-process user may do it by hand and with its own time.
"""

import random
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

MODES = ("normal", "hold", "drop", "duplicate", "shuffle")
RETRY_SECONDS = (1, 2, 4, 8, 16, 32, 60, 60, 60)  # a real provider spreads its tries over days
SHUFFLE_WINDOW_SECONDS = 1.0
SETTLED = ("delivered", "failed", "dropped")


@dataclass
class Message:
    """One webhook to send: `due_at` in the sender's seconds; each attempt is signed afresh."""

    id: int
    provider: str
    subject: str
    kind: str
    url: str
    body: str
    due_at: float
    status: str = "queued"  # queued, sending, held, dropped, delivered, failed
    attempts: int = 0
    last_answer: str = ""


@dataclass
class Travel:
    """How webhooks travel from now on; `signature` "wrong" signs with a secret nobody knows."""

    mode: str = "normal"
    copies: int = 2
    delay_seconds: float = 0.0
    signature: str = "right"


@dataclass
class Outbox:
    """The queue, guarded by one lock; `now` gives the sender's seconds."""

    now: Callable[[], float]
    travel: Travel = field(default_factory=Travel)
    messages: dict[str, list[Message]] = field(default_factory=dict)  # by subject
    on_change: Callable[[], None] = lambda: None
    randomness: random.Random = field(default_factory=lambda: random.Random(20))
    _last_id: int = 0
    _live: dict[int, Message] = field(default_factory=dict)  # those not settled yet, by id
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def put(self, provider: str, subject: str, kind: str, url: str, body: str) -> None:
        """Queue one event the way the present mode says; `subject` is the provider's event id."""
        with self._lock:
            mode = self.travel.mode
            for _ in range(self.travel.copies if mode == "duplicate" else 1):
                self._last_id += 1
                due_at = self.now() + self.travel.delay_seconds
                if mode == "shuffle":
                    due_at += self.randomness.uniform(0, SHUFFLE_WINDOW_SECONDS)
                message = Message(self._last_id, provider, subject, kind, url, body, due_at)
                message.status = {"hold": "held", "drop": "dropped"}.get(mode, "queued")
                self._file(message)
        self.on_change()

    def take_due(self) -> list[Message]:
        """Claim every message whose time has come, in order; each must be reported by `sent`."""
        with self._lock:
            now = self.now()
            due = [one for one in self._live.values() if one.status == "queued" and one.due_at <= now]
            due.sort(key=lambda message: (message.due_at, message.id))
            for message in due:
                message.status = "sending"
                message.attempts += 1
            return due

    def next_due(self) -> float | None:
        with self._lock:
            return min((one.due_at for one in self._live.values() if one.status == "queued"), default=None)

    def sent(self, message: Message, *, is_accepted: bool, answer: str) -> None:
        """Record one attempt: any 2xx settles the message, anything else is tried again for a while."""
        with self._lock:
            message.last_answer = answer
            if is_accepted:
                message.status = "delivered"
            elif message.attempts > len(RETRY_SECONDS):
                message.status = "failed"
            else:
                message.status = "queued"
                message.due_at = self.now() + RETRY_SECONDS[message.attempts - 1]
            if message.status in SETTLED:
                self._live.pop(message.id, None)
                message.body = ""  # never sent again, and long histories are heavy
        self.on_change()

    def release(self, order: str = "created") -> int:
        """Let the held messages go, in the order "created", "reversed" or "shuffled"; returns how many."""
        with self._lock:
            held = [message for message in self._live.values() if message.status == "held"]
            if order == "reversed":
                held.reverse()
            elif order == "shuffled":
                self.randomness.shuffle(held)
            now = self.now()
            for position, message in enumerate(held):
                message.status = "queued"
                message.due_at = now - (len(held) - position) * 1e-4  # due now, in the order asked for
        self.on_change()
        return len(held)

    def of(self, subject: str) -> list[Message]:
        with self._lock:
            return list(self.messages.get(subject, ()))

    def is_live(self, message: Message) -> bool:
        return message.id in self._live

    def pending(self, subject: str) -> int:
        return sum(message.status not in SETTLED for message in self.of(subject))

    def is_delivered(self, subject: str) -> bool:
        """True when nothing was to be sent, or it arrived."""
        messages = self.of(subject)
        return not messages or any(message.status == "delivered" for message in messages)

    def reset(self) -> None:
        with self._lock:
            self.messages.clear()
            self._live.clear()
            self.travel = Travel()
            self.randomness.seed(20)
        self.on_change()

    def snapshot(self) -> dict[str, Any]:
        with self._lock:
            messages = [asdict(message) for copies in self.messages.values() for message in copies]
            return {"travel": asdict(self.travel), "messages": messages, "last_id": self._last_id}

    def restore(self, data: dict[str, Any]) -> None:
        with self._lock:
            self.travel = Travel(**data["travel"])
            self._last_id = data["last_id"]
            self.messages.clear()
            self._live.clear()
            for fields in data["messages"]:
                message = Message(**fields)
                if message.status == "sending":  # its answer was lost with the old process
                    message.status = "queued"
                self._file(message)

    def _file(self, message: Message) -> None:
        self.messages.setdefault(message.subject, []).append(message)
        if message.status not in SETTLED:
            self._live[message.id] = message
