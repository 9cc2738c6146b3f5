"""Workers' entries of notifications: safe to run twice."""

from celery import shared_task

from core.queue import ring_now
from core.sweeps import Round
from notifications import services, venue_notices

BATCH = 200
# Few, and one after the other: a slow mail server has ten seconds for each answer.
NOTICES = 5


@shared_task(**services.TIME_LIMITS)
def deliver_one(delivery_id: int) -> None:
    """Send one queued message."""
    services.deliver(delivery_id)


@shared_task
def sweep_deliveries() -> None:
    """Ring for messages whose doorbell was lost or whose time to try again has come."""
    for delivery_id in services.due_deliveries(BATCH):
        # One task each, so that neither a slow mail server nor a mail that cannot be written keeps others waiting.
        if not ring_now(services.DELIVER_TASK, delivery_id):
            return


@shared_task
def sweep_notices() -> None:
    """Send the mails about venues and their teams that wait."""
    with Round() as this:
        for notice_id in venue_notices.due(NOTICES):
            this.attempt(venue_notices.send, notice_id, name=f"notice {notice_id}")
