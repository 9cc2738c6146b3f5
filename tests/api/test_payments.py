"""Opening the pay page, asking what came of it: over the real wire protocol, with the sandbox as provider."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.actors import member_actor
from bookings.lifecycle import services as bookings
from bookings.states import Status
from payments.lifecycle import services as lifecycle
from payments.models import Payment
from tests.api.callers import WAYS, Api, as_guest_of, as_user, booking_in, logged_in
from tests.payments.conftest import VISA, sandbox, sandbox_process  # noqa: F401 - fixtures
from tests.support import factories

DECLINED = "4000000000000002"

pytestmark = pytest.mark.usefixtures("sandbox")


@pytest.fixture
def booking(transactional_db, room):
    return factories.booking(room=room, nights=2)


def open_page(booking) -> dict:
    return as_guest_of(booking).post(f"bookings/{booking.reference}/payment/session").json()


def pay(sandbox, booking, card: str = VISA) -> None:  # noqa: F811
    sandbox.control("pay", {"url": open_page(booking)["payment_url"], "card": card})


def test_session_answers_page_amount_and_currency(booking):
    answer = as_guest_of(booking).post(f"bookings/{booking.reference}/payment/session")

    payment = Payment.objects.get()
    assert answer.status_code == 200
    assert answer.json() == {
        "session_id": payment.session_ref,
        "payment_url": payment.session_url,
        "client_secret": None,
        "status": "created",
        "amount": "200.00",
        "amount_minor": 20_000,
        "currency": "EUR",
        "payment_id": str(payment.public_id),
    }
    assert payment.session_ref.startswith("cs_")


def test_session_asked_again_is_the_same_page(booking):
    assert open_page(booking) == open_page(booking)
    assert Payment.objects.count() == 1


def test_session_moves_the_payment_deadline_once(booking):
    open_page(booking)
    booking.refresh_from_db()
    moved = booking.payment_due_at
    open_page(booking)

    booking.refresh_from_db()
    assert booking.payment_due_at == moved


def test_session_for_the_guest_by_login_or_for_staff_opens(room, as_staff):
    user = factories.user()
    booking = factories.booking(room=room, user=user)

    by_login = logged_in(user).post(f"bookings/{booking.reference}/payment/session")
    by_staff = as_staff.post(f"bookings/{booking.reference}/payment/session")

    assert (by_login.status_code, by_staff.status_code) == (200, 200)


def test_session_is_not_the_hosts_to_open(booking, as_host):
    answer = as_host.post(f"bookings/{booking.reference}/payment/session")

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert not Payment.objects.exists()


def test_session_of_a_stranger_is_not_found(booking, as_other_host, api):
    path = f"bookings/{booking.reference}/payment/session"

    assert [as_other_host.post(path).status_code, api.post(path).status_code] == [404, 401]
    assert not Payment.objects.exists()


@pytest.mark.parametrize("status", [status for status in WAYS if status != Status.PENDING_PAYMENT])
def test_session_where_nothing_is_to_pay_conflicts(room, host, status):
    booking = booking_in(status, room, host)

    answer = as_guest_of(booking).post(f"bookings/{booking.reference}/payment/session")

    assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition")
    assert not Payment.objects.exists()


def test_session_amount_in_the_body_is_not_listened_to(booking):
    answer = as_guest_of(booking).post(
        f"bookings/{booking.reference}/payment/session",
        {"amount": "0.01", "amount_minor": 1, "currency": "UZS"},
    )

    assert (answer.json()["amount_minor"], answer.json()["currency"]) == (20_000, "EUR")


@pytest.mark.parametrize("fault", ["error_500", "reset", "html_502"])
def test_session_with_the_provider_down_keeps_the_booking(sandbox, booking, fault):  # noqa: F811
    order = {"provider": "stripe", "operation": "checkout.sessions.create", "fault": fault, "times": 1}
    sandbox.control("faults", order)

    answer = as_guest_of(booking).post(f"bookings/{booking.reference}/payment/session")

    booking.refresh_from_db()
    assert (answer.status_code, answer.json()["code"]) == (503, "payment_unavailable")
    assert answer.json()["detail"].startswith("Payment temporarily unavailable")
    assert answer["Retry-After"] == "30"
    assert booking.status == "PENDING_PAYMENT"


def test_verify_after_paying_says_authorized(sandbox, booking):  # noqa: F811
    pay(sandbox, booking)

    answer = as_guest_of(booking).get(f"bookings/{booking.reference}/payment/verify").json()

    assert (answer["status"], answer["outcome"]) == ("PENDING_APPROVAL", "authorized")
    assert (answer["held_minor"], answer["captured_minor"]) == (20_000, 0)
    assert [payment["status"] for payment in answer["payments"]] == ["AUTHORIZED"]
    assert answer["decide_by"] is not None


def test_verify_before_paying_says_working(booking):
    open_page(booking)

    answer = as_guest_of(booking).get(f"bookings/{booking.reference}/payment/verify").json()

    assert (answer["status"], answer["outcome"]) == ("PENDING_PAYMENT", "working")


def test_verify_after_a_declined_card_says_why(sandbox, booking):  # noqa: F811
    pay(sandbox, booking, DECLINED)

    answer = as_guest_of(booking).get(f"bookings/{booking.reference}/payment/verify").json()

    assert answer["outcome"] == "failed"
    assert "declined" in answer["outcome_message"]


def test_verify_believes_no_parameter(booking):
    open_page(booking)
    forged = {"status": "paid", "session_id": "cs_forged", "redirect_status": "succeeded"}

    answer = as_guest_of(booking).get(f"bookings/{booking.reference}/payment/verify", forged)

    assert answer.json()["status"] == "PENDING_PAYMENT"


def test_verify_with_the_provider_down_shows_what_is_known(sandbox, booking):  # noqa: F811
    pay(sandbox, booking)
    sandbox.control("faults", {"provider": "stripe", "operation": "*", "fault": "error_500", "times": 5})

    answer = as_guest_of(booking).get(f"bookings/{booking.reference}/payment/verify")

    assert (answer.status_code, answer.json()["status"]) == (200, "PENDING_PAYMENT")


@pytest.mark.usefixtures("one_moment")
def test_verify_asked_without_end_is_slowed_down(booking):
    caller, path = as_guest_of(booking), f"bookings/{booking.reference}/payment/verify"

    codes = {caller.get(path).status_code for _ in range(61)}

    assert codes == {200, 429}


def test_verify_of_a_stranger_is_not_found(booking, as_other_host, api):
    path = f"bookings/{booking.reference}/payment/verify"

    assert [as_other_host.get(path).status_code, api.get(path).status_code] == [404, 401]


def test_status_of_a_payment_looks_at_the_provider(sandbox, booking):  # noqa: F811
    pay(sandbox, booking)
    payment = Payment.objects.get()

    answer = as_guest_of(booking).get(f"payments/{payment.public_id}/status")

    shown = answer.json()
    assert answer.status_code == 200
    assert (shown["id"], shown["booking"]) == (str(payment.public_id), booking.reference)
    assert (shown["status"], shown["booking_status"]) == ("AUTHORIZED", "PENDING_APPROVAL")
    assert (shown["amount_minor"], shown["authorized_minor"], shown["currency"]) == (20_000, 20_000, "EUR")
    assert shown["capture_before"] is not None


def test_status_asked_twice_at_once_asks_the_provider_once(sandbox, booking):  # noqa: F811
    open_page(booking)
    payment = Payment.objects.get()
    caller = as_guest_of(booking)
    caller.get(f"payments/{payment.public_id}/status")
    caller.get(f"payments/{payment.public_id}/status")

    payment.refresh_from_db()
    assert payment.fetch_started == 1


def test_status_after_approval_and_settling_is_captured(sandbox, booking, host, as_host):  # noqa: F811
    pay(sandbox, booking)
    lifecycle.sync(Payment.objects.get().pk)
    as_host.post(f"bookings/{booking.reference}/approve")
    lifecycle.settle(booking.pk)

    answer = as_host.get(f"payments/{Payment.objects.get().public_id}/status").json()

    assert (answer["status"], answer["captured_minor"], answer["booking_status"]) == (
        "CAPTURED",
        20_000,
        "CONFIRMED",
    )


def test_status_of_others_payment_is_unknown_in_the_same_words_as_none(booking, as_other_host):
    open_page(booking)
    payment = Payment.objects.get()
    callers = [as_other_host, logged_in(factories.user()), Api("Booking " + "0" * 32)]

    for caller in callers:
        there = caller.get(f"payments/{payment.public_id}/status")
        nowhere = caller.get(f"payments/{uuid.uuid4()}/status")
        assert (there.status_code, nowhere.status_code) == (404, 404)
        assert there.json() | {"request_id": ""} == nowhere.json() | {"request_id": ""}


def test_status_of_a_payment_by_another_bookings_secret_is_not_found(booking, room):
    open_page(booking)
    other = factories.booking(room=room, days_ahead=20)

    assert as_guest_of(other).get(f"payments/{Payment.objects.get().public_id}/status").status_code == 404


def test_booking_with_a_payment_asks_few_questions(sandbox, booking, host):  # noqa: F811
    pay(sandbox, booking)
    lifecycle.sync(Payment.objects.get().pk)
    bookings.approve(booking_id=booking.pk, actor=member_actor(host))
    caller = as_user(host)
    caller.get("bookings")

    with CaptureQueriesContext(connection) as queries:
        caller.get(f"bookings/{booking.reference}")

    assert len(queries) <= 13
