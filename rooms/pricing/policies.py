"""A room's rules: what comes back after a cancellation, as arithmetic and in words, and opening hours in words.

Hours before the start are elapsed time, so that a change of the clocks moves no boundary. A boundary belongs to
the better side: cancelled exactly 24 hours before counts as 24 hours before.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from core import dates
from core.dates import write_minutes
from core.money import percent_of
from rooms.models import OpeningHours

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FULL = 100
HOURS_UP_TO = 72
NON_REFUNDABLE = [{"hours": 0, "percent": 0}]

# What every venue starts with. Flexible follows the older systems' thresholds of 24, 4 and 2 hours; they left open
# what comes back between 4 and 2 hours before: here nothing does, so that one sentence says it all.
READY_MADE: dict[str, list[dict[str, int]]] = {
    "Flexible": [{"hours": 24, "percent": 100}, {"hours": 4, "percent": 50}],
    "Moderate": [{"hours": 48, "percent": 100}, {"hours": 24, "percent": 50}],
    "Strict": [{"hours": 7 * 24, "percent": 100}, {"hours": 48, "percent": 50}],
    "Non-refundable": NON_REFUNDABLE,
}


@dataclass(frozen=True)
class RefundStep:
    """What comes back when cancelling up to and including `until` (UTC); None: at any later time."""

    until: dt.datetime | None
    percent: int
    refund_minor: int


@dataclass(frozen=True)
class OpenDays:
    """Days of the week that share their hours: `Monday to Friday`, `08:00–20:00`; no hours means closed."""

    days: str
    hours: str


# --- what comes back ------------------------------------------------------------------------------------------


def refund_schedule(
    tiers: Iterable[dict], *, starts_at: dt.datetime, amount_minor: int
) -> tuple[RefundStep, ...]:
    """Return what of `amount_minor` comes back when, earliest first.

    `tiers` are {"hours", "percent"}; of those whose hours are still ahead, the one with the most counts. Without
    tiers everything comes back until the start; after the start nothing does. Steps that would say the same as the
    next one are left out; the last one, without an end, gives nothing back.
    """
    start = starts_at.astimezone(dt.UTC)
    steps = [
        RefundStep(start - dt.timedelta(hours=tier["hours"]), tier["percent"], _part(amount_minor, tier["percent"]))
        for tier in _ordered(tiers)
    ]  # fmt: skip
    steps.append(RefundStep(None, 0, 0))
    last = steps[-1]
    return (*(step for step, following in pairwise(steps) if step.percent != following.percent), last)


def step_at(schedule: Sequence[RefundStep], now: dt.datetime) -> RefundStep:
    """Return the step that counts at `now`."""
    return next(step for step in schedule if step.until is None or now <= step.until)


def steps_ahead(schedule: Sequence[RefundStep], now: dt.datetime) -> tuple[RefundStep, ...]:
    """Return the step that counts at `now` and those after it."""
    return tuple(step for step in schedule if step.until is None or now <= step.until)


def schedule_json(schedule: Iterable[RefundStep], zone: ZoneInfo) -> list[dict]:
    """Return steps as the API shows them: `[{until, percent, refund_minor}]`, `until` null for the last."""
    return [
        {
            "until": step.until.astimezone(zone).isoformat() if step.until else None,
            "percent": step.percent,
            "refund_minor": step.refund_minor,
        }
        for step in schedule
    ]


def tiers_of(policy: dict | None) -> list[dict]:
    """Return the tiers of a policy as frozen into a booking; a booking without one has none."""
    return list((policy or {}).get("tiers") or [])


def _ordered(tiers: Iterable[dict]) -> list[dict]:
    """Return the tiers, most hours first; no tiers mean everything until the start."""
    return sorted(tiers, key=lambda tier: -tier["hours"]) or [{"hours": 0, "percent": FULL}]


def _part(amount_minor: int, percent: int) -> int:
    return percent_of(amount_minor, Decimal(percent))


# --- in words -------------------------------------------------------------------------------------------------


def cancellation_rules(tiers: Iterable[dict]) -> list[str]:
    """Return what comes back when, one sentence a tier, from `[{"hours", "percent"}]`."""
    ordered = sorted(tiers, key=lambda tier: tier["hours"], reverse=True)
    if not ordered:
        return ["Full refund until the start."]
    rules = [_rule(tier["hours"], tier["percent"]) for tier in ordered]
    return rules if ordered[-1]["hours"] == 0 else [*rules, "No refund after that."]


def tiers_in_short(tiers: Iterable[dict]) -> str:
    """Write the tiers on one line: `100% until 24 hours before the start, 50% until 4 hours before the start`."""
    parts = [
        f"{tier['percent']}% until {_notice(tier['hours'])}" for tier in _ordered(tiers) if tier["percent"]
    ]
    if not parts:
        return "nothing comes back"
    return ", ".join(parts)


def _rule(hours: int, percent: int) -> str:
    if not percent:
        return "No refund." if not hours else f"No refund until {_notice(hours)}."
    return f"{'Full' if percent == FULL else f'{percent}%'} refund until {_notice(hours)}."


def _notice(hours: int) -> str:
    """Write `24 hours before the start`: up to three days in hours, as a day could mean the date."""
    if not hours:
        return "the start"
    length = write_minutes(hours * 60) if hours > HOURS_UP_TO or hours == 1 else f"{hours} hours"
    return f"{length} before the start"


def opening_days(rows: Iterable[OpeningHours]) -> list[OpenDays]:
    """Group the week's days that open at the same hours."""
    by_day: dict[int, list[str]] = {day: [] for day in range(7)}
    for row in rows:
        by_day[row.weekday].append(dates.guest_hours(row.opens, row.closes))
    week = [(day, ", ".join(hours)) for day, hours in by_day.items()]
    return [OpenDays(_days([day for day, _ in same]), hours) for hours, same in _grouped(week)]


def _grouped(week: list[tuple[int, str]]) -> Iterable[tuple[str, list[tuple[int, str]]]]:
    return [(hours, list(same)) for hours, same in groupby(week, key=lambda entry: entry[1])]


def _days(days: list[int]) -> str:
    first, last = WEEKDAYS[days[0]], WEEKDAYS[days[-1]]
    return first if len(days) == 1 else f"{first} to {last}"
