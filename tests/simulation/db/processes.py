"""Processes side by side on one connection: each is a greenlet that stops after a commit and around a provider's call.

No transaction is ever open where one stops, so that one connection serves them all, and every run is the same.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from weakref import WeakKeyDictionary

from django.db import connection, transaction
from greenlet import getcurrent, greenlet

MOST_POINTS = 400
# Points that are no call at a provider.
NO_CALL = ("commit", "answer")


class Killed(BaseException):
    """A process ends where it stands."""


class Process:
    """One of them: `point` says where it waits, `error` how it failed where it should not have."""

    def __init__(
        self, name: str, arg: Any, work: Callable[[], Any], expected: tuple[type[Exception], ...],
        note_kill: Callable[["Process"], None],
    ) -> None:  # fmt: skip
        self.name, self.arg, self._note_kill = name, arg, note_kill
        self.point = "begin"
        self.error: Exception | None = None
        self._work, self._expected = work, expected
        self._greenlet = greenlet(self._live)

    @property
    def is_over(self) -> bool:
        return self._greenlet.dead

    def resume(self, fault: str | None = None) -> None:
        """Go on to the next point, or end there (`kill`)."""
        self._greenlet.parent = getcurrent()
        if fault == "kill":
            self._note_kill(self)
            self._greenlet.throw(Killed())
        else:
            self.point = self._greenlet.switch(fault) or "end"

    def finish(self, faults: tuple[str | None, ...] = ()) -> None:
        """Go on to the end, with a fault here and there."""
        self.resume()
        for number in range(MOST_POINTS):
            if self.is_over:
                return
            self.resume(faults[number] if number < len(faults) else None)
        raise AssertionError(f"C2 {self.name} {self.arg} does not end")

    def _live(self, _: Any = None) -> None:
        try:
            self._work()
        except Killed:
            return
        except self._expected:
            return
        except Exception as error:
            self.error = error


class Processes:
    """The place where processes wait for their turn; `points` counts how often any did."""

    points = 0

    def __init__(self) -> None:
        # A fault drawn where no call is made befalls the next call of the same process.
        self._waiting: WeakKeyDictionary[greenlet, str] = WeakKeyDictionary()

    def pause(self, place: str) -> str | None:
        """Stop here until it is this process's turn again; returns the fault that shall befall it."""
        me = getcurrent()
        self.points += 1
        if me.parent is None:
            return None
        fault = me.parent.switch(place) or self._waiting.pop(me, None)
        if fault and place in NO_CALL:
            self._waiting[me] = fault
        return fault


@contextmanager
def stopping_after_commits(processes: Processes) -> Iterator[None]:
    """Make every commit of a process a point where it stops."""
    leave = transaction.Atomic.__exit__

    def leave_and_pause(self: Any, kind: Any, error: Any, trace: Any) -> None:
        leave(self, kind, error, trace)
        if kind is None and not connection.in_atomic_block:
            processes.pause("commit")

    with patch.object(transaction.Atomic, "__exit__", leave_and_pause):
        yield
