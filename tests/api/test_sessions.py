"""A workshop's sessions over the API: added alone and weekly, changed, withdrawn, and by whom."""

import datetime as dt

import pytest

from bookings.models import Booking
from core import clock
from rooms.availability.stays import InvalidStay
from rooms.models import Occupancy, Session
from tests.api.callers import Api, as_user
from tests.support import factories

pytestmark = pytest.mark.django_db

SPRING, AUTUMN = dt.date(2027, 3, 28), dt.date(2027, 10, 31)  # when Paris moves its clocks


@pytest.fixture
def now(monkeypatch):
    """December 1, 2026, 10:00 in Paris."""
    at = dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC)
    monkeypatch.setattr(clock, "now", lambda: at)
    return at


@pytest.fixture
def studio():
    return factories.room(kind="workshop", capacity=8, price_minor=4_500, buffer_after_minutes=30)


def caller(studio, role: str = "manager") -> Api:
    return as_user(factories.host(venue=studio.venue, role=role))


def path(studio) -> str:
    return f"venues/{studio.venue.slug}/rooms/{studio.slug}/sessions"


def wanted(**fields) -> dict:
    return {
        "title": "Clay for beginners", "starts_at": "2027-01-05T18:30", "ends_at": "2027-01-05T21:30", "capacity": 6,
        **fields,
    }  # fmt: skip


def patch(api: Api, pk: int, body: dict):
    return api.client.patch(
        f"/api/v1/sessions/{pk}", body, content_type="application/json", headers=api.headers
    )


def delete(api: Api, pk: int):
    return api.client.delete(f"/api/v1/sessions/{pk}", headers=api.headers)


def refused(answer) -> tuple:
    return answer.status_code, [(error["field"], error["code"]) for error in answer.json()["errors"]]


# --- adding ---------------------------------------------------------------------------------------------------


def test_add_session_in_wall_time_offers_it_at_the_room_s_price(studio, now):
    answer = caller(studio).post(path(studio), wanted())

    made = Session.objects.get()
    assert answer.status_code == 201
    assert answer.json() | {"items": None} == {
        "id": made.pk, "room": studio.path, "title": "Clay for beginners",
        "starts_at": "2027-01-05T18:30:00+01:00", "ends_at": "2027-01-05T21:30:00+01:00",
        "capacity": 6, "seats_taken": 0, "seats_left": 6, "price_minor": 4_500, "has_own_price": False,
        "currency": "EUR", "is_cancelled": False, "items": None,
    }  # fmt: skip
    claim = Occupancy.objects.get(session=made)
    assert (claim.visit.lower, claim.period.upper) == (
        made.starts_at,
        made.ends_at + dt.timedelta(minutes=30),
    )
    offered = Api().get(f"rooms/{studio.path}").json()["sessions"]
    assert [one["id"] for one in offered] == [made.pk]


def test_session_with_a_price_of_its_own_is_quoted_and_booked_at_it(studio, now):
    pk = caller(studio).post(path(studio), wanted(price_minor=6_000)).json()["id"]
    asked = {"room": studio.path, "session": pk, "party_size": 2}

    quoted = Api().post("quotes", asked).json()
    booked = Api().post("bookings", asked | {"guest": {"name": "Ada", "email": "ada@example.org"}})

    assert quoted["total_minor"] == 12_000
    assert (booked.status_code, booked.json()["total_minor"]) == (201, 12_000)
    assert Session.objects.get().seats_taken == 2


def test_add_weekly_run_over_a_clock_change_keeps_the_wall_time(studio, now):
    body = wanted(starts_at="2027-03-15T18:30", ends_at="2027-03-15T20:30", until="2027-04-05")

    answer = caller(studio).post(path(studio), body)

    starts = [item["starts_at"] for item in answer.json()["items"]]
    assert starts == [
        "2027-03-15T18:30:00+01:00", "2027-03-22T18:30:00+01:00", "2027-03-29T18:30:00+02:00",
        "2027-04-05T18:30:00+02:00",
    ]  # fmt: skip
    assert Session.objects.count() == 4


def test_add_weekly_dry_run_tells_the_dates_and_adds_none(studio, now):
    answer = caller(studio).post(path(studio), wanted(count=3, dry_run=True))

    assert answer.status_code == 200
    assert [item["starts_at"][:10] for item in answer.json()["items"]] == [
        "2027-01-05",
        "2027-01-12",
        "2027-01-19",
    ]
    assert not Session.objects.exists()


def test_add_weekly_run_with_a_clash_adds_none_and_names_it(studio, now):
    api = caller(studio)
    api.post(path(studio), wanted(title="Glazing", starts_at="2027-01-19T21:00", ends_at="2027-01-19T23:00"))

    answer = api.post(path(studio), wanted(count=4))

    assert (answer.status_code, answer.json()["code"]) == (409, "room_taken")
    assert [(one["starts_at"][:10], "Glazing" in one["what"]) for one in answer.json()["clashes"]] == [
        ("2027-01-19", True)
    ]
    assert [session.title for session in Session.objects.all()] == ["Glazing"]


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"starts_at": f"{SPRING}T02:30", "ends_at": f"{SPRING}T05:00"}, "starts_at", "nonexistent_time"),
        ({"starts_at": f"{AUTUMN}T02:30", "ends_at": f"{AUTUMN}T05:00"}, "starts_at", "ambiguous_time"),
        ({"starts_at": f"{SPRING - dt.timedelta(7)}T02:30", "ends_at": f"{SPRING - dt.timedelta(7)}T05:00", "count": 2},
         "starts_at", "nonexistent_time"),
        ({"ends_at": "2027-01-05T18:30"}, "ends_at", "not_after_start"),
        ({"starts_at": "2026-11-30T18:30", "ends_at": "2026-11-30T20:30"}, "starts_at", "past"),
        ({"starts_at": "9999-12-31T18:30", "ends_at": "9999-12-31T20:30"}, "starts_at", "out_of_range"),
        ({"count": 2, "until": "2027-02-01"}, "until", "ambiguous"),
        ({"until": "2027-01-04"}, "until", "not_after_start"),
        ({"until": "2029-01-04"}, "until", "too_many"),
        ({"capacity": 9}, "capacity", "invalid"),
        ({"title": "  "}, "title", "string_too_short"),
        ({"price_minor": -1}, "price_minor", "greater_than_equal"),
    ],
    ids=str,
)  # fmt: skip
def test_add_session_that_cannot_be_is_refused_by_the_field_and_adds_none(studio, now, fields, field, code):
    answer = caller(studio).post(path(studio), wanted(**fields))

    assert refused(answer) == (422, [(field, code)])
    assert not Session.objects.exists()


def test_add_session_with_an_offset_says_which_of_two_times(studio, now):
    body = wanted(starts_at=f"{AUTUMN}T02:30+01:00", ends_at=f"{AUTUMN}T05:00+01:00")

    assert caller(studio).post(path(studio), body).json()["starts_at"] == f"{AUTUMN}T02:30:00+01:00"


def test_add_session_to_a_hotel_room_is_refused(studio, now):
    room = factories.room(venue=studio.venue)

    answer = caller(studio).post(path(room), wanted())

    assert (answer.status_code, answer.json()["code"]) == (409, "not_a_workshop")
    assert not Session.objects.exists()


# --- changing -------------------------------------------------------------------------------------------------


@pytest.fixture
def session(studio, now) -> Session:
    pk = caller(studio).post(path(studio), wanted()).json()["id"]
    return Session.objects.get(pk=pk)


def test_change_time_while_nothing_is_sold_moves_its_claim(studio, session):
    answer = patch(
        caller(studio), session.pk, {"starts_at": "2027-01-05T20:00", "ends_at": "2027-01-05T22:00"}
    )

    session.refresh_from_db()
    assert answer.status_code == 200
    assert session.starts_at == dt.datetime(2027, 1, 5, 19, tzinfo=dt.UTC)
    assert Occupancy.objects.get().visit.lower == session.starts_at
    assert Occupancy.objects.get().session_id == session.pk


def test_change_time_with_seats_taken_is_refused_with_the_way_out(studio, session, now):
    factories.booking(room=studio, session=session, party_size=2, now=now)
    before = (session.starts_at, session.ends_at)

    answer = patch(caller(studio), session.pk, {"title": "Later", "starts_at": "2027-01-05T19:30"})

    session.refresh_from_db()
    assert (answer.status_code, answer.json()["code"]) == (409, "session_booked")
    assert "cancel the session" in answer.json()["detail"]
    assert (session.title, session.starts_at, session.ends_at) == ("Clay for beginners", *before)


def test_change_seats_never_below_those_taken(studio, session, now):
    factories.booking(room=studio, session=session, party_size=3, now=now)
    api = caller(studio)

    fewer, enough = (
        patch(api, session.pk, {"capacity": 2}),
        patch(api, session.pk, {"capacity": 3, "title": "Clay"}),
    )

    session.refresh_from_db()
    assert refused(fewer) == (422, [("capacity", "invalid")])
    assert (enough.status_code, enough.json()["seats_left"]) == (200, 0)
    assert (session.capacity, session.title) == (3, "Clay")


def test_change_price_counts_for_seats_sold_from_now_on(studio, session, now):
    sold = factories.booking(room=studio, session=session, now=now)

    answer = patch(caller(studio), session.pk, {"price_minor": 7_000})

    sold.refresh_from_db()
    assert (answer.json()["price_minor"], sold.total_minor) == (7_000, 4_500)
    assert factories.booking(room=studio, session=session, now=now).total_minor == 7_000


def test_book_a_session_that_was_moved_since_it_was_chosen_is_refused_and_takes_no_seat(studio, session, now):
    moved = {"starts_at": "2027-01-05T19:30", "ends_at": "2027-01-05T22:00"}
    assert patch(caller(studio), session.pk, moved).status_code == 200

    with pytest.raises(InvalidStay) as caught:
        factories.booking(room=studio, session=session, now=now)  # the time as it was

    assert (caught.value.field, caught.value.code) == ("session", "moved")
    assert (Booking.objects.count(), Session.objects.get().seats_taken) == (0, 0)


def test_change_onto_another_session_is_refused_and_keeps_the_claim(studio, session):
    api = caller(studio)
    api.post(path(studio), wanted(starts_at="2027-01-06T18:30", ends_at="2027-01-06T21:30"))

    answer = patch(api, session.pk, {"starts_at": "2027-01-06T20:00", "ends_at": "2027-01-06T22:00"})

    assert (answer.status_code, answer.json()["code"]) == (409, "room_taken")
    assert Occupancy.objects.get(session=session).visit.lower == session.starts_at


@pytest.mark.parametrize("how", ["cancelled", "over"])
def test_change_of_a_session_that_is_gone_is_refused(studio, session, how, now):
    changed = {"is_cancelled": True} if how == "cancelled" else {
        "starts_at": now - dt.timedelta(hours=3), "ends_at": now,
    }  # fmt: skip
    Session.objects.filter(pk=session.pk).update(**changed)

    answer = patch(caller(studio), session.pk, {"title": "Again"})

    assert (answer.status_code, answer.json()["code"]) == (409, f"session_{how}")
    assert Session.objects.get().title == "Clay for beginners"


def test_delete_session_nobody_booked_frees_its_time(studio, session):
    assert delete(caller(studio), session.pk).status_code == 204

    session.refresh_from_db()
    assert session.is_cancelled
    assert not Occupancy.objects.exists()


def test_delete_session_with_bookings_names_the_way_out_and_changes_nothing(studio, session, now):
    factories.booking(room=studio, session=session, now=now)

    answer = delete(caller(studio), session.pk)

    session.refresh_from_db()
    assert (answer.status_code, answer.json()["code"]) == (409, "session_booked")
    assert answer.json()["cancel_url"] == f"/api/v1/sessions/{session.pk}/cancel"
    assert not session.is_cancelled


# --- who ------------------------------------------------------------------------------------------------------


def test_list_shows_what_ends_from_now_on_soonest_first(studio, session, now):
    api = caller(studio)
    api.post(path(studio), wanted(title="Sooner", starts_at="2026-12-05T10:00", ends_at="2026-12-05T12:00"))
    factories.session(room=studio, title="Past", starts_at=now - dt.timedelta(days=2))

    listed = api.get(path(studio)).json()
    all_of_them = api.get(path(studio), {"since": "2026-01-01T00:00:00Z"}).json()

    assert [one["title"] for one in listed["items"]] == ["Sooner", "Clay for beginners"]
    assert (listed["next"], len(all_of_them["items"])) == (None, 3)
    assert api.get(f"sessions/{session.pk}").json()["title"] == "Clay for beginners"


@pytest.mark.parametrize("role", ["clerk", "stranger", "other host"])
def test_sessions_are_for_owners_and_managers_alone(studio, session, role):
    people = {
        "clerk": lambda: factories.host(venue=studio.venue, role="clerk"), "stranger": factories.user,
        "other host": lambda: factories.host(venue=factories.venue()),
    }  # fmt: skip
    api = as_user(people[role]())

    answers = [
        api.get(path(studio)), api.post(path(studio), wanted(starts_at="2027-02-05T18:30", ends_at="2027-02-05T20:30")),
        api.get(f"sessions/{session.pk}"), patch(api, session.pk, {"title": "Mine"}), delete(api, session.pk),
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [404] * 5
    session.refresh_from_db()
    assert (session.title, session.is_cancelled, Session.objects.count()) == ("Clay for beginners", False, 1)


def test_sessions_of_a_room_without_a_login_are_refused(studio):
    assert Api().get(path(studio)).status_code == 401
    assert Api().post(path(studio), wanted()).status_code == 401


@pytest.mark.parametrize("role", ["owner", "staff"])
def test_owner_and_staff_add_sessions(studio, now, role):
    user = factories.staff() if role == "staff" else factories.host(venue=studio.venue)

    assert as_user(user).post(path(studio), wanted()).status_code == 201
