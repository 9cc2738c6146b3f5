"""`python -m tests.kill_sweep`: every row, in a few processes with a stack of their own each; then the table.

Most of a row is waiting for a lease to end, so processes share two cores well. Resumes what was interrupted;
FRESH=1 starts over, PROCESSES is how many at once.
"""

import datetime as dt
import os
import subprocess
import sys
import time

from tests.kill_sweep import results

PROCESSES = int(os.environ.get("PROCESSES", "3"))
MOST_MINUTES = 45


def main(arguments: list[str]) -> int:
    """Run the sweep; 1 where a row was violated, not tried, or the time was over."""
    if os.environ.get("FRESH"):
        results.forget()
    began = time.monotonic()
    codes = _run_all(arguments)
    rows = results.read()
    bad = [name for name, row in rows.items() if not row["held"]]
    results.FIGURES.write_text(results.page(rows, dt.datetime.now(dt.UTC).date()))
    print("\n".join(results.table(rows)))  # noqa: T201
    minutes = (time.monotonic() - began) / 60
    print(f"\nroomhold: {len(rows)} cuts, {len(bad)} violated, {minutes:.1f} minutes")  # noqa: T201
    for name in bad:
        print(f"  violated: {name}")  # noqa: T201
    return 1 if bad or any(codes) or not rows else 0


def _run_all(arguments: list[str]) -> list[int]:
    """Return the exit codes; 5 of pytest (all rows held before) counts as 0."""
    command = [sys.executable, "-m", "pytest", "tests/kill_sweep", "-q", "-p", "no:randomly", *arguments]
    running = []
    for share in range(PROCESSES):
        # Several products at rest, each sweeping every second, would keep two cores busy.
        orders = {
            "KILL_SWEEP": "full",
            "KILL_SWEEP_SHARE": f"{share}/{PROCESSES}",
            "STACK_SWEEP_SECONDS": "3",
        }
        environment = {**os.environ, **orders}
        running.append(subprocess.Popen(command, env=environment, cwd=results.ROOT))
    end = time.monotonic() + MOST_MINUTES * 60
    codes = []
    for process in running:
        try:
            codes.append(process.wait(max(1.0, end - time.monotonic())))
        except subprocess.TimeoutExpired:
            process.terminate()
            codes.append(process.wait() or 1)
    return [0 if code == 5 else code for code in codes]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
