"""When each sweep last ran: written around every run, read by /healthz and the money page, alarmed when late."""

import datetime as dt
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import DatabaseError

from core import clock
from payments.models import Heartbeat, ReconciliationRun

log = structlog.get_logger(__name__)

# A few lost rounds are no alarm; two minutes are, whatever the rhythm.
LATE_ROUNDS = 8
LATE_AT_LEAST = dt.timedelta(minutes=2)
# The nightly comparison may take its time.
NIGHT_LATE = dt.timedelta(hours=27)
NIGHTLY = "nightly comparison"


@dataclass(frozen=True)
class Beat:
    """One sweep as it stands; `ran_at` is its last whole round, None when it never had one."""

    task: str
    ran_at: dt.datetime | None
    is_late: bool
    failed_at: dt.datetime | None = None
    error: str = ""

    @property
    def name(self) -> str:
        """The sweep in words: `payments: open payments`."""
        return self.task.replace(".tasks.sweep_", ": ").replace("_", " ")


def began(task: str) -> None:
    """Note that a sweep's round has begun. Tasks that are no sweeps are not noted."""
    _write(task, "began_at", began_at=clock.now())


def ended(task: str, error: str = "") -> None:
    """Note how a sweep's round ended; `error` is empty when it went well."""
    if error:
        _write(task, "failed_at", "error", failed_at=clock.now(), error=error[:200])
    else:
        _write(task, "ended_at", ended_at=clock.now())


def _write(task: str, *fields: str, **values: object) -> None:
    if task not in settings.SWEEPS:
        return
    row = Heartbeat(task=task, **values)
    try:
        Heartbeat.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["task"], update_fields=fields
        )
    except DatabaseError as error:
        # What the sweep itself did stays done; that it was not noted shows as late.
        log.warning("heartbeat_not_written", sweep=task, error=type(error).__name__)


def beats() -> list[Beat]:
    """Return every sweep of the settings, and the nightly comparison, as they stand (two queries)."""
    now = clock.now()
    rows = Heartbeat.objects.in_bulk(settings.SWEEPS)
    limit = max(dt.timedelta(seconds=settings.SWEEP_SECONDS * LATE_ROUNDS), LATE_AT_LEAST)
    return [*(_beat(task, rows.get(task), now - limit) for task in settings.SWEEPS), _nightly(now)]


def late() -> list[Beat]:
    """Return what has not run for too long; each is an alarm."""
    found = [beat for beat in beats() if beat.is_late]
    for beat in found:
        log.error("sweep_late", sweep=beat.task, ran_at=beat.ran_at and beat.ran_at.isoformat())
    return found


def _beat(task: str, row: Heartbeat | None, limit: dt.datetime) -> Beat:
    if row is None:
        return Beat(task, None, is_late=True)
    is_late = row.ended_at is None or row.ended_at < limit
    return Beat(task, row.ended_at, is_late, row.failed_at, row.error)


def _nightly(now: dt.datetime) -> Beat:
    """A house without payments has nothing to compare, and is not late."""
    last = ReconciliationRun.objects.order_by("-started_at").first()
    if last is None:
        return Beat(NIGHTLY, None, is_late=False)
    is_late = now - last.started_at > NIGHT_LATE or (
        last.finished_at is None and now - last.started_at > NIGHT_LATE / 3
    )
    return Beat(NIGHTLY, last.finished_at, is_late, last.started_at if last.error else None, last.error[:200])
