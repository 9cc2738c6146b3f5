"""The pure layer: no promise is broken in 20,000 histories, and broken mechanisms are seen."""

import json
import os
import subprocess
import sys

import pytest

from tests.simulation.history import from_seed, play
from tests.simulation.plants import PLANTS, planted
from tests.simulation.runner import run_plant, run_pure
from tests.simulation.shrink import shrink

HISTORIES = int(os.environ.get("SIMULATION_PURE_HISTORIES", "20000"))
# Seen within a few histories; `make soak` looks for all of them.
QUICK = (
    "idempotency_key", "one_open_operation", "inbox_unique", "fetch_order", "mark_after_sync", "receipts",
    "sweep_receipts", "sweep_webhooks", "sweep_operations", "sweep_unpaid", "sweep_deadlines", "void_late_hold",
    "refund_late_charge", "wait_for_yes", "pending_refunds_count", "decision_once", "decide_in_time",
    "one_way_to_pay", "frozen_price", "release_room", "event_versions", "own_shop_apart", "modes_apart",
)  # fmt: skip


def test_20000_histories_break_no_promise():
    report = run_pure(HISTORIES, seed=0, jobs=2)

    assert report.violations == []
    assert report.histories == HISTORIES
    assert min(report.coverage.values()) >= 1
    assert len(report.coverage) > 130


def test_histories_without_faults_break_no_promise():
    report = run_pure(500, seed=50_000, faults=[])

    assert report.violations == []


def test_same_seed_gives_the_same_history():
    first, second = from_seed(1234), from_seed(1234)

    assert first.actions == second.actions
    assert first.plan == second.plan


def test_replayed_actions_end_as_the_seed_did():
    with planted("idempotency_key"):
        failed = next(outcome for seed in range(500) if (outcome := from_seed(seed)).violation)
        again = play(failed.plan, failed.actions, is_told=True)

    assert str(again.violation) == str(failed.violation)
    assert again.story[-1].endswith(f"!!! {failed.violation}")


def test_failing_history_shrinks_to_the_actions_that_matter():
    with planted("idempotency_key"):
        failed = next(outcome for seed in range(500) if (outcome := from_seed(seed)).violation)
        shortest = shrink(failed)

    assert shortest.violation.code == failed.violation.code
    assert len(shortest.actions) <= 5 < len(failed.actions)
    assert play(shortest.plan, shortest.actions).violation is None


@pytest.mark.parametrize("name", QUICK)
def test_planted_bug_is_found_soon(name):
    report = run_plant(name, histories=1_500, seed=0)

    assert report.found_after[name]


def test_at_least_30_mechanisms_can_be_switched_off():
    assert len(PLANTS) >= 30


def test_command_prints_json_and_exits_1_for_a_violation():
    answers = [
        _simulate("--histories", "40", "--json"),
        _simulate("--plant", "sweep_unpaid", "--histories", "50", "--json"),
    ]
    unfound = _simulate("--plant", "split_remainder", "--histories", "1", "--json")

    facts = [json.loads(answer.stdout) for answer in answers]
    assert [answer.returncode for answer in answers] == [0, 0]
    assert (facts[0]["histories"], facts[0]["seed"], facts[0]["violations"]) == (40, 0, 0)
    assert {"seconds", "by_invariant", "coverage", "planted", "found_after"} <= facts[0].keys()
    assert facts[1]["found_after"]["sweep_unpaid"] >= 1
    assert (unfound.returncode, json.loads(unfound.stdout)["found_after"]) == (1, {"split_remainder": None})


def _simulate(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "tests.simulation", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
