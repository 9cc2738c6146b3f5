"""POST approve, decline and cancel: by whom, from which status, and what happens to the money."""

import datetime as dt

import pytest

from bookings.lifecycle import services as bookings
from bookings.models import BookingEvent
from bookings.states import Status
from core import clock
from rooms.models import Occupancy
from tests.api.callers import WAYS, as_guest_of, as_user, booking_in, logged_in
from tests.support import factories

pytestmark = pytest.mark.django_db

VERBS = ("approve", "decline", "cancel")


@pytest.fixture
def requested(room, host):
    return booking_in(Status.PENDING_APPROVAL, room, host)


def test_approve_records_the_decision_and_waits_for_the_capture(requested, host, as_host):
    answer = as_host.post(f"bookings/{requested.reference}/approve")

    requested.refresh_from_db()
    assert answer.status_code == 200
    assert answer.json()["status"] == "PENDING_APPROVAL"
    assert answer.json()["decision"]["decision"] == "approved"
    assert answer.json()["decision"]["made_at"] == requested.decision_made_at.isoformat()
    assert (requested.decision, requested.decision_made_by) == ("approved", host)


def test_approve_by_staff_is_staffs_decision(requested, as_staff):
    assert as_staff.post(f"bookings/{requested.reference}/approve").status_code == 200

    assert BookingEvent.objects.get(booking=requested, verb="approve").actor_kind == "staff"


def test_approve_again_answers_with_the_first(requested, as_host, as_staff):
    first = as_host.post(f"bookings/{requested.reference}/approve").json()

    again = as_staff.post(f"bookings/{requested.reference}/approve")

    assert again.status_code == 200
    assert again.json()["decision"] == first["decision"]
    assert requested.events.filter(verb="approve").count() == 1


def test_approve_after_decline_says_who_decided(requested, host, as_host):
    as_host.post(f"bookings/{requested.reference}/decline", {"reason": "Full"})

    answer = as_host.post(f"bookings/{requested.reference}/approve")

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "already_decided")
    assert (problem["decision"], problem["decided_by"]) == ("declined", str(host))


def test_approve_after_the_deadline_is_refused(requested, as_host):
    requested.decide_by = clock.now() - dt.timedelta(seconds=1)
    requested.save(update_fields=["decide_by"])

    answer = as_host.post(f"bookings/{requested.reference}/approve")

    assert (answer.status_code, answer.json()["code"]) == (409, "decision_overdue")
    assert not requested.events.filter(verb="approve").exists()


def test_decline_frees_the_room_and_tells_the_reason(requested, as_host):
    answer = as_host.post(f"bookings/{requested.reference}/decline", {"reason": "Full"})

    assert answer.json()["status"] == "DECLINED"
    assert (answer.json()["due_minor"], answer.json()["decision"]["reason"]) == (0, "Full")
    assert not Occupancy.objects.exists()


@pytest.mark.parametrize("body", [None, {}, {"reason": ""}])
def test_decline_without_a_reason_goes_through(requested, as_host, body):
    assert as_host.post(f"bookings/{requested.reference}/decline", body).json()["status"] == "DECLINED"


def test_decline_with_a_reason_too_long_changes_nothing(requested, as_host):
    answer = as_host.post(f"bookings/{requested.reference}/decline", {"reason": "x" * 2001})

    requested.refresh_from_db()
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["reason"]
    assert (requested.status, requested.decision) == ("PENDING_APPROVAL", "")


@pytest.mark.parametrize("verb", ["approve", "decline"])
def test_decision_by_the_guest_is_forbidden(room, host, verb):
    user = factories.user()
    booking = booking_in(Status.PENDING_APPROVAL, room, host, user=user)

    by_login = logged_in(user).post(f"bookings/{booking.reference}/{verb}")
    by_secret = as_guest_of(booking).post(f"bookings/{booking.reference}/{verb}")

    booking.refresh_from_db()
    assert (by_login.status_code, by_secret.status_code) == (403, 401)
    assert booking.decision == ""


@pytest.mark.parametrize("verb", VERBS)
def test_verb_by_a_stranger_finds_no_booking(requested, verb, as_other_host):
    callers = [as_other_host, logged_in(factories.user()), as_user(factories.user(is_staff=True))]

    answers = [caller.post(f"bookings/{requested.reference}/{verb}") for caller in callers]

    requested.refresh_from_db()
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert (requested.status, requested.version) == ("PENDING_APPROVAL", 2)


@pytest.mark.parametrize("verb", VERBS)
def test_verb_without_credentials_is_unauthorized(api, requested, verb):
    assert api.post(f"bookings/{requested.reference}/{verb}").status_code == 401


@pytest.mark.parametrize("verb", VERBS)
def test_verb_by_get_is_no_method(requested, as_host, verb):
    answer = as_host.get(f"bookings/{requested.reference}/{verb}")

    assert (answer.status_code, answer["Allow"]) == (405, "POST")


ALLOWED = {
    "approve": {Status.PENDING_APPROVAL, Status.CONFIRMED, Status.COMPLETED},
    "decline": {Status.PENDING_APPROVAL, Status.DECLINED},
    "cancel": {Status.PENDING_PAYMENT, Status.PENDING_APPROVAL, Status.CONFIRMED, Status.CANCELLED},
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("status", WAYS)
def test_verb_from_a_status_that_forbids_it_changes_nothing(room, host, as_host, status, verb):
    booking = booking_in(status, room, host)
    rows = _rows(booking)

    answer = as_host.post(f"bookings/{booking.reference}/{verb}")

    if status in ALLOWED[verb]:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, _rows(booking)) == (409, rows)
        assert answer.json()["code"] in ("invalid_transition", "already_decided")


def _rows(booking) -> tuple:
    booking.refresh_from_db()
    return (
        booking.status,
        booking.version,
        booking.due_minor,
        booking.events.count(),
        Occupancy.objects.count(),
    )


# --- cancel ---------------------------------------------------------------------------------------------------


def test_cancel_before_the_decision_costs_the_guest_nothing(requested):
    answer = as_guest_of(requested).post(f"bookings/{requested.reference}/cancel", {"reason": "Other plans"})

    assert (answer.status_code, answer.json()["status"]) == (200, "CANCELLED")
    assert (answer.json()["fee_minor"], answer.json()["returned_minor"]) == (0, 10_000)
    event = BookingEvent.objects.get(booking=requested, verb="cancel")
    assert (event.actor_kind, event.reason) == ("guest", "Other plans")


@pytest.fixture
def strict_room(room):
    """Nothing comes back to a guest who cancels later than 60 days ahead."""
    room.policy = factories.policy(venue=room.venue, tiers=[{"hours": 60 * 24, "percent": 100}])
    room.save()
    return room


def test_cancel_dry_run_says_the_fee_and_changes_nothing(strict_room, host):
    booking = booking_in(Status.CONFIRMED, strict_room, host)

    answer = as_guest_of(booking).post(f"bookings/{booking.reference}/cancel", {"dry_run": True})

    said = answer.json()
    assert (said["dry_run"], said["fee_minor"], said["returned_minor"]) == (True, 10_000, 0)
    assert said["status"] == "CONFIRMED"
    booking.refresh_from_db()
    assert (booking.status, booking.due_minor) == ("CONFIRMED", 10_000)


def test_cancel_by_the_guest_costs_what_the_dry_run_said(strict_room, host):
    booking = booking_in(Status.CONFIRMED, strict_room, host)
    path = f"bookings/{booking.reference}/cancel"
    said = as_guest_of(booking).post(path, {"dry_run": True}).json()["fee_minor"]

    answer = as_guest_of(booking).post(path).json()

    assert (answer["status"], answer["due_minor"], answer["fee_minor"]) == ("CANCELLED", said, said)


def test_cancel_by_the_host_gives_all_back(strict_room, host, as_host):
    booking = booking_in(Status.CONFIRMED, strict_room, host)

    answer = as_host.post(f"bookings/{booking.reference}/cancel", {"reason": "Water damage"}).json()

    assert (answer["due_minor"], answer["fee_minor"], answer["returned_minor"]) == (0, 0, 10_000)


def test_cancel_unpaid_booking_returns_nothing(room, host):
    booking = booking_in(Status.PENDING_PAYMENT, room, host)

    answer = as_guest_of(booking).post(f"bookings/{booking.reference}/cancel").json()

    assert (answer["fee_minor"], answer["returned_minor"]) == (0, 0)


def test_cancel_again_answers_with_the_first(requested):
    caller, path = as_guest_of(requested), f"bookings/{requested.reference}/cancel"
    first = caller.post(path).json()

    again = caller.post(path)

    assert (again.status_code, again.json()["history"]) == (200, first["history"])


def test_cancel_dry_run_of_what_cannot_be_cancelled_is_a_conflict(room, host, as_host):
    booking = booking_in(Status.COMPLETED, room, host)

    answer = as_host.post(f"bookings/{booking.reference}/cancel", {"dry_run": True})

    assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition")


@pytest.mark.parametrize("body", [{"dry_run": "yes"}, {"dry_run": 1}, {"reason": 5}, {"reason": None}])
def test_cancel_with_a_wrong_field_changes_nothing(requested, body):
    answer = as_guest_of(requested).post(f"bookings/{requested.reference}/cancel", body)

    requested.refresh_from_db()
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == list(body)
    assert requested.status == "PENDING_APPROVAL"


def test_approve_room_asked_before_payment_opens_the_payment(db):
    room = factories.room(kind="conference")
    host = factories.host(venue=room.venue)
    booking = factories.booking(room=room)

    answer = as_user(host).post(f"bookings/{booking.reference}/approve")

    assert answer.json()["status"] == "PENDING_PAYMENT"
    assert answer.json()["payment_due_at"] is not None


def test_host_who_left_the_team_finds_no_booking(requested, host, as_host):
    factories.host(venue=requested.venue)
    host.memberships.all().delete()

    assert as_host.post(f"bookings/{requested.reference}/approve").status_code == 404


def test_approve_by_the_rows_number_finds_no_booking(requested, as_host):
    assert as_host.post(f"bookings/{requested.pk}/approve").status_code == 404


def test_decline_expired_request_is_a_conflict(requested, as_host):
    bookings.expire(booking_id=requested.pk)

    assert as_host.post(f"bookings/{requested.reference}/decline").status_code == 409
