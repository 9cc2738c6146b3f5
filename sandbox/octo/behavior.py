"""Switches for what the gateway's documents leave open or contradict; README.md says which and why."""

from dataclasses import asdict, dataclass, fields
from typing import Any

CHOICES: dict[str, tuple[Any, ...]] = {
    "signature_scheme": ("U", "N"),
    "notify_fields": ("full", "required"),
    "repeated_refund": ("same", "error"),
    "refund_limit_code": (22, 3),
    "refund_result": ("succeeded", "pending"),
}
RANGES = {"hold_minutes": (1, 43_200), "repeat_seconds": (0, 3_600)}  # holds up to 30 days


class BadOctoOrder(ValueError):
    """A control call about Octo that makes no sense; the message says why."""


@dataclass(frozen=True)
class Behavior:
    """How Octo behaves from now on; every default is the reading of its documents held most likely."""

    signature_scheme: str = "U"
    notify_fields: str = "full"
    announces_action: bool = False  # a callback for wait_user_action
    confirms_answer: bool = False  # a final callback after a decision given in a callback's answer
    announces_refund: bool = False  # a callback with a grown refunded_sum
    repeat_seconds: int = 50  # between callbacks for an undecided hold; 0 sends one
    hold_minutes: int = 30
    keeps_total: bool = False  # total_sum stays what was held after a partial capture
    duplicates_data: bool = True  # the deprecated twins of data's fields at the top level
    repeated_refund: str = "same"  # answer to a known shop_refund_id
    refund_limit_code: int = 22
    refund_result: str = "succeeded"
    limits_rate: bool = False  # one status check per second and payment

    def changed(self, order: dict[str, Any]) -> "Behavior":
        """A copy with the ordered switches. Raises: BadOctoOrder for an unknown one or a wrong value."""
        defaults = {field.name: field.default for field in fields(self)}
        for name, value in order.items():
            if name not in defaults:
                raise BadOctoOrder(f"there is no switch {name}; known are {', '.join(defaults)}")
            if type(defaults[name]) is not type(value):
                raise BadOctoOrder(f"{name} must be of type {type(defaults[name]).__name__}")
            _check(name, value)
        return Behavior(**{**asdict(self), **order})


def _check(name: str, value: Any) -> None:
    if name in CHOICES and value not in CHOICES[name]:
        raise BadOctoOrder(f"{name} must be one of {', '.join(map(str, CHOICES[name]))}")
    least, most = RANGES.get(name, (0, 0))
    if name in RANGES and not least <= value <= most:
        raise BadOctoOrder(f"{name} must be from {least} to {most}")
