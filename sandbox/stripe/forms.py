"""The wire's form encoding: `a[b][0]=c` pairs into nested dicts of strings, and nothing else.

A list arrives as a dict keyed by its indexes; the schema knows where a list is meant.
"""

import re
from typing import Any
from urllib.parse import parse_qsl

from sandbox.stripe.errors import invalid

MOST_FIELDS = 1_000
DEEPEST = 10
KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")


def decode(text: str) -> dict[str, Any]:
    """Nested parameters of a form body or a query string; brackets may be percent-encoded.

    Raises: StripeError for a malformed key or a key used both as a value and as a container.
    """
    root: dict[str, Any] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise invalid("Invalid request: too many parameters") from error
    for key, value in pairs:
        match = KEY.match(key)
        if match is None:
            raise invalid(f"Invalid request (malformed parameter name: {key})", key)
        path = [match[1], *re.findall(r"\[([^\]]*)\]", match[2])]
        if len(path) > DEEPEST:
            raise invalid("Invalid request: parameters are nested too deeply", match[1])
        _put(root, path, value)
    return root


def flatten(params: dict[str, Any] | str, prefix: str = "") -> dict[str, str]:
    """One line per leaf, whatever the order in which they came: what two equal requests have in common."""
    if not isinstance(params, dict):
        return {prefix: str(params)}
    flat: dict[str, str] = {}
    for name, value in params.items():
        flat |= flatten(value, f"{prefix}[{name}]" if prefix else name)
    return flat


def _put(root: dict[str, Any], path: list[str], value: str) -> None:
    here = root
    for name in path[:-1]:
        name = name or str(len(here))  # `a[][b]` appends
        here = here.setdefault(name, {})
        if not isinstance(here, dict):
            raise invalid(f"Invalid request: {path[0]} is both a value and a hash", path[0])
    last = path[-1] or str(len(here))
    if isinstance(here.get(last), dict):
        raise invalid(f"Invalid request: {path[0]} is both a value and a hash", path[0])
    here[last] = value
