"""Orders of the control layer to a provider: things that banks, and people in its dashboard, do by themselves."""

from typing import Any


class BadOrder(ValueError):
    """An order that makes no sense, or that the provider refuses; the message says why."""


def amount_of(order: dict[str, Any]) -> int | None:
    """`amount_minor`, None for all there is. Raises: BadOrder."""
    amount = order.get("amount_minor")
    if amount is not None and (isinstance(amount, bool) or not isinstance(amount, int) or amount < 1):
        raise BadOrder("amount_minor must be a whole number, at least 1")
    return amount


def choice_of(order: dict[str, Any], name: str, choices: tuple[str, ...]) -> str:
    """One of `choices`. Raises: BadOrder."""
    if order.get(name) not in choices:
        raise BadOrder(f"{name} must be one of {', '.join(choices)}")
    return str(order[name])
