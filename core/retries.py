"""When what failed is tried again: pure values, one for each queue, kept beside the queue."""

import datetime as dt
from dataclasses import dataclass

# More than any queue needs to reach its longest wait, and far from what a timedelta can hold.
MOST_DOUBLINGS = 24


@dataclass(frozen=True)
class Policy:
    """Waits that double: `first` after the first failed try, never more than `most`.

    After `park_after` tries none follows, and a person sees to it; after `alarm_after` staff are told while tries
    go on. None: never.
    """

    first: dt.timedelta
    most: dt.timedelta
    park_after: int | None = None
    alarm_after: int | None = None

    def wait_after(self, attempts: int) -> dt.timedelta:
        """Return how long to wait once `attempts` tries (1 or more) have failed."""
        return min(self.first * (1 << min(attempts - 1, MOST_DOUBLINGS)), self.most)

    def is_spent(self, attempts: int) -> bool:
        """Return whether no try follows so many failed ones."""
        return self.park_after is not None and attempts >= self.park_after

    def is_alarming(self, attempts: int) -> bool:
        """Return whether staff are to be told of so many failed tries."""
        return self.alarm_after is not None and attempts >= self.alarm_after


@dataclass(frozen=True)
class Listed:
    """Waits written out one by one; after the last of them one more try is made, then none."""

    waits: tuple[dt.timedelta, ...]

    def wait_after(self, attempts: int) -> dt.timedelta:
        """Return how long to wait once `attempts` tries (1 or more, and not yet spent) have failed."""
        return self.waits[attempts - 1]

    def is_spent(self, attempts: int) -> bool:
        """Return whether no try follows so many failed ones."""
        return attempts > len(self.waits)
