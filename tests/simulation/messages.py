"""Webhooks: on their way, and in the inbox, where each is stored once."""

import datetime as dt
from typing import Any, NamedTuple

from payments.providers.base import ProviderPayment
from tests.simulation import rows
from tests.simulation.rows import stage


class Message(NamedTuple):
    """A provider's webhook on its way."""

    provider: str
    event_id: str
    page: Any
    what: str
    snapshot: ProviderPayment | None = None


def content(page: Any, now: dt.datetime) -> ProviderPayment | None:
    """What a message says of its payment: nothing here, as the product never reads it; see `plants.py`."""
    return None


def store(message: Message) -> int | None:
    """Insert a message once; returns its row's number where it is new."""
    table = stage.world.tables["WebhookEvent"]
    if is_known(table, message):
        return None
    payload = {"page": message.page.ref if message.page else ""}
    row = table.create(
        provider=message.provider, event_id=message.event_id, type="charge.x", payload=payload,
        snapshot=message.snapshot,
    )  # fmt: skip
    return row.pk


def is_known(table: rows.Table, message: Message) -> bool:
    return any(row.event_id == message.event_id for row in table)
