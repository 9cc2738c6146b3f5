"""Lists: newest first, walked by cursor, filtered by what the call allows."""

from collections.abc import Callable, Iterator, Reversible
from itertools import islice
from typing import Any

from sandbox.stripe import schema
from sandbox.stripe.account import Account
from sandbox.stripe.errors import invalid

Json = dict[str, Any]
Filter = Callable[[Account, Json, Any], bool]
LARGEST_PAGE = 100
BOUNDS: dict[str, Callable[[int, int], bool]] = {
    "eq": lambda moment, bound: moment == bound,
    "gt": lambda moment, bound: moment > bound,
    "gte": lambda moment, bound: moment >= bound,
    "lt": lambda moment, bound: moment < bound,
    "lte": lambda moment, bound: moment <= bound,
}


def _limit(value: Any, name: str) -> int:
    limit = schema.integer(value, name)
    if not 1 <= limit <= LARGEST_PAGE:
        raise invalid(
            f"Invalid limit: must be between 1 and {LARGEST_PAGE}", name, "parameter_invalid_integer"
        )
    return limit


RULES: dict[str, schema.Rule] = {
    "limit": _limit,
    "starting_after": schema.text(),
    "ending_before": schema.text(),
    "created": schema.created_range,
}


def was_created(account: Account, obj: Json, bounds: dict[str, int]) -> bool:
    return all(BOUNDS[operator](obj["created"], bound) for operator, bound in bounds.items())


def has(name: str) -> Filter:
    """A filter: the object's own field equals what was asked."""
    return lambda account, obj, asked: asked is None or obj.get(name) == asked


def page(
    account: Account, objects: Reversible[Json], params: Json, filters: dict[str, Filter]
) -> tuple[list[Json], bool]:
    """One page and whether more follows. Raises: StripeError for a cursor that is not in the list."""
    chosen = {"created": was_created, **filters}
    asked = [(chosen[name], value) for name, value in params.items() if name in chosen]
    limit = params.get("limit", 10)
    newest_first = iter(reversed(objects))
    if params.get("ending_before"):
        before = _until(newest_first, params["ending_before"], "ending_before")
        found = [obj for obj in before if all(fits(account, obj, value) for fits, value in asked)]
        return found[-limit:], len(found) > limit
    if params.get("starting_after"):
        _until(newest_first, params["starting_after"], "starting_after")
    fitting = (obj for obj in newest_first if all(fits(account, obj, value) for fits, value in asked))
    found = list(islice(fitting, limit + 1))  # so that a long list is walked once, not once for each page
    return found[:limit], len(found) > limit


def _until(objects: Iterator[Json], ref: str, param: str) -> list[Json]:
    """Walk up to the cursor, and return what was passed. Raises: StripeError where it is not met."""
    passed: list[Json] = []
    for obj in objects:
        if obj["id"] == ref:
            return passed
        passed.append(obj)
    raise invalid(f"No such object: '{ref}'", param, "resource_missing")
