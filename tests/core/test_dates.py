"""The forms of dates and times, the name of a zone as of an instant, and that nothing else writes any."""

import datetime as dt
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template

from core import dates

LISBON, TASHKENT = "Europe/Lisbon", "Asia/Tashkent"
SUMMER = dt.datetime(2027, 4, 6, 14, 0, tzinfo=dt.UTC)
WINTER = dt.datetime(2027, 1, 5, 9, 5, tzinfo=dt.UTC)


@pytest.fixture
def year(time_machine):
    """Moves to noon of a date."""
    return lambda date: time_machine.move_to(f"{date}T12:00:00+00:00", tick=False)


@pytest.mark.parametrize("today", ["2026-11-30", "2027-07-01"])
def test_zone_is_named_as_of_the_instant_shown_whatever_the_season_now(year, today):
    year(today)

    assert (
        dates.zone_name("Europe/London", dt.datetime(2027, 7, 14, 7, 0, tzinfo=dt.UTC)) == "London time, BST"
    )
    assert dates.zone_name(LISBON, WINTER) == "Lisbon time, WET"
    assert dates.zone_name(LISBON, SUMMER) == "Lisbon time, WEST"


@pytest.mark.parametrize(
    ("zone", "instants", "name"),
    [
        (LISBON, (), "Lisbon time"),
        (LISBON, (WINTER, SUMMER), "Lisbon time"),
        (LISBON, (SUMMER, SUMMER), "Lisbon time, WEST"),
        (TASHKENT, (SUMMER,), "Tashkent time"),
        ("America/Argentina/Buenos_Aires", (SUMMER,), "Buenos Aires time"),
        ("UTC", (SUMMER,), "UTC"),
    ],
)
def test_zone_has_an_abbreviation_only_where_one_is_true_of_all(zone, instants, name):
    assert dates.zone_name(zone, *instants) == name


@pytest.mark.parametrize(
    ("form", "this_year", "another_year"),
    [
        (dates.guest_date, "Apr 6", "Apr 6, 2027"),
        (dates.guest_day, "Tue, Apr 6", "Tue, Apr 6, 2027"),
        (dates.guest_moment, "Tue, Apr 6, 3:00 PM", "Tue, Apr 6, 2027, 3:00 PM"),
        (dates.guest_time, "3:00 PM", "3:00 PM"),
        (dates.full_date, "Apr 6, 2027", "Apr 6, 2027"),
        (dates.full_moment, "Apr 6, 2027 at 3:00 PM", "Apr 6, 2027 at 3:00 PM"),
        (dates.full_moment_in_zone, "Apr 6, 2027 at 3:00 PM (Lisbon time, WEST)",
         "Apr 6, 2027 at 3:00 PM (Lisbon time, WEST)"),
        (dates.long_day, "Tuesday, April 6, 2027", "Tuesday, April 6, 2027"),
        (dates.month, "April 2027", "April 2027"),
        (dates.staff_time, "15:00", "15:00"),
        (dates.staff_moment, "Apr 6, 2027, 15:00", "Apr 6, 2027, 15:00"),
        (dates.staff_moment_in_zone, "Apr 6, 2027, 15:00 (Lisbon time, WEST)",
         "Apr 6, 2027, 15:00 (Lisbon time, WEST)"),
    ],
)  # fmt: skip
def test_forms_name_the_year_where_it_is_not_the_present_one(year, form, this_year, another_year):
    year("2027-02-01")
    assert form(SUMMER, LISBON) == this_year
    year("2026-11-30")
    assert form(SUMMER, LISBON) == another_year


def test_present_year_is_the_venues(time_machine):
    time_machine.move_to("2026-12-31T20:00:00+00:00", tick=False)

    # In Tashkent it is January 1 already.
    assert dates.guest_date(SUMMER, TASHKENT) == "Apr 6"
    assert dates.guest_date(SUMMER, LISBON) == "Apr 6, 2027"


def test_spans_write_the_second_end_no_longer_than_needed(year):
    year("2026-11-30")
    later, next_day = SUMMER + dt.timedelta(hours=2), SUMMER + dt.timedelta(days=1)

    assert dates.date_span(SUMMER, next_day, LISBON) == "Apr 6 – Apr 7, 2027"
    assert dates.date_span(dt.date(2026, 12, 30), dt.date(2027, 1, 2)) == "Dec 30, 2026 – Jan 2, 2027"
    assert dates.guest_span(SUMMER, later, LISBON) == "Tue, Apr 6, 2027, 3:00 PM – 5:00 PM"
    assert dates.staff_span(SUMMER, later, LISBON) == "Apr 6, 2027, 15:00–17:00"
    assert dates.staff_span(SUMMER, next_day, LISBON) == "Apr 6, 2027, 15:00 – Apr 7, 2027, 15:00"
    assert dates.guest_hours(dt.time(0), dt.time(12, 30)) == "12:00 AM – 12:30 PM"


@pytest.mark.parametrize(
    ("opens", "closes", "text"),
    [
        (18, 9, "6:00 PM – 9:00 AM the next day"), (9, 9, "9:00 AM – 9:00 AM the next day"),
        (18, 0, "6:00 PM – midnight"), (0, 0, "all day"),
    ],
)  # fmt: skip
def test_guest_hours_past_midnight_say_so(opens, closes, text):
    assert dates.guest_hours(dt.time(opens), dt.time(closes)) == text


def test_filters_take_an_instant_and_the_zone_of_its_wall(year):
    year("2026-11-30")
    page = (
        "{{ at|guest_moment:zone }}|{% zone_at zone at none %}|{{ at|iso:zone }}|"
        "{{ at|iso_date:zone }}|{{ none|iso }}"
    )

    shown = Template(page).render(Context({"at": SUMMER, "zone": LISBON, "none": None}))

    assert shown == ("Tue, Apr 6, 2027, 3:00 PM|Lisbon time, WEST|2027-04-06T15:00:00+01:00|2027-04-06|")


# --- nothing else writes dates --------------------------------------------------------------------------------

APPS = ("accounts", "bookings", "calendars", "config", "core", "notifications", "payments", "rooms")
# Not for people: what programs and file names want. Each line is (file, what stands in it).
FOR_MACHINES = {
    ("core/dates.py", ""),
    ("core/templatetags/dates.py", "%Y-%m-%d"),
    ("notifications/channels/files.py", "%Y%m%dT%H%M%S.%f"),
    ("payments/providers/octo/client.py", "%Y-%m-%d %H:%M:%S"),
    ("payments/payouts/bank_files.py", "%Y-%m-%dT%H:%M:%SZ"),
    ("payments/payouts/bank_export.py", "%Y%m%d%H%M%S"),
    ("payments/admin/payout_pages.py", "month={month:%Y-%m}"),
    ("rooms/pages/forms.py", '{time:%H:%M}", dates.guest_time(time)'),
    ("rooms/api/rooms.py", "check_in_time:%H:%M"),
    ("rooms/api/rooms.py", "check_out_time:%H:%M"),
    ("rooms/api/rooms.py", "opens:%H:%M"),
}
WRITES = re.compile(r"\.strftime\(|\{[^{}]*:%[a-zA-Z-]|\bdate_format\(|\btime_format\(|\bctime\(")
IN_TEMPLATES = re.compile(r"\|(date|time|localtime|timezone|naturalday|naturaltime)\b|\{% now ")
# A script may ask for the browser's own zone, which writes nothing.
IN_SCRIPTS = re.compile(
    r"toLocale|Intl\.(?!DateTimeFormat\(\)\.resolvedOptions\(\)\.timeZone)|toDateString|toTimeString|getHours|getMonth"
)


def lines_of(root: Path, pattern: str):
    for path in sorted(root.rglob(pattern)):
        if "migrations" not in path.parts:
            for line in path.read_text().splitlines():
                yield str(path.relative_to(settings.BASE_DIR)), line


def test_no_other_module_writes_a_date():
    found = [
        (file, line.strip())
        for app in APPS
        for file, line in lines_of(settings.BASE_DIR / app, "*.py")
        if WRITES.search(line) and not any(file == name and part in line for name, part in FOR_MACHINES)
    ]

    assert found == []


@pytest.mark.parametrize(
    ("folder", "pattern", "writes"),
    [("templates", "*.html", IN_TEMPLATES), ("templates", "*.txt", IN_TEMPLATES), ("static/js", "*.js", IN_SCRIPTS)],
)  # fmt: skip
def test_no_template_or_script_writes_a_date_by_itself(folder, pattern, writes):
    found = [line for line in lines_of(settings.BASE_DIR / folder, pattern) if writes.search(line[1])]

    assert found == []
