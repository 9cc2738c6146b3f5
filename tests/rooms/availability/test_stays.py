import datetime as dt

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from hypothesis import given
from hypothesis import strategies as st

from rooms.availability.stays import (
    InvalidStay,
    Stay,
    check_stay,
    first_night,
    period_of,
    stay_of,
    stay_of_hours,
    stay_of_nights,
    stay_of_session,
    write_minutes,
)
from rooms.models import OpeningHours, Session
from tests.support.factories import unsaved_room

NOW = dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)
DAILY = [OpeningHours(weekday=day, opens=dt.time(8), closes=dt.time(20)) for day in range(7)]
ZONES = ["Europe/Paris", "Asia/Tashkent", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago"]
DATES = st.dates(dt.date(2026, 1, 1), dt.date(2030, 1, 1))


def utc(month: int, day: int, hour: int, minute: int = 0, year: int = 2026) -> dt.datetime:
    return dt.datetime(year, month, day, hour, minute, tzinfo=dt.UTC)


def hotel(**fields):
    return unsaved_room(**fields)


def conference(**fields):
    return unsaved_room(**{"kind": "conference", "opening": DAILY, **fields})


def refusal(call, *args) -> tuple[str, str, str]:
    with pytest.raises(InvalidStay) as caught:
        call(*args)
    return caught.value.field, caught.value.code, caught.value.message


# --- nights -----------------------------------------------------------------------------------------------


def test_stay_of_nights_runs_from_check_in_to_check_out_time_of_the_venue():
    stay = stay_of_nights(hotel(), dt.date(2026, 12, 1), dt.date(2026, 12, 4))

    assert stay == Stay(utc(12, 1, 14), utc(12, 4, 10), 3)


def test_stay_of_nights_over_a_clock_change_still_counts_dates():
    stay = stay_of_nights(hotel(), dt.date(2027, 3, 27), dt.date(2027, 3, 29))

    assert stay.units == 2
    assert stay.ends_at - stay.starts_at == dt.timedelta(hours=43)


@pytest.mark.parametrize("days", [0, -1, -400])
def test_stay_of_nights_reversed_or_empty_is_refused_at_check_out(days):
    first = dt.date(2026, 12, 1)

    assert refusal(stay_of_nights, hotel(), first, first + dt.timedelta(days=days)) == (
        "check_out", "not_after_start", "Check-out must be after check-in.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("check_in", "check_out", "field"),
    [(dt.date.min, dt.date(2026, 12, 1), "check_in"), (dt.date(2026, 12, 1), dt.date.max, "check_out")],
)
def test_stay_of_nights_at_the_ends_of_the_calendar_is_refused_not_overflown(check_in, check_out, field):
    assert refusal(stay_of_nights, hotel(), check_in, check_out)[:2] == (field, "out_of_range")


def test_stay_of_nights_room_by_the_hour_is_refused():
    assert refusal(stay_of_nights, conference(), dt.date(2026, 12, 1), dt.date(2026, 12, 2)) == (
        "check_in", "wrong_unit", "This is booked by the hour, not by the night.",
    )  # fmt: skip


@given(st.sampled_from(ZONES), DATES, st.integers(1, 30))
def test_stay_of_nights_anywhere_touches_the_next_stay_without_overlap(zone, check_in, nights):
    room = hotel(venue={"time_zone": zone})
    check_out = check_in + dt.timedelta(days=nights)

    stay = stay_of_nights(room, check_in, check_out)
    following = stay_of_nights(room, check_out, check_out + dt.timedelta(days=1))

    assert stay.units == nights
    assert stay.starts_at < stay.ends_at < following.starts_at
    assert stay.starts_at.astimezone(room.venue.zone).date() == check_in
    assert stay.ends_at.astimezone(room.venue.zone).date() == check_out


# --- hours ------------------------------------------------------------------------------------------------


def test_stay_of_hours_naive_moment_is_wall_time_of_the_venue():
    stay = stay_of_hours(conference(), dt.datetime(2026, 12, 1, 9), dt.datetime(2026, 12, 1, 11))

    assert stay == Stay(utc(12, 1, 8), utc(12, 1, 10), 2)


def test_stay_of_hours_aware_moment_is_itself():
    stay = stay_of_hours(conference(), utc(12, 1, 8), utc(12, 1, 10))

    assert stay == Stay(utc(12, 1, 8), utc(12, 1, 10), 2)


def test_stay_of_hours_wall_time_that_never_comes_is_refused():
    field, code, message = refusal(
        stay_of_hours, conference(), dt.datetime(2027, 3, 28, 2, 30), dt.datetime(2027, 3, 28, 4, 30)
    )

    assert (field, code) == ("start", "nonexistent_time")
    assert message == (
        "2:30 AM does not exist on Sunday, March 28, 2027: the clocks go forward then. Choose a later time."
    )


def test_stay_of_hours_end_that_never_comes_is_refused_at_the_end():
    refused = refusal(
        stay_of_hours, conference(), dt.datetime(2027, 3, 28, 1, 30), dt.datetime(2027, 3, 28, 2, 30)
    )

    assert refused[:2] == ("end", "nonexistent_time")


def test_stay_of_hours_wall_time_that_comes_twice_is_its_first_coming():
    stay = stay_of_hours(conference(), dt.datetime(2026, 10, 25, 2), dt.datetime(2026, 10, 25, 4))

    assert stay == Stay(utc(10, 25, 0), utc(10, 25, 3), 3)


def test_stay_of_hours_over_the_gap_counts_elapsed_time():
    stay = stay_of_hours(conference(), dt.datetime(2027, 3, 28, 1), dt.datetime(2027, 3, 28, 4))

    assert stay.units == 2


@pytest.mark.parametrize(
    ("minutes", "code"), [(0, "not_after_start"), (-60, "not_after_start"), (90, "not_whole_units")]
)
def test_stay_of_hours_no_whole_hours_is_refused_at_the_end(minutes, code):
    start = dt.datetime(2026, 12, 1, 9)

    refused = refusal(stay_of_hours, conference(), start, start + dt.timedelta(minutes=minutes))

    assert refused[:2] == ("end", code)


def test_stay_of_hours_expert_counts_appointments():
    room = unsaved_room(kind="expert", appointment_minutes=45)

    stay = stay_of_hours(room, dt.datetime(2026, 12, 1, 9), dt.datetime(2026, 12, 1, 10, 30))

    assert stay.units == 2
    assert refusal(stay_of_hours, room, dt.datetime(2026, 12, 1, 9), dt.datetime(2026, 12, 1, 10)) == (
        "end", "not_whole_units", "This is booked in 45-minute appointments.",
    )  # fmt: skip


@given(st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2030, 1, 1)), st.integers(1, 12))
def test_stay_of_hours_any_wall_time_comes_back_or_is_refused(start, units):
    start = start.replace(second=0, microsecond=0)
    room = conference()
    try:
        stay = stay_of_hours(room, start, start + dt.timedelta(hours=units))
    except InvalidStay as refused:
        assert refused.code == "nonexistent_time"
        return

    assert stay.starts_at.astimezone(room.venue.zone).replace(tzinfo=None) == start
    assert stay.ends_at - stay.starts_at == dt.timedelta(hours=stay.units)
    assert abs(stay.units - units) <= 1


# --- choices ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "choice", "field"),
    [
        ("hotel", {}, "check_in"),
        ("hotel", {"check_in": dt.date(2026, 12, 1)}, "check_out"),
        ("conference", {}, "start"),
        ("conference", {"start": dt.datetime(2026, 12, 1, 9)}, "end"),
        ("workshop", {}, "session"),
    ],
)
def test_stay_of_missing_part_is_asked_for_by_its_field(kind, choice, field):
    with pytest.raises(InvalidStay) as caught:
        stay_of(unsaved_room(kind=kind), **choice)

    assert (caught.value.field, caught.value.code) == (field, "required")


def test_stay_of_session_of_another_room_is_refused():
    session = Session(room_id=99, starts_at=utc(12, 1, 9), ends_at=utc(12, 1, 11), capacity=5)

    with pytest.raises(InvalidStay) as caught:
        stay_of(unsaved_room(kind="workshop"), session=session)

    assert caught.value.field == "session"
    assert stay_of_session(session) == Stay(utc(12, 1, 9), utc(12, 1, 11), 1)


def test_period_of_buffers_widen_it_half_open():
    room = conference(buffer_before_minutes=15, buffer_after_minutes=30)

    period = period_of(room, Stay(utc(12, 1, 8), utc(12, 1, 10), 2))

    assert period == DateTimeTZRange(utc(12, 1, 7, 45), utc(12, 1, 10, 30), "[)")


# --- what a room allows -----------------------------------------------------------------------------------


def nights(room, first: dt.date, count: int = 1) -> Stay:
    return stay_of_nights(room, first, first + dt.timedelta(days=count))


def test_check_stay_that_fits_passes():
    room = hotel(min_units=2, max_units=5, notice_minutes=24 * 60, booking_window_days=30)

    check_stay(room, nights(room, dt.date(2026, 12, 1), 2), 2, NOW)


@pytest.mark.parametrize(
    ("party_size", "code", "message"),
    [(0, "too_few", "At least one guest."), (-1, "too_few", "At least one guest."),
     (3, "too_many", "At most 2 guests fit here."), (10**9, "too_many", "At most 2 guests fit here.")],
)  # fmt: skip
def test_check_stay_wrong_party_is_refused(party_size, code, message):
    room = hotel()

    refused = refusal(check_stay, room, nights(room, dt.date(2026, 12, 1)), party_size, NOW)

    assert refused == ("party_size", code, message)


def test_check_stay_yesterday_is_past_today_is_not():
    room = hotel()

    assert refusal(check_stay, room, nights(room, dt.date(2026, 11, 20)), 1, NOW) == (
        "check_in", "past", "This is in the past.",
    )  # fmt: skip
    check_stay(room, nights(room, dt.date(2026, 11, 21)), 1, NOW.replace(hour=22))


def test_check_stay_today_is_the_venues_today():
    room = hotel(venue={"time_zone": "Pacific/Kiritimati"})

    refused = refusal(check_stay, room, nights(room, dt.date(2026, 11, 20)), 1, NOW.replace(hour=9))

    assert refused[1] == "past"  # it is 23:00 of the 21st there


@pytest.mark.parametrize(
    ("at", "check_out", "is_open"),
    [
        ("00:30", "11:00", True),
        ("05:59", "11:00", True),
        ("06:00", "11:00", False),
        ("03:00", "02:00", False),
    ],
)
def test_check_stay_small_hours_belong_to_the_night_just_begun(at, check_out, is_open):
    room = hotel(venue={"check_out_time": dt.time.fromisoformat(check_out)})
    now = dt.datetime.combine(dt.date(2026, 11, 22), dt.time.fromisoformat(at), tzinfo=room.venue.zone)
    stay = nights(room, dt.date(2026, 11, 21))

    if is_open:
        check_stay(room, stay, 1, now)
    else:
        assert refusal(check_stay, room, stay, 1, now)[:2] == ("check_in", "past")
    assert first_night(room, now) == dt.date(2026, 11, 21 if is_open else 22)


def test_check_stay_night_just_begun_keeps_its_notice():
    room = hotel(notice_minutes=60)
    now = dt.datetime(2026, 11, 22, 0, 30, tzinfo=room.venue.zone)

    assert refusal(check_stay, room, nights(room, dt.date(2026, 11, 21)), 1, now)[1] == "too_soon"
    assert first_night(room, now) == dt.date(2026, 11, 22)


def test_check_stay_notice_counts_back_from_check_in():
    room = hotel(notice_minutes=48 * 60)
    stay = nights(room, dt.date(2026, 11, 23))

    check_stay(room, stay, 1, stay.starts_at - dt.timedelta(hours=48))
    assert refusal(check_stay, room, stay, 1, stay.starts_at - dt.timedelta(hours=47)) == (
        "check_in", "too_soon", "This has to be booked at least 2 days ahead.",
    )  # fmt: skip


def test_check_stay_beyond_the_window_names_the_last_date():
    room = hotel(booking_window_days=30)

    check_stay(room, nights(room, dt.date(2026, 12, 21)), 1, NOW)
    assert refusal(check_stay, room, nights(room, dt.date(2026, 12, 22)), 1, NOW) == (
        "check_in", "too_far", "This can be booked up to Monday, December 21, 2026.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("count", "code", "message"),
    [(1, "too_short", "At least 2 nights."), (6, "too_long", "At most 5 nights.")],
)
def test_check_stay_length_outside_the_limits_is_refused_at_check_out(count, code, message):
    room = hotel(min_units=2, max_units=5)

    refused = refusal(check_stay, room, nights(room, dt.date(2026, 12, 1), count), 1, NOW)

    assert refused == ("check_out", code, message)


def hours_at(room, hour: int, minute: int = 0, count: int = 1) -> Stay:
    start = dt.datetime(2026, 12, 1, hour, minute)
    return stay_of_hours(room, start, start + dt.timedelta(hours=count))


def test_check_stay_hour_that_has_begun_is_past():
    room = conference()
    stay = hours_at(room, 9)

    assert refusal(check_stay, room, stay, 1, stay.starts_at)[:2] == ("start", "past")
    check_stay(room, stay, 1, stay.starts_at - dt.timedelta(seconds=1))


@pytest.mark.parametrize(("hour", "count", "field"), [(7, 1, "start"), (20, 1, "start"), (19, 2, "end")])
def test_check_stay_outside_opening_hours_is_refused_where_it_leaves_them(hour, count, field):
    room = conference()

    refused = refusal(check_stay, room, hours_at(room, hour, 0, count), 1, NOW)

    assert refused == (field, "closed", "Open 8:00 AM – 8:00 PM on Tuesdays.")


def test_check_stay_up_to_closing_time_passes():
    room = conference()

    check_stay(room, hours_at(room, 18, 0, 2), 1, NOW)


def test_check_stay_off_the_half_hour_is_refused():
    room = conference()

    check_stay(room, hours_at(room, 9, 30), 1, NOW)
    assert refusal(check_stay, room, hours_at(room, 9, 10), 1, NOW)[:2] == ("start", "off_grid")


def test_check_stay_appointment_off_its_grid_is_refused():
    room = unsaved_room(kind="expert", opening=DAILY, appointment_minutes=60)

    check_stay(room, hours_at(room, 9), 1, NOW)
    assert refusal(check_stay, room, hours_at(room, 9, 30), 1, NOW)[:2] == ("start", "off_grid")


def test_check_stay_session_that_has_begun_is_past():
    room = unsaved_room(kind="workshop")
    stay = Stay(utc(12, 1, 9), utc(12, 1, 11), 1)

    check_stay(room, stay, 2, NOW)
    assert refusal(check_stay, room, stay, 2, utc(12, 1, 9))[:2] == ("session", "past")


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(45, "45 minutes"), (60, "1 hour"), (90, "90 minutes"), (2880, "2 days"), (0, "0 minutes")],
)
def test_write_minutes_uses_the_largest_whole_unit(minutes, text):
    assert write_minutes(minutes) == text
