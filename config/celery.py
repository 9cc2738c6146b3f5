"""Celery: the app, and what every task's log lines carry."""

import os

import structlog
from celery import Celery
from celery.signals import setup_logging, task_failure, task_postrun, task_prerun

from config import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

broker.register()
app = Celery("roomhold")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**_kwargs: object) -> None:
    """Django's settings have set logging up; Celery must not replace it."""


@task_prerun.connect
def bind_task(task_id: str, task: object, **_kwargs: object) -> None:
    structlog.contextvars.clear_contextvars()
    name = getattr(task, "name", "")
    structlog.contextvars.bind_contextvars(task=name, request_id=task_id)
    from payments.monitoring import heartbeats  # the apps are loaded by now, and not when this module is

    heartbeats.began(name)


@task_failure.connect
def note_failure(sender: object, exception: BaseException, **_kwargs: object) -> None:
    from payments.monitoring import heartbeats

    heartbeats.ended(getattr(sender, "name", ""), f"{type(exception).__name__}: {exception}")


@task_postrun.connect
def unbind_task(task: object, state: str | None = None, **_kwargs: object) -> None:
    from payments.monitoring import heartbeats

    if state == "SUCCESS":
        heartbeats.ended(getattr(task, "name", ""))
    structlog.contextvars.clear_contextvars()
