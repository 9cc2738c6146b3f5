"""The one clock: every deadline of Roomhold is read from `now()`."""

import datetime as dt
from pathlib import Path

from django.conf import settings


def now() -> dt.datetime:
    """Return the present instant (aware, UTC).

    With DEBUG the sandbox's clock offset is added, so that a demo can live a week in seconds;
    the offset comes from a small file, so that every process moves at the same moment.
    """
    instant = dt.datetime.now(dt.UTC)
    if settings.SANDBOX_CLOCK_FILE:
        instant += _sandbox_offset(settings.SANDBOX_CLOCK_FILE)
    return instant


def _sandbox_offset(path: str) -> dt.timedelta:
    try:
        return dt.timedelta(seconds=int(Path(path).read_text() or 0))
    except FileNotFoundError:
        return dt.timedelta(0)
