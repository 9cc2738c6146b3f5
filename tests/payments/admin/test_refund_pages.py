"""The admin's pages for refunds, failed refunds and payments made by hand: who opens them and what they do."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from bookings.actors import member_actor
from bookings.models import Booking
from bookings.states import Status
from core import clock
from payments.lifecycle import services as lifecycle
from payments.models import Credit, OfflinePayment, Refund
from payments.refunds import services as refund_services
from rooms.models import Room
from tests.payments.paying import paid_by_hand
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def booking() -> Booking:
    return paid_by_hand()


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(factories.staff())
    return client


def give(booking: Booking) -> str:
    return reverse("admin:payments_refund_give", args=[booking.pk])


def record(booking: Booking) -> str:
    return reverse("admin:payments_offlinepayment_record", args=[booking.pk])


def text(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def form(**fields: str) -> dict[str, str]:
    return {"amount": "45.50", "reason": "Broken shower", "key": "k1", **fields}


def test_refund_page_is_linked_and_offers_all_that_is_left(client, booking):
    page = client.get(reverse("admin:bookings_booking_change", args=[booking.pk]))
    answer = client.get(give(booking))

    assert give(booking) in text(page)
    assert answer.status_code == 200
    assert 'value="100.00"' in text(answer)
    assert "€100.00" in text(answer)


def test_preview_says_what_goes_back_and_writes_nothing(client, booking):
    answer = client.post(give(booking), form())

    assert answer.status_code == 200
    for words in ("€45.50 goes back to Ada Guest", "€54.50 stays", "€49.05", "€5.45", booking.guest_email):
        assert words in text(answer)
    booking.refresh_from_db()
    assert booking.due_minor == 10_000


def test_confirmed_refund_is_decided_once(client, booking):
    first = client.post(give(booking), form(confirmed="yes"), follow=True)
    second = client.post(give(booking), form(confirmed="yes"), follow=True)

    assert "€45.50 goes back to the guest" in text(first)
    assert "decided already" in text(second)
    booking.refresh_from_db()
    assert booking.due_minor == 5_450
    event = booking.events.get(verb="adjust")
    assert (event.reason, event.actor_kind) == ("Broken shower", "staff")


def test_change_goes_back_to_the_form(client, booking):
    answer = client.post(give(booking), form(confirmed="yes", change="yes"))

    assert 'value="45.50"' in text(answer)
    booking.refresh_from_db()
    assert booking.due_minor == 10_000


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        ("-5", "More than nothing."),
        ("0", "More than nothing."),
        ("1.234", "“1.234” may be 1234 or 1.234: write 1234 or at most 2 decimals."),
        ("1,250", "“1,250” may be 1250 or 1.25: write 1250 or 1.25."),
        ("12.505,0", "At most €100.00."),
        ("1_0", "An amount in EUR, with at most 2 decimals."),
        ("NaN", "An amount in EUR, with at most 2 decimals."),
        ("1e400", "An amount in EUR, with at most 2 decimals."),
        ("$5", "An amount in EUR, with at most 2 decimals."),
        ("100.01", "At most €100.00."),
        ("99999999999999", "At most €100.00."),
        ("", "This field is required."),
    ],
)
def test_impossible_amount_gets_a_message_and_moves_nothing(client, booking, amount, message):
    answer = client.post(give(booking), form(amount=amount, confirmed="yes"))

    assert answer.status_code == 422
    assert message in text(answer)
    booking.refresh_from_db()
    assert (booking.due_minor, Refund.objects.count()) == (10_000, 0)


@pytest.mark.parametrize(
    ("currency", "amount", "due"),
    [("JPY", "1500", 9_998_500), ("KWD", "0.755", 9_999_245), ("UZS", "15.5", 9_998_450)],
)
def test_amount_has_the_decimals_of_its_currency(client, currency, amount, due):
    # Enough for the least that a provider charges in any of them.
    venue = factories.venue(currency=currency)
    room = factories.room(venue=venue, approval=Room.Approval.NONE, price_minor=10_000_000)
    booking = paid_by_hand(room=room)

    client.post(give(booking), form(amount=amount, confirmed="yes"))

    booking.refresh_from_db()
    assert booking.due_minor == due


@pytest.mark.parametrize("typed", ["19,99", "19.99"])
def test_refund_typed_with_a_comma_asks_for_the_amount_meant(client, booking, typed):
    assert "Give €19.99 back?" in text(client.post(give(booking), form(amount=typed)))


def test_yen_with_decimals_are_refused(client):
    room = factories.room(venue=factories.venue(currency="JPY"), approval=Room.Approval.NONE)
    booking = paid_by_hand(room=room)

    answer = client.post(give(booking), form(amount="15.5"))

    assert "An amount in JPY, with at most no decimals." in text(answer)


def test_refund_without_a_reason_asks_for_it(client, booking):
    answer = client.post(give(booking), form(reason=" "))

    assert (answer.status_code, "This field is required." in text(answer)) == (422, True)


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("manager", 200), ("clerk", 403)])
def test_members_of_the_venue_refund_by_role(booking, role, status):
    client = Client()
    client.force_login(factories.host(venue=booking.venue, role=role))
    page = reverse("admin:bookings_booking_change", args=[booking.pk])

    assert client.get(give(booking)).status_code == status
    assert (give(booking) in text(client.get(page))) == (status == 200)


def test_strangers_find_no_refund_page(booking):
    client = Client()
    client.force_login(factories.host(venue=factories.venue()))

    assert client.get(give(booking)).status_code == 404
    assert client.post(give(booking), form(confirmed="yes")).status_code == 404
    for address in (record(booking), reverse("admin:payments_refund_queue")):
        assert client.get(address).status_code == 403
    booking.refresh_from_db()
    assert booking.due_minor == 10_000


# --- the queue ------------------------------------------------------------------------------------------------


@pytest.fixture
def failed(booking) -> Refund:
    """A refund of 30 euros that came back."""
    refund_services.refund(
        booking_id=booking.pk, actor=member_actor(factories.staff()), amount_minor=3_000, reason="Noise"
    )
    lifecycle.settle(booking.pk)
    return Refund.objects.get()


def solve(refund: Refund, how: str) -> str:
    return reverse("admin:payments_refund_solve", args=[refund.pk, how])


def test_queue_lists_what_waits_with_its_buttons(client, failed):
    page = text(client.get(reverse("admin:payments_refund_queue")))

    assert failed.payment.booking.reference in page
    assert "To pay by hand" in page
    assert solve(failed, "hand") in page
    assert solve(failed, "credit") in page


def test_paid_back_by_hand_leaves_the_queue(client, failed):
    data = {"reference": "SEPA 4711", "paid_date": "", "reason": "By transfer"}
    asked = client.post(solve(failed, "hand"), data)
    data["paid_date"] = failed.created_at.date().isoformat()
    done = client.post(solve(failed, "hand"), data, follow=True)

    assert asked.status_code == 422
    assert "No refund waits for anybody." in text(done)
    failed.refresh_from_db()
    assert (failed.status, failed.bank_reference) == ("succeeded", "SEPA 4711")


def test_credit_instead_leaves_the_queue(client, failed):
    client.post(solve(failed, "credit"), {"reason": "No account"})

    assert Credit.objects.get().amount_minor == 3_000
    assert list(refund_services.waiting()) == []


def test_solved_twice_says_so(client, failed):
    client.post(solve(failed, "credit"), {"reason": "No account"})

    answer = client.post(solve(failed, "credit"), {"reason": "No account"}, follow=True)

    assert "Somebody has dealt with this refund already." in text(answer)
    assert Credit.objects.count() == 1


@pytest.mark.parametrize("how", ["retry", "nonsense"])
def test_way_that_does_not_fit_changes_nothing(client, failed, how):
    client.post(solve(failed, how), {"reason": "Because"})

    failed.refresh_from_db()
    assert (failed.status, failed.solution) == ("pending", "")


def test_lists_of_credits_and_payments_show_no_code(client, failed):
    client.post(solve(failed, "credit"), {"reason": "No account"})
    code = Credit.objects.get().code

    page = text(client.get(reverse("admin:payments_credit_changelist")))

    assert code not in page
    assert f"…{code[-4:]}" in page


# --- offline --------------------------------------------------------------------------------------------------


def offline(**fields: str) -> dict[str, str]:
    today = clock.now().date().isoformat()
    return {"amount": "100", "method": "cash", "reference": "R-7", "received_date": today, **fields}


@pytest.fixture
def unpaid() -> Booking:
    return factories.booking(room=factories.room(approval=Room.Approval.NONE))


def test_offline_payment_in_full_confirms_the_booking(client, unpaid):
    page = client.get(reverse("admin:bookings_booking_change", args=[unpaid.pk]))
    client.post(record(unpaid), offline())

    assert record(unpaid) in text(page)
    unpaid.refresh_from_db()
    assert unpaid.status == Status.CONFIRMED
    row = OfflinePayment.objects.get()
    assert (row.method, row.reference, row.payment.captured_minor) == ("cash", "R-7", 10_000)
    event = unpaid.events.get(verb="paid_offline")
    assert (event.actor_kind, event.data["method"]) == ("staff", "cash")


def test_offline_payment_in_part_leaves_the_rest_to_pay(client, unpaid):
    client.post(record(unpaid), offline(amount="40"))

    unpaid.refresh_from_db()
    assert unpaid.status == Status.PENDING_PAYMENT
    assert "€60.00" in text(client.get(record(unpaid)))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"amount": "100.01"}, "At most €100.00."),
        ({"amount": "0"}, "More than nothing."),
        ({"reference": ""}, "This field is required."),
        ({"received_date": "2199-01-09"}, "A date of the last year, not ahead of today."),
        ({"method": "barter"}, "Select a valid choice."),
    ],
    ids=str,
)
def test_offline_payment_bad_input_records_nothing(client, unpaid, fields, message):
    answer = client.post(record(unpaid), offline(**fields))

    assert answer.status_code == 422
    assert message in text(answer)
    assert OfflinePayment.objects.count() == 0
