"""What a call accepts: every parameter named and typed, the unknown refused, as the provider does.

A rule is a function (value, name) -> typed value that raises StripeError.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from sandbox.stripe.errors import StripeError, invalid

Rule = Callable[[Any, str], Any]
METADATA_KEYS = 50
METADATA_KEY_LENGTH = 40
METADATA_VALUE_LENGTH = 500


def check(params: dict[str, Any], rules: dict[str, Rule], prefix: str = "") -> dict[str, Any]:
    """Typed parameters; those not sent are absent. Raises: StripeError."""
    named = {name: f"{prefix}[{name}]" if prefix else name for name in [*params, *rules]}
    unknown = [named[name] for name in params if name not in rules]
    if unknown:
        plural = "s" if len(unknown) > 1 else ""
        raise invalid(
            f"Received unknown parameter{plural}: {', '.join(unknown)}", unknown[0], "parameter_unknown"
        )
    for name, rule in rules.items():
        if getattr(rule, "is_required", False) and name not in params:
            raise invalid(f"Missing required param: {named[name]}.", named[name], "parameter_missing")
    return {name: rules[name](value, named[name]) for name, value in params.items()}


def required(rule: Rule) -> Rule:
    def checked(value: Any, name: str) -> Any:
        if value == "":
            raise invalid(
                f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a "
                f"parameter; however '{name}' cannot be unset.",
                name,
                "parameter_invalid_empty",
            )
        return rule(value, name)

    checked.is_required = True  # type: ignore[attr-defined]  # a mark on the function itself
    return checked


def text(limit: int = 5_000) -> Rule:
    def checked(value: Any, name: str) -> str | None:
        if not isinstance(value, str):
            raise invalid(f"Invalid string: {name} must be a string", name)
        if len(value) > limit:
            raise invalid(f"Invalid string: {name} must be at most {limit} characters", name)
        return value or None

    return checked


def integer(value: Any, name: str) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise invalid(f"Invalid integer: {value}", name, "parameter_invalid_integer")
    return int(value)


def positive(value: Any, name: str) -> int:
    number = integer(value, name)
    if number < 1:
        raise invalid("This value must be greater than or equal to 1.", name, "parameter_invalid_integer")
    return number


def boolean(value: Any, name: str) -> bool:
    if value not in ("true", "false"):
        raise invalid(f"Invalid boolean: {value}", name)
    return bool(value == "true")


def one_of(*choices: str) -> Rule:
    def checked(value: Any, name: str) -> Any:
        if value == "":
            return None
        if value not in choices:
            raise invalid(f"Invalid {name}: must be one of {_either(choices)}", name)
        return value

    return checked


def url(value: Any, name: str) -> str:
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.netloc:
        raise invalid("Not a valid URL", name, "url_invalid")
    return str(value)


def email(value: Any, name: str) -> str | None:
    if value == "":
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+", value):
        raise invalid(f"Invalid email address: {value}", name, "email_invalid")
    return value


def metadata(value: Any, name: str) -> dict[str, str]:
    """Keys to set; an empty value removes its key, an empty string removes them all ("" as the only key)."""
    if value == "":
        return {"": ""}
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise invalid("Invalid metadata: metadata must be a hash of strings", name)
    if len(value) > METADATA_KEYS:
        raise invalid(f"Metadata can have at most {METADATA_KEYS} keys", name)
    for key, one in value.items():
        if len(key) > METADATA_KEY_LENGTH or len(one) > METADATA_VALUE_LENGTH:
            raise invalid(f"Metadata key or value too long: {key[:METADATA_KEY_LENGTH]}", name)
    return value


def merged(old: dict[str, str], new: dict[str, str] | None) -> dict[str, str]:
    if new is None:
        return dict(old)
    if new == {"": ""}:
        return {}
    return {key: value for key, value in {**old, **new}.items() if value != ""}


def shape(rules: dict[str, Rule]) -> Rule:
    def checked(value: Any, name: str) -> Any:
        if not isinstance(value, dict):
            raise invalid(f"Invalid object: {name} must be a hash", name)
        return check(value, rules, name)

    return checked


def listed(rule: Rule, limit: int = 100) -> Rule:
    def checked(value: Any, name: str) -> list[Any]:
        if value == "":
            return []
        if not isinstance(value, dict) or not all(re.fullmatch("[0-9]{1,6}", index) for index in value):
            raise invalid("Invalid array", name)
        if len(value) > limit:
            raise invalid(f"Array too large: {name} may have at most {limit} items", name)
        return [rule(value[index], f"{name}[{index}]") for index in sorted(value, key=int)]

    return checked


def anything(value: Any, name: str) -> Any:
    """Accepted and ignored: presentation that changes no state."""
    return value


def gone(message: str, code: str) -> Rule:
    """A parameter that the provider took away."""

    def checked(value: Any, name: str) -> Any:
        raise StripeError(400, message, code=code, param=name)

    return checked


def unsimulated(value: Any, name: str) -> Any:
    """A real parameter whose effect the sandbox does not have: said aloud, unless it is switched off."""
    if value in ("", "false", {"enabled": "false"}):
        return None
    raise invalid(f"The sandbox does not simulate the parameter {name}", name)


def created_range(value: Any, name: str) -> dict[str, int]:
    """`created=5` or `created[gte]=5`: bounds by operator, the exact moment under "eq"."""
    if isinstance(value, str):
        return {"eq": integer(value, name)}
    bounds: dict[str, Rule] = dict.fromkeys(("gt", "gte", "lt", "lte"), integer)
    return dict(shape(bounds)(value, name))


def _either(choices: tuple[str, ...]) -> str:
    if len(choices) == 1:
        return choices[0]
    return f"{', '.join(choices[:-1])}, or {choices[-1]}" if len(choices) > 2 else " or ".join(choices)
