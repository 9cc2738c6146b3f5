"""The messages of the run: events of payments that really are at the sandbox, each signed when it is sent.

One in five is a duplicate of one sent before, as a provider that heard no answer sends it again.
"""

import copy
import hashlib
import hmac
import json
import random
import time
from dataclasses import dataclass

PREFIX = "evt_load"
DUPLICATES = 0.2
# How many at once send messages, look around, and book.
SENDERS, LOOKERS, BOOKERS = 32, 4, 2


@dataclass(frozen=True)
class Message:
    """What is sent `due_seconds` after the start; `event_id` counts only once, however often it is sent."""

    event_id: str
    body: bytes
    due_seconds: float


def plan(real: list[dict], *, rate: int, seconds: int, seed: int = 4) -> list[Message]:
    """Return `rate * seconds` messages in the order they are due, made of the `real` events over and over."""
    choose = random.Random(seed)
    messages: list[Message] = []
    for number in range(rate * seconds):
        due = number / rate
        if messages and choose.random() < DUPLICATES:
            again = choose.choice(messages[-rate:])
            messages.append(Message(again.event_id, again.body, due))
        else:
            event = copy.deepcopy(real[number % len(real)])
            event["id"] = f"{PREFIX}{number:06}"
            messages.append(Message(event["id"], json.dumps(event).encode(), due))
    return messages


def signature(body: bytes, secret: str) -> str:
    """Return Stripe's header for a body sent now: HMAC-SHA256 of `<stamp>.<body>`."""
    stamp = int(time.time())
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"
