"""Thirty-two guests want the same night at the same moment, over the API: one gets it, the rest are told so."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.data import connect, one_row
from bench.load import Address, Answer, percentile, volley
from bench.scenarios import booking

RIVALS = 32
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


@dataclass
class Race:
    """What came of the rounds: statuses of all answers, rounds without exactly one winner, losers' seconds."""

    rounds: int = 0
    unfair_rounds: int = 0
    deadlocks: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    losers: list[float] = field(default_factory=list)
    winners: list[float] = field(default_factory=list)

    @property
    def is_fair(self) -> bool:
        return not (self.unfair_rounds or self.deadlocks) and set(self.statuses) <= {201, 409}

    def losers_ms(self, percent: float) -> float:
        return percentile(self.losers, percent) * 1000

    def add(self, answers: list[Answer]) -> None:
        """Count one round."""
        self.rounds += 1
        self.statuses.update(answer.status for answer in answers)
        won = [answer for answer in answers if answer.status == 201]
        lost = [answer for answer in answers if _is_told(answer)]
        self.winners += [answer.seconds for answer in won]
        self.losers += [answer.seconds for answer in lost]
        self.unfair_rounds += len(won) != 1 or len(lost) != len(answers) - 1


def run(address: Address, url: str, nights: Iterable[tuple[str, dt.date]], *, rounds: int) -> Race:
    """Race for one night after the other; `nights` are (room path, date) that are free. Raises: LoadError."""
    race, before = Race(), _deadlocks(url)
    for _round, (path, night) in zip(range(rounds), nights, strict=False):
        race.add(volley(address, [booking(path, night) for _rival in range(RIVALS)]))
    race.deadlocks = _deadlocks(url) - before
    return race


def _is_told(answer: Answer) -> bool:
    return answer.status == 409 and json.loads(answer.body).get("code") == "room_taken"


def _deadlocks(url: str) -> int:
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(DEADLOCKS)
        return int(one_row(cursor)[0])
