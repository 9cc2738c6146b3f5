"""Faults on order: which call of which provider goes wrong next, and how."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

KINDS = ("delay", "error_429", "error_500", "stored_500", "reset", "html_502", "timeout_after")
# What only one provider can do wrong: JSON cut in half, and a page instead of JSON with HTTP 200.
OF_ONE_PROVIDER = {"octo": ("truncated", "html_200")}
TIMED = (
    "delay",
    "timeout_after",
)  # for these `seconds` is a length; for the others, how long they stay armed
DEFAULT_HANG_SECONDS = 30.0
DEFAULT_DELAY_SECONDS = 1.0


class BadFault(ValueError):
    """A fault order that makes no sense; the message says why."""


@dataclass
class Fault:
    """One order: `times` None is until removed, `until` is sandbox time, `after` has the work done first."""

    provider: str
    operation: str
    fault: str
    times: int | None
    seconds: float
    until: float | None
    after: bool

    def matches(self, provider: str, operation: str, now: float) -> bool:
        if self.until is not None and now >= self.until:
            return False
        return self.provider in (provider, "*") and fnmatchcase(operation, self.operation)


class FaultBook:
    """The faults in force, oldest first; each matching call uses up one `times`."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.faults: list[Fault] = []

    def add(self, order: dict[str, Any]) -> Fault:
        """Arm one fault. Raises: BadFault for an unknown kind, count or length."""
        fault = _fault_of(order, self._now())
        self.faults.append(fault)
        return fault

    def clear(self, provider: str | None = None) -> None:
        self.faults = [fault for fault in self.faults if provider and fault.provider != provider]

    def draw(self, provider: str, operation: str) -> Fault | None:
        """Take the first fault that fits this call, if any."""
        now = self._now()
        for fault in self.faults:
            if fault.matches(provider, operation, now):
                self._use(fault)
                return fault
        return None

    def listed(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self.faults]

    def _use(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times <= 0:
            self.faults.remove(fault)


def _fault_of(order: dict[str, Any], now: float) -> Fault:
    unknown = set(order) - {"provider", "operation", "fault", "times", "seconds", "after"}
    if unknown:
        raise BadFault(f"unknown keys: {', '.join(sorted(unknown))}")
    kind = order.get("fault")
    kinds = KINDS + OF_ONE_PROVIDER.get(str(order.get("provider")), ())
    if kind not in kinds:
        raise BadFault(f"fault must be one of {', '.join(kinds)}")
    seconds = _number(order, "seconds")
    times = _count(order.get("times"), is_windowed=kind not in TIMED and seconds is not None)
    length = seconds if seconds is not None else _default_length(kind)
    until = now + length if kind not in TIMED and seconds is not None else None
    operation, provider = str(order.get("operation") or "*"), str(order.get("provider") or "*")
    return Fault(provider, operation, kind, times, length, until, bool(order.get("after", False)))


def _number(order: dict[str, Any], name: str) -> float | None:
    value = order.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**9:
        raise BadFault(f"{name} must be a number of seconds, zero or more")
    return float(value)


def _count(times: Any, *, is_windowed: bool) -> int | None:
    """Once by default; 0 means until removed, as does a length of time without a count."""
    if times is None:
        return None if is_windowed else 1
    if isinstance(times, bool) or not isinstance(times, int) or times < 0:
        raise BadFault("times must be a whole number, 0 for until removed")
    return times or None


def _default_length(kind: str) -> float:
    return {"delay": DEFAULT_DELAY_SECONDS, "timeout_after": DEFAULT_HANG_SECONDS}.get(kind, 0.0)
