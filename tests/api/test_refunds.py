"""Refunds and credits over the API: who may, what is refused, and the same request again."""

import pytest

from bookings.actors import member_actor
from payments.models import Credit, Refund
from payments.refunds import services as refund_services
from tests.api.callers import as_guest_of, as_user
from tests.payments.paying import paid_by_hand
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def booking():
    return paid_by_hand()


@pytest.fixture
def path(booking) -> str:
    return f"payments/{booking.payments.get().public_id}/refund"


def body(**fields) -> dict:
    return {"amount_minor": 2_500, "reason": "Noise from the street", **fields}


def test_refund_by_staff_lowers_what_is_due(as_staff, booking, path):
    answer = as_staff.post(path, body())

    assert answer.status_code == 201
    told = answer.json()
    assert (told["refund_minor"], told["left_minor"], told["due_minor"], told["currency"]) == (
        2_500, 7_500, 7_500, "EUR",
    )  # fmt: skip
    assert (told["booking"], told["reason"]) == (booking.reference, "Noise from the street")
    booking.refresh_from_db()
    assert booking.due_minor == 7_500


@pytest.mark.parametrize(("role", "status"), [("owner", 201), ("manager", 201), ("clerk", 403)])
def test_refund_by_members_of_the_venue(booking, path, role, status):
    member = factories.host(venue=booking.venue, role=role)

    assert as_user(member).post(path, body()).status_code == status


def test_refund_by_strangers_and_the_guest_is_refused(booking, path, api, as_other_host):
    assert api.post(path, body()).status_code == 401
    assert as_other_host.post(path, body()).status_code == 404
    assert as_guest_of(booking).post(path, body()).status_code == 401
    booking.refresh_from_db()
    assert booking.due_minor == 10_000


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount_minor": -1}, "amount_minor"),
        ({"amount_minor": 0}, "amount_minor"),
        ({"amount_minor": 10.5}, "amount_minor"),
        ({"amount_minor": "12.345"}, "amount_minor"),
        ({"amount_minor": "100"}, "amount_minor"),
        ({"amount_minor": True}, "amount_minor"),
        ({"amount_minor": 10**40}, "amount_minor"),
        ({"currency": "USD"}, "currency"),
        ({"currency": "euro"}, "currency"),
        ({"reason": ""}, "reason"),
        ({"reason": "   "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"amuont": 5}, "amuont"),
    ],
    ids=str,
)
def test_refund_bad_input_names_the_field_and_moves_nothing(as_staff, booking, path, fields, field):
    answer = as_staff.post(path, body(**fields))

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    booking.refresh_from_db()
    assert (booking.due_minor, Refund.objects.count()) == (10_000, 0)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_refund_of_no_number_is_a_bad_request(as_staff, booking, path, number):
    answer = as_staff.post(path, f'{{"amount_minor": {number}, "reason": "x"}}')

    assert answer.status_code in (400, 422)
    booking.refresh_from_db()
    assert booking.due_minor == 10_000


def test_refund_above_what_is_left_says_what_is(as_staff, booking, path):
    answer = as_staff.post(path, body(amount_minor=10_001))

    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["left_minor"]) == (409, "refund_too_large", 10_000)
    assert problem["errors"][0]["field"] == "amount_minor"
    assert problem["detail"] == "At most €100.00 can go back."


def test_refund_again_with_the_same_key_answers_the_same(as_staff, booking, path):
    first = as_staff.post(path, body(), **{"Idempotency-Key": "abc"})
    second = as_staff.post(path, body(), **{"Idempotency-Key": "abc"})

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    booking.refresh_from_db()
    assert booking.due_minor == 7_500


def test_refund_of_something_else_with_the_same_key_conflicts(as_staff, booking, path):
    as_staff.post(path, body(), **{"Idempotency-Key": "abc"})

    answer = as_staff.post(path, body(amount_minor=1), **{"Idempotency-Key": "abc"})

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")
    booking.refresh_from_db()
    assert booking.due_minor == 7_500


def test_refund_without_amount_gives_all_back(as_staff, booking, path):
    answer = as_staff.post(path, {"reason": "All of it"})

    assert (answer.json()["refund_minor"], answer.json()["left_minor"]) == (10_000, 0)


def test_refund_as_credit_pays_a_later_booking(as_staff, booking, path):
    as_staff.post(path, body(amount_minor=10_000, as_credit=True))
    credit = Credit.objects.get()
    later = factories.booking(room=factories.room(approval="none"))

    answer = as_guest_of(later).post(
        f"bookings/{later.reference}/payment/credit", {"code": credit.code.lower()}
    )

    assert answer.status_code == 200
    assert (answer.json()["credit_minor"], answer.json()["status"]) == (10_000, "CONFIRMED")


def test_credit_with_a_wrong_code_names_the_field(booking):
    later = factories.booking(room=factories.room(approval="none"))

    answer = as_guest_of(later).post(f"bookings/{later.reference}/payment/credit", {"code": "NOPE"})

    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["errors"][0]["field"]) == (
        409,
        "credit_refused",
        "code",
    )


@pytest.mark.usefixtures("one_moment")
def test_codes_are_tried_a_few_times_a_minute(booking):
    later = factories.booking(room=factories.room(approval="none"))
    guest, address = as_guest_of(later), f"bookings/{later.reference}/payment/credit"

    answers = [guest.post(address, {"code": f"GUESS{n}"}).status_code for n in range(11)]

    assert answers == [409] * 10 + [429]


def test_left_to_refund_follows_what_was_decided(booking):
    actor = member_actor(factories.staff())
    refund_services.refund(booking_id=booking.pk, actor=actor, amount_minor=4_000, reason="Part")
    booking.refresh_from_db()

    assert refund_services.left_minor(booking) == 6_000
