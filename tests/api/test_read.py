"""GET bookings and GET bookings/{reference}: what each caller sees, and who sees nothing."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.states import Status
from tests.api.callers import WAYS, Api, as_guest_of, as_user, booking_in, logged_in
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def booking(room):
    return factories.booking(room=room, nights=2, message="We arrive late.", party_size=2)


def test_booking_by_secret_shows_status_deadlines_amounts_payments_and_history(booking):
    answer = as_guest_of(booking).get(f"bookings/{booking.reference}")

    shown = answer.json()
    assert answer.status_code == 200
    assert (shown["reference"], shown["status"], shown["version"]) == (
        booking.reference,
        "PENDING_PAYMENT",
        1,
    )
    assert shown["payment_due_at"] == booking.payment_due_at.isoformat()
    assert (shown["total_minor"], shown["due_minor"], shown["currency"]) == (20_000, 20_000, "EUR")
    assert (shown["held_minor"], shown["captured_minor"], shown["refunded_minor"]) == (0, 0, 0)
    assert shown["payments"] == []
    assert shown["next_step"]["who"] == "guest"
    assert [(event["verb"], event["to_status"]) for event in shown["history"]] == [
        ("submit", "PENDING_PAYMENT")
    ]
    assert shown["starts_at"] == booking.starts_at.astimezone(booking.venue.zone).isoformat()
    assert shown["starts_at"].endswith(("+01:00", "+02:00"))


def test_booking_private_answer_is_kept_by_no_cache(booking):
    answer = as_guest_of(booking).get(f"bookings/{booking.reference}")

    assert answer["Cache-Control"] == "no-store"
    assert {"Authorization", "Cookie"} <= set(answer["Vary"].split(", "))


@pytest.mark.parametrize("status", WAYS)
def test_booking_in_every_status_is_shown_to_guest_and_host(room, host, status):
    booking = booking_in(status, room, host)

    for caller in (as_guest_of(booking), as_user(host)):
        answer = caller.get(f"bookings/{booking.reference}")
        assert (answer.status_code, answer.json()["status"]) == (200, status)
        assert len(answer.json()["history"]) == booking.version


def test_booking_tells_the_host_who_decided_and_the_guest_only_which_venue(room, host):
    booking = booking_in(Status.DECLINED, room, host)

    to_host = as_user(host).get(f"bookings/{booking.reference}").json()
    to_guest = as_guest_of(booking).get(f"bookings/{booking.reference}").json()

    assert (to_host["decision"]["made_by"], to_guest["decision"]["made_by"]) == (host.email, room.venue.name)
    assert to_host["decision"]["reason"] == to_guest["decision"]["reason"] == "Full"
    assert host.email not in str(to_guest)


def test_booking_is_shown_to_its_user_by_login(room):
    user = factories.user()
    booking = factories.booking(room=room, user=user)

    assert logged_in(user).get(f"bookings/{booking.reference}").status_code == 200


def test_booking_is_shown_to_staff(booking, as_staff):
    assert as_staff.get(f"bookings/{booking.reference}").status_code == 200


def strangers(booking) -> dict[str, Api]:
    other = factories.booking()
    return {
        "a wrong secret": Api("Booking " + "0" * 32),
        "another booking's secret": as_guest_of(other),
        "another guest's login": logged_in(factories.user()),
        "another guest's token": as_user(factories.user()),
        "another venue's host": as_user(factories.host(venue=other.venue)),
        "staff without rights": as_user(factories.user(is_staff=True)),
    }


def test_booking_of_others_is_unknown_in_the_same_words_as_none(booking):
    for who, caller in strangers(booking).items():
        there = caller.get(f"bookings/{booking.reference}")
        nowhere = caller.get("bookings/RHZZZZZZZZ")

        assert (there.status_code, nowhere.status_code) == (404, 404), who
        assert _words(there) == _words(nowhere), who
        assert len(there.content) == len(nowhere.content), who
        assert booking.reference not in there.content.decode(), who


def _words(answer) -> dict:
    return {name: value for name, value in answer.json().items() if name != "request_id"}


def test_booking_of_others_costs_as_many_queries_as_none(booking):
    caller = Api("Booking " + "0" * 32)

    counts = [_queries(caller, f"bookings/{reference}") for reference in (booking.reference, "RHZZZZZZZZ")]

    assert counts[0] == counts[1]


def test_booking_with_an_old_secret_is_unknown(booking):
    caller = as_guest_of(booking)
    booking.link_version += 1
    booking.save(update_fields=["link_version"])

    assert caller.get(f"bookings/{booking.reference}").status_code == 404
    assert as_guest_of(booking).get(f"bookings/{booking.reference}").status_code == 200


def test_booking_without_credentials_is_unauthorized(api, booking):
    answer = api.get(f"bookings/{booking.reference}")

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer["WWW-Authenticate"].startswith("Bearer")


# --- the list -------------------------------------------------------------------------------------------------


def references(answer) -> list[str]:
    return [item["reference"] for item in answer.json()["items"]]


def test_list_by_login_holds_the_guests_own(room):
    user = factories.user()
    mine = factories.booking(room=room, user=user)
    factories.booking(room=room, days_ahead=20)

    answer = logged_in(user).get("bookings")

    assert references(answer) == [mine.reference]
    assert answer.json()["next"] is None


def test_list_by_token_holds_the_venues_bookings_newest_first(booking, room, as_host):
    newer = factories.booking(room=room, days_ahead=20)
    factories.booking()

    assert references(as_host.get("bookings")) == [newer.reference, booking.reference]


def test_list_by_staff_token_holds_all(booking, as_staff):
    other = factories.booking()

    assert references(as_staff.get("bookings")) == [other.reference, booking.reference]
    assert references(as_staff.get("bookings", {"venue": booking.venue.slug})) == [booking.reference]


def test_list_of_another_host_is_empty(booking, as_other_host):
    assert references(as_other_host.get("bookings")) == []


def test_list_by_status_holds_that_status(room, host, as_host):
    booking_in(Status.PENDING_PAYMENT, room, host)
    asked = booking_in(Status.PENDING_APPROVAL, room, host, days_ahead=20)

    assert references(as_host.get("bookings", {"status": "PENDING_APPROVAL"})) == [asked.reference]


def test_list_pages_follow_next_without_repeats(room, as_host):
    made = [factories.booking(room=room, days_ahead=10 + 2 * n) for n in range(5)]

    seen, path = [], "bookings?limit=2"
    while path:
        answer = as_host.get(path).json()
        seen += [item["reference"] for item in answer["items"]]
        path = answer["next"] and answer["next"].split("/api/v1/")[1]

    assert seen == [booking.reference for booking in reversed(made)]


def test_list_after_an_unknown_booking_is_empty(booking, as_host):
    assert references(as_host.get("bookings", {"after": "RHZZZZZZZZ"})) == []


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"status": "PAID"}])
def test_list_with_a_wrong_parameter_names_it(as_host, query):
    answer = as_host.get("bookings", query)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == list(query)


def test_list_by_secret_alone_is_unauthorized(booking):
    assert as_guest_of(booking).get("bookings").status_code == 401


def test_list_asks_as_many_questions_for_one_as_for_three(room, as_host):
    factories.booking(room=room)
    as_host.get("bookings")
    one = _queries(as_host, "bookings")
    for n in (1, 2):
        factories.booking(room=room, days_ahead=10 + 3 * n)

    assert _queries(as_host, "bookings") == one <= 5


def test_booking_asks_few_questions(room, host, as_host):
    booking = booking_in(Status.CONFIRMED, room, host)
    as_host.get("bookings")

    assert _queries(as_host, f"bookings/{booking.reference}") <= 10


def _queries(caller: Api, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        caller.get(path)
    return len(queries)
