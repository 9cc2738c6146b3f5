"""What payments forget: the words in providers' messages, after the time in which anybody asks about one."""

import datetime as dt
from typing import Any

from django.db import transaction

from core import clock
from payments.models import WebhookEvent

PAYLOADS_LIVE = dt.timedelta(days=90)
EMPTIED = "emptied"
BATCH = 500
# Texts that name no person. With numbers they tell still what a message was about, and let staff look again.
KEPT = frozenset(
    "id object type api_version account payment_intent charge currency status client_reference_id reason "
    "shop_transaction_id octo_payment_UUID uuid".split()
)


def forget(now: dt.datetime | None = None) -> int:
    """Empty old messages of all that may name a person; what keeps them apart stays. Returns how many."""
    old = WebhookEvent.objects.filter(received_at__lt=(now or clock.now()) - PAYLOADS_LIVE).exclude(
        outcome=WebhookEvent.Outcome.WAITING
    )
    done = 0
    while batch := _empty_some(old):
        done += batch
    return done


@transaction.atomic
def _empty_some(old: Any) -> int:
    rows = list(old.exclude(payload__has_key=EMPTIED).select_for_update(no_key=True).order_by("pk")[:BATCH])
    for row in rows:
        row.payload = {**emptied(row.payload), EMPTIED: True}
    WebhookEvent.objects.bulk_update(rows, ["payload"])
    return len(rows)


def emptied(value: Any, key: str = "") -> Any:
    """Return JSON with its numbers and the texts of KEPT; other texts are gone."""
    if isinstance(value, dict):
        return {name: emptied(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [emptied(item, key) for item in value]
    return "" if isinstance(value, str) and key not in KEPT else value
