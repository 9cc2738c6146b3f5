"""Cancelling many bookings in the admin and over the API: preview, button, progress, and who may."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from bookings.bulk import services as bulk
from bookings.models import Booking, BulkCancellation
from core import clock
from rooms import services as rooms
from rooms.models import Room, Session
from tests.api.callers import as_user
from tests.payments.paying import paid_by_hand
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def session() -> Session:
    room = factories.room(kind="workshop", capacity=10)
    starts_at = (clock.now() + dt.timedelta(days=7)).replace(minute=0, second=0, microsecond=0)
    made = rooms.add_session(
        room_id=room.pk,
        title="Clay",
        starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(hours=2),
        capacity=8,
    )
    for _ in range(2):
        paid_by_hand(room=room, session=made)
    return made


@pytest.fixture
def room() -> Room:
    made = factories.room(approval=Room.Approval.NONE)
    paid_by_hand(room=made, days_ahead=10)
    return made


def as_member(room: Room, role: str = "owner") -> Client:
    client = Client()
    client.force_login(factories.host(venue=room.venue, role=role))
    return client


def session_page(session: Session) -> str:
    return reverse("admin:bookings_bulkcancellation_session", args=[session.pk])


def closing_page(room: Room, *, days_ahead: int = 10, **dates: str) -> str:
    day = (clock.now().astimezone(room.venue.zone) + dt.timedelta(days=days_ahead)).date().isoformat()
    query = {"first": day, "last": day, **dates}
    address = reverse("admin:bookings_bulkcancellation_close", args=[room.pk])
    return f"{address}?first={query['first']}&last={query['last']}"


def text(response) -> str:
    return " ".join(response.content.decode().split())


def test_session_list_leads_to_the_preview(session):
    client = as_member(session.room)

    page = text(client.get(reverse("admin:rooms_session_changelist")))
    seen = text(client.get(session_page(session)))

    assert session_page(session) in page
    for words in ("Cancel “Clay”?", "2 bookings", "€200.00", "Every guest gets all of their money back"):
        assert words in seen
    assert not BulkCancellation.objects.exists()


def test_button_begins_and_shows_the_progress(session):
    client = as_member(session.room)

    begun = client.post(session_page(session), {"reason": "The teacher is ill"}, follow=True)
    page = BulkCancellation.objects.get()
    bulk.work(page.pk)
    live = client.get(reverse("admin:bookings_bulkcancellation_live", args=[page.pk]))

    assert "0 of 2 cancelled" in text(begun)
    assert "data-live-poll" in text(begun)
    assert "2 of 2 cancelled" in text(live)
    assert "data-live-poll" not in text(live)
    assert "The teacher is ill" in text(live)


def test_button_without_reason_asks_for_it(session):
    answer = as_member(session.room).post(session_page(session), {"reason": ""})

    assert (answer.status_code, BulkCancellation.objects.count()) == (422, 0)


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("manager", 200), ("clerk", 403)])
def test_members_by_role(session, room, role, status):
    assert as_member(session.room, role).get(session_page(session)).status_code == status
    assert as_member(room, role).get(closing_page(room)).status_code == status


def test_strangers_find_nothing(session, room):
    client = as_member(factories.room())

    for address in (session_page(session), closing_page(room)):
        assert client.get(address).status_code == 404
        assert client.post(address, {"reason": "no"}).status_code == 404
    assert not BulkCancellation.objects.exists()


def test_dates_with_bookings_are_closed_by_the_second_page(room):
    client = as_member(room)

    seen = text(client.get(closing_page(room)))
    client.post(closing_page(room), {"reason": "The roof leaks"})

    assert "€100.00" in seen
    begun = BulkCancellation.objects.get()
    assert [item.booking for item in begun.items.all()] == [Booking.objects.get(room=room)]


@pytest.mark.parametrize("dates", [{"first": "soon"}, {"last": "2001-01-01"}, {"first": "", "last": ""}])
def test_dates_that_are_none_lead_back(room, dates):
    answer = as_member(room).get(closing_page(room, **dates))

    assert (answer.status_code, answer["Location"]) == (302, reverse("admin:rooms_blackout_add"))


def test_failed_items_are_tried_again_by_the_button(session):
    client = as_member(session.room)
    client.post(session_page(session), {"reason": "Ill"})
    begun = BulkCancellation.objects.get()
    begun.items.update(attempts=bulk.MOST_ATTEMPTS, error="lock timeout")
    address = reverse("admin:bookings_bulkcancellation_change", args=[begun.pk])

    page = text(client.get(address))
    client.post(address)

    assert "2 could not be cancelled" in page
    assert bulk.open_items(begun).count() == 2


# --- over the API ---------------------------------------------------------------------------------------------


def cancel(session: Session, caller, **body):
    return caller.post(f"sessions/{session.pk}/cancel", body)


@pytest.fixture
def owner(session):
    return as_user(factories.host(venue=session.room.venue))


def test_api_dry_run_counts_and_changes_nothing(session, owner):
    answer = cancel(session, owner, dry_run=True)

    assert answer.status_code == 200
    assert answer.json() == {
        "session": session.pk, "title": "Clay", "dry_run": True, "is_cancelled": False, "bookings": 2,
        "sums": [{"currency": "EUR", "refunded_minor": 20_000, "released_minor": 0, "total_minor": 20_000}],
        "progress": None,
    }  # fmt: skip
    assert not BulkCancellation.objects.exists()


def test_api_cancels_in_the_background_and_tells_the_progress(session, owner):
    first = cancel(session, owner, reason="Ill").json()
    bulk.work(BulkCancellation.objects.get().pk)
    again = cancel(session, owner).json()

    assert (first["is_cancelled"], first["progress"]) == (True, {"total": 2, "done": 0, "failed": 0})
    assert (again["bookings"], again["progress"]) == (0, {"total": 2, "done": 2, "failed": 0})


def test_api_without_reason_names_the_field(session, owner):
    answer = cancel(session, owner)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "reason")
    assert not BulkCancellation.objects.exists()


def test_api_strangers_clerks_and_guests_find_no_session(session):
    clerk = factories.host(venue=session.room.venue, role="clerk")
    for user in (factories.user(), factories.host(venue=factories.venue()), clerk):
        assert cancel(session, as_user(user), dry_run=True).status_code == 404


def test_api_session_that_is_over_is_a_conflict(session, owner):
    Session.objects.filter(pk=session.pk).update(
        starts_at=clock.now() - dt.timedelta(days=2), ends_at=clock.now() - dt.timedelta(days=1)
    )

    answer = cancel(session, owner, reason="Late")

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_cancel")
