"""The SDK's own annotations as an oracle of shape: what is not Optional must be there and not null."""

import inspect
import types
import typing
from typing import Any, Literal, Union, get_args, get_origin

import stripe


def faults_of(obj: stripe.StripeObject, path: str = "") -> list[str]:
    """Required fields missing or null and values outside an enumeration, of an object and all inside it."""
    faults = []
    for name, kind in _annotations(type(obj)).items():
        where = f"{path}{type(obj).__name__}.{name}"
        value = getattr(obj, name, None)
        if value is None:
            faults += [] if _may_be_null(kind) else [f"{where} is missing"]
        elif isinstance(value, stripe.StripeObject):
            faults += faults_of(value, f"{where} > ")
        elif isinstance(value, list):
            for one in value:
                faults += faults_of(one) if isinstance(one, stripe.StripeObject) else []
        else:
            faults += _wrong_value(where, kind, value)
    return faults


def _annotations(kind: type) -> dict[str, Any]:
    """Of the provider's own classes, without what is no field on the wire."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        if base is stripe.StripeObject or not issubclass(base, stripe.StripeObject):
            continue
        found |= inspect.get_annotations(base)
    return {
        name: one
        for name, one in found.items()
        if not name.startswith("_") and get_origin(one) is not typing.ClassVar and name != "deleted"
    }


def _may_be_null(kind: Any) -> bool:
    return kind is Any or type(None) in get_args(kind)


def _wrong_value(where: str, kind: Any, value: Any) -> list[str]:
    allowed = _literals(kind)
    if allowed and value not in allowed:
        return [f"{where} is {value!r}, not one of {sorted(allowed)}"]
    return []


def _literals(kind: Any) -> set[Any]:
    if get_origin(kind) is Literal:
        return set(get_args(kind))
    if get_origin(kind) in (Union, types.UnionType):
        return set().union(*(_literals(one) for one in get_args(kind)))
    return set()
