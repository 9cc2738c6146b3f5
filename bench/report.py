"""The figures of a run: their table on the screen, their targets, and bench/results.json."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    """Show progress; the table goes to standard output, this does not."""
    print(line, file=sys.stderr, flush=True)
