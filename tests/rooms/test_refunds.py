"""What comes back after a cancellation: exact boundaries, clock changes, and properties of every policy."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rooms.pricing.policies import (
    NON_REFUNDABLE,
    READY_MADE,
    RefundStep,
    refund_schedule,
    schedule_json,
    step_at,
    steps_ahead,
    tiers_in_short,
)

PARIS = ZoneInfo("Europe/Paris")
START = dt.datetime(2027, 3, 3, 15, tzinfo=dt.UTC)
TICK = dt.timedelta(microseconds=1)


def before(**span: float) -> dt.datetime:
    return START - dt.timedelta(**span)


def percent(tiers: list[dict], now: dt.datetime, starts_at: dt.datetime = START) -> int:
    """Return how many per cent the rule gives back at `now`, without a schedule: every schedule must agree."""
    left = starts_at.astimezone(dt.UTC) - now.astimezone(dt.UTC)
    if left < dt.timedelta(0):
        return 0
    tiers = tiers or [{"hours": 0, "percent": 100}]
    kept = [tier for tier in tiers if left >= dt.timedelta(hours=tier["hours"])]
    return max(kept, key=lambda tier: tier["hours"])["percent"] if kept else 0


# --- exact values ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "hours", "expected"),
    [
        ("Flexible", 24, 100), ("Flexible", 23.99, 50), ("Flexible", 4, 50), ("Flexible", 3, 0), ("Flexible", 1, 0),
        ("Moderate", 48, 100), ("Moderate", 47.99, 50), ("Moderate", 24, 50), ("Moderate", 23.99, 0),
        ("Strict", 168, 100), ("Strict", 167.99, 50), ("Strict", 48, 50), ("Strict", 47.99, 0),
        ("Non-refundable", 10_000, 0), ("Non-refundable", 0, 0),
    ],
)  # fmt: skip
def test_ready_made_policy_gives_back_by_the_hours_left(name, hours, expected):
    assert percent(READY_MADE[name], before(hours=hours)) == expected


def test_boundary_belongs_to_the_better_side_to_the_microsecond():
    tiers = READY_MADE["Flexible"]

    assert [percent(tiers, before(hours=24) + TICK * n) for n in (-1, 0, 1)] == [100, 100, 50]
    assert [percent(tiers, before(hours=4) + TICK * n) for n in (-1, 0, 1)] == [50, 50, 0]


def test_no_tiers_give_everything_back_until_the_start():
    assert [percent([], START + TICK * n) for n in (-1, 0, 1)] == [100, 100, 0]


def test_hours_are_elapsed_time_across_a_clock_change():
    """On March 28, 2027, 02:00 jumps to 03:00 in Paris: 24 h before Monday 00:30 is Saturday 23:30."""
    start = dt.datetime(2027, 3, 29, 0, 30, tzinfo=PARIS)
    wall_day_before = dt.datetime(2027, 3, 28, 0, 30, tzinfo=PARIS)
    elapsed_day_before = dt.datetime(2027, 3, 27, 23, 30, tzinfo=PARIS)
    tiers = READY_MADE["Flexible"]

    schedule = refund_schedule(tiers, starts_at=start, amount_minor=10_000)

    assert (percent(tiers, wall_day_before, start), percent(tiers, elapsed_day_before, start)) == (50, 100)
    assert schedule[0].until.astimezone(PARIS) == elapsed_day_before


def test_schedule_names_instants_and_amounts_and_ends_in_nothing():
    assert refund_schedule(READY_MADE["Moderate"], starts_at=START, amount_minor=18_001) == (
        RefundStep(before(hours=48), 100, 18_001),
        RefundStep(before(hours=24), 50, 9_001),
        RefundStep(None, 0, 0),
    )


def test_schedule_leaves_out_steps_that_change_nothing():
    tiers = [
        {"hours": hours, "percent": percent} for hours, percent in ((72, 100), (48, 100), (24, 0), (1, 0))
    ]

    assert refund_schedule(tiers, starts_at=START, amount_minor=500) == (
        RefundStep(before(hours=48), 100, 500),
        RefundStep(None, 0, 0),
    )


def test_schedule_of_a_non_refundable_policy_is_one_step():
    assert refund_schedule(NON_REFUNDABLE, starts_at=START, amount_minor=500) == (RefundStep(None, 0, 0),)


def test_schedule_json_writes_instants_in_the_venues_zone():
    schedule = refund_schedule([{"hours": 24, "percent": 100}], starts_at=START, amount_minor=500)

    assert schedule_json(schedule, PARIS) == [
        {"until": "2027-03-02T16:00:00+01:00", "percent": 100, "refund_minor": 500},
        {"until": None, "percent": 0, "refund_minor": 0},
    ]


@pytest.mark.parametrize(
    ("tiers", "words"),
    [
        ([], "100% until the start"),
        (READY_MADE["Flexible"], "100% until 24 hours before the start, 50% until 4 hours before the start"),
        (READY_MADE["Strict"], "100% until 7 days before the start, 50% until 48 hours before the start"),
        (NON_REFUNDABLE, "nothing comes back"),
        ([{"hours": 1, "percent": 20}], "20% until 1 hour before the start"),
    ],
)
def test_tiers_in_short_say_it_on_one_line(tiers, words):
    assert tiers_in_short(tiers) == words


# --- properties -----------------------------------------------------------------------------------------------

# The days around which clocks change in the zones below, in both directions.
ZONES = st.sampled_from(["Europe/Paris", "America/New_York", "Asia/Tashkent", "Australia/Lord_Howe", "UTC"])
STARTS = st.datetimes(dt.datetime(2026, 10, 20), dt.datetime(2027, 11, 10))


@st.composite
def policies(draw: st.DrawFn) -> list[dict]:
    """Tiers as the form lets them through: hours once each, percents never rising toward the start; in any order."""
    hours = draw(st.lists(st.integers(0, 400), max_size=6, unique=True))
    percents = sorted(draw(st.lists(st.integers(0, 100), min_size=len(hours), max_size=len(hours))))
    tiers = [{"hours": h, "percent": p} for h, p in zip(sorted(hours), percents, strict=True)]
    return draw(st.permutations(tiers))


@st.composite
def starts(draw: st.DrawFn) -> dt.datetime:
    return draw(STARTS).replace(tzinfo=ZoneInfo(draw(ZONES)), fold=draw(st.integers(0, 1)))


AMOUNTS = st.integers(0, 10**12)
SPANS = st.timedeltas(dt.timedelta(hours=-48), dt.timedelta(days=20))


@given(tiers=policies(), start=starts(), amount=AMOUNTS, spans=st.tuples(SPANS, SPANS))
@example(tiers=[], start=START, amount=1, spans=(dt.timedelta(0), TICK))
def test_refund_never_rises_as_time_passes_and_stays_within_what_was_paid(tiers, start, amount, spans):
    schedule = refund_schedule(tiers, starts_at=start, amount_minor=amount)
    early, late = sorted(start.astimezone(dt.UTC) - span for span in spans)

    earlier, later = (step_at(schedule, moment).refund_minor for moment in (early, late))

    assert 0 <= later <= earlier <= amount


@given(tiers=policies(), start=starts(), amount=AMOUNTS, span=SPANS, tick=st.integers(-1, 1))
def test_schedule_agrees_with_the_percent_at_every_instant_and_boundary(tiers, start, amount, span, tick):
    schedule = refund_schedule(tiers, starts_at=start, amount_minor=amount)
    boundaries = [step.until for step in schedule if step.until] + [start.astimezone(dt.UTC) - span]

    for moment in (boundary + TICK * tick for boundary in boundaries):
        for zone in (dt.UTC, start.tzinfo):
            now = moment.astimezone(zone)
            assert step_at(schedule, now).percent == percent(tiers, now, start)


@given(tiers=policies(), start=starts(), amount=AMOUNTS, span=SPANS)
def test_schedule_runs_forward_and_falls_with_every_step(tiers, start, amount, span):
    schedule = refund_schedule(tiers, starts_at=start, amount_minor=amount)
    ends = [step.until for step in schedule[:-1]]
    now = start.astimezone(dt.UTC) - span

    assert ends == sorted(set(ends))
    assert [step.percent for step in schedule] == sorted({step.percent for step in schedule}, reverse=True)
    assert (schedule[-1].until, schedule[-1].refund_minor) == (None, 0)
    assert steps_ahead(schedule, now)[0] == step_at(schedule, now)
