"""A room's rules in words: cancellation tiers and opening hours."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from rooms.models import OpeningHours
from rooms.stays import write_minutes

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class OpenDays:
    """Days of the week that share their hours: `Monday to Friday`, `08:00–20:00`; no hours means closed."""

    days: str
    hours: str


def cancellation_rules(tiers: Iterable[dict]) -> list[str]:
    """Return what comes back when, one sentence a tier, from `[{"hours", "percent"}]`."""
    ordered = sorted(tiers, key=lambda tier: tier["hours"], reverse=True)
    if not ordered:
        return ["Full refund until the start."]
    rules = [_rule(tier["hours"], tier["percent"]) for tier in ordered]
    return rules if ordered[-1]["hours"] == 0 else [*rules, "No refund after that."]


def _rule(hours: int, percent: int) -> str:
    if not percent:
        return "No refund." if not hours else f"No refund until {write_minutes(hours * 60)} before the start."
    notice = f"until {write_minutes(hours * 60)} before the start" if hours else "until the start"
    return f"{'Full' if percent == 100 else f'{percent}%'} refund {notice}."


def opening_days(rows: Iterable[OpeningHours]) -> list[OpenDays]:
    """Group the week's days that open at the same hours."""
    by_day: dict[int, list[str]] = {day: [] for day in range(7)}
    for row in rows:
        by_day[row.weekday].append(f"{row.opens:%H:%M}–{row.closes:%H:%M}")
    week = [(day, ", ".join(hours)) for day, hours in by_day.items()]
    return [OpenDays(_days([day for day, _ in same]), hours) for hours, same in _grouped(week)]


def _grouped(week: list[tuple[int, str]]) -> Iterable[tuple[str, list[tuple[int, str]]]]:
    return [(hours, list(same)) for hours, same in groupby(week, key=lambda entry: entry[1])]


def _days(days: list[int]) -> str:
    first, last = WEEKDAYS[days[0]], WEEKDAYS[days[-1]]
    return first if len(days) == 1 else f"{first} to {last}"
