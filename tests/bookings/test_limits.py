"""Against hoarded rooms and machines that book in bulk."""

import pytest
from django.core.cache import cache
from django.db import transaction

from bookings import limits, services
from bookings.errors import BookingError
from bookings.limits import MAX_OPEN_HOLDS, check_open_holds
from bookings.states import Status
from core import clock
from tests import factories
from tests.races import race

pytestmark = pytest.mark.django_db

EMAIL = "ada@example.org"


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    cache.clear()


def keep(count: int, *, email: str = EMAIL, **fields):
    details = [factories.guest_details(email=email) for _ in range(count)]
    return [factories.booking(guest=guest, **fields) for guest in details]


def is_refused(email: str = EMAIL, **more) -> bool:
    try:
        check_open_holds(email, **more)
    except BookingError as error:
        assert error.code == "too_many_holds"
        return True
    return False


def test_fifth_hold_is_the_last():
    keep(MAX_OPEN_HOLDS - 1)
    assert not is_refused()

    keep(1)
    assert is_refused()


def test_holds_are_the_same_guests_whatever_the_case_of_the_email():
    keep(MAX_OPEN_HOLDS, email="Ada@Example.org")

    assert is_refused(" ADA@example.ORG ")


def test_holds_of_others_do_not_count():
    keep(MAX_OPEN_HOLDS, email="eve@example.org")

    assert not is_refused()


def test_holds_by_known_references_count_under_any_email():
    references = [booking.reference for booking in keep(MAX_OPEN_HOLDS, email="eve@example.org")]

    assert is_refused(references=references)


def test_hold_of_the_same_submission_does_not_count():
    holds = keep(MAX_OPEN_HOLDS)

    assert not is_refused(submission_key=holds[0].submission_key)


def test_hold_that_is_paid_does_not_count():
    holds = keep(MAX_OPEN_HOLDS)
    services.authorize(booking_id=holds[0].pk, held_until=clock.now())

    assert not is_refused()


def test_requests_nobody_has_paid_count():
    requests = [
        booking for _ in range(MAX_OPEN_HOLDS) for booking in keep(1, room=factories.room(kind="conference"))
    ]

    assert {request.status for request in requests} == {Status.PENDING_APPROVAL}
    assert is_refused()


@pytest.mark.django_db(transaction=True)
def test_holds_asked_for_at_once_stay_within_the_rule():
    rooms = [factories.room() for _ in range(16)]

    results = race(lambda n: _book(rooms[n]), runners=16)

    assert sum(result.error is None for result in results) == MAX_OPEN_HOLDS
    assert {result.error.code for result in results if result.error} == {"too_many_holds"}


def _book(room) -> None:
    with transaction.atomic():
        check_open_holds(EMAIL)
        factories.booking(room=room, guest=factories.guest_details(email=EMAIL))


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_more_holds_slip_through(monkeypatch):
    unlocked = limits.LOCK_AND_COUNT.replace("pg_advisory_xact_lock(%s)", "%s")
    monkeypatch.setattr(limits, "LOCK_AND_COUNT", unlocked)
    rooms = [factories.room() for _ in range(16)]

    results = race(lambda n: _book(rooms[n]), runners=16)

    assert sum(result.error is None for result in results) > MAX_OPEN_HOLDS


@pytest.mark.usefixtures("one_moment")
def test_rate_by_email_is_limited():
    for _ in range(limits.BOOKINGS_PER_EMAIL_HOUR):
        limits.check_rate(ip="203.0.113.9", email=EMAIL)

    with pytest.raises(limits.TooManyRequests) as refused:
        limits.check_rate(ip="203.0.113.10", email=EMAIL.upper())
    assert 0 < refused.value.retry_after <= 3600


@pytest.mark.usefixtures("one_moment")
def test_rate_by_address_is_limited_where_a_limit_is_set(settings):
    settings.BOOKINGS_PER_IP_HOUR = 3
    for n in range(3):
        limits.check_rate(ip="203.0.113.9", email=f"guest{n}@example.org")

    with pytest.raises(limits.TooManyRequests):
        limits.check_rate(ip="203.0.113.9", email="another@example.org")
    limits.check_rate(ip="203.0.113.10", email="another@example.org")
