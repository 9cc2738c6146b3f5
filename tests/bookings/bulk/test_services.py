"""Cancelling a whole session or a room's dates: seen first, then done in the background, whatever is interrupted."""

import datetime as dt

import pytest

from bookings.actors import guest_actor, member_actor
from bookings.bulk import services as bulk
from bookings.bulk.services import NothingToCancel, Sum, Target
from bookings.errors import ReasonMissing
from bookings.lifecycle import services as bookings
from bookings.models import Booking, BulkCancellation, BulkCancellationItem
from bookings.states import Status
from bookings.tasks import sweep_bulk_cancellations
from core import clock
from rooms import services as rooms
from rooms.availability import closings
from rooms.availability.occupancy import RoomTaken
from rooms.models import Occupancy, Room, Session
from tests.payments.paying import paid_by_hand
from tests.support import factories
from tests.support.races import race

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def host_of(room: Room):
    return member_actor(factories.host(venue=room.venue))


@pytest.fixture
def session() -> Session:
    """A workshop with two paid guests of 100 euros each, one who has not paid, and one who left."""
    room = factories.room(kind="workshop", capacity=10)
    starts_at = (clock.now() + 7 * DAY).replace(minute=0, second=0, microsecond=0)
    made = rooms.add_session(
        room_id=room.pk,
        title="Clay",
        starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(hours=2),
        capacity=8,
    )
    for _ in range(2):
        paid_by_hand(room=room, session=made)
    factories.booking(room=room, session=made, party_size=2)
    gone = factories.booking(room=room, session=made)
    bookings.cancel(booking_id=gone.pk, actor=guest_actor())
    return made


def cancel(session: Session, reason: str = "The teacher is ill") -> BulkCancellation:
    return bulk.begin(target=Target.of_session(session), actor=host_of(session.room), reason=reason)


def statuses(session: Session) -> list[str]:
    return list(Booking.objects.filter(session=session).order_by("pk").values_list("status", flat=True))


# --- a session ------------------------------------------------------------------------------------------------


def test_preview_counts_and_sums_and_writes_nothing(session):
    seen = bulk.preview(Target.of_session(session))

    assert (seen.count, seen.sums) == (3, [Sum("EUR", refunded_minor=20_000, released_minor=0)])
    assert statuses(session) == ["CONFIRMED", "CONFIRMED", "PENDING_PAYMENT", "CANCELLED"]
    assert not BulkCancellation.objects.exists()


def test_begin_closes_the_session_before_anybody_is_cancelled(session):
    begun = cancel(session)

    session.refresh_from_db()
    assert session.is_cancelled
    assert bulk.progress(begun) == bulk.Progress(total=3, done=0, failed=0)
    assert statuses(session)[:2] == ["CONFIRMED", "CONFIRMED"]
    with pytest.raises(RoomTaken):
        factories.booking(room=session.room, session=session)


def test_work_cancels_everybody_in_full_and_frees_the_room(session):
    begun = cancel(session)

    bulk.work(begun.pk)

    begun.refresh_from_db()
    session.refresh_from_db()
    assert bulk.progress(begun) == bulk.Progress(total=3, done=3, failed=0)
    assert begun.finished_at is not None
    assert statuses(session) == ["CANCELLED"] * 4
    assert set(Booking.objects.filter(session=session).values_list("due_minor", flat=True)) == {0}
    assert session.seats_taken == 0
    assert not Occupancy.objects.filter(room=session.room).exists()
    event = Booking.objects.filter(session=session).earliest("pk").events.latest("version")
    assert (event.verb, event.reason, event.actor_kind) == ("cancel", "The teacher is ill", "host")


def test_work_killed_half_way_goes_on_where_it_stopped(session, monkeypatch):
    begun, calls, real = cancel(session), [], bookings.cancel

    def killed_at_second(**arguments):
        calls.append(arguments["booking_id"])
        if len(calls) == 2:
            raise SystemExit("killed")
        return real(**arguments)

    monkeypatch.setattr(bookings, "cancel", killed_at_second)
    with pytest.raises(SystemExit):
        bulk.work(begun.pk)
    half = bulk.progress(begun)
    sweep_bulk_cancellations()

    assert (half.done, half.total) == (1, 3)
    assert bulk.progress(begun).done == 3
    assert len(calls) == 4
    assert sum(Booking.objects.get(pk=pk).events.filter(verb="cancel").count() for pk in set(calls)) == 3


def test_item_that_fails_keeps_nobody_waiting_and_is_tried_again(session, monkeypatch):
    from django.db import OperationalError

    begun, real = cancel(session), bookings.cancel
    first = BulkCancellationItem.objects.filter(bulk=begun).order_by("pk").first()

    def failing(**arguments):
        if arguments["booking_id"] == first.booking_id:
            raise OperationalError("lock timeout")
        return real(**arguments)

    monkeypatch.setattr(bookings, "cancel", failing)
    for _ in range(bulk.MOST_ATTEMPTS + 1):
        bulk.work(begun.pk)
    stuck = bulk.progress(begun)
    monkeypatch.setattr(bookings, "cancel", real)
    bulk.try_again(begun.pk)
    bulk.work(begun.pk)

    first.refresh_from_db()
    begun.refresh_from_db()
    assert (stuck.done, stuck.failed, stuck.is_over) == (2, 1, True)
    assert (first.done_at is not None, first.error) == (True, "")
    assert begun.finished_at is not None


def test_booking_that_ended_meanwhile_is_done_with_a_note(session):
    begun = cancel(session)
    unpaid = Booking.objects.get(session=session, status=Status.PENDING_PAYMENT)
    bookings.expire(booking_id=unpaid.pk)

    bulk.work(begun.pk)

    item = BulkCancellationItem.objects.get(bulk=begun, booking=unpaid)
    assert (item.done_at is not None, item.error) == (
        True, "This booking is expired; it cannot be cancelled now.",
    )  # fmt: skip


def test_session_cancelled_twice_is_the_first(session):
    assert cancel(session) == cancel(session, reason="Another")
    assert BulkCancellation.objects.count() == 1


def test_session_that_is_over_cannot_be_cancelled(session):
    with pytest.raises(NothingToCancel):
        bulk.begin(
            target=Target.of_session(session), actor=host_of(session.room), reason="Late",
            now=session.ends_at + DAY,
        )  # fmt: skip

    session.refresh_from_db()
    assert not session.is_cancelled


def test_without_a_reason_nothing_is_cancelled(session):
    with pytest.raises(ReasonMissing):
        cancel(session, reason=" ")

    session.refresh_from_db()
    assert not session.is_cancelled


# --- a room's dates -------------------------------------------------------------------------------------------


@pytest.fixture
def room() -> Room:
    return factories.room(approval=Room.Approval.NONE)


def closing(room: Room, *, first: int, nights: int) -> Target:
    """From the night that begins so many days ahead on."""
    day = clock.now().astimezone(room.venue.zone).date() + first * DAY
    return Target(room, *closings.span_of_dates(room, day, day + (nights - 1) * DAY))


def test_dates_closed_take_in_every_booking_that_touches_them(room):
    inside = paid_by_hand(room=room, days_ahead=10, nights=2)
    across = paid_by_hand(room=room, days_ahead=12, nights=4)
    after = paid_by_hand(room=room, days_ahead=20)
    target = closing(room, first=10, nights=4)

    seen = bulk.preview(target)
    begun = bulk.begin(target=target, actor=host_of(room), reason="The roof leaks")
    bulk.work(begun.pk)

    assert ([one.pk for one in seen.bookings], seen.sums) == ([inside.pk, across.pk], [Sum("EUR", 60_000)])
    for booking, status in ((inside, "CANCELLED"), (across, "CANCELLED"), (after, "CONFIRMED")):
        booking.refresh_from_db()
        assert booking.status == status
    assert Occupancy.objects.filter(room=room, kind="blackout").count() == 1


def test_dates_are_closed_to_new_bookings_from_the_start(room):
    paid_by_hand(room=room, days_ahead=10, nights=1)
    bulk.begin(target=closing(room, first=10, nights=4), actor=host_of(room), reason="The roof leaks")

    with pytest.raises(RoomTaken):
        factories.booking(room=room, days_ahead=12)


def test_dates_without_bookings_are_closed_and_done(room):
    begun = bulk.begin(target=closing(room, first=10, nights=4), actor=host_of(room), reason="Paint")

    assert begun.finished_at is not None
    assert Occupancy.objects.get(room=room).kind == "blackout"


def test_same_dates_asked_twice_are_closed_once(room):
    paid_by_hand(room=room, days_ahead=10)
    target, actor = closing(room, first=10, nights=1), host_of(room)

    first = bulk.begin(target=target, actor=actor, reason="Paint")
    second = bulk.begin(target=target, actor=actor, reason="Paint")

    assert first == second
    assert Occupancy.objects.filter(room=room, kind="blackout").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_cancel_each_booking_once():
    room = factories.room(approval=Room.Approval.NONE)
    for n in range(4):
        paid_by_hand(room=room, days_ahead=10 + n)
    begun = bulk.begin(target=closing(room, first=10, nights=4), actor=host_of(room), reason="Paint")

    results = race(lambda _n: bulk.work(begun.pk), runners=4)

    assert [result.error for result in results if result.error] == []
    assert bulk.progress(begun).done == 4
    for booking in Booking.objects.filter(room=room):
        assert booking.events.filter(verb="cancel").count() == 1


@pytest.mark.django_db(transaction=True)
def test_guests_booking_while_dates_are_closed_are_refused_or_cancelled():
    room = factories.room(approval=Room.Approval.NONE)
    paid_by_hand(room=room, days_ahead=10)
    actor, target = host_of(room), closing(room, first=10, nights=20)

    def rival(n: int):
        if n == 8:
            return bulk.begin(target=target, actor=actor, reason="Paint")
        return factories.booking(room=room, days_ahead=11 + n)

    results = race(rival, runners=16)
    bulk.work(next(result.value for result in results if isinstance(result.value, BulkCancellation)).pk)

    assert {type(result.error) for result in results if result.error} <= {RoomTaken}
    assert not Booking.objects.filter(room=room).exclude(status=Status.CANCELLED).exists()
