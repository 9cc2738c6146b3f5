"""How much processor time a tree of processes has taken: a figure that other work on the machine hardly moves."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

TICKS = os.sysconf("SC_CLK_TCK")
# Fields of /proc/<pid>/stat after the name in brackets: state, ppid, ..., utime, stime, cutime, cstime.
PARENT, USER, CHILDREN_SYSTEM = 1, 11, 14


class Meter:
    """Reads how much processor time the web and the database take between `start` and `per_request_ms`."""

    def __init__(self, web: int, database: int) -> None:
        self._roots = (web, database)
        self._before = (0.0, 0.0)

    def start(self) -> None:
        self._before = self._now()

    def per_request_ms(self, requests: int) -> tuple[float, float]:
        """Return the milliseconds of web and database that each of so many requests took."""
        web, database = (now - before for now, before in zip(self._now(), self._before, strict=True))
        return web * 1000 / max(1, requests), database * 1000 / max(1, requests)

    def _now(self) -> tuple[float, float]:
        web, database = (seconds_of(root) for root in self._roots)
        return web, database


def seconds_of(root: int) -> float:
    """Return the processor seconds of a process and of all its children, those that have ended included."""
    return sum(_times(pid) for pid in _tree(root))


def _tree(root: int) -> set[int]:
    children: dict[int, list[int]] = {}
    for directory in Path("/proc").glob("[0-9]*"):
        fields = _fields(int(directory.name))
        if fields:
            children.setdefault(int(fields[PARENT]), []).append(int(directory.name))
    found, waiting = set(), [root]
    while waiting:
        pid = waiting.pop()
        found.add(pid)
        waiting += children.get(pid, [])
    return found


def _times(pid: int) -> float:
    fields = _fields(pid)
    return sum(int(field) for field in fields[USER : CHILDREN_SYSTEM + 1]) / TICKS if fields else 0.0


def _fields(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []  # it has just ended


# --- other people's work ----------------------------------------------------------------------------------

# Of one processor: what a desktop or a cron job takes without anybody noticing.
NOISE = 0.1
TRIES = 4
Found = TypeVar("Found")


class Quiet:
    """Measures again what other work on the machine has disturbed, if it was told to be patient.

    `patience` is how many seconds to wait for a quiet moment before each measurement.
    """

    def __init__(self, patience: float) -> None:
        self.patience = patience

    def run(self, measure: Callable[[], Found]) -> tuple[Found, float]:
        """Return what the least disturbed try found, and how many processors others took meanwhile."""
        tries = []
        for _number in range(TRIES if self.patience else 1):
            self._wait()
            began, ours, everybody = time.monotonic(), seconds_of(os.getpid()), busy_seconds()
            found = measure()
            others = busy_seconds() - everybody - (seconds_of(os.getpid()) - ours)
            tries.append((found, max(0.0, others / (time.monotonic() - began))))
            if tries[-1][1] <= NOISE:
                break
        return min(tries, key=lambda one: one[1])

    def _wait(self) -> None:
        end, quiet_seconds = time.monotonic() + self.patience, 0
        while time.monotonic() < end and quiet_seconds < 2:
            ours, everybody = seconds_of(os.getpid()), busy_seconds()
            time.sleep(1)
            others = busy_seconds() - everybody - (seconds_of(os.getpid()) - ours)
            quiet_seconds = quiet_seconds + 1 if others <= NOISE else 0


def busy_seconds() -> float:
    """Return how long the machine's processors have worked since it started, all together."""
    user, nice, system, _idle, _waiting, *interrupts = (
        Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]
    )
    return sum(int(ticks) for ticks in (user, nice, system, *interrupts)) / TICKS
