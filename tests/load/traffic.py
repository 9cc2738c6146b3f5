"""Locust's part: the provider that sends, guests who look around, and guests who book and pay.

Reads its orders from LOAD_ORDERS (a JSON file of tests.load.stage) and leaves LOAD_RESULT. A message that was not
answered with 2xx is sent again, as a provider does.
"""

import datetime as dt
import heapq
import json
import os
import random
import time
import uuid
from pathlib import Path

import gevent
from locust import FastHttpUser, between, constant, events, task

from tests.load.events import BOOKERS, LOOKERS, SENDERS, Message, plan, signature

ORDERS = json.loads(Path(os.environ["LOAD_ORDERS"]).read_text()) if "LOAD_ORDERS" in os.environ else {}
RETRY_SECONDS = 2.0
TIMEOUT_SECONDS = 10.0


class Post:
    """What is still to be sent, and what was accepted."""

    def __init__(self, messages: list[Message]) -> None:
        self.messages, self.next = messages, 0
        self.again: list[tuple[float, int]] = []
        self.under_way = 0
        self.accepted: set[str] = set()
        self.answers: dict[str, int] = {}
        self.began, self.ended = 0.0, 0.0

    def take(self) -> tuple[float, int] | None:
        """Return (when it is due, which message), or None when all are sent and accepted."""
        now = time.monotonic() - self.began
        if self.again and (self.again[0][0] <= now or self.next >= len(self.messages)):
            return heapq.heappop(self.again)
        if self.next < len(self.messages):
            self.next += 1
            return self.messages[self.next - 1].due_seconds, self.next - 1
        return None

    def done(self, number: int, status: int) -> None:
        self.answers[str(status)] = self.answers.get(str(status), 0) + 1
        now = time.monotonic() - self.began
        if 200 <= status < 300:
            self.accepted.add(self.messages[number].event_id)
            self.ended = now
        else:
            heapq.heappush(self.again, (now + RETRY_SECONDS, number))

    @property
    def is_over(self) -> bool:
        return self.next >= len(self.messages) and not self.again and not self.under_way


POST = Post(plan(ORDERS["events"], rate=ORDERS["rate"], seconds=ORDERS["seconds"]) if ORDERS else [])
BOOKED: list[str] = []


@events.test_start.add_listener
def begin(environment, **_) -> None:
    POST.began = time.monotonic()
    Path(ORDERS["started"]).touch()
    gevent.spawn(_quit_when_over, environment)


def _quit_when_over(environment) -> None:
    while not POST.is_over:
        gevent.sleep(0.2)
    environment.runner.quit()


@events.quitting.add_listener
def report(environment, **_) -> None:
    entries = [
        {
            "name": entry.name, "method": entry.method, "requests": entry.num_requests,
            "failures": entry.num_failures, "p50_ms": entry.get_response_time_percentile(0.5),
            "p99_ms": entry.get_response_time_percentile(0.99), "max_ms": round(entry.max_response_time or 0),
        }
        for entry in environment.stats.entries.values()
    ]  # fmt: skip
    result = {
        "entries": sorted(entries, key=lambda entry: entry["name"]),
        "messages": len(POST.messages),
        "is_all_sent": POST.is_over,
        "answers": POST.answers,
        "accepted": sorted(POST.accepted),
        "sent_seconds": round(POST.ended, 1),
        "booked": BOOKED,
    }
    Path(os.environ["LOAD_RESULT"]).write_text(json.dumps(result))


class Provider(FastHttpUser):
    """Sends messages at their time, one after another; together they are the rate."""

    fixed_count = SENDERS
    wait_time = constant(0)
    network_timeout = connection_timeout = TIMEOUT_SECONDS

    @task
    def send(self) -> None:
        found = POST.take()
        if found is None:
            gevent.sleep(0.2)
            return
        due, number = found
        POST.under_way += 1
        try:
            gevent.sleep(max(0.0, due - (time.monotonic() - POST.began)))
            POST.done(number, self._post(POST.messages[number]))
        finally:
            POST.under_way -= 1

    def _post(self, message: Message) -> int:
        headers = {
            "Content-Type": "application/json",
            "Stripe-Signature": signature(message.body, ORDERS["secret"]),
        }
        now = time.monotonic() - POST.began
        name = (
            "webhook, before any fault"
            if now < ORDERS["calm_seconds"]
            else "webhook, from the first fault on"
        )
        return self.client.post(
            "/webhooks/stripe/", data=message.body, headers=headers, name=name
        ).status_code


class Looker(FastHttpUser):
    """Somebody who looks around."""

    fixed_count = LOOKERS
    wait_time = between(0.5, 1.5)
    network_timeout = connection_timeout = TIMEOUT_SECONDS

    @task(2)
    def search(self) -> None:
        first = _day()
        span = f"check_in={first}&check_out={first + dt.timedelta(days=2)}"
        self.client.get(f"/rooms/?q=Paris&{span}&guests=2", name="search page")

    @task(2)
    def room(self) -> None:
        self.client.get(f"/rooms/{random.choice(ORDERS['rooms'])}/", name="room page")

    @task(1)
    def availability(self) -> None:
        first = _day()
        span = f"from={first}&to={first + dt.timedelta(days=31)}"
        path = f"/api/v1/rooms/{random.choice(ORDERS['rooms'])}/availability?{span}"
        self.client.get(path, name="availability, API")


class Booker(FastHttpUser):
    """Somebody who books nights that others may want, too, and pays on the provider's page."""

    fixed_count = BOOKERS
    wait_time = between(0.5, 1.5)
    network_timeout = connection_timeout = TIMEOUT_SECONDS

    @task
    def book(self) -> None:
        first = _day()
        choice = {
            "room": random.choice(ORDERS["rooms"][:20]), "check_in": f"{first}",
            "check_out": f"{first + dt.timedelta(days=2)}", "party_size": 2,
        }  # fmt: skip
        self.client.post("/api/v1/quotes", json=choice, name="quote, API")
        guest = {"name": "Ada Guest", "email": f"{uuid.uuid4().hex[:12]}@example.org", "phone": ""}
        booking = self._insist("/api/v1/bookings", {**choice, "guest": guest}, "book, API")
        if not booking:
            return
        BOOKED.append(booking["reference"])
        path = f"/api/v1/bookings/{booking['reference']}/payment/session"
        session = self._insist(path, {}, "pay page, API", Authorization=f"Booking {booking['secret']}")
        if session:
            order = {"url": session["payment_url"], "card": "4242424242424242"}
            self.client.post(f"{ORDERS['sandbox']}/_control/pay", json=order, name="(pays at the provider)")

    def _insist(self, path: str, data: dict, name: str, **headers: str) -> dict | None:
        """Post until the server answers at all, under one key; None when it refuses, as for a room taken."""
        headers["Idempotency-Key"] = uuid.uuid4().hex
        for _ in range(20):
            with self.client.post(path, json=data, headers=headers, name=name, catch_response=True) as answer:
                if answer.status_code in (200, 201):
                    return answer.json()
                if answer.status_code == 409:
                    answer.success()
                    return None
            gevent.sleep(1)
        return None


def _day() -> dt.date:
    return dt.date.fromisoformat(ORDERS["first_day"]) + dt.timedelta(days=random.randrange(60))
