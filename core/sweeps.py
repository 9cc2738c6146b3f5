"""Rounds of the sweeps: each row is worked on by itself, and one row's trouble keeps no other waiting.

What a row may well answer (somebody was quicker, a provider is away) is a line of the log. Anything else is a fault:
logged with the row's name, counted, and at the end of the round the task fails, so that whoever watches it hears of
it. The row stays due, and the next round tries it again.
"""

import time
from types import TracebackType
from typing import Self

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import Model, QuerySet

from core.bases import Done, Work

log = structlog.get_logger(__name__)


BATCH = 100
# A sweep with more to do than one batch goes on this long: after a lost Redis thousands of messages may wait.
ROUND_SECONDS = 10
# So many of the rows that failed are named in the task's error.
NAMED = 5


class RowsFailed(Exception):
    """A round went through, and these of its rows failed; each is in the log with its error."""

    def __init__(self, failed: list[str]) -> None:
        more = ", …" if len(failed) > NAMED else ""
        super().__init__(f"{len(failed)} failed: {', '.join(failed[:NAMED])}{more}")


class Round:
    """One round: `with Round() as this`, then `this.each(…)` and `this.attempt(…)`; fails at its end where any did.

    `expected` are the errors that are no fault.
    """

    def __init__(self, *expected: type[Exception]) -> None:
        self.expected = expected
        self.failed: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Raises: RowsFailed, unless the round itself broke off."""
        if kind is None and self.failed:
            raise RowsFailed(self.failed)

    def attempt(self, work: Work[Done], *arguments: object, name: str = "", **named: object) -> Done | None:
        """Do one piece of work and return what it does; None where it failed. `name` says whose it is in the log."""
        what = " ".join([work.__name__, *filter(None, [name or " ".join(map(str, arguments))])])
        try:
            return work(*arguments, **named)
        except self.expected as error:
            log.info("sweep_retries_later", work=what, error=str(error), code=getattr(error, "code", ""))
        except SoftTimeLimitExceeded:
            raise  # the worker's time is over, and this row is not to blame
        except RowsFailed as error:
            self.failed.append(str(error))
        except Exception:
            log.exception("sweep_failed", work=what)
            self.failed.append(what)
        return None

    def each(
        self,
        rows: QuerySet[Model],
        work: Work[object],
        *,
        field: str = "pk",
        by: str = "",
        name: str = "pk",
        **named: object,
    ) -> None:
        """Work on each row once, a batch at a time; what stays due, or the time does not reach, is for the next round.

        `work` takes the row's `field`, by the keyword `by` where one is given; `name` is the column it is told by.
        """
        until, tried = time.monotonic() + ROUND_SECONDS, set[object]()
        # Those tried already are left out by the query: however many stay due, whoever stands behind them is reached.
        while batch := list(rows.exclude(**{f"{field}__in": tried}).values_list(field, name)[:BATCH]):
            for key, known_as in batch:
                if time.monotonic() > until:
                    return
                arguments = ((), {by: key}) if by else ((key,), {})
                self.attempt(work, *arguments[0], name=str(known_as), **arguments[1], **named)
            tried.update(key for key, _ in batch)
