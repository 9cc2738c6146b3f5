"""Statements that come again are prepared at the server, which then need not read and plan them each time.

Only values whose type is plain from where they stand become parameters: those compared with something, listed, written
or cast. Any other is part of the statement.
"""

import re
from collections import Counter
from typing import Any

import psycopg2
from django.db import connection

# As often does a statement come before it is worth a plan, and so many variants of one are worth one.
WORTH_IT, MOST_VARIANTS = 3, 4
OURS = re.compile(r"(?:SELECT|UPDATE|INSERT|DELETE)\b(?!.*%%)", re.DOTALL)
PLACE = re.compile("%s")
PLAIN = re.compile(r"(?:[=<>] |&& |\bIN \(|\bVALUES \(|(?<=%s), |(?<=NULL), )%s|%s(?=\)?::)")


class Prepared:
    """What one connection has prepared; an `execute_wrapper`. Belongs inside of what looks at statements."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew, on a connection that knows no statement."""
        self.seen: Counter[str] = Counter()
        self.variants: Counter[str] = Counter()
        self.places: dict[str, list[bool]] = {}
        self.names: dict[Any, str | None] = {}

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.seen[sql] += 1
        is_rare = self.seen[sql] < WORTH_IT or self.variants[sql] > MOST_VARIANTS
        # A cursor kept at the server takes a query, not the name of one.
        is_special = many or not params or isinstance(params, dict) or context["cursor"].cursor.name
        if is_rare or is_special or not OURS.match(sql):
            return execute(sql, params, many, context)
        plain = self.places.get(sql) or self._looked_at(sql)
        fixed = [value for value, is_plain in zip(params, plain, strict=True) if not is_plain]
        key = (sql, repr(fixed)) if fixed else sql
        if key not in self.names:
            self.names[key] = self._prepare(sql, plain, fixed)
        if (order := self.names[key]) is None:
            return execute(sql, params, many, context)
        free = [value for value, is_plain in zip(params, plain, strict=True) if is_plain] if fixed else params
        return execute(order, free or None, many, context)

    def _looked_at(self, sql: str) -> list[bool]:
        ends = {match.end() for match in PLAIN.finditer(sql)}
        self.places[sql] = [match.end() in ends for match in PLACE.finditer(sql)]
        return self.places[sql]

    def _prepare(self, sql: str, plain: list[bool], fixed: list[Any]) -> str | None:
        """Prepare a statement, return how it is executed; None where the server cannot tell a parameter's type."""
        self.variants[sql] += 1
        name, values = f"again_{len(self.names)}", iter(fixed)
        with connection.connection.cursor() as cursor:
            places = [
                f"${sum(plain[: place + 1])}" if is_plain else cursor.mogrify("%s", [next(values)]).decode()
                for place, is_plain in enumerate(plain)
            ]
            saved = connection.savepoint() if connection.in_atomic_block else None
            try:
                cursor.execute(f"PREPARE {name} AS {sql % tuple(places)}")
            except psycopg2.Error:
                _end(saved, connection.savepoint_rollback)
                return None
            _end(saved, connection.savepoint_commit)
        return f"EXECUTE {name} ({', '.join(['%s'] * sum(plain))})" if any(plain) else f"EXECUTE {name}"


def _end(saved: str | None, how: Any) -> None:
    if saved:
        how(saved)


prepared = Prepared()
