"""Every refusal of the API is a problem+json with a code, whatever went wrong."""

import contextlib
import json
import threading
from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from bookings.models import Booking
from rooms.availability.occupancy import lock_room
from tests.api.callers import choice
from tests.support import factories

pytestmark = pytest.mark.django_db


def check_problem(answer, status: int, code: str) -> dict:
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Cache-Control"] == "no-store"
    assert set(problem) >= {"type", "title", "status", "detail", "code", "errors", "request_id"}
    assert problem["request_id"] == answer["X-Request-Id"]
    assert problem["type"] == f"urn:roomhold:problem:{code}"
    assert problem["detail"]
    return problem


@pytest.mark.parametrize(
    "path",
    [
        "",
        "nothing",
        "bookings/",
        "bookings.",
        "bookings%2F",
        "rooms/a",
        "rooms/a/b/c",
        "docs",
        "payments/1/status",
    ],
)
def test_unknown_address_is_not_found(api, path):
    check_problem(api.get(path), 404, "not_found")


@pytest.mark.parametrize("path", ["bookings/%2e%2e/admin", "bookings/%00/approve", "rooms/%252e%252e/x"])
def test_double_encoded_address_is_not_found(api, path):
    check_problem(api.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("post", "rooms", "GET"),
        ("get", "quotes", "POST"),
        ("delete", "bookings", "GET, POST"),
        ("put", "bookings/RHZZZZZZZZ", "GET"),
        ("patch", "bookings/RHZZZZZZZZ/approve", "POST"),
    ],
)
def test_wrong_method_says_which_are_right(api, method, path, allow):
    answer = getattr(api.client, method)(f"/api/v1/{path}")

    check_problem(answer, 405, "method_not_allowed")
    assert answer["Allow"] == allow


def test_method_override_is_ignored(api, room):
    answer = api.get("bookings", **{"X-HTTP-Method-Override": "POST"})

    check_problem(answer, 401, "unauthorized")


@pytest.mark.parametrize(
    "body",
    [
        "{", "", "null x", '{"room": "a", "room": "b"}', '{"guest": {"name": "a", "name": "b"}}', '{"a": NaN}',
        '{"a": -Infinity}', '{"message": "a\\u0000b"}', '{"guest": {"\\u0000": 1}}', '{"message": "\\ud800"}',
        "[" * 50_000, '{"a": ' + "9" * 5000 + "}", b"\xff\xfe", '{"a": "\x00"}', b"\xef\xbb\xbf{}",
    ],
)  # fmt: skip
def test_body_that_is_no_plain_json_is_refused(api, body):
    answer = api.post("bookings", body)

    if body:
        check_problem(answer, 400, "invalid_body")
    else:
        check_problem(answer, 422, "invalid")


@pytest.mark.parametrize("body", ["null", "[]", "5", '"text"', "{}"])
def test_body_of_another_shape_names_missing_fields(api, body):
    check_problem(api.post("bookings", body), 422, "invalid")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "",
    ],
)
def test_body_of_another_type_is_refused(api, room, content_type):
    answer = api.post("bookings", json.dumps(choice(room)), content_type=content_type)

    check_problem(answer, 415, "unsupported_media_type")


def test_body_with_a_charset_is_read(api, room):
    answer = api.post("bookings", choice(room), content_type="application/json; charset=utf-8")

    assert answer.status_code == 201


def test_body_beyond_one_megabyte_is_too_large(api):
    check_problem(api.post("bookings", "x" * (1024 * 1024 + 1)), 413, "too_large")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("guests=2&guests=3", "guests"),
        ("q=a%00b", "q"),
        ("guests=x", "guests"),
        ("guests=0", "guests"),
        ("check_in=soon", "check_in"),
        ("kind=castle", "kind"),
        ("sort=name;drop", "sort"),
        ("price_max_minor=1e400", "price_max_minor"),
    ],
)
def test_query_with_a_wrong_parameter_names_it(api, query, field):
    problem = check_problem(api.get(f"rooms?{query}"), 422, "invalid")

    assert [error["field"] for error in problem["errors"]] == [field]


def test_fields_wrong_are_all_named_at_once(api, room):
    wrong = choice(room, party_size="many", guest={"name": " ", "email": "nobody"}, expected_total_minor=1.5)

    problem = check_problem(api.post("bookings", wrong), 422, "invalid")

    assert {error["field"]: error["code"] for error in problem["errors"]} == {
        "party_size": "int_parsing",
        "guest.name": "string_too_short",
        "guest.email": "invalid_email",
        "expected_total_minor": "int_type",
    }


def test_request_id_given_is_given_back(api):
    answer = api.get("nothing", **{"X-Request-Id": "abc-12345678"})

    assert answer.json()["request_id"] == "abc-12345678"


@pytest.mark.django_db(transaction=True)
def test_room_locked_for_long_is_a_503_to_try_again(api, room):
    with connection.cursor() as cursor, held_by_somebody_else(room):
        cursor.execute("SET lock_timeout = '50ms'")
        answer = api.post("bookings", choice(room))
        cursor.execute("RESET lock_timeout")

    check_problem(answer, 503, "temporarily_unavailable")
    assert answer["Retry-After"] == "2"
    assert not Booking.objects.exists()
    assert api.post("bookings", choice(room)).status_code == 201


@contextlib.contextmanager
def held_by_somebody_else(room) -> Iterator[None]:
    """Keep a room's row locked from another connection."""
    is_held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            lock_room(room.pk)
            is_held.set()
            may_end.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    is_held.wait(10)
    try:
        yield
    finally:
        may_end.set()
        holder.join()


def test_fault_of_ours_is_a_500_that_tells_nothing(api, room):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE rooms_pricerule RENAME TO gone")

    answer = api.post("bookings", choice(room))

    check_problem(answer, 500, "internal_error")
    assert "rooms_pricerule" not in answer.content.decode()
    assert not Booking.objects.exists()


def test_openapi_lists_the_endpoints_and_names_the_problems(api):
    document = api.get("openapi.json").json()

    paths = {path.removeprefix("/api/v1/") for path in document["paths"]}
    assert paths >= {
        "rooms", "rooms/{venue}/{room}", "rooms/{venue}/{room}/availability", "quotes", "bookings",
        "bookings/{reference}", "bookings/{reference}/approve", "bookings/{reference}/decline",
        "bookings/{reference}/cancel", "bookings/{reference}/payment/session",
        "bookings/{reference}/payment/verify", "payments/{payment_id}/status",
    }  # fmt: skip
    create = document["paths"]["/api/v1/bookings"]["post"]
    assert {"201", "400", "401", "403", "404", "409", "413", "415", "422", "429", "503"} == set(
        create["responses"]
    )
    assert "application/problem+json" in create["responses"]["409"]["content"]
    assert {} in create["security"]
    assert [parameter["name"] for parameter in create["parameters"]] == ["Idempotency-Key"]


def test_api_needs_no_room_to_answer_an_empty_list(api):
    assert api.get("rooms").json() == {
        "items": [],
        "next": None,
        "total": 0,
        "compared": None,
    }
    factories.room()
    assert len(api.get("rooms").json()["items"]) == 1
