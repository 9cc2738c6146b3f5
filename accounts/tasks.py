"""Workers' entry of accounts."""

import structlog
from celery import shared_task
from django.conf import settings
from django.utils.module_loading import import_string

from core.sweeps import Round

log = structlog.get_logger(__name__)


@shared_task
def sweep_retention() -> None:
    """Let every app forget what it has kept long enough; safe at any time, also twice at once."""
    with Round() as this:
        for path in settings.RETENTION:
            log.info("forgotten", by=path, rows=this.attempt(import_string(path), name=path))
