"""Measures Roomhold under load: `make bench`. Stands apart: the product imports nothing from here."""

import sys


def say(line: str) -> None:
    """Show progress; the table goes to standard output, this does not."""
    print(line, file=sys.stderr, flush=True)
