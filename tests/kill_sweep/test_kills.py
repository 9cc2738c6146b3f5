"""SIGKILL at every named point of a booking's way; only what died is started again, and all comes right."""

import time

import pytest

from tests.flows.journey import wait_for
from tests.kill_sweep.points import POINTS, arm, has_fired
from tests.kill_sweep.results import IS_FULL
from tests.kill_sweep.ways import WAYS

SECONDS_TO_DIE = 30.0
ALL = [
    (name, phase, point)
    for name, way in WAYS.items()
    for phase, points in way.sweep.items()
    for point in points
]
SHORT = [
    ("hotel", "create", "submit-open"),
    ("hotel", "approve", "captured"),
    ("hotel", "cancel", "refunded"),
    ("octo one-stage", "authorize", "applied-open"),
]


@pytest.mark.parametrize(("way", "phase", "point"), ALL if IS_FULL else SHORT)
def test_killed_process_leaves_nothing_undone(story, mortal, folder, measure, way, phase, point):
    measure(f"{way}: {phase}", f"SIGKILL: {POINTS[point].note}")
    story.come_to(phase)
    arm(folder, point)

    getattr(story, phase)()
    wait_for(lambda: has_fired(folder, point), seconds=SECONDS_TO_DIE)
    died_at = time.monotonic()
    victims = wait_for(mortal.dead)
    mortal.start(*victims)
    story.insist(phase)

    story.reach_end_of(phase)
    measure(f"{way}: {phase}", f"SIGKILL {', '.join(victims)}: {POINTS[point].note}", died_at)
    story.check()


def test_points_named_in_the_sweep_all_exist():
    swept = {point for way in WAYS.values() for points in way.sweep.values() for point in points}
    assert swept == set(POINTS)
