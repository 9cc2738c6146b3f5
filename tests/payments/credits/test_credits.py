"""Credits: given once, spent up to what is left, returned where they came from."""

import pytest

from bookings.actors import guest_actor, member_actor
from bookings.lifecycle import services as bookings
from bookings.states import Status
from core import clock
from payments.credits import services as credits
from payments.credits.services import CreditRefused
from payments.ledger.posting import balances
from payments.lifecycle import pay_by_credit
from payments.lifecycle import services as lifecycle
from payments.models import Credit, Payment, Refund
from payments.refunds import services as refund_services
from rooms.models import Room
from tests.payments.paying import VISA, paid_by_hand
from tests.support import factories
from tests.support.invariants import check_always, check_quiet
from tests.support.races import race

NONE = Room.Approval.NONE


def credit_of(amount_minor: int, **fields) -> Credit:
    """A credit given instead of a refund of that much."""
    booking = paid_by_hand(nights=9, **fields)
    actor = member_actor(factories.staff())
    refund_services.refund(
        booking_id=booking.pk, actor=actor, amount_minor=amount_minor, reason="Goodwill", as_credit=True
    )
    return Credit.objects.get(booking=booking)


def spend(booking, credit: Credit) -> Payment:
    return credits.use(booking_id=booking.pk, code=credit.code, actor=guest_actor())


def unpaid(**fields):
    return factories.booking(room=factories.room(approval=NONE), **fields)


@pytest.mark.django_db
def test_given_credit_leaves_nothing_to_refund_of_it():
    credit = credit_of(30_000)

    assert (credits.left_minor(credit), credit.currency, credit.reason) == (30_000, "EUR", "Goodwill")
    booking = credit.booking
    assert refund_services.left_minor(booking) == 60_000
    assert balances(transaction__booking=booking) == {
        "bank": 90_000, "credit": -30_000, "venue": -54_000, "platform_fee": -6_000,
    }  # fmt: skip
    check_always()


@pytest.mark.django_db
def test_credit_that_covers_all_confirms_without_a_provider():
    credit, booking = credit_of(30_000), unpaid()

    payment = spend(booking, credit)

    booking.refresh_from_db()
    assert (booking.status, booking.paid_at is not None) == (Status.CONFIRMED, True)
    assert (payment.provider, payment.status, payment.captured_minor) == ("credit", "CAPTURED", 10_000)
    assert credits.left_minor(credit) == 20_000
    assert balances(transaction__booking=booking)["venue"] == -9_000
    check_always()


@pytest.mark.django_db
def test_code_is_found_however_it_is_typed():
    credit, booking = credit_of(30_000), unpaid()

    payment = credits.use(
        booking_id=booking.pk, code=f" {credit.code.lower().replace('-', ' ')} ", actor=guest_actor()
    )

    assert payment.captured_minor == 10_000


@pytest.mark.django_db
def test_used_up_credit_is_refused():
    credit = credit_of(10_000)
    spend(unpaid(), credit)

    with pytest.raises(CreditRefused, match="Nothing is left"):
        spend(unpaid(), credit)


@pytest.mark.django_db
def test_credit_of_another_currency_is_refused():
    credit = credit_of(10_000)
    venue = factories.venue(currency="USD")
    booking = factories.booking(room=factories.room(venue=venue, approval=NONE))

    with pytest.raises(CreditRefused, match="This credit is in EUR; this booking costs USD"):
        spend(booking, credit)


@pytest.mark.django_db
def test_credit_that_ended_is_refused():
    credit = credit_of(10_000)
    Credit.objects.filter(pk=credit.pk).update(expires_at=clock.now())

    with pytest.raises(CreditRefused, match="no longer valid"):
        spend(unpaid(), credit)


@pytest.mark.django_db
def test_credit_paid_booking_cancelled_goes_back_to_the_credit():
    credit, booking = credit_of(10_000), unpaid()
    spend(booking, credit)

    bookings.cancel(booking_id=booking.pk, actor=guest_actor())
    lifecycle.settle(booking.pk)

    assert credits.left_minor(credit) == 10_000
    refund = Refund.objects.get(payment__booking=booking)
    assert (refund.channel, refund.status, refund.amount_minor) == ("credit", "succeeded", 10_000)
    assert booking.events.latest("version").verb == "refund_confirmed"
    assert spend(unpaid(), credit).captured_minor == 10_000
    check_always()


@pytest.mark.django_db
def test_unpaid_rest_lets_the_booking_expire_and_the_credit_return():
    credit, booking = credit_of(4_000), unpaid()
    spend(booking, credit)
    booking.refresh_from_db()
    before = booking.status

    bookings.expire(booking_id=booking.pk)
    lifecycle.settle(booking.pk)

    assert before == Status.PENDING_PAYMENT
    assert credits.left_minor(credit) == 4_000


@pytest.mark.django_db
def test_request_paid_by_credit_waits_for_the_host_and_a_no_returns_it():
    credit = credit_of(10_000)
    booking = factories.booking(room=factories.room())
    host = factories.host(venue=booking.venue)
    spend(booking, credit)
    booking.refresh_from_db()
    before = booking.status

    bookings.decline(booking_id=booking.pk, actor=member_actor(host), reason="Full")
    lifecycle.settle(booking.pk)

    assert before == Status.PENDING_APPROVAL
    assert credits.left_minor(credit) == 10_000


@pytest.mark.django_db
def test_request_paid_by_credit_and_approved_is_confirmed():
    credit = credit_of(10_000)
    booking = factories.booking(room=factories.room())
    host = factories.host(venue=booking.venue)
    spend(booking, credit)

    bookings.approve(booking_id=booking.pk, actor=member_actor(host))
    lifecycle.settle(booking.pk)

    booking.refresh_from_db()
    assert booking.status == Status.CONFIRMED
    check_always()


@pytest.mark.django_db(transaction=True)
def test_thirty_two_bookings_at_once_spend_a_credit_once():
    credit = credit_of(20_000)
    rivals = [unpaid() for _ in range(32)]

    results = race(lambda n: spend(rivals[n], credit).captured_minor)

    assert sum(result.value for result in results if result.error is None) == 20_000
    assert {type(result.error) for result in results if result.error} == {CreditRefused}
    assert credits.left_minor(credit) == 0
    check_always()


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_a_credit_is_spent_twice(monkeypatch):
    """Shows that the race above can see the fault it guards against."""
    monkeypatch.setattr(
        credits, "_lock_credit", lambda code, _booking: Credit.objects.get(code=credits.normalized(code))
    )
    spent = 0
    for _ in range(3):
        credit = credit_of(10_000)
        rivals = [unpaid() for _ in range(32)]
        results = race(lambda n, rivals=rivals, credit=credit: spend(rivals[n], credit).captured_minor)
        spent += sum(result.value for result in results if result.error is None)

    assert spent > 30_000


# --- part credit, part card -----------------------------------------------------------------------------------


def test_rest_is_paid_by_card_after_the_open_page_is_ended(journey):
    credit = credit_of(5_000)
    first = journey.checkout()

    pay_by_credit.pay(booking_id=journey.booking.pk, code=credit.code, actor=guest_actor())
    second = journey.checkout()
    journey.sandbox.control("pay", {"url": second.url, "card": VISA})
    lifecycle.sync(second.payment.pk)
    journey.approve()
    journey.work()

    first.payment.refresh_from_db()
    assert first.payment.status == "FAILED"
    assert (second.payment.amount_minor, journey.fresh.status) == (15_000, Status.CONFIRMED)
    assert [p.captured_minor for p in journey.booking.payments.order_by("n")] == [0, 5_000, 15_000]
    check_quiet(journey.sandbox)


def test_part_credit_part_card_cancelled_returns_each_where_it_came_from(journey):
    credit = credit_of(5_000)
    pay_by_credit.pay(booking_id=journey.booking.pk, code=credit.code, actor=guest_actor())
    journey.authorize()
    journey.approve()
    journey.work()

    bookings.cancel(booking_id=journey.booking.pk, actor=member_actor(journey.host), reason="Flood")
    journey.work()

    assert journey.theirs[-1]["refunded_minor"] == 15_000
    assert credits.left_minor(credit) == 5_000
    check_quiet(journey.sandbox)
