"""Sweeps after a lost Redis: more may wait than one batch, and one row's trouble must not hold up the rest."""

import pytest

from core import clock, sweeps
from payments import tasks
from payments.models import WebhookEvent

pytestmark = pytest.mark.django_db


def messages(count: int, **payload) -> None:
    """Messages whose doorbell was lost, about nothing of ours."""
    WebhookEvent.objects.bulk_create(
        WebhookEvent(
            provider="stripe", event_id=f"evt_{n}", type="customer.created", next_attempt_at=clock.now(),
            payload={"id": f"evt_{n}", "type": "customer.created", "livemode": False, "data": {}, **payload},
        )
        for n in range(count)
    )  # fmt: skip


def test_messages_beyond_one_batch_are_worked_off_in_one_round():
    messages(2 * sweeps.BATCH + 50)

    tasks.sweep_webhooks()

    assert not WebhookEvent.objects.filter(outcome="waiting").exists()


def test_round_ends_with_its_time(monkeypatch):
    messages(sweeps.BATCH + 1)
    monkeypatch.setattr(sweeps, "ROUND_SECONDS", -1)

    tasks.sweep_webhooks()

    assert WebhookEvent.objects.filter(outcome="waiting").count() == sweeps.BATCH + 1


def test_rows_that_stay_due_are_tried_once_a_round():
    messages(3)
    tried = []

    with sweeps.Round() as this:
        this.each(WebhookEvent.objects.filter(outcome="waiting").order_by("pk"), tried.append)

    assert len(tried) == len(set(tried)) == 3
