"""Runs many histories, on one core or several, with or without a bug planted."""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context

from tests.simulation.history import Outcome, from_seed
from tests.simulation.plants import PLANTS, planted
from tests.simulation.report import Report

Play = Callable[[int], Outcome]


@contextmanager
def quiet_collector() -> Iterator[None]:
    """Histories leave circles behind, and what was loaded before them none: collect seldom, and only theirs."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(20_000, 10, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def run(
    histories: int, seed: int, *, play: Play = from_seed, layer: str = "pure", stop_at_first: bool = False
) -> Report:
    """Play histories with seeds from `seed` on."""
    report = Report(layer, seed)
    began, cpu_began = time.perf_counter(), time.process_time()
    with quiet_collector():
        for number in range(seed, seed + histories):
            report.add(play(number))
            if stop_at_first and report.violation_count:
                break
    report.seconds, report.cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
    return report


def run_plant(name: str, histories: int, seed: int) -> Report:
    """Look for one planted bug; the report says after how many histories it was found."""
    with planted(name):
        report = run(histories, seed, stop_at_first=True)
    report.planted = [name]
    report.found_after[name] = report.histories if report.violation_count else None
    if report.violation_count:
        report.found_as[name] = report.violations[0]["what"]
    return report


def run_pure(histories: int, seed: int, *, faults: Sequence[str] | None = None, jobs: int = 1) -> Report:
    """Play the pure layer, split over processes."""
    play = partial(from_seed, faults=faults)
    share = -(-histories // jobs)
    parts = [(min(share, histories - start), seed + start) for start in range(0, histories, share)]
    return _together("pure", seed, jobs, [partial(run, count, first, play=play) for count, first in parts])


def run_plants(names: Sequence[str], histories: int, seed: int, *, jobs: int = 1) -> Report:
    """Look for planted bugs, one after the other. Raises: KeyError for an unknown name."""
    wanted = list(PLANTS) if list(names) == ["all"] else list(names)
    unknown = [name for name in wanted if name not in PLANTS]
    if unknown:
        raise KeyError(", ".join(unknown))
    return _together("pure", seed, jobs, [partial(run_plant, name, histories, seed) for name in wanted])


def _together(layer: str, seed: int, jobs: int, parts: Sequence[Callable[[], Report]]) -> Report:
    report = Report(layer, seed)
    began = time.perf_counter()
    if jobs == 1 or len(parts) == 1:
        for part in parts:
            report.merge(part())
    else:
        with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
            for future in [pool.submit(part) for part in parts]:
                report.merge(future.result())
    report.seconds = time.perf_counter() - began
    return report
