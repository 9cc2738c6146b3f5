"""Signed messages as Stripe sends them: at a steady 200 a second, then as fast as they are taken."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice

from bench.data import connect, one_row
from bench.load import Address, Sample, closed_loop, open_loop, post

RATE = 200
CLIENTS = 32
FLAT_OUT_CLIENTS = 8
_numbers = count(1)  # no event twice, however often it is measured
COUNT = "SELECT count(*) FROM payments_webhookevent"


@dataclass(frozen=True)
class Ingest:
    """What came of it; every accepted message must be one row."""

    steady: Sample
    flat_out: Sample
    accepted: int
    rows: int


def ingest(address: Address, url: str, *, secret: str, seconds: float) -> Ingest:
    """Send messages for twice `seconds`. Raises: LoadError."""
    stream = messages(secret)
    before = _rows(url)
    warm_up = closed_loop(address, islice(stream, 200), clients=FLAT_OUT_CLIENTS, seconds=seconds)
    steady = open_loop(address, list(islice(stream, int(RATE * seconds))), rate=RATE, clients=CLIENTS)
    flat_out = closed_loop(address, stream, clients=FLAT_OUT_CLIENTS, seconds=seconds)
    accepted = sum(sample.statuses[200] for sample in (warm_up, steady, flat_out))
    return Ingest(steady, flat_out, accepted, _rows(url) - before)


def messages(secret: str) -> Iterator[bytes]:
    """Yield requests of different events without end, signed when they are asked for."""
    for number in _numbers:
        body = json.dumps(_event(number)).encode()
        yield post("/webhooks/stripe/", body, Stripe_Signature=signature(body, secret, int(time.time())))


def signature(body: bytes, secret: str, stamp: int) -> str:
    """Return the header by Stripe's scheme: HMAC-SHA256 of `<stamp>.<body>`."""
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


def _rows(url: str) -> int:
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(COUNT)
        return int(one_row(cursor)[0])


def _event(number: int) -> dict:
    intent = {
        "id": f"pi_bench{number:012}", "object": "payment_intent", "amount": 24000, "amount_capturable": 24000,
        "amount_received": 0, "capture_method": "manual", "currency": "eur", "livemode": False,
        "status": "requires_capture", "latest_charge": f"ch_bench{number:012}", "payment_method_types": ["card"],
        "metadata": {"booking_reference": f"BENCH{number}", "payment_id": f"{number:032x}"},
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}}, "created": 1790000000,
        "description": "A stay of two nights", "next_action": None, "last_payment_error": None, "customer": None,
        "shipping": None, "statement_descriptor": None, "transfer_data": None, "transfer_group": None,
    }  # fmt: skip
    return {
        "id": f"evt_bench{number:012}", "object": "event", "api_version": "2026-10-28", "created": 1790000000,
        "type": "payment_intent.amount_capturable_updated", "livemode": False, "pending_webhooks": 1,
        "request": {"id": f"req_{number:014}", "idempotency_key": None}, "data": {"object": intent},
    }  # fmt: skip
