import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from rooms.availability import opening as opening_hours
from rooms.models import OpeningHours

PARIS = ZoneInfo("Europe/Paris")
MONDAY = dt.date(2026, 12, 7)


def opening(weekday: int, opens: int, closes: int) -> OpeningHours:
    return OpeningHours(weekday=weekday, opens=dt.time(opens), closes=dt.time(closes))


def open_spans(rows: list[OpeningHours], first: dt.date, last: dt.date, zone: ZoneInfo) -> list[tuple]:
    """Return when a room is open on the local dates given, as the calendar joins its openings; in UTC."""
    return opening_hours.merge(opening_hours.day_spans(rows, first, last, zone))


def utc(day: int, hour: int, month: int = 12, year: int = 2026) -> dt.datetime:
    return dt.datetime(year, month, day, hour, tzinfo=dt.UTC)


def test_open_spans_two_rows_a_day_stay_apart():
    rows = [opening(0, 8, 12), opening(0, 13, 18)]

    assert open_spans(rows, MONDAY, MONDAY, PARIS) == [
        (utc(7, 7), utc(7, 11)),
        (utc(7, 12), utc(7, 17)),
    ]


def test_open_spans_rows_that_touch_become_one():
    rows = [opening(0, 8, 12), opening(0, 12, 18)]

    assert open_spans(rows, MONDAY, MONDAY, PARIS) == [(utc(7, 7), utc(7, 17))]


def test_open_spans_closing_at_midnight_ends_the_day():
    assert open_spans([opening(0, 18, 0)], MONDAY, MONDAY, PARIS) == [(utc(7, 17), utc(7, 23))]


def test_open_spans_evening_before_runs_past_midnight():
    rows = [opening(6, 20, 2)]

    assert open_spans(rows, MONDAY, MONDAY, PARIS) == [(utc(6, 19), utc(7, 1))]


def test_open_spans_round_the_clock_every_day_is_one_span():
    rows = [opening(day, 0, 0) for day in range(7)]

    [(opens, closes)] = open_spans(rows, MONDAY, MONDAY + dt.timedelta(days=2), PARIS)

    assert (opens, closes) == (utc(5, 23), utc(9, 23))


def test_open_spans_without_rows_is_always_open():
    assert open_spans([], MONDAY, MONDAY, PARIS) == [(utc(6, 23), utc(7, 23))]


def test_open_spans_day_clocks_go_forward_is_an_hour_shorter():
    sunday = dt.date(2027, 3, 28)

    [(opens, closes)] = open_spans([opening(6, 0, 6)], sunday, sunday, PARIS)

    assert closes - opens == dt.timedelta(hours=5)


def test_instant_wall_time_in_the_gap_moves_on_by_it():
    assert opening_hours.instant(dt.date(2027, 3, 28), dt.time(2, 30), PARIS) == utc(28, 1, 3, 2027).replace(
        minute=30
    )


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (
            [opening(0, 8, 12), opening(0, 13, 18)],
            "Open 8:00 AM – 12:00 PM and 1:00 PM – 6:00 PM on Mondays.",
        ),
        ([opening(1, 8, 12)], "Closed on Mondays."),
    ],
)
def test_describe_day_says_when_it_is_open(rows, text):
    assert opening_hours.describe_day(rows, MONDAY) == text


def test_describe_day_tells_of_the_evening_before():
    overnight = [opening(0, 18, 3), opening(1, 0, 0)]

    assert (
        opening_hours.describe_day(overnight, MONDAY + opening_hours.ONE_DAY)
        == "Open until 3:00 AM and all day on Tuesdays."
    )
    assert (
        opening_hours.describe_day(overnight[:1], MONDAY + opening_hours.ONE_DAY)
        == "Open until 3:00 AM on Tuesdays."
    )
    assert (
        opening_hours.describe_day(overnight[:1], MONDAY) == "Open 6:00 PM – 3:00 AM the next day on Mondays."
    )
