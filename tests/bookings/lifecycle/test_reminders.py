"""Reminders: when each is due, once each, and only while there is something to remind of."""

import datetime as dt

import pytest

from bookings.actors import guest_actor, member_actor
from bookings.lifecycle import services as bookings
from bookings.lifecycle.reminders import host_notice, send_due_reminders
from bookings.models import Booking
from tests.support import factories

NOW = dt.datetime(2027, 3, 1, 12, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def reminders(booking: Booking) -> list[str]:
    return list(booking.events.filter(verb__startswith="remind_").values_list("verb", flat=True))


def requested() -> Booking:
    booking = factories.booking(now=NOW)
    return bookings.authorize(booking_id=booking.pk, held_until=NOW + 7 * 24 * HOUR, now=NOW)


def confirmed(**fields) -> Booking:
    return factories.booking(room=factories.free_room(), now=NOW, **fields)


@pytest.mark.parametrize(
    ("hours_to_answer", "hours_waited", "notice"),
    [
        (24, 11.9, ""), (24, 12, "remind_host_half"), (24, 21.9, "remind_host_half"),
        (24, 22, "remind_host_soon"), (24, 23.9, "remind_host_soon"), (24, 24, ""),
        (3, 1.4, ""), (3, 1.5, "remind_host_half"), (3, 2.9, "remind_host_half"),
        (4, 2, "remind_host_half"), (6, 3, "remind_host_half"), (6, 4, "remind_host_soon"),
    ],
)  # fmt: skip
def test_host_notice_by_time_waited(hours_to_answer, hours_waited, notice):
    assert host_notice(NOW, NOW + hours_to_answer * HOUR, NOW + hours_waited * HOUR) == notice


@pytest.mark.django_db
def test_host_is_reminded_at_half_time_and_two_hours_before_the_end():
    booking = requested()
    assert booking.decide_by == NOW + 24 * HOUR

    heard = [(hours, send_due_reminders(NOW + hours * HOUR)) for hours in (11, 12, 12, 18, 21, 22, 22, 23)]

    assert [hours for hours, count in heard if count] == [12, 22]
    assert reminders(booking) == ["remind_host_half", "remind_host_soon"]


@pytest.mark.django_db
def test_host_late_swept_gets_the_last_reminder_only():
    booking = requested()

    send_due_reminders(NOW + 23 * HOUR)
    send_due_reminders(NOW + 23.5 * HOUR)

    assert reminders(booking) == ["remind_host_soon"]


@pytest.mark.django_db
def test_host_with_three_hours_to_answer_is_reminded_once():
    room = factories.room(venue=factories.venue(answer_hours=3))
    booking = factories.booking(room=room, now=NOW)
    bookings.authorize(booking_id=booking.pk, held_until=NOW + 7 * 24 * HOUR, now=NOW)

    for minutes in range(0, 180, 15):
        send_due_reminders(NOW + dt.timedelta(minutes=minutes))

    assert reminders(booking) == ["remind_host_half"]


@pytest.mark.django_db
def test_request_without_payment_counts_from_its_submission():
    room = factories.room(kind="conference")
    booking = factories.booking(room=room, nights=2, now=NOW)

    assert send_due_reminders(NOW + 11 * HOUR) == 0
    assert send_due_reminders(NOW + 12 * HOUR) == 1
    assert reminders(booking) == ["remind_host_half"]


@pytest.mark.django_db
def test_decided_or_overdue_request_is_left_alone():
    decided, overdue = requested(), requested()
    host = factories.host(venue=decided.venue)
    bookings.approve(booking_id=decided.pk, actor=member_actor(host), now=NOW + HOUR)

    assert send_due_reminders(NOW + 24 * HOUR) == 0
    assert reminders(decided) == reminders(overdue) == []


@pytest.mark.django_db
def test_guest_is_reminded_once_the_day_before():
    booking = confirmed(days_ahead=10)
    day_before = booking.starts_at - 24 * HOUR

    heard = [send_due_reminders(day_before + hours * HOUR) for hours in (-0.1, 0, 0.1, 12, 23.9, 24)]

    assert heard == [0, 1, 0, 0, 0, 0]
    assert reminders(booking) == ["remind_guest"]


@pytest.mark.django_db
def test_guest_who_booked_within_the_last_day_is_not_reminded():
    booking = confirmed(days_ahead=1)
    assert booking.starts_at - NOW > 24 * HOUR  # so that the clock test below means something
    late = Booking.objects.get(pk=booking.pk)
    late.confirmed_at = booking.starts_at - 23 * HOUR
    late.save()

    assert send_due_reminders(booking.starts_at - 22 * HOUR) == 0


@pytest.mark.django_db
def test_guest_who_cancelled_is_not_reminded():
    booking = confirmed(days_ahead=10)
    bookings.cancel(booking_id=booking.pk, actor=guest_actor(), now=NOW)

    assert send_due_reminders(booking.starts_at - HOUR) == 0


@pytest.mark.django_db
def test_booking_that_moves_on_between_list_and_lock_is_left_alone(monkeypatch):
    booking = confirmed(days_ahead=10)
    lock = bookings.lock

    def cancelled_first(booking_id: int) -> Booking:
        monkeypatch.setattr(bookings, "lock", lock)
        bookings.cancel(booking_id=booking_id, actor=guest_actor(), now=NOW)
        return lock(booking_id)

    monkeypatch.setattr(bookings, "lock", cancelled_first)

    assert send_due_reminders(booking.starts_at - HOUR) == 0
    assert reminders(booking) == []


@pytest.mark.django_db
def test_sweep_asks_the_same_number_of_queries_for_one_row_and_three(django_assert_num_queries):
    requested()
    with django_assert_num_queries(2):
        send_due_reminders(NOW + HOUR)
    requested(), requested()

    with django_assert_num_queries(2):
        send_due_reminders(NOW + HOUR)


@pytest.mark.django_db
def test_reminder_listed_before_another_event_is_told_after_it():
    booking = requested()
    listed, meanwhile = NOW + 12 * HOUR, NOW + 12 * HOUR + dt.timedelta(seconds=5)
    bookings.announce(booking_id=booking.pk, notice="dispute_opened", data={}, now=meanwhile)

    assert send_due_reminders(listed) == 1

    told = booking.events.order_by("version").values_list("verb", "created_at")
    assert list(told)[-2:] == [("dispute_opened", meanwhile), ("remind_host_half", meanwhile)]
