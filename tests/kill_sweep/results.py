"""The table of what was tried: kept in `.local/`, so that an interrupted sweep goes on where it stopped."""

import datetime as dt
import fcntl
import json
import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS = ROOT / ".local" / "kill-sweep.json"
# What a whole sweep found, to be committed.
FIGURES = ROOT / "bench" / "kill_sweep.md"
IS_FULL = os.environ.get("KILL_SWEEP") == "full"
# Which of how many processes this one is, as "0/3": each tries every third row.
SHARE, SHARES = (int(part) for part in os.environ.get("KILL_SWEEP_SHARE", "0/1").split("/"))

Row = dict[str, Any]


def read() -> dict[str, Row]:
    """Return the rows tried so far, by the test's name."""
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def keep(name: str, row: Row) -> None:
    """Add a row to the file, which other processes write, too."""
    with _locked() as file:
        rows = json.loads(file.read() or "{}")
        rows[name] = row
        file.seek(0)
        file.truncate()
        json.dump(rows, file, indent=1)


def forget() -> None:
    RESULTS.unlink(missing_ok=True)


@contextmanager
def _locked() -> Iterator[IO[str]]:
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        yield file


def table(rows: dict[str, Row]) -> list[str]:
    """Return the rows as lines of Markdown, in the order they are defined."""
    lines = ["| way and phase | cut off at | quiet after | invariants |", "|---|---|---|---|"]
    for _, row in sorted(rows.items(), key=lambda pair: pair[1].get("place", 0)):
        told = "held" if row["held"] else "**VIOLATED**"
        after = f"{row['quiet_after']:.1f} s" if "quiet_after" in row else "-"
        lines.append(f"| {row['phase']} | {row['at']} | {after} | {told} |")
    return lines


def page(rows: dict[str, Row], today: dt.date) -> str:
    """Return the table as a page of Markdown, with its sum above it."""
    bad = [row for row in rows.values() if not row["held"]]
    quiet = [row["quiet_after"] for row in rows.values() if "quiet_after" in row]
    told = f"{len(rows)} cuts on {today}, {len(bad)} violated"
    if quiet:
        told += (
            f"; quiet after {statistics.median(quiet):.1f} s in the median, {max(quiet):.1f} s at the longest"
        )
    return "\n".join(["# `make kill-sweep`", "", f"{told}.", "", *table(rows), ""])
