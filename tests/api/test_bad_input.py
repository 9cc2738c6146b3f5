"""What people and programs get wrong when booking: each is told by the field, and nothing is made."""

import datetime as dt
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings.models import Booking
from bookings.states import Status
from core import clock
from rooms.models import Occupancy
from tests.api.callers import Api, as_guest_of, choice
from tests.support import factories
from tests.support.pages import text

pytestmark = pytest.mark.django_db

MEGABYTE = "x" * 1_000_000


def errors(answer) -> dict[str, str]:
    return {error["field"]: error["code"] for error in answer.json()["errors"]}


def day(offset: int) -> str:
    return (clock.now().date() + dt.timedelta(days=offset)).isoformat()


@pytest.mark.parametrize(
    ("dates", "field", "code"),
    [
        ({"check_in": day(12), "check_out": day(10)}, "check_out", "not_after_start"),
        ({"check_in": day(10), "check_out": day(10)}, "check_out", "not_after_start"),
        ({"check_in": day(-3), "check_out": day(-1)}, "check_in", "past"),
        ({"check_in": day(36_500), "check_out": day(36_501)}, "check_in", "too_far"),
        ({"check_in": day(10), "check_out": day(36_500)}, "check_out", "too_long"),
        ({"check_in": "9999-12-30", "check_out": "9999-12-31"}, "check_in", "out_of_range"),
        ({"check_in": "0001-01-01", "check_out": "0001-01-02"}, "check_in", "out_of_range"),
        ({"check_in": None}, "check_in", "required"),
        ({"check_out": None}, "check_out", "required"),
        ({"check_in": "2027-02-30"}, "check_in", "date_from_datetime_parsing"),
        ({"check_in": "tomorrow"}, "check_in", "date_from_datetime_parsing"),
        ({"check_in": []}, "check_in", "date_type"),
        ({"check_in": 1e400}, "check_in", "date_from_datetime_parsing"),
    ],
)
def test_dates_wrong_are_named(api, room, dates, field, code):
    body = json.dumps(choice(room, **dates)).replace("Infinity", "1e400")

    answer = api.post("bookings", body)

    assert answer.status_code == 422
    assert errors(answer) == {field: code}
    assert not Booking.objects.exists()


@pytest.mark.parametrize(
    ("start", "end", "field", "code"),
    [
        ("2027-03-28T02:30", "2027-03-28T04:30", "start", "nonexistent_time"),
        ("2027-03-27T23:30", "2027-03-28T02:30", "end", "nonexistent_time"),
        ("2027-03-29T12:00", "2027-03-29T10:00", "end", "not_after_start"),
        ("2027-03-29T12:00", "2027-03-29T12:00", "end", "not_after_start"),
        ("2027-03-29T12:10", "2027-03-29T13:10", "start", "off_grid"),
        ("2027-03-29T12:00", "2027-03-29T12:20", "end", "not_whole_units"),
        ("2027-03-29T04:00", "2027-03-29T06:00", "start", "closed"),
        ("2027-03-29T19:00", "2027-03-29T22:00", "end", "closed"),
        ("9999-12-31T23:59+00:00", "9999-12-31T23:59-14:00", "start", "out_of_range"),
        ("noon", "2027-03-29T12:00", "start", "datetime_from_date_parsing"),
    ],
)
def test_hours_wrong_are_named(api, db, start, end, field, code):
    room = factories.room(kind="conference", booking_window_days=1000)

    answer = api.post("bookings", choice(room, check_in=None, check_out=None, start=start, end=end))

    assert answer.status_code == 422
    assert errors(answer) == {field: code}
    assert not Booking.objects.exists()


def test_hours_for_a_room_by_the_night_ask_for_dates(api, room):
    hours = {"start": f"{day(10)}T10:00", "end": f"{day(10)}T12:00", "check_in": None, "check_out": None}

    assert errors(api.post("bookings", choice(room, **hours))) == {"check_in": "required"}


@pytest.mark.parametrize(
    ("party_size", "code"),
    [
        (0, "greater_than_equal"), (-1, "greater_than_equal"), (3, "too_many"), (10**6, "less_than_equal"),
        (1.5, "int_from_float"), ("two", "int_parsing"), ("1,250", "ambiguous_number"),
        (None, "int_type"), (True, None), ([1], "int_type"),
    ],
)  # fmt: skip
def test_party_size_wrong_is_named(api, room, party_size, code):
    answer = api.post("bookings", choice(room, party_size=party_size))

    assert (answer.status_code, errors(answer) if code else {}) == (
        (422, {"party_size": code}) if code else (201, {})
    )


@pytest.mark.parametrize("expected", [-1, 1.5, 200.0, "20000", True, 10**16, [20_000]])
def test_expected_total_that_is_no_amount_is_named(api, room, expected):
    answer = api.post("bookings", choice(room, expected_total_minor=expected))

    assert answer.status_code == 422
    assert list(errors(answer)) == ["expected_total_minor"]


@pytest.mark.parametrize(
    ("guest", "field", "code"),
    [
        ({"name": ""}, "guest.name", "string_too_short"),
        ({"name": "  \t "}, "guest.name", "string_too_short"),
        ({"name": "x" * 121}, "guest.name", "string_too_long"),
        ({"name": MEGABYTE[:900_000]}, "guest.name", "string_too_long"),
        ({"name": "Ada\r\nBcc: all@example.org"}, "guest.name", "control_character"),
        ({"name": "Ada\x1b[31m"}, "guest.name", "control_character"),
        ({"name": "Ada\u2028Eve"}, "guest.name", "control_character"),
        ({"name": "\u202egnp.exe"}, "guest.name", "turned_text"),
        ({"name": "\u200b\u2060"}, "guest.name", "string_too_short"),
        ({"name": 7}, "guest.name", "string_type"),
        ({"email": "nobody"}, "guest.email", "invalid_email"),
        ({"email": "a@b"}, "guest.email", "invalid_email"),
        ({"email": "jürgen@example.org"}, "guest.email", "invalid_email"),
        ({"phone": "abc"}, "guest.phone", "invalid_phone"),
        ({"email": "ada@example.org, eve@example.org"}, "guest.email", "invalid_email"),
        ({"email": "ada@example.org\nBcc: eve@example.org"}, "guest.email", "invalid_email"),
        ({"email": "a" * 250 + "@example.org"}, "guest.email", "string_too_long"),
        ({"phone": "1" * 33}, "guest.phone", "string_too_long"),
        ({"phone": "+33\x001"}, None, None),
    ],
)
def test_guest_wrong_is_named(api, room, guest, field, code):
    asked = choice(room)
    asked["guest"] |= guest

    answer = api.post("bookings", asked)

    if field is None:
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_body")
    else:
        assert (answer.status_code, errors(answer)) == (422, {field: code})
    assert not Booking.objects.exists()


@pytest.mark.parametrize(
    "path",
    ["", "x", "x/y", "../admin", "venue/room/extra", "%2e/%2e", "a" * 900_000, "a b/c", "ä/ö", "x/y\n"],
)
def test_room_unknown_is_named(api, room, path):
    answer = api.post("bookings", choice(room) | {"room": path})

    assert (answer.status_code, answer.json()["code"]) == (404, "room_not_found")
    assert list(errors(answer)) == ["room"]


@pytest.mark.parametrize("session", [0, -1, 2**31, 2**63, 2**70, 1.5, "x"])
def test_session_unknown_is_named(api, db, session):
    answer = api.post("bookings", choice(factories.room(kind="workshop"), session=session))

    assert answer.status_code == 422
    assert list(errors(answer)) == ["session"]


def test_message_too_long_is_named(api, room):
    assert errors(api.post("bookings", choice(room, message="x" * 2001))) == {"message": "string_too_long"}


def test_body_of_a_megabyte_is_too_large(api, room):
    answer = api.post("bookings", choice(room, message=MEGABYTE + "x" * 100_000))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "{{ 7*7 }} %s {0}",
        "O'Brien; DROP TABLE",
        "=1+1",
        "☃️ Ωμέγα 名前",
        "می\u200cخواهم",
    ],
)
def test_name_of_any_characters_is_kept_as_it_is(api, room, name):
    asked = choice(room, guest={"name": name, "email": "ada@example.org"})

    answer = api.post("bookings", asked)

    booking = Booking.objects.get()
    assert (answer.status_code, booking.guest_name) == (201, name)
    shown = as_guest_of(booking).get(f"bookings/{booking.reference}")
    assert shown["Content-Type"] == "application/json"
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert shown.json()["guest"]["name"] == name


EXTRA = {
    "status": "CONFIRMED", "total_minor": 1, "due_minor": 0, "tax_minor": 0, "price": 1, "price_minor": 1,
    "currency": "UZS", "fee_percent": 0, "lines": [], "decision": "approved", "decided_by": 1, "paid_at": "2026-01-01",
    "reference": "RHAAAAAAAA", "venue": 1, "guest_id": 1, "is_staff": True, "is_superuser": True, "link_version": 9,
    "submission_key": "mine", "approval": "none", "capture": "after_completion", "id": 1, "pk": 1, "version": 7,
    "payment_due_at": "2099-01-01T00:00:00Z",
}  # fmt: skip


def test_fields_nobody_asked_for_are_ignored(api, room):
    answer = api.post("bookings", choice(room) | EXTRA)

    booking = Booking.objects.get()
    assert (answer.status_code, booking.status, booking.total_minor) == (201, Status.PENDING_PAYMENT, 20_000)
    assert (booking.currency, booking.venue, booking.guest, booking.decision) == ("EUR", room.venue, None, "")
    assert (booking.link_version, booking.version, booking.approval) == (1, 1, "after_payment")
    assert booking.reference != "RHAAAAAAAA"


def test_fields_nobody_asked_for_are_ignored_in_decisions(room, host, as_host):
    booking = factories.booking(room=room)

    answer = as_host.post(f"bookings/{booking.reference}/cancel", EXTRA | {"fee_minor": 10**6})

    assert (answer.json()["status"], answer.json()["fee_minor"]) == ("CANCELLED", 0)


# --- anything at all ------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = "room check_in check_out start end session party_size message expected_total_minor guest".split()
fuzz = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@fuzz
@given(field=st.sampled_from(FIELDS), value=JSON)
def test_any_value_in_any_field_is_answered_without_a_fault(room, field, value):
    answer = Api().post("bookings", choice(room) | {field: value})

    assert answer.status_code in (201, 400, 404, 409, 422), answer.content
    assert Booking.objects.count() <= 1


@fuzz
@given(check_in=st.dates(), nights=st.integers(-400, 40_000))
def test_any_dates_are_answered_without_a_fault(room, check_in, nights):
    try:
        check_out = check_in + dt.timedelta(days=nights)
    except OverflowError:
        return
    asked = choice(room, check_in=check_in.isoformat(), check_out=check_out.isoformat())

    assert Api().post("bookings", asked).status_code in (201, 409, 422)


def test_occupancy_of_refused_bookings_is_none(api, room):
    api.post("bookings", choice(room, expected_total_minor=1))
    api.post("bookings", choice(room, party_size=3))

    assert not Occupancy.objects.exists()


@pytest.mark.parametrize("offset", ["-22:45", "+16:00"])
@pytest.mark.parametrize(
    ("path", "field"),
    [("rooms", "start"), ("venues/{venue}/rooms/{room}/sessions", "since")],
    ids=["search", "sessions"],
)
def test_moment_further_from_utc_than_the_database_knows_is_refused(as_host, room, path, field, offset):
    query = {field: f"2027-01-05T10:00:00{offset}"}

    answer = as_host.get(path.format(venue=room.venue.slug, room=room.slug), query)

    assert (answer.status_code, errors(answer)) == (422, {field: "value_error"})


def test_choice_further_from_utc_than_the_database_knows_is_refused_on_a_page(client):
    room = factories.room(kind="conference")
    query = {"start": "2027-01-05T10:00:00-22:45", "end": "2027-01-05T12:00:00-22:45"}

    assert "This is not a time." in text(client.get(room.get_absolute_url(), query))
