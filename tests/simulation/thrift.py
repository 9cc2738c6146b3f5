"""The product's values in a cheaper form: same names, same fields, same properties; only how they are made differs.

A history makes hundreds of them. Frozen dataclasses set each field through a call, members of enums are found and
hashed by calls, and a refusal words a sentence nobody reads.
"""

from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from types import SimpleNamespace
from typing import Any

from django.conf import settings

from bookings import errors


class InvalidTransition(errors.InvalidTransition):
    """The product's refusal; its sentence is put together when somebody reads it."""

    def __init__(self, verb: str, status: str) -> None:
        self.verb, self.status = verb, status

    @property
    def message(self) -> str:
        return errors.InvalidTransition(self.verb, self.status).message

    def __str__(self) -> str:
        return self.message


class Words:
    """An enum's members as plain strings; asked for an unknown one it objects, as the enum does."""

    def __init__(self, choices: type[Enum]) -> None:
        self.values = [member.value for member in choices]
        vars(self).update({name: str(member.value) for name, member in choices.__members__.items()})

    def __call__(self, value: str) -> str:
        if value not in self.values:
            raise ValueError(value)
        return value


@cache
def plainer(kind: type) -> Any:
    """Return what stands in for one of the product's types; the type itself where nothing is cheaper."""
    if issubclass(kind, Enum) and issubclass(kind, str):
        return Words(kind)
    if is_dataclass(kind) and kind.__dataclass_params__.frozen:
        return _thawed(kind)
    return kind


def _thawed(kind: type) -> type:
    """Return a frozen dataclass with the same fields, defaults and methods, not frozen."""
    made = fields(kind)
    body = {
        name: value
        for name, value in vars(kind).items()
        if not name.startswith("__") and (isinstance(value, property) or callable(value))
    }
    if any(field.default_factory is not MISSING for field in made) or hasattr(kind, "__post_init__"):
        return kind
    body |= {field.name: field.default for field in made if field.default is not MISSING}
    body["__annotations__"] = {field.name: Any for field in made}
    for name in ("__sub__", "__add__"):
        if name in vars(kind):
            body[name] = vars(kind)[name]
    return dataclass(type(kind.__name__, (), body))


def plain_settings() -> SimpleNamespace:
    """Django's settings as they are now, without the look behind every name."""
    return SimpleNamespace(**{name: getattr(settings, name) for name in dir(settings) if name.isupper()})
