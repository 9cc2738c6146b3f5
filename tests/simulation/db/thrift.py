"""The columns of a model, written once instead of for every query: most of a history's time goes into such words.

Only what is the same each time is kept: the plain columns of a model under one alias, their SQL and converters.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.db.models.expressions import Col
from django.db.models.sql.compiler import SQLCompiler

_columns: dict[tuple[Any, str], list["KeptCol"]] = {}
_default_columns = SQLCompiler.get_default_columns


class KeptCol(Col):
    """A column that remembers its SQL and how its values are read."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list]:
        kept = self.__dict__.get("kept_sql")
        if kept is None:
            kept = self.kept_sql = super().as_sql(compiler, connection)[0]
        return kept, []

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        return self.output_field.select_format(compiler, sql, params)

    def get_db_converters(self, connection: Any) -> list:
        kept = self.__dict__.get("kept_converters")
        if kept is None:
            kept = self.kept_converters = super().get_db_converters(connection)
        return kept

    def relabeled_clone(self, relabels: dict) -> Col:
        return Col(self.alias, self.target, self.output_field).relabeled_clone(relabels)


def _kept(self: SQLCompiler, select_mask: Any, start_alias: Any = None, opts: Any = None,
          from_parent: Any = None) -> list:  # fmt: skip
    options = opts or self.query.get_meta()
    if select_mask or from_parent or options is None or options.parents or options.proxy:
        return _default_columns(self, select_mask, start_alias, opts, from_parent)
    alias = start_alias or self.query.get_initial_alias()
    key = (options, alias)
    if key not in _columns:
        _columns[key] = [KeptCol(alias, field, field) for field in options.concrete_fields]
    return list(_columns[key])


@contextmanager
def thrifty() -> Iterator[None]:
    """Write columns once, within this process."""
    with patch.object(SQLCompiler, "get_default_columns", _kept):
        yield
