"""Django's words for a query, kept from the first time it is asked: most of a history's time went into such words.

What a query becomes depends on the query alone. So its whole build is the key to its words: tables, joins, columns,
order, locks, conditions and their values. Of the conditions at the top only the values differ from one time to the
next; they are prepared anew. A query with anything unknown in it is written as ever, and every so many histories all
are written as ever and compared with what was kept.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.models.sql.compiler import SQLCompiler

from tests.simulation.db.shapes import Unknown, shape_of

# Every so many histories nothing is taken on trust.
DOUBTED_EVERY = 50
_kept: dict[Any, "Words"] = {}
_write, _converters = SQLCompiler.as_sql, SQLCompiler.get_converters


@dataclass
class Words:
    """What the compiler found out about a query, without the values of its conditions."""

    sql: str
    before: tuple[Any, ...]
    after: tuple[Any, ...]
    select: Any
    klass_info: Any
    annotation_col_map: Any
    has_extra_select: bool
    converters: dict[Any, Any] | None = None


class Scribe:
    """Writes queries, and remembers them; `is_doubting` while it compares what it remembers."""

    is_doubting = False

    def write(self, compiler: Any, with_limits: bool = True, with_col_aliases: bool = False) -> Any:
        """What `SQLCompiler.as_sql` does. Raises: AssertionError when what was kept is not so."""
        query = compiler.query
        is_plain = type(compiler).as_sql is SQLCompiler.as_sql and with_limits and not with_col_aliases
        if (
            not is_plain
            or query.subquery
            or (compiler.connection.get_autocommit() and query.select_for_update)
        ):
            return _write(compiler, with_limits, with_col_aliases)
        values: list[Any] = []
        try:
            shape = (compiler.elide_empty, shape_of(query, compiler, values))
        except (Unknown, EmptyResultSet, FullResultSet):
            return _write(compiler)
        words = _kept.get(shape)
        if words is None:
            return self._written(compiler, shape, values)
        params = (*words.before, *values, *words.after)
        if self.is_doubting:
            assert _write(compiler) == (words.sql, params), f"not what was kept: {words.sql}"
        _remind(compiler, words)
        return words.sql, params

    def _written(self, compiler: Any, shape: Any, values: list[Any]) -> tuple[str, tuple[Any, ...]]:
        sql, params = _write(compiler)
        start = sum(len(one[1][1]) for one in compiler.select)
        end = start + len(values)
        # A distinct, a join or a column may have brought values of its own; such a query is not kept.
        if params[start:end] == tuple(values) and not compiler.query.distinct_fields:
            _kept[shape] = Words(
                sql, params[:start], params[end:], compiler.select, compiler.klass_info,
                compiler.annotation_col_map, compiler.has_extra_select,
            )  # fmt: skip
        return sql, params


def _remind(compiler: Any, words: Words) -> None:
    compiler.select, compiler.klass_info = words.select, words.klass_info
    compiler.annotation_col_map, compiler.has_extra_select = words.annotation_col_map, words.has_extra_select
    compiler.col_count = len(words.select)
    compiler.kept_words = words


def _read(compiler: Any, expressions: Any) -> dict[Any, Any]:
    """How the values of a query's columns are read; the same each time."""
    words = compiler.__dict__.get("kept_words")
    if words is None:
        return _converters(compiler, expressions)
    if words.converters is None:
        words.converters = _converters(compiler, expressions)
    return words.converters


scribe = Scribe()


@contextmanager
def thrifty() -> Iterator[None]:
    """Write queries once, within this process."""

    def as_sql(self: Any, with_limits: bool = True, with_col_aliases: bool = False) -> Any:
        return scribe.write(self, with_limits, with_col_aliases)

    with patch.object(SQLCompiler, "as_sql", as_sql), patch.object(SQLCompiler, "get_converters", _read):
        yield
