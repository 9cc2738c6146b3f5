"""Who calls: bearer tokens, booking secrets, the site's login with CSRF; and the command that prints a token."""

import datetime as dt
import io

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from accounts.models import ApiToken
from bookings.models import Booking
from tests.api.callers import Api, as_guest_of, booking_in, choice, logged_in
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def issued(host) -> tuple[ApiToken, str]:
    return ApiToken.issue(user=host, name="desk")


@pytest.fixture
def program(issued) -> Api:
    return Api(f"Bearer {issued[1]}")


def test_token_is_stored_as_a_digest_only(issued):
    row, plain = issued

    stored = [str(value) for value in ApiToken.objects.values_list().get(pk=row.pk)]
    assert not any(plain in value or plain.removeprefix("rh_") in value for value in stored)
    assert len(row.digest) == 64


def test_token_revoked_is_unauthorized_at_once(issued, program):
    assert program.get("bookings").status_code == 200
    issued[0].delete()

    assert program.get("bookings").status_code == 401


def test_token_of_an_inactive_user_is_unauthorized(host, room, program):
    factories.host(venue=room.venue)
    host.is_active = False
    host.save()

    assert program.get("bookings").status_code == 401


def test_token_use_is_noted_at_most_once_a_minute(host):
    with time_machine.travel(dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC), tick=False) as clock:
        row, plain = ApiToken.issue(user=host, name="desk")
        program = Api(f"Bearer {plain}")
        program.get("bookings")
        row.refresh_from_db()
        first = row.last_used_at
        clock.shift(dt.timedelta(seconds=59))
        program.get("bookings")
        row.refresh_from_db()
        same = row.last_used_at
        clock.shift(dt.timedelta(seconds=2))
        program.get("bookings")
        row.refresh_from_db()

    assert first == same == dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC)
    assert row.last_used_at == dt.datetime(2027, 3, 1, 12, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "header",
    [
        "Bearer", "Bearer ", "Bearer rh_wrong", "bearer x y", "Basic aGk6aG8=", "Booking", "Token abc", " ",
        "Bearer " + "x" * 10_000, "Bearer \x7f", "Booking ünïcode", "Bearer %s" % ("é" * 32),
    ],
)  # fmt: skip
def test_authorization_that_proves_nothing_is_unauthorized(header, db):
    assert Api(header).get("bookings").status_code == 401


def test_token_check_that_cannot_be_made_lets_nobody_in(program):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_apitoken RENAME TO gone")

    with transaction.atomic():  # the test's own transaction must survive the failed query
        answer = program.get("bookings")
        transaction.set_rollback(True)

    assert answer.status_code == 500
    assert "items" not in answer.json()


def test_authorization_scheme_in_any_case_is_known(issued):
    assert Api(f"BEARER {issued[1]}").get("bookings").status_code == 200


def test_authorization_wrong_is_not_mended_by_a_login(host):
    browser = logged_in(host)

    assert browser.get("bookings").status_code == 200
    assert browser.get("bookings", Authorization="Bearer rh_wrong").status_code == 401
    assert browser.get("bookings", Authorization="Booking 0").status_code == 401


def test_authorization_wrong_books_for_nobody(room):
    answer = Api("Bearer rh_wrong").post("bookings", choice(room))

    assert answer.status_code == 401
    assert not Booking.objects.exists()


def test_token_in_the_query_is_not_looked_at(api, issued):
    assert (
        api.get("bookings", {"token": issued[1], "authorization": f"Bearer {issued[1]}"}).status_code == 401
    )


def test_token_digest_is_no_token(issued):
    assert Api(f"Bearer {issued[0].digest}").get("bookings").status_code == 401


def test_login_post_without_csrf_token_is_forbidden(room, host):
    booking = booking_in("PENDING_APPROVAL", room, host)
    browser = logged_in(host, checks_csrf=True)

    for path, data in (
        (f"bookings/{booking.reference}/approve", None),
        (f"bookings/{booking.reference}/decline", {}),
        (f"bookings/{booking.reference}/cancel", {}),
        (f"bookings/{booking.reference}/payment/session", None),
        ("bookings", choice(room, days_ahead=30)),
    ):
        answer = browser.post(path, data)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed"), path

    booking.refresh_from_db()
    assert (booking.version, Booking.objects.count()) == (2, 1)


def test_login_post_with_csrf_token_goes_through(room, host):
    booking = booking_in("PENDING_APPROVAL", room, host)
    browser = logged_in(host, checks_csrf=True)
    browser.client.get("/account/login/")
    browser.client.cookies["csrftoken"] = "a" * 32

    answer = browser.post(f"bookings/{booking.reference}/approve", **{"X-CSRFToken": "a" * 32})

    assert answer.status_code == 200


def test_token_and_secret_need_no_csrf_token(room, host, issued):
    booking = booking_in("PENDING_APPROVAL", room, host)
    program = Api(f"Bearer {issued[1]}", client=logged_in(host, checks_csrf=True).client)

    assert program.post(f"bookings/{booking.reference}/approve").status_code == 200


def test_secret_of_one_booking_opens_no_other(room):
    mine, other = factories.booking(room=room), factories.booking(room=room, days_ahead=20)

    assert as_guest_of(mine).get(f"bookings/{other.reference}").status_code == 404
    assert as_guest_of(mine).post(f"bookings/{other.reference}/cancel").status_code == 404


def test_secret_does_not_log_in_its_user(room):
    user = factories.user()
    mine = factories.booking(room=room, user=user)
    other = factories.booking(room=room, user=user, days_ahead=20)

    assert as_guest_of(mine).get(f"bookings/{other.reference}").status_code == 404


def test_api_token_prints_a_working_token_and_nothing_else(host):
    out = io.StringIO()

    call_command("api_token", host.email.upper(), stdout=out)

    (token,) = out.getvalue().split()
    assert Api(f"Bearer {token}").get("bookings").status_code == 200


@pytest.mark.parametrize("is_known", [True, False])
def test_api_token_for_nobody_active_is_an_error(host, room, is_known):
    factories.host(venue=room.venue)
    host.is_active = False
    host.save()

    with pytest.raises(CommandError):
        call_command("api_token", host.email if is_known else "nobody@example.org")
    assert not ApiToken.objects.exists()
