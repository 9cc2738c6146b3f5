"""Plays histories with the database, on databases of their own, one for each process."""

import contextlib
import logging
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import time_machine
from django.db import connection, connections
from django.test import override_settings
from django.urls import reverse

from sandbox.settings import Settings
from tests.simulation.db import checks, healing, nightly, stage, watching
from tests.simulation.db.prepared import prepared
from tests.simulation.db.processes import Killed, Processes, stopping_after_commits
from tests.simulation.db.scheduler import DbScheduler
from tests.simulation.db.thrift import DOUBTED_EVERY, scribe, thrifty
from tests.simulation.db.transport import connected
from tests.simulation.db.world import DbWorld
from tests.simulation.history import Outcome
from tests.simulation.invariants import Violation
from tests.simulation.plan import Action, Plan
from tests.simulation.report import Report
from tests.simulation.rows import START
from tests.simulation.runner import quiet_collector
from tests.simulation.shrink import shrink
from tools.postgres import socket_host
from tools.services import MANAGED

KEYS = Settings()
# A try takes a good part of a second.
MOST_TRIES = 150


def load() -> None:
    """Load what is loaded at first use: once, and not while a transaction waits."""
    reverse("payments:return", args=["RH"])


@contextlib.contextmanager
def surroundings() -> Iterator[Any]:
    """The product's edges of a run: settings, clock, log."""
    logging.disable(logging.CRITICAL)
    load()
    clockwork = SimpleNamespace(monotonic=time.perf_counter, sleep=lambda _: None)
    settings = override_settings(
        BOOKING_SUBSCRIBERS={"payments": "payments.subscriber.on_booking_event"}, SITE_URL="http://localhost",
        OCTO_SHOP_ID=KEYS.octo_shop_id, OCTO_SECRET=KEYS.octo_secret, OCTO_UNIQUE_KEY=KEYS.octo_unique_key,
        OCTO_API_BASE="http://octo.test", OCTO_TEST=True, SANDBOX_CLOCK_FILE="",
        PAYOUT_WEEKDAY=watching.PAYDAY.days, PAYOUT_HOUR=watching.PAYDAY.seconds // 3600,
        PAYOUT_ACCOUNT_HOLDER="Roomhold Ltd", PAYOUT_ACCOUNT="DE89370400440532013000",
        PAYOUT_BANK_CODE="COBADEFFXXX", RECONCILE_PAUSE_SECONDS=0.0,
    )  # fmt: skip
    try:
        with (
            settings,
            time_machine.travel(START, tick=False) as clock,
            patch("payments.lifecycle.services.time", clockwork),
        ):
            # Reminders only tell people, a page takes longer to draw than a history to play, and a second tab need not
            # wait in real time.
            told = patch("bookings.lifecycle.reminders.send_due_reminders", lambda now: 0)
            drawn = patch("payments.disputes.evidence_pdf.pack", lambda *_: b"%PDF-1.4")
            in_no_time = patch("payments.lifecycle.services.IN_FLIGHT_SECONDS", 0.0)
            with told, drawn, in_no_time, thrifty(), nightly.session_locks():
                yield clock
    finally:
        logging.disable(logging.NOTSET)


def play_db(
    seed: int, clock: Any, *, faults: Sequence[str] | None = None, is_told: bool = False,
    actions: Sequence[Action] | None = None, plan: Plan | None = None,
) -> Outcome:  # fmt: skip
    """Draw and play one history, or play the actions given. Expects `surroundings` and a migrated database."""
    scribe.is_doubting = seed % DOUBTED_EVERY == 0
    scheduler = DbScheduler(seed, faults)
    plan = plan or scheduler.plan()
    processes = Processes()
    world = DbWorld(plan, seed, clock, processes, story=[] if is_told else None)
    outcome = Outcome(seed, world.plan, [], coverage=world.coverage)
    with within(world, processes):
        try:
            for action in actions if actions is not None else _drawn(scheduler, world):
                outcome.actions.append(action)
                world.act(action)
            healing.heal(world)
        except Violation as violation:
            outcome.violation = violation
            world.say(f"!!! {violation}")
        finally:
            for process in world.tasks.values():
                with contextlib.suppress(Killed):
                    process.resume("kill")
            stage.sweep_away(world.watch.tables)
    outcome.story = world.story or []
    return outcome


@contextlib.contextmanager
def within(world: DbWorld, processes: Processes) -> Iterator[None]:
    """The product's edges of one history: its provider, its broker, its commits, what its sweeps log."""
    plan = world.plan
    with (
        world.watch.watching(),
        connection.execute_wrapper(prepared),
        connected(world.link, world.mode),
        override_settings(STRIPE_IS_LIVE=plan.is_live, OCTO_TEST=not plan.is_live),
        stopping_after_commits(processes),
        broker_of(world),
        patch("core.sweeps.log", world.log),
        nightly.heard(world.log),
    ):
        yield


def broker_of(world: DbWorld) -> Any:
    """Doorbells ring in this history, not at the broker."""
    return patch("core.queue.current_app", SimpleNamespace(send_task=world.ring))


def _drawn(scheduler: DbScheduler, world: DbWorld) -> Iterator[Action]:
    for _ in range(scheduler.length):
        yield scheduler.next(world)


def start() -> None:
    """Make this process's database and connection ready for histories."""
    stage.start_anew()
    watching.prepare()
    prepared.forget()
    checks.prepare()
    healing.prepare()
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")  # the database is thrown away
        cursor.execute("SET plan_cache_mode = force_generic_plan")  # every table is small


def run_here(histories: int, seed: int, *, faults: Sequence[str] | None = None) -> Report:
    """Play histories on the database this process is connected to."""
    report = Report("db", seed)
    began, cpu_began = time.perf_counter(), time.process_time()
    start()
    with surroundings() as clock, quiet_collector():
        for number in range(seed, seed + histories):
            report.add(play_db(number, clock, faults=faults))
    report.seconds, report.cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
    return report


def run_db(histories: int, seed: int, *, faults: Sequence[str] | None = None, jobs: int = 1) -> Report:
    """Play histories on copies of the present database, a process each."""
    report = Report("db", seed)
    began = time.perf_counter()
    share = -(-histories // jobs)
    load()
    with copies(jobs) as names, ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        work = partial(_run_there, faults=faults)
        starts = range(0, histories, share)
        futures = [
            pool.submit(work, name, min(share, histories - start), seed + start)
            for name, start in zip(names, starts, strict=False)
        ]
        for future in futures:
            report.merge(future.result())
    report.seconds = time.perf_counter() - began
    return report


def _run_there(name: str, histories: int, seed: int, *, faults: Sequence[str] | None) -> Report:
    connections.close_all()
    connection.settings_dict["NAME"] = name
    if MANAGED in os.environ and (host := socket_host(connection.settings_dict["PORT"])):
        # A good part of a history's time would go into the network between the two processes.
        connection.settings_dict["HOST"] = host
    return run_here(histories, seed, faults=faults)


@contextlib.contextmanager
def copies(count: int) -> Iterator[list[str]]:
    """Make copies of the present database, and drop them at the end."""
    base = connection.settings_dict["NAME"]
    names = [f"{base}_copy{number}" for number in range(count)]
    connections.close_all()
    with _beside(base) as cursor:
        for name in names:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{base}"')
    try:
        yield names
    finally:
        with _beside(base) as cursor:
            for name in names:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextlib.contextmanager
def _beside(base: str) -> Iterator:
    """A connection to another database, since one in use cannot be copied."""
    connection.settings_dict["NAME"] = "postgres"
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = base


def replay_db(seed: int, *, is_told: bool) -> int:
    """Play one seed again on a copy of the present database, and print its story; returns an exit code."""
    base = connection.settings_dict["NAME"]
    with copies(1) as names:
        connection.settings_dict["NAME"] = names[0]
        start()
        with surroundings() as clock:
            outcome = play_db(seed, clock, is_told=is_told)
            if outcome.violation:
                outcome = shortened(outcome, clock)
        connections.close_all()
        connection.settings_dict["NAME"] = base
    if is_told:
        print("\n".join([str(outcome.plan), *outcome.story]))
    print(f"seed {seed}: {outcome.violation or 'nothing is violated'} (in {len(outcome.actions)} actions)")
    return 1 if outcome.violation else 0


def shortened(failed: Outcome, clock: Any) -> Outcome:
    """Leave out of a failed history what it does not need to fail; tells the story of what is left."""

    def again(plan: Plan, actions: Sequence[Action]) -> Outcome:
        return play_db(failed.seed, clock, plan=plan, actions=actions, is_told=True)

    return shrink(failed, again, most_tries=MOST_TRIES)
