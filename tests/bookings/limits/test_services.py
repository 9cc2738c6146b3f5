"""Against hoarded rooms and machines that book in bulk."""

from threading import Barrier

import pytest
from django.core.cache import cache
from django.db import transaction

from bookings.errors import BookingError
from bookings.lifecycle import services as bookings
from bookings.limits import services as limits
from bookings.limits.services import Asker
from bookings.models import Booking
from bookings.states import Status
from core import clock
from tests.api.callers import Api, choice, logged_in
from tests.support import factories
from tests.support.races import race

MAX_OPEN_HOLDS = 5

pytestmark = pytest.mark.django_db

ADA = Asker("1", "203.0.113.9")
STRANGER = Asker("", "203.0.113.9")
VICTIM = "ada@example.org"


@pytest.fixture(autouse=True)
def nothing_counted(settings) -> None:
    settings.HOLDS_PER_NETWORK = 7
    cache.clear()


def book(asker: Asker = ADA, room=None, meanwhile=lambda: None, **fields) -> Booking:
    """One booking within the limits, of a room of its own; `meanwhile` rivals may act. Raises: BookingError."""
    with transaction.atomic():
        limits.queue(asker)
        guest = factories.guest_details(asked_by=asker.key)
        booking = factories.booking(room=room or factories.room(), guest=guest, **fields)
        meanwhile()
        limits.check_open(asker, booking)
        meanwhile()
        return booking


def is_refused(asker: Asker = ADA, **fields) -> bool:
    before = Booking.objects.count()
    try:
        book(asker, **fields)
    except BookingError as error:
        assert (error.code, Booking.objects.count()) == ("too_many_holds", before)
        return True
    return False


def test_fifth_unpaid_hold_of_an_account_is_the_last():
    for _ in range(MAX_OPEN_HOLDS):
        book()

    assert is_refused()
    assert not is_refused(Asker("2", ADA.ip))


def test_holds_of_visitors_count_by_network_whatever_addresses_they_type():
    for _ in range(7):
        book(STRANGER)

    assert is_refused(STRANGER)
    assert not is_refused(Asker("", "203.0.113.10"))
    assert not is_refused(ADA)


def test_holds_the_session_knows_count_in_any_network():
    references = tuple(book(STRANGER).reference for _ in range(MAX_OPEN_HOLDS))

    assert is_refused(Asker("", "198.51.100.1", references))
    assert is_refused(Asker("1", "198.51.100.1", references))


def test_hold_that_is_paid_does_not_count():
    holds = [book() for _ in range(MAX_OPEN_HOLDS)]
    bookings.authorize(booking_id=holds[0].pk, held_until=clock.now())

    assert not is_refused()


@pytest.mark.parametrize(("kind", "of_visitor", "of_account"), [("request", 5, 20), ("free", 5, 20)])
def test_requests_and_free_bookings_have_limits_of_their_own(settings, kind, of_visitor, of_account):
    settings.HOLDS_PER_NETWORK = of_visitor
    make = {"request": lambda: factories.room(kind="conference"), "free": factories.free_room}[kind]
    for asker, most in ((STRANGER, of_visitor), (ADA, of_account)):
        for _ in range(most):
            book(asker, make())

        assert is_refused(asker, room=make())
        assert not is_refused(asker)  # nothing of it is unpaid
    assert {booking.status for booking in Booking.objects.filter(total_minor=0)} <= {Status.CONFIRMED}


def test_free_booking_that_is_over_does_not_count():
    for _ in range(20):
        book(room=factories.free_room())
    past = Booking.objects.first()
    Booking.objects.filter(pk=past.pk).update(
        starts_at=past.starts_at.replace(year=2020), ends_at=past.ends_at.replace(year=2020)
    )

    assert not is_refused(room=factories.free_room())


@pytest.mark.usefixtures("one_moment")
def test_attack_five_holds_under_a_victims_address_keep_nobody_from_booking():
    for _ in range(5):
        sent = choice(factories.room())
        sent["guest"]["email"] = VICTIM
        assert Api().post("bookings", sent).status_code == 201
    victim = factories.user(email=VICTIM)

    answer = logged_in(victim).post("bookings", choice(factories.room()))

    assert answer.status_code == 201
    assert Booking.objects.filter(guest=victim).count() == 1


@pytest.mark.usefixtures("one_moment")
def test_sixth_request_of_an_account_to_hosts_is_taken():
    user = logged_in(factories.user())
    rooms = [factories.room(kind="conference") for _ in range(6)]
    for room in rooms:
        stay = factories.stay(room)
        sent = {
            "room": room.path, "start": stay.starts_at.isoformat(), "end": stay.ends_at.isoformat(), "party_size": 1,
            "guest": {"name": "Ada", "email": VICTIM, "phone": ""},
        }  # fmt: skip
        assert user.post("bookings", sent).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_holds_asked_for_at_once_stay_within_the_rule():
    rooms = [factories.room() for _ in range(16)]

    results = race(lambda n: book(ADA, rooms[n]), runners=16)

    assert sum(result.error is None for result in results) == MAX_OPEN_HOLDS
    assert {result.error.code for result in results if result.error} == {"too_many_holds"}


@pytest.mark.django_db(transaction=True)
def test_control_without_the_queue_more_holds_slip_through(monkeypatch):
    monkeypatch.setattr(limits, "QUEUE", "SELECT %s")
    rooms, together = [factories.room() for _ in range(6)], Barrier(6, timeout=9)

    results = race(lambda n: book(ADA, rooms[n], meanwhile=together.wait), runners=6)

    assert [result.error for result in results] == [None] * 6


@pytest.mark.usefixtures("one_moment")
def test_rate_of_an_account_is_limited_in_every_network():
    for _ in range(30):
        limits.check_rate(ADA)

    with pytest.raises(limits.TooManyRequests) as refused:
        limits.check_rate(Asker("1", "203.0.113.10"))
    assert 0 < refused.value.retry_after <= 3600


@pytest.mark.usefixtures("one_moment")
def test_rate_by_address_is_limited_where_a_limit_is_set(settings):
    settings.BOOKINGS_PER_IP_HOUR = 3
    for _ in range(3):
        limits.check_rate(STRANGER)

    with pytest.raises(limits.TooManyRequests):
        limits.check_rate(STRANGER)
    limits.check_rate(Asker("", "203.0.113.10"))
