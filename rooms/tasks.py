"""Workers' entry of rooms."""

import structlog
from celery import shared_task

from rooms.photos import draw_missing

log = structlog.get_logger(__name__)


@shared_task
def draw_renditions() -> None:
    """Draw the smaller pictures that photos lack; safe at any time, also twice at once."""
    log.info("renditions_drawn", photos=draw_missing())
