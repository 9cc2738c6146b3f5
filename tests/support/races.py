"""Runs one function in many threads at the same moment, each with its own database connection."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True)
class Result:
    """What one thread got: a value or an error, and how long it took in seconds."""

    value: object
    error: Exception | None
    seconds: float


def race(work: Callable[[int], object], *, runners: int = 32) -> list[Result]:
    """Call `work(n)` in `runners` threads that start together; returns a result for each."""
    barrier = threading.Barrier(runners)
    results: list[Result | None] = [None] * runners

    def run(n: int) -> None:
        value, error = None, None
        connection.ensure_connection()
        barrier.wait()
        began = time.perf_counter()
        try:
            value = work(n)
        except Exception as caught:  # the test looks at it
            error = caught
        results[n] = Result(value, error, time.perf_counter() - began)
        connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(runners)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [result for result in results if result is not None]
