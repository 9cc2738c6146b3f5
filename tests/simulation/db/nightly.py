"""The nightly comparison with the providers in a history: on its nights, by the clock's acts, and once all is quiet."""

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.db import connection
from greenlet import getcurrent, greenlet

from payments.models import Drift, Payment, ReconciliationRun
from payments.payouts import services as payouts
from payments.reconciliation import runs as reconciliation_runs
from payments.reconciliation.runs import Busy
from tests.simulation.invariants import Violation

DAY = dt.timedelta(days=1)
# A worker's sweep comes by some minutes after the hour.
PAST_THE_HOUR = dt.timedelta(minutes=3)
# Hours of a provider's list are read one by one in earnest; here few payments lie in many hours.
WINDOW = dt.timedelta(days=2)
NIGHTLY_SECONDS = 600.0
MOST_NIGHTS = 6
# Flagged by a look, without any comparison, since staff should know of it.
FLAGS_OF_HANDS = (Drift.Kind.EXTERNAL, Drift.Kind.AMOUNT)
_held: dict[str, greenlet] = {}


def forget_locks() -> None:
    """A process that was killed holds nothing any more."""
    _held.clear()


@contextmanager
def session_locks() -> Iterator[None]:
    """Locks that end with their process: here all processes share one connection, which would let each one pass."""

    @contextmanager
    def run_lock() -> Iterator[bool]:
        with _lock("payouts") as is_ours:
            yield is_ours

    @contextmanager
    def alone() -> Iterator[None]:
        with _lock("comparison") as is_ours:
            if not is_ours:
                raise Busy("another comparison is running")
            yield

    # Nor can a cursor live at the server, whose statements are prepared here.
    in_one_go = patch.dict(connection.settings_dict, {"DISABLE_SERVER_SIDE_CURSORS": True})
    with (
        in_one_go,
        patch.object(payouts, "_run_lock", run_lock),
        patch.object(reconciliation_runs, "_alone", alone),
        patch("payments.reconciliation.walk.WINDOW", WINDOW),
    ):
        yield


@contextmanager
def _lock(name: str) -> Iterator[bool]:
    """Taken by one process, which may take it once more."""
    me = getcurrent()
    is_ours, is_first = _held.get(name, me) is me, name not in _held
    if is_ours:
        _held[name] = me
    try:
        yield is_ours
    finally:
        if is_first:
            _held.pop(name, None)


@contextmanager
def heard(log: Any) -> Iterator[None]:
    """Listen where one row's trouble is logged, and the next one worked on."""
    with ExitStack() as stack:
        for place in ("payments.reconciliation.runs.log", "payments.payouts.services.log"):
            stack.enter_context(patch(place, log))
        yield


# --- what is done ---------------------------------------------------------------------------------------------


def compare(world: Any, _: Any) -> None:
    """What the clock does every few minutes: tonight's comparisons once their hour has come."""
    before = Drift.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    open_before = set(ReconciliationRun.objects.filter(finished_at=None).values_list("pk", flat=True))
    last = ReconciliationRun.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    reconciliation_runs.nightly(seconds=NIGHTLY_SECONDS)
    ended = ReconciliationRun.objects.exclude(finished_at=None)
    for run in [*ended.filter(pk__in=open_before), *ended.filter(pk__gt=last)]:
        world.cover(f"nightly comparison with {run.provider}")
    for drift in Drift.objects.filter(pk__gt=before, run__isnull=False):
        world.cover(f"nightly: {drift.kind} {drift.state}")
        world.say(f"  found: {drift.kind} {drift.ours} / {drift.theirs}: {drift.state}")


def on_the_way(world: Any, until: dt.datetime) -> list[dt.datetime]:
    """Return the nights from now to `until` at which a comparison is made: the first, and the last for all between."""
    if not world.plan.has_nights or not world.watch.to("payments_payment"):
        return []
    first = next_night(world.now)
    if first > until:
        return []
    last = first + ((until - first) // DAY) * DAY
    return sorted({first, last})


def next_night(now: dt.datetime) -> dt.datetime:
    tonight = now.replace(hour=settings.RECONCILE_HOUR, minute=0, second=0, microsecond=0) + PAST_THE_HOUR
    return tonight if tonight > now else tonight + DAY


# --- what must hold -------------------------------------------------------------------------------------------


def found_nothing(since_pk: int) -> bool:
    """Return whether the comparisons begun after a run are over and found all to be equal."""
    runs = ReconciliationRun.objects.filter(pk__gt=since_pk)
    are_left_to_staff = Payment.objects.exclude(mismatch="").exists()
    return all(run.finished_at and (are_left_to_staff or not run.found) for run in runs)


def latest_run() -> int:
    return ReconciliationRun.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def check_quiet(world: Any) -> None:
    """C1: no difference is left open, and nothing is flagged that nobody did. Raises: Violation."""
    # A payment of another amount is left to staff, who are told of it at once.
    left = Drift.objects.filter(state=Drift.State.OPEN).exclude(payment__mismatch__gt="")
    if drift := left.filter(run__isnull=False).first():
        raise Violation("C1", f"{drift} stays open: {drift.ours} here, {drift.theirs} there")
    # Octo shows one sum of refunds: what a process that slept for days gave back reads there as made by hand.
    flags = left.filter(kind__in=FLAGS_OF_HANDS, provider="stripe")
    if not world.hands and (drift := flags.first()):
        raise Violation("C1", f"{drift} is flagged, and nobody did it: {drift.theirs}")
