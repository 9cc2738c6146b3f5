"""The build of a query as one value that can be compared: two of one shape become the same SQL.

Takes every attribute of every part in, so that nothing is left out by oversight; a part of an unknown type is refused.
"""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from weakref import ref

from django.db.models import Field, Model, lookups
from django.db.models.expressions import BaseExpression, Col
from django.db.models.fields import related_lookups
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.db.models.lookups import Lookup
from django.db.models.query_utils import RegisterLookupMixin
from django.db.models.sql.datastructures import BaseTable, Join
from django.db.models.sql.query import Query
from django.utils.tree import Node

VALUES = (str, bytes, int, float, bool, Decimal, dt.datetime, dt.date, dt.timedelta)
KEPT = "_kept_shape"
# Remembered by a part for itself, or how it was called for before it was resolved.
ASIDE = frozenset((
    "_constructor_args", "_annotation_select_cache", "base_table", "contains_aggregate", "contains_over_clause",
    "contains_column_references", "convert_value", "identity", "used_aliases", "creation_counter", "resolved", KEPT,
))  # fmt: skip
NAMES = ("Exact", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual")
COMPARISONS = {
    *[getattr(lookups, name) for name in (*NAMES, "In")],
    *[getattr(lookups, "Integer" + name) for name in ("FieldExact", *NAMES[1:])],
    *[getattr(related_lookups, "Related" + name) for name in (*NAMES, "In")],
}


class Unknown(Exception):
    """A part that nobody has looked at."""


def shape_of(query: Query, compiler: Any, values: list[Any]) -> Any:
    """Return the shape of a query; the values its conditions compare with are added to `values`, not part of it.

    Raises: Unknown, and what Django raises for a condition that nothing or everything fulfils.
    """
    return (
        type(query),
        _conditions(query.where, compiler, values),
        tuple([(name, _shape(part)) for name, part in vars(query).items() if name not in ASIDE_OF_QUERY]),
    )


ASIDE_OF_QUERY = ASIDE | {"where"}


def _conditions(node: Any, compiler: Any, values: list[Any]) -> Any:
    found = []
    for child in node.children:
        if type(child) is type(node):
            found.append(_conditions(child, compiler, values))
        elif _is_comparison(child):
            sql, params = child.process_rhs(compiler, compiler.connection)
            values.extend(params)
            found.append((type(child), _column(child.lhs), sql))
        else:
            found.append(_shape(child))
    return type(node), node.connector, node.negated, tuple(found)


def _is_comparison(child: Any) -> bool:
    """A column compared with a plain value, or with some."""
    if type(child) not in COMPARISONS or type(child.lhs) is not Col or child.bilateral_transforms:
        return False
    value = child.rhs
    return not isinstance(value, bool) and not hasattr(value, "resolve_expression") and value is not None


def _shape(part: Any) -> Any:
    kind = type(part)
    how = _ways.get(kind)
    if how is None:
        how = _ways[kind] = _way(kind)
    return how(part)


def _way(kind: type) -> Callable[[Any], Any]:
    if issubclass(kind, VALUES):
        return lambda value: (kind, value)
    if issubclass(kind, type):
        return _model
    if issubclass(kind, Field):
        return _field
    if issubclass(kind, ForeignObjectRel):
        return id
    if issubclass(kind, (BaseExpression, Lookup, Node, Query, BaseTable, Join, RegisterLookupMixin)):
        return _whole
    return _refuse


def _whole(part: Any) -> Any:
    """All of a part; remembered by the part itself, since those of a query put together once come again and again."""
    kept = vars(part).get(KEPT)
    # What was copied from a part, to be changed, brings the memory of the other one.
    if kept and kept[0]() is part:
        return kept[1]
    shape = type(part), tuple([(name, _shape(one)) for name, one in vars(part).items() if name not in ASIDE])
    if isinstance(part, BaseExpression):
        vars(part)[KEPT] = (ref(part), shape)
    return shape


def _column(part: Col) -> Any:
    output = vars(part).get("output_field")
    other = None if output is None or output is part.target else _field(output)
    return Col, part.alias, _field(part.target), other


def _field(part: Field) -> Any:
    """A model's fields live as long as the process; others only their kind tells apart."""
    if "model" in vars(part):
        return id(part)
    if part.max_length or getattr(part, "max_digits", None):
        raise Unknown(part)
    return type(part)


def _model(part: Any) -> Any:
    if not issubclass(part, (Model, *VALUES)):
        raise Unknown(part)
    return part


def _refuse(part: Any) -> Any:
    raise Unknown(type(part))


def _items(part: dict) -> Any:
    return tuple([(_shape(name), _shape(one)) for name, one in part.items()])


def _each(part: Any) -> Any:
    return type(part), tuple([_shape(one) for one in part])


def _itself(part: Any) -> Any:
    return part


_ways: dict[type, Callable[[Any], Any]] = {
    type(None): _itself, str: _itself, Col: _column, dict: _items, list: _each, tuple: _each,
    set: lambda part: (set, frozenset(part)), frozenset: _itself,
}  # fmt: skip
