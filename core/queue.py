"""Rings workers without ever failing the caller: a message is a doorbell, the sweeps find what it missed."""

import time

import structlog
from celery import current_app
from django.db import transaction

log = structlog.get_logger(__name__)

# After a failed publish, don't make every request wait for the same dead Redis.
QUIET_SECONDS = 2.0
_quiet_until = 0.0


def ring(task: str, *args: object) -> None:
    """Publish the task of that name once the transaction has committed; an unreachable broker is swallowed.

    By name, since services must not import the tasks that call them.
    """
    transaction.on_commit(lambda: ring_now(task, *args), robust=True)


def ring_now(task: str, *args: object) -> bool:
    """Publish at once; return whether the broker took it."""
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return False
    try:
        current_app.send_task(task, args=args)
    except Exception as error:  # kombu and redis raise a dozen kinds; none may reach a guest
        _quiet_until = time.monotonic() + QUIET_SECONDS
        log.warning("doorbell_failed", task=task, error=type(error).__name__)
        return False
    return True
