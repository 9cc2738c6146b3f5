"""Rows in memory: what product code of the pure layer takes for Django's models.

Each kind of row is made from its model: same fields and defaults, same predicates, same choices. One object stands
for one row in every process of a history, so `save` writes nothing. What that hides (a stale copy written back)
is left to the layer with the database.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import cache, partialmethod
from operator import attrgetter
from typing import Any

from django.apps import apps
from django.db import models

from core import clock
from rooms.models import Venue as VenueModel
from tests.simulation import thrift


class Stage:
    """Which history the rows belong to at the moment."""

    world: Any = None


stage = Stage()


Getter = Callable[[Any], Any]


class F:
    """A column's own value, plus a number: `F("fetch_started") + 1`."""

    def __init__(self, name: str, plus: int = 0) -> None:
        self.name, self.plus = name, plus

    def __add__(self, number: int) -> "F":
        return F(self.name, self.plus + number)

    def __call__(self, row: Any) -> Any:
        return getattr(row, self.name) + self.plus


# How each comparison leaves those of some rows whose value fits: one loop a question, as they are asked so often.
COMPARE: dict[str, Callable[[Iterable[Any], Getter, Any], list[Any]]] = {
    "exact": lambda rows, get, wanted: [row for row in rows if get(row) == wanted],
    "in": lambda rows, get, wanted: [row for row in rows if get(row) in wanted],
    "lte": lambda rows, get, wanted: [row for row in rows if (it := get(row)) is not None and it <= wanted],
    "lt": lambda rows, get, wanted: [row for row in rows if (it := get(row)) is not None and it < wanted],
    "gte": lambda rows, get, wanted: [row for row in rows if (it := get(row)) is not None and it >= wanted],
    "gt": lambda rows, get, wanted: [row for row in rows if (it := get(row)) is not None and it > wanted],
    "isnull": lambda rows, get, wanted: [row for row in rows if (get(row) is None) == wanted],
}


@cache
def _lookup(name: str) -> tuple[Callable[[Iterable[Any], Getter, Any], list[Any]], Getter]:
    """Turn `payment__booking_id`, `state__in` or `data__key` into a comparison and the way to a row's value."""
    *path, last = name.split("__")
    compare = COMPARE.get(last) if path else None
    path = path if compare else [*path, last]
    get = attrgetter(path[0]) if len(path) == 1 else lambda row: _value(row, path)
    return compare or COMPARE["exact"], get


def _value(row: Any, path: list[str]) -> Any:
    for name in path:
        row = row.get(name) if isinstance(row, dict) else getattr(row, name, None)
    return row


class Rows(list):
    """A table, or what a query leaves of it: as much of a QuerySet as the shared code asks for."""

    def select_for_update(self, **_: Any) -> "Rows":
        return self

    def select_related(self, *_: str) -> "Rows":
        return self

    defer = only = order_by = prefetch_related = select_related

    def all(self) -> "Rows":
        return self

    def none(self) -> "Rows":
        return Rows()

    def filter(self, **where: Any) -> "Rows":
        found: Any = self
        if not found:
            return Rows()
        for name, wanted in where.items():
            compare, get = _lookup(name)
            found = compare(found, get, wanted)
        return Rows(found)

    def exclude(self, **where: Any) -> "Rows":
        gone = {id(row) for row in self.filter(**where)}
        return Rows(row for row in self if id(row) not in gone)

    def get(self, **where: Any) -> Any:
        (found,) = self.filter(**where)
        return found

    def first(self) -> Any:
        return self[0] if self else None

    def last(self) -> Any:
        return self[-1] if self else None

    def latest(self, name: str) -> Any:
        return max(self, key=lambda row: getattr(row, name))

    def aggregate(self, **sums: models.Sum) -> dict[str, int | None]:
        return {label: self._sum(total) for label, total in sums.items()}

    def _sum(self, total: models.Sum) -> int | None:
        name = total.get_source_expressions()[0].name
        return sum(getattr(row, name) for row in self) if self else total.default

    def exists(self) -> bool:
        return bool(self)

    def count(self) -> int:
        return len(self)

    def values_list(self, *names: str, flat: bool = False) -> "Rows":
        if flat:
            return Rows(_value(row, names[0].split("__")) for row in self)
        return Rows(tuple(_value(row, name.split("__")) for name in names) for row in self)

    def update(self, **values: Any) -> int:
        for row in self:
            for name, value in values.items():
                setattr(row, name, value(row) if isinstance(value, F) else value)
        return len(self)


class Table(Rows):
    """All rows of one kind (a subclass each names it); `get` by primary key is quick."""

    kind: Any = None

    def create(self, **fields: Any) -> Any:
        row = self.kind(**fields)
        row.join(self)
        return row

    def get(self, **where: Any) -> Any:
        if len(where) == 1 and (pk := where.get("pk")):
            return self[pk - 1]
        return super().get(**where)

    def filter(self, **where: Any) -> Rows:
        if "pk" in where:
            pk = where.pop("pk")
            found = Rows([self[pk - 1]] if pk and 0 < pk <= len(self) else ())
            return found.filter(**where) if where else found
        return super().filter(**where)

    def get_or_create(self, defaults: dict | None = None, **where: Any) -> tuple[Any, bool]:
        found = self.filter(**where)
        return (found[0], False) if found else (self.create(**where, **(defaults or {})), True)

    def update_or_create(self, defaults: dict | None = None, **where: Any) -> tuple[Any, bool]:
        row, is_new = self.get_or_create(defaults, **where)
        for name, value in (defaults or {}).items():
            setattr(row, name, value)
        return row, is_new

    def bulk_create(self, rows: Iterable[Any], **_: Any) -> list[Any]:
        made = list(rows)
        for row in made:
            row.save()
        return made


class Children:
    """The rows that point to a row, none at first. A `__getattr__` would do, but slow every attribute down."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, row: Any, kind: type) -> Any:
        if row is None:
            return self
        children = row.__dict__[self.name] = Rows()
        return children


class _Kind(type):
    """Gives a class of rows its `objects`: the table of the history on stage."""

    @property
    def objects(cls) -> Table:
        return stage.world.tables[cls.__name__]


class Row(metaclass=_Kind):
    """What all rows share.

    `_parents` are its foreign keys: (name, column, the parent's name for it, is it alone, kind).
    """

    pk: int | None = None
    _parents: tuple[tuple[str, str, str | None, bool, str], ...] = ()
    _instants: tuple[str, ...] = ()

    def __init__(self, **fields: Any) -> None:
        mine = self.__dict__ = fields
        for name in self._instants:
            if name not in fields:
                mine[name] = stage.world.now
        for name, column, _, _, kind in self._parents:
            if name in fields:
                if isinstance(fields[name], Row):
                    mine[column] = fields[name].pk
            elif fields.get(column) and kind in KINDS:
                mine[name] = stage.world.tables[kind][fields[column] - 1]

    def save(self, **_: Any) -> None:
        """Join the table, the first time; after that every process sees this very object."""
        if self.pk is None:
            self.join(stage.world.tables[type(self).__name__])

    def join(self, table: "Table") -> None:
        mine = self.__dict__
        table.append(self)
        mine["pk"] = mine["id"] = len(table)
        for name, _, theirs, is_only, _ in self._parents:
            if name in mine and theirs and isinstance(parent := mine[name], Row):
                if is_only:
                    setattr(parent, theirs, self)
                else:
                    getattr(parent, theirs).append(self)
        stage.world.made(self)

    def get_absolute_url(self) -> str:
        return "/page"

    def refresh_from_db(self, **_: Any) -> None:
        """It is what the database holds."""


def row_kind(model: type[models.Model]) -> type[Row]:
    """Make a class of rows from a model: its fields' defaults, choices, predicates and relations."""
    body: dict[str, Any] = {}
    parents, instants = [], []
    for field in model._meta.concrete_fields:
        if field.default is clock.now or getattr(field, "auto_now", False):
            instants.append(field.name)
        elif field.is_relation:
            is_only = isinstance(field, models.OneToOneField)
            theirs = field.remote_field.get_accessor_name()
            parents.append((field.name, field.attname, theirs, is_only, field.remote_field.model.__name__))
            body |= {field.name: None, field.attname: None}
        elif not field.primary_key:
            body[field.name] = _default(field)
        if field.choices:
            body[f"get_{field.name}_display"] = lambda self, name=field.name: str(getattr(self, name))
    for name, value in vars(model).items():
        if _is_shared(name, value):
            body.setdefault(name, thrift.plainer(value) if isinstance(value, type) else value)
    for relation in model._meta.related_objects:
        if name := relation.get_accessor_name():
            body.setdefault(name, None if relation.one_to_one else Children(name))
    body |= {"_parents": tuple(parents), "_instants": tuple(instants)}
    return _Kind(model.__name__, (Row,), body)


def _is_shared(name: str, value: Any) -> bool:
    """A model's predicates, choices and constants; not what Django put there."""
    is_public = name == "__str__" or not name.startswith("_")
    is_djangos = hasattr(value, "field") or isinstance(value, partialmethod | models.Manager)
    is_plain = isinstance(value, property | type | tuple | staticmethod) or callable(value)
    return is_public and is_plain and not is_djangos and name not in SKIPPED


SKIPPED = ("Meta", "objects", "DoesNotExist", "MultipleObjectsReturned", "NotUpdated", "get_absolute_url")


def _default(field: models.Field) -> Any:
    if field.has_default():
        return None if callable(field.default) else field.default
    if field.null:
        return None
    return 0 if isinstance(field, models.IntegerField) else ""


def _kinds() -> dict[str, type[Row]]:
    of_apps = [*apps.get_app_config("bookings").get_models(), *apps.get_app_config("payments").get_models()]
    return {model.__name__: row_kind(model) for model in of_apps}


KINDS = _kinds()


TABLES = {name: type(f"{name}Table", (Table,), {"kind": kind}) for name, kind in KINDS.items()}


class Tables(dict):
    """A table of every kind, made when it is first asked for."""

    def __missing__(self, name: str) -> Table:
        table = self[name] = TABLES[name]()
        return table


class Venue:
    """A venue's settings that decide about bookings; it stays approved."""

    name = "Venue"
    status = VenueModel.Status.APPROVED
    currency = "EUR"
    clerk_limit_minor = None

    def __init__(
        self, pk: int, *, takes_online_payment: bool, payment_provider: str, answer_hours: int
    ) -> None:
        self.pk, self.takes_online_payment, self.answer_hours = pk, takes_online_payment, answer_hours
        self.payment_provider = payment_provider


class Room:
    """A room as sold today: a host may change `policy` and `price_minor`; bookings keep what they froze."""

    name = "Room"
    pk = 1

    def __init__(self, venue: Venue, policy: dict, price_minor: int) -> None:
        self.venue, self.policy, self.price_minor = venue, policy, price_minor


FEE_PERCENT = Decimal(10)
START = dt.datetime(2027, 3, 1, 9, tzinfo=dt.UTC)
