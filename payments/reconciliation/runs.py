"""Runs of the comparison with providers: nightly by a sweep, or by hand; resumed where they stopped, one at a time.

What looking again can heal is healed at once and kept as mended; the rest waits for staff (drifts.py).
"""

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.conf import settings
from django.db import connection
from django.db.models import Q

from core import clock
from core.mode import site_is_live
from core.sweeps import Round
from payments.models import Drift, Payment, Provider, ReconciliationRun
from payments.providers.base import ProviderError
from payments.reconciliation import services as discrepancies
from payments.reconciliation.fixes import CannotMend
from payments.reconciliation.walk import PHASES, Finding, Mark, Span, Trouble, walk

log = structlog.get_logger(__name__)

# The advisory lock that lets one comparison run at a time; any number nobody else uses.
LOCK = 7_061_503
# Payments this young may still be moving.
QUIET = dt.timedelta(minutes=10)
# Each night goes back so far, further when nights were missed.
NIGHTLY_SPAN = dt.timedelta(days=3)
OVERLAP = dt.timedelta(hours=6)


class Busy(Exception):
    """Another comparison is running."""


def compare_only(provider: str, since: dt.datetime, until: dt.datetime) -> Iterator[Finding]:
    """Yield what differs, and write nothing. Raises: Unavailable, Misconfigured."""
    return (step for step in walk(Span(provider, since, until)) if isinstance(step, Finding))


def begin(provider: str, since: dt.datetime, until: dt.datetime) -> ReconciliationRun:
    """Write a run; `proceed` makes it."""
    return ReconciliationRun.objects.create(provider=provider, since=since, until=until)


def nightly(*, seconds: float) -> None:
    """Begin tonight's comparisons once their hour has come, and go on with those begun, for about `seconds`.

    One that runs elsewhere is left alone; a provider out of reach is asked again in the next round.
    """
    end = time.monotonic() + seconds
    try:
        with _alone():
            _begin_tonights(clock.now())
            unfinished = ReconciliationRun.objects.filter(finished_at__isnull=True, is_live=site_is_live())
            with Round() as this:
                for run in unfinished.order_by("pk"):
                    this.attempt(_proceed_quietly, run, end - time.monotonic(), name=run.provider)
    except Busy:
        log.info("reconciliation_runs_elsewhere")


def _proceed_quietly(run: ReconciliationRun, seconds: float) -> None:
    if seconds > 0:
        try:
            proceed(run, seconds=seconds)
        except ProviderError:
            log.info("reconciliation_asks_again_later", run=run.pk)


def _begin_tonights(now: dt.datetime) -> None:
    """Write tonight's runs: one for each provider that has payments, unless one was begun tonight or is not finished.

    After nights without an answer one run makes up for them: `_since` goes back to the last that was finished.
    """
    tonight = dt.datetime.combine(now.date(), dt.time(settings.RECONCILE_HOUR), dt.UTC)
    if now < tonight:
        return
    known = ReconciliationRun.objects.filter(Q(started_at__gte=tonight) | Q(finished_at__isnull=True))
    begun = set(known.filter(is_live=site_is_live()).values_list("provider", flat=True))
    of_mode = Payment.objects.filter(is_live=site_is_live())
    for provider in PHASES:
        if provider not in begun and of_mode.filter(provider=provider).exists():
            begin(provider, _since(provider, now), now - QUIET)


def _since(provider: str, now: dt.datetime) -> dt.datetime:
    ended = ReconciliationRun.objects.filter(provider=provider, finished_at__isnull=False, error="")
    of_mode = ended.filter(is_live=site_is_live())
    last = of_mode.order_by("-until").values_list("until", flat=True).first()
    usual = now - NIGHTLY_SPAN
    return min(usual, last - OVERLAP) if last else usual


def proceed(run: ReconciliationRun, *, seconds: float | None = None) -> bool:
    """Go on with a run from its cursor, for about `seconds`; return whether it is finished.

    Raises: Busy, and the provider's errors, which are kept on the run; it can be gone on with. RowsFailed, for payments
    that could not be compared or healed, once all others are.
    """
    end = time.monotonic() + seconds if seconds is not None else None
    with _alone(), Round(ProviderError) as this:
        run.refresh_from_db()
        if run.finished_at:
            return True
        try:
            for step in walk(Span(run.provider, run.since, run.until), run.cursor):
                _take(run, step, this)
                if end and isinstance(step, Mark) and time.monotonic() > end:
                    return False
            _close_what_is_gone(run)
        except ProviderError as error:
            run.error = f"{type(error).__name__}: {error}"[:2000]
            run.save(update_fields=["error", "found"])
            log.warning("reconciliation_stopped", run=run.pk, provider=run.provider, error=run.error)
            raise
        run.finished_at, run.error = clock.now(), ""
        run.save(update_fields=["finished_at", "error", "found"])
        log.info(
            "reconciliation_done", run=run.pk, provider=run.provider, compared=run.compared, found=run.found
        )
    return True


def _take(run: ReconciliationRun, step: Finding | Mark | Trouble, this: Round) -> None:
    if isinstance(step, Trouble):
        this.failed.append(step.name)
        return
    if isinstance(step, Mark):
        run.cursor, run.compared = step.cursor, run.compared + step.compared
        run.save(update_fields=["cursor", "compared", "found"])
        return
    if discrepancies.was_set_aside(step.subject, step.difference):
        return
    run.found += 1
    drift = discrepancies.report(step.subject, step.difference, run=run)
    this.attempt(_heal, drift, name=f"difference {drift.pk}")


def _heal(drift: Drift) -> None:
    try:
        discrepancies.heal(drift)
    except CannotMend as reason:
        log.warning("drift_stays", drift=drift.pk, kind=drift.kind, why=str(reason))


def _close_what_is_gone(run: ReconciliationRun) -> None:
    """Differences found by earlier runs, and not by this one, are looked at once more; those gone are closed."""
    older = Drift.objects.filter(
        state=Drift.State.OPEN, provider=run.provider, run__isnull=False, is_live=run.is_live
    )
    for drift in older.exclude(run=run).select_related("payment__booking", "booking").order_by("pk"):
        if discrepancies.is_gone(drift):
            discrepancies.close(drift, Drift.State.MENDED, note="Gone by itself.")


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of comparisons; it ends with the process, however that ends. Raises: Busy."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise Busy("another comparison is running; this one is made after it")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def providers_to_compare(only: str = "") -> list[str]:
    """Return the providers to compare with: the one asked for, or all that have payments, and Stripe."""
    if only:
        return [only]
    used = set(Payment.objects.order_by().values_list("provider", flat=True).distinct())
    return [provider for provider in PHASES if provider in used or provider == Provider.STRIPE]
