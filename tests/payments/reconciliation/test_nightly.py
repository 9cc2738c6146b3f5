"""The nightly comparison: when it begins, that one runs at a time and goes on after a stop; and whether sweeps run."""

import datetime as dt
from contextlib import closing

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from config.celery import bind_task, note_failure, unbind_task
from core import clock
from payments import tasks
from payments.models import Drift, Heartbeat, Payment, ReconciliationRun
from payments.monitoring import heartbeats
from payments.reconciliation import runs as reconciliation_runs
from tests.payments.octo_way import OctoJourney
from tests.support import factories

SWEEP = "payments.tasks.sweep_webhooks"
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def paid(journey, settings):
    """A booking paid and confirmed, half an hour ago; the night has come."""
    settings.RECONCILE_HOUR = 0
    settings.RECONCILE_PAUSE_SECONDS = 0
    journey.authorize()
    journey.approve()
    journey.work()
    journey.advance(minutes=30)
    return journey


def runs() -> list[tuple[str, bool, int]]:
    rows = ReconciliationRun.objects.order_by("pk")
    return [(run.provider, run.finished_at is not None, run.compared) for run in rows]


def test_nightly_compares_each_provider_with_payments_once_a_night(paid):
    tasks.sweep_reconciliation()
    tasks.sweep_reconciliation()

    assert runs() == [("stripe", True, 1)]


def test_nightly_waits_for_its_hour(paid, settings):
    settings.RECONCILE_HOUR = 23
    if clock.now().hour == 23:
        paid.advance(hours=1)

    tasks.sweep_reconciliation()

    assert runs() == []


def test_next_night_compares_again(paid):
    tasks.sweep_reconciliation()
    paid.advance(days=1)

    tasks.sweep_reconciliation()

    assert [provider for provider, _done, _compared in runs()] == ["stripe", "stripe"]


def test_nights_missed_are_made_up_for(paid):
    tasks.sweep_reconciliation()
    last = ReconciliationRun.objects.get().until
    paid.advance(days=10)

    tasks.sweep_reconciliation()

    assert ReconciliationRun.objects.latest("pk").since == last - reconciliation_runs.OVERLAP


def test_nightly_goes_on_with_a_run_that_was_killed(paid):
    now = clock.now()
    killed = reconciliation_runs.begin("stripe", now - 3 * HOUR, now)
    assert not reconciliation_runs.proceed(killed, seconds=0)

    tasks.sweep_reconciliation()

    killed.refresh_from_db()
    assert killed.finished_at is not None


def test_nightly_leaves_a_comparison_alone_that_runs_elsewhere(paid):
    with closing(psycopg2.connect(**address())) as other:
        other.cursor().execute("SELECT pg_advisory_lock(%s)", [reconciliation_runs.LOCK])
        tasks.sweep_reconciliation()
        assert runs() == []

    tasks.sweep_reconciliation()
    assert runs() == [("stripe", True, 1)]


def address() -> dict[str, str]:
    keys = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    return {name: str(connection.settings_dict[key]) for name, key in keys.items()}


def test_nightly_asks_again_after_an_outage(paid):
    paid.fault("payment_intents.list", "error_500")

    tasks.sweep_reconciliation()
    assert runs() == [("stripe", False, 0)]
    tasks.sweep_reconciliation()

    assert runs() == [("stripe", True, 1)]


def test_nights_without_an_answer_leave_one_run_to_be_made(paid):
    paid.fault("payment_intents.list", "error_500", times=2)

    tasks.sweep_reconciliation()
    paid.advance(days=1)
    tasks.sweep_reconciliation()
    assert runs() == [("stripe", False, 0)]
    tasks.sweep_reconciliation()

    assert runs() == [("stripe", True, 1)]


def test_command_while_another_comparison_runs_is_made_after_it(paid):
    with closing(psycopg2.connect(**address())) as other:
        other.cursor().execute("SELECT pg_advisory_lock(%s)", [reconciliation_runs.LOCK])
        with pytest.raises(CommandError, match="this one is made after it"):
            call_command("reconcile", since="2026-01-01", provider="credit")

    tasks.sweep_reconciliation()

    assert ("credit", True, 0) in runs()


def test_payments_of_octo_are_looked_at_one_by_one(octo: OctoJourney, settings):
    settings.RECONCILE_HOUR, settings.RECONCILE_PAUSE_SECONDS = 0, 0
    octo.paid()
    octo.advance(minutes=30)
    Payment.objects.update(captured_minor=1)

    tasks.sweep_reconciliation()

    assert runs() == [("octo", True, 1)]
    drift = Drift.objects.get(kind="amount")
    assert (drift.provider, drift.booking, drift.ours) == ("octo", octo.booking, "taken 0.01 UZS")


def test_octos_payment_nobody_told_us_of_differs_in_its_status_alone(octo: OctoJourney, settings):
    settings.RECONCILE_HOUR, settings.RECONCILE_PAUSE_SECONDS = 0, 0
    octo.payable().pay()
    octo.advance(minutes=15)

    tasks.sweep_reconciliation()

    drift = Drift.objects.get()
    assert (drift.kind, drift.state, drift.theirs) == ("status", "mended", "captured")
    assert octo.payment.status == "CAPTURED"


# --- heartbeats -----------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_heartbeat_is_written_around_a_sweep():
    round_of(SWEEP)

    row = Heartbeat.objects.get()
    assert (row.task, row.error) == (SWEEP, "")
    assert row.began_at <= row.ended_at


def round_of(task: str, error: Exception | None = None) -> None:
    """What Celery tells of one run."""
    named = type("Task", (), {"name": task})()
    bind_task(task_id="x", task=named)
    if error:
        note_failure(sender=named, exception=error)
    unbind_task(task=named, state="FAILURE" if error else "SUCCESS")


@pytest.mark.django_db
def test_heartbeat_of_other_tasks_is_not_kept():
    round_of("payments.tasks.settle_booking")

    assert not Heartbeat.objects.exists()


@pytest.mark.django_db
def test_sweep_that_fails_keeps_its_last_good_round_and_turns_late(settings):
    round_of(SWEEP)
    before = Heartbeat.objects.get().ended_at
    Heartbeat.objects.update(ended_at=before - HOUR)

    round_of(SWEEP, ValueError("no"))

    beat = next(beat for beat in heartbeats.beats() if beat.task == SWEEP)
    assert (beat.ran_at, beat.is_late, beat.error) == (before - HOUR, True, "ValueError: no")


@pytest.mark.django_db
def test_all_sweeps_ran_just_now_nothing_is_late(settings, caplog):
    for task in settings.SWEEPS:
        round_of(task)

    assert heartbeats.late() == []
    assert "sweep_late" not in caplog.text


@pytest.mark.django_db
def test_late_sweep_is_an_alarm(settings, caplog):
    for task in settings.SWEEPS:
        round_of(task)
    Heartbeat.objects.filter(task=SWEEP).update(ended_at=clock.now() - dt.timedelta(minutes=3))

    assert [beat.task for beat in heartbeats.late()] == [SWEEP]
    assert "sweep_late" in caplog.text


@pytest.mark.django_db
def test_healthz_tells_visitors_yes_or_no_and_staff_which(client, settings):
    for task in settings.SWEEPS:
        round_of(task)
    assert client.get("/healthz").json()["sweeps"] is True
    Heartbeat.objects.filter(task=SWEEP).delete()

    told = client.get("/healthz").json()
    client.force_login(factories.staff())
    detail = client.get("/healthz").json()["detail"]

    assert (told["ok"], told["sweeps"], "detail" in told) == (True, False, False)
    assert [beat["task"] for beat in detail if beat["is_late"]] == [SWEEP]


@pytest.mark.django_db
def test_healthz_tells_a_host_no_more_than_a_visitor(client):
    client.force_login(factories.host(venue=factories.venue()))

    assert "detail" not in client.get("/healthz").json()
