import datetime as dt

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rooms.availability import occupancy
from rooms.availability.occupancy import is_free
from rooms.availability.stays import stay_of_hours, stay_of_nights
from rooms.models import Occupancy, Room
from rooms.search.calendar import Busy, Day, alternatives, days, month, near_stays, slots, slots_between
from tests.support import factories

NOW = dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)
FIRST = dt.date(2026, 12, 1)


def day(n: int) -> dt.date:
    return dt.date(2026, 12, n)


def utc(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 12, day, hour, minute, tzinfo=dt.UTC)


def occupy(room: Room, start: dt.datetime, end: dt.datetime, kind: str = "booking") -> Occupancy:
    return occupancy.claim(room_id=room.pk, period=DateTimeTZRange(start, end, "[)"), kind=kind)


def states(grid: list[Day]) -> list[str]:
    return [one.state for one in grid]


# --- spans ------------------------------------------------------------------------------------------------

SPANS = st.lists(
    st.tuples(st.integers(0, 100), st.integers(1, 20)).map(
        lambda pair: (NOW + dt.timedelta(hours=pair[0]), NOW + dt.timedelta(hours=sum(pair)))
    ),
    max_size=6,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SPANS, SPANS, st.integers(-5, 110), st.integers(1, 30), st.integers(0, 3))
def test_busy_leaves_any_spans_agrees_with_looking_at_each(others, closings, start, length, buffer):
    lower, before = NOW + dt.timedelta(hours=start), dt.timedelta(hours=buffer)
    upper, after = lower + dt.timedelta(hours=length), dt.timedelta(hours=2 * buffer)

    found = Busy(others, closings, (before, after)).leaves(lower, upper)

    assert found is not (
        any(first < upper + after and lower - before < last for first, last in others)
        or any(first < upper and lower < last for first, last in closings)
    )


# --- nights -----------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_free_touching_stays_do_not_take_each_others_time():
    room = factories.room()
    factories.booking(room=room, stay=stay_of_nights(room, day(3), day(5)), now=NOW)

    assert is_free(room, stay_of_nights(room, day(1), day(3)))
    assert is_free(room, stay_of_nights(room, day(5), day(6)))
    assert not is_free(room, stay_of_nights(room, day(4), day(5)))
    assert is_free(factories.room(), stay_of_nights(room, day(4), day(5)))


@pytest.mark.django_db
def test_days_of_nights_show_what_is_taken():
    room = factories.room()
    factories.booking(room=room, stay=stay_of_nights(room, day(2), day(4)), now=NOW)
    occupy(room, utc(5, 12), utc(5, 15), "blackout")

    assert states(days(room, day(1), day(6), NOW)) == ["free", "taken", "taken", "free", "taken", "free"]


@pytest.mark.django_db
def test_days_buffer_that_does_not_fit_takes_the_night_before():
    room = factories.room(buffer_after_minutes=5 * 60)  # check-out 11:00, next check-in 15:00
    occupy(room, utc(3, 14), utc(4, 10))

    assert states(days(room, day(1), day(3), NOW)) == ["free", "taken", "taken"]


@pytest.mark.django_db
def test_days_notice_window_and_prices():
    room = factories.room(notice_minutes=2 * 24 * 60, booking_window_days=4, price_minor=100)
    factories.price_rule(room=room, weekdays=[1], price_minor=300)

    grid = days(room, dt.date(2026, 11, 20), dt.date(2026, 11, 26), NOW)

    assert states(grid) == ["past", "past", "past", "free", "free", "free", "far"]
    assert [one.price_minor for one in grid] == [100, 100, 100, 100, 300, 100, 100]
    assert grid[0].is_past and not grid[0].is_free and grid[3].is_free


@pytest.mark.django_db
def test_month_is_whole_weeks_in_two_queries(django_assert_num_queries):
    room = Room.objects.select_related("venue").get(pk=factories.room().pk)

    with django_assert_num_queries(2):
        weeks = month(room, 2026, 12, NOW)

    assert [len(week) for week in weeks] == [7] * 5
    assert weeks[0][0].date == dt.date(2026, 11, 30)
    assert [one.is_in_month for one in weeks[0][:2]] == [False, True]


@pytest.mark.parametrize(("year", "number"), [(2026, 13), (2026, 0), (9999, 12), (1, 1), (-5, 1)])
def test_month_that_no_calendar_shows_is_refused(year, number):
    with pytest.raises(ValueError, match="no month"):
        month(factories.unsaved_room(), year, number, NOW)


# --- slots ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_slots_of_a_day_are_the_open_hours_in_the_venues_zone():
    room = factories.room(kind="conference", buffer_after_minutes=30)
    occupy(room, utc(1, 10), utc(1, 12))  # 11:00-13:00 in Paris

    offered = slots(room, day(1), NOW)

    zone = room.venue.zone
    assert [slot.starts_at.astimezone(zone).hour for slot in offered] == list(range(8, 20))
    # 10:00-11:00 and its half hour of turnover run into the meeting.
    assert [slot.starts_at.astimezone(zone).hour for slot in offered if not slot.is_free] == [10, 11, 12]


@pytest.mark.django_db
def test_slots_past_and_too_soon_are_not_free():
    room = factories.room(kind="conference", notice_minutes=60)

    offered = slots(room, NOW.date(), NOW.replace(hour=10, minute=30))  # 11:30 in Paris

    assert [slot.starts_at.hour for slot in offered if slot.is_free] == list(range(12, 19))


@pytest.mark.django_db
def test_slots_of_an_expert_last_an_appointment():
    room = factories.room(kind="expert", appointment_minutes=50)
    room.opening_hours.exclude(weekday=1).delete()

    offered = slots(room, day(1), NOW)

    assert len(offered) == 14
    assert {slot.ends_at - slot.starts_at for slot in offered} == {dt.timedelta(minutes=50)}
    assert slots(room, day(2), NOW) == []


@pytest.mark.django_db
def test_slots_day_clocks_go_back_has_an_hour_more():
    room = factories.room(kind="conference")
    room.opening_hours.all().delete()

    long_day, short_day = dt.date(2026, 10, 25), dt.date(2027, 3, 28)

    assert len(slots(room, long_day, NOW)) == 25
    assert len(slots(room, short_day, NOW)) == 23


@pytest.mark.django_db
def test_slots_of_a_workshop_are_its_sessions():
    room = factories.free_room(kind="workshop")
    full = factories.session(room=room, starts_at=utc(1, 9), capacity=1)
    factories.session(room=room, starts_at=utc(1, 14), is_cancelled=True)
    later = factories.session(room=room, starts_at=utc(2, 9))
    factories.booking(room=room, session=full, now=NOW)

    offered = slots_between(room, day(1), day(2), NOW)

    assert [(slot.session, slot.is_free) for slot in offered] == [(full, False), (later, True)]


@pytest.mark.django_db
def test_slots_of_a_room_by_the_night_are_none():
    assert slots(factories.room(), day(1), NOW) == []


@pytest.mark.django_db
def test_days_by_the_hour_are_free_taken_or_closed(django_assert_num_queries):
    room = factories.room(kind="conference", booking_window_days=12)
    room.opening_hours.filter(weekday=3).delete()
    occupy(room, utc(1, 6), utc(1, 20))
    room = Room.objects.select_related("venue").get(pk=room.pk)

    with django_assert_num_queries(3):
        grid = days(room, dt.date(2026, 11, 20), day(4), NOW)

    assert states(grid)[:3] == ["past", "free", "free"]
    assert states(grid)[-5:] == ["free", "taken", "free", "closed", "far"]


# --- what else there is -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_near_stays_nearest_free_dates_of_the_same_length():
    room = factories.room()
    asked = stay_of_nights(room, day(10), day(12))
    factories.booking(room=room, stay=stay_of_nights(room, day(9), day(12)), now=NOW)

    found = near_stays(room, asked, 1, NOW)

    starts = [stay.starts_at.astimezone(room.venue.zone).date() for stay in found]
    assert starts == [day(12), day(7), day(13), day(6)]
    assert {stay.units for stay in found} == {2}


@pytest.mark.django_db
def test_near_stays_respect_the_rooms_rules():
    room = factories.room(booking_window_days=11)  # up to December 2
    asked = stay_of_nights(room, day(1), day(2))
    factories.booking(room=room, stay=asked, now=NOW)

    found = near_stays(room, asked, 1, NOW.replace(day=29))

    assert [stay.starts_at.day for stay in found] == [30, 2, 29, 3]
    assert near_stays(room, asked, 3, NOW) == []


@pytest.mark.django_db
def test_near_stays_by_the_hour_prefer_the_same_day():
    room = factories.room(kind="conference")
    asked = stay_of_hours(room, dt.datetime(2026, 12, 1, 10), dt.datetime(2026, 12, 1, 12))
    factories.booking(room=room, stay=asked, now=NOW)

    found = near_stays(room, asked, 1, NOW)

    zone = room.venue.zone
    assert [stay.starts_at.astimezone(zone).hour for stay in found] == [8, 12, 13, 14]
    assert {stay.starts_at.date() for stay in found} == {day(1)}


@pytest.mark.django_db
def test_near_stays_read_occupancy_once(django_assert_num_queries):
    room = Room.objects.select_related("venue").get(pk=factories.room(kind="conference").pk)
    asked = stay_of_hours(room, dt.datetime(2026, 12, 1, 10), dt.datetime(2026, 12, 1, 12))

    with django_assert_num_queries(2):
        near_stays(room, asked, 1, NOW)


@pytest.mark.django_db
def test_alternatives_other_rooms_of_the_city_come_first():
    paris, berlin = factories.venue(), factories.venue(city="Berlin")
    room = factories.room(venue=paris)
    asked = stay_of_nights(room, day(10), day(12))
    far = factories.room(venue=berlin)
    near = factories.room(venue=factories.venue())
    taken = factories.room(venue=paris)
    factories.booking(room=taken, stay=asked, now=NOW)
    factories.room(venue=paris, capacity=1)
    factories.room(venue=paris, kind="conference", capacity=9)

    found = alternatives(room, asked, 2, NOW)

    assert found.rooms == [near, far]


@pytest.mark.django_db
def test_alternatives_of_a_full_session_are_others_with_seats():
    room = factories.free_room(kind="workshop", capacity=10)
    full = factories.session(room=room, starts_at=utc(1, 9), capacity=1)
    small = factories.session(room=room, starts_at=utc(2, 9), capacity=2)
    factories.session(room=room, starts_at=utc(3, 9), capacity=1)
    factories.booking(room=room, session=full, now=NOW)

    found = alternatives(room, factories.stay(factories.room()), 2, NOW)

    assert (found.sessions, found.stays, found.rooms) == ([small], [], [])


@pytest.mark.django_db
def test_overlapping_compares_both_columns_of_the_index():
    room = factories.room()
    occupy(room, utc(1, 9), utc(1, 10))
    occupy(factories.room(), utc(1, 9), utc(1, 10))
    asked = DateTimeTZRange(utc(1, 8), utc(1, 11), "[)")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("DROP INDEX rooms_occupancy_room_id_412ebb27")

    plan = occupancy.overlapping(room.pk, asked).explain()

    assert "occupancy_period_room" in plan
    assert "room_id = " in plan.split("Index Cond:")[1].splitlines()[0]
    assert occupancy.overlapping(room.pk, asked).count() == 1


# --- the shortest stay ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_slots_offer_a_start_only_where_the_shortest_stay_fits_the_hours():
    hall = factories.room(kind="conference", min_units=3, max_units=8)

    starts = [slot.starts_at.hour + 1 for slot in slots(hall, day(1), NOW) if slot.is_free]

    assert starts == list(range(8, 18))  # Paris is an hour ahead; 18:00 and 19:00 leave less than three hours


@pytest.mark.django_db
def test_days_with_shorter_gaps_than_the_shortest_stay_are_not_free():
    hall = factories.room(kind="conference", min_units=3, max_units=8)
    for start in (9, 13, 17):
        occupy(hall, utc(1, start), utc(1, start + 2))

    assert states(days(hall, day(1), day(2), NOW)) == ["taken", "free"]


@pytest.mark.django_db
def test_nights_are_free_where_a_stay_holds_them_and_start_one_where_the_shortest_fits():
    room = factories.room(min_units=3)
    factories.booking(room=room, stay=stay_of_nights(room, day(3), day(6)), now=NOW)
    factories.booking(room=room, stay=stay_of_nights(room, day(8), day(11)), now=NOW)

    grid = days(room, day(1), day(14), NOW)

    assert states(grid) == [*["free"] * 2, *["taken"] * 3, *["taken"] * 2, *["taken"] * 3, *["free"] * 4]
    assert [one.date.day for one in grid if one.can_start] == [11, 12, 13, 14]


@pytest.mark.django_db
def test_appointments_around_the_clock_are_laid_from_each_day_s_opening_whatever_span_is_asked():
    expert = factories.room(kind="expert", appointment_minutes=50)
    expert.opening_hours.update(opens=dt.time(9), closes=dt.time(9))

    alone = [slot.starts_at for slot in slots(expert, day(2), NOW)]
    among = [slot.starts_at for slot in slots_between(expert, day(1), day(3), NOW)]

    assert alone == [start for start in among if start.astimezone(expert.venue.zone).date() == day(2)]
    assert utc(2, 8) in alone  # 9:00 in Paris
