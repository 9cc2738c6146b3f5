"""sync and settle against the sandbox over HTTP: what is due becomes true, whatever the wire does."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.actors import guest_actor, member_actor
from bookings.errors import InvalidTransition
from bookings.lifecycle import services as bookings
from bookings.states import Status
from payments import tasks
from payments.ledger.posting import balances
from payments.lifecycle import services as lifecycle
from payments.models import LedgerTransaction, Payment, PaymentOperation
from payments.providers.base import Unavailable
from payments.settling import operations, settle_queue
from tests.support import factories
from tests.support.invariants import check_always, check_quiet


@pytest.fixture(autouse=True)
def _invariants(sandbox):
    yield
    check_always()


def kinds(journey) -> list[tuple[str, str]]:
    rows = PaymentOperation.objects.filter(payment__booking=journey.booking).order_by("pk")
    return list(rows.values_list("key", "state"))


def test_happy_path_holds_then_captures_once(journey):
    journey.authorize()
    held = journey.fresh
    journey.approve()
    journey.work()

    booking = journey.fresh
    assert held.status == Status.PENDING_APPROVAL
    assert held.held_until == journey.payment.capture_before
    # A card's hold lasts about seven days, and its provider says until when.
    assert dt.timedelta(days=6) < held.held_until - held.authorized_at < dt.timedelta(days=8)
    assert booking.status == Status.CONFIRMED
    assert booking.paid_at == journey.payment.captured_at
    assert journey.payment.captured_minor == 20_000
    assert journey.effects["capture"] == 1
    assert kinds(journey) == [
        (f"{booking.reference}-checkout-1", "done"), (f"{booking.reference}-capture-1", "done"),
    ]  # fmt: skip
    check_quiet(journey.sandbox)


def test_capture_posts_venue_fee_and_tax_that_add_up(sandbox):
    from tests.payments.conftest import Journey

    journey = Journey(sandbox)
    journey.room.venue.tax_percent = "7.5"
    journey.room.venue.save()
    journey.booking = factories.booking(room=journey.room, nights=3, days_ahead=30)
    journey.authorize()
    journey.approve()
    journey.work()

    assert balances(transaction__booking=journey.booking) == {
        "hold": 0, "guest": 0, "clearing": 32_250 - 965, "processing_fee": 965,
        "venue": -27_000, "platform_fee": -3_000, "tax": -2_250,
    }  # fmt: skip


def test_decline_voids_the_hold_and_charges_nothing(journey):
    journey.authorize()
    journey.decline()
    journey.work()

    assert (journey.fresh.status, journey.payment.status) == (Status.DECLINED, "VOIDED")
    assert journey.theirs[0]["status"] == "canceled"
    assert journey.effects.get("capture", 0) == 0
    assert balances(transaction__booking=journey.booking) == {"hold": 0, "guest": 0}
    check_quiet(journey.sandbox)


def test_guest_withdraws_before_the_decision_and_the_hold_is_voided(journey):
    journey.authorize()
    bookings.cancel(booking_id=journey.booking.pk, actor=guest_actor())
    journey.work()

    assert (journey.fresh.status, journey.payment.status) == (Status.CANCELLED, "VOIDED")
    check_quiet(journey.sandbox)


def test_host_cancels_confirmed_booking_and_all_is_refunded(journey):
    journey.authorize()
    journey.approve()
    journey.work()
    bookings.cancel(booking_id=journey.booking.pk, actor=member_actor(journey.host), reason="Flood")
    journey.work()

    assert journey.fresh.status == Status.CANCELLED
    assert journey.payment.refunds.get().amount_minor == 20_000
    # The provider keeps its fee of 2.9 % and 30.
    assert balances(transaction__booking=journey.booking) == {
        "hold": 0, "guest": 0, "clearing": -610, "processing_fee": 610, "venue": 0, "platform_fee": 0,
    }  # fmt: skip
    check_quiet(journey.sandbox)


def test_guest_cancels_confirmed_booking_and_gets_the_policys_share(journey):
    journey.room.policy = factories.policy(venue=journey.room.venue, tiers=[{"hours": 24, "percent": 50}])
    journey.room.save()
    journey.booking = factories.booking(room=journey.room, days_ahead=20, nights=1)
    journey.authorize()
    journey.approve()
    journey.work()
    bookings.cancel(booking_id=journey.booking.pk, actor=guest_actor())
    journey.work()

    assert journey.payment.refunds.get().amount_minor == 5_000
    check_quiet(journey.sandbox)


def test_payment_after_expiry_is_voided_by_itself_and_the_guest_is_told(journey):
    checkout = journey.checkout()
    journey.advance(minutes=30)
    # The provider is out of reach when the booking expires, so its page stays open.
    bookings.expire(booking_id=journey.booking.pk)
    journey.sandbox.control("pay", {"url": checkout.url, "card": "4242424242424242"})
    journey.advance(minutes=1)
    journey.work()
    journey.work()

    assert (journey.fresh.status, journey.payment.status) == (Status.EXPIRED, "VOIDED")
    assert journey.fresh.events.filter(verb="payment_late").count() == 1
    check_quiet(journey.sandbox)


def test_undecided_request_expires_and_its_hold_is_voided(journey):
    from bookings import tasks as booking_tasks

    journey.authorize()
    journey.advance(hours=25)
    booking_tasks.sweep_deadlines()
    journey.work()

    assert (journey.fresh.status, journey.payment.status) == (Status.EXPIRED, "VOIDED")
    check_quiet(journey.sandbox)


def test_capture_that_times_out_but_was_done_is_found_and_not_repeated(journey):
    journey.authorize()
    journey.approve()
    journey.fault("payment_intents.capture", "timeout_after")
    journey.work()
    unknown = journey.payment.operations.get(kind="capture").state
    journey.advance(minutes=1)
    journey.work()

    assert unknown == "unknown"
    assert journey.fresh.status == Status.CONFIRMED
    assert journey.payment.operations.get(kind="capture").state == "done"
    assert journey.effects["capture"] == 1
    check_quiet(journey.sandbox)


@pytest.mark.parametrize("fault", ["error_429", "error_500", "reset", "html_502", "stored_500"])
def test_capture_that_fails_is_tried_again_until_it_is_taken_once(journey, fault):
    journey.authorize()
    journey.approve()
    journey.fault("payment_intents.capture", fault)
    for _ in range(5):
        journey.work()
        journey.advance(minutes=2)

    assert journey.fresh.status == Status.CONFIRMED
    assert journey.effects["capture"] == 1
    check_quiet(journey.sandbox)


def test_capture_of_a_lapsed_hold_asks_the_guest_to_pay_again(journey):
    journey.room.venue.answer_hours = 144
    journey.room.venue.save()
    journey.booking = factories.booking(room=journey.room, days_ahead=40)
    journey.authorize()
    journey.approve()
    journey.advance(days=8)
    journey.work()
    journey.work()

    booking = journey.fresh
    assert (booking.status, booking.decision) == (Status.PENDING_PAYMENT, "approved")
    assert journey.payment.status == "VOIDED"

    journey.authorize()
    journey.work()
    assert journey.fresh.status == Status.CONFIRMED
    assert [p.status for p in Payment.objects.filter(booking=booking).order_by("n")] == ["VOIDED", "CAPTURED"]
    check_quiet(journey.sandbox)


def test_worker_killed_between_capture_and_confirm_is_made_good_by_the_sweep(journey, monkeypatch):
    journey.authorize()
    journey.approve()

    def die(*_args, **_kwargs):
        raise SystemExit("killed after the provider's answer")

    with monkeypatch.context() as patch:
        patch.setattr(operations, "_record", die)
        with pytest.raises(SystemExit):
            journey.settle()
    journey.advance(minutes=1)
    journey.work()

    assert journey.fresh.status == Status.CONFIRMED
    assert journey.effects["capture"] == 1
    check_quiet(journey.sandbox)


def test_crash_before_the_session_is_saved_finds_the_same_session_again(journey, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(operations, "_record", lambda *_args: (_ for _ in ()).throw(SystemExit("killed")))
        with pytest.raises(SystemExit):
            journey.checkout()
    journey.advance(seconds=40)
    tasks.sweep_operations()

    assert journey.payment.session_ref.startswith("cs_")
    assert journey.payment.operations.count() == 1
    assert journey.fresh.events.filter(verb="payment_available").count() == 1


def test_outage_keeps_the_booking_and_mails_a_link_when_the_provider_is_back(journey):
    journey.fault("checkout.sessions.create", "error_500")
    with pytest.raises(Unavailable):
        journey.checkout()
    kept = journey.fresh.status
    journey.advance(minutes=1)
    journey.work()

    assert kept == Status.PENDING_PAYMENT
    assert journey.fresh.events.filter(verb="payment_available").count() == 1
    assert journey.pay()["result"] == "succeeded"


def test_pay_page_that_never_opened_is_closed_with_its_booking(journey):
    journey.fault("checkout.sessions.create", "error_500", times=40)
    with pytest.raises(Unavailable):
        journey.checkout()
    for _ in range(4):
        journey.advance(minutes=20)
        tasks.sweep_unpaid()
        tasks.sweep_operations()
    journey.sandbox.control("reset", {})
    journey.advance(days=2)
    journey.work()
    journey.work()

    assert (journey.fresh.status, journey.payment.status) == (Status.EXPIRED, "FAILED")
    check_quiet(journey.sandbox)


def test_older_fetch_that_ends_later_is_not_applied(journey, monkeypatch):
    from payments.providers.stripe.client import StripeProvider

    journey.checkout()
    fetch = StripeProvider.fetch
    nested = []

    def slow(self, **refs):
        seen = fetch(self, **refs)
        if not nested:
            nested.append(True)
            journey.sandbox.control("pay", {"url": journey.payment.session_url, "card": "4242424242424242"})
            lifecycle.sync(journey.payment.pk)  # a newer look overtakes this one
        return seen

    monkeypatch.setattr(StripeProvider, "fetch", slow)
    journey.sync()

    assert journey.fresh.status == Status.PENDING_APPROVAL
    assert (journey.payment.fetch_started, journey.payment.fetch_applied) == (2, 2)


def test_payment_of_another_amount_moves_nothing_and_is_flagged(journey):
    journey.pay()
    Payment.objects.filter(pk=journey.payment.pk).update(amount_minor=20_001)
    journey.sync()

    assert "amount" in journey.payment.mismatch
    assert journey.fresh.status == Status.PENDING_PAYMENT
    assert LedgerTransaction.objects.count() == 0


def test_second_payment_of_one_booking_is_voided(journey):
    first = journey.checkout()
    Payment.objects.filter(pk=first.payment.pk).update(status="FAILED")  # as if its end had been seen wrongly
    second = journey.checkout()
    journey.sandbox.control("pay", {"url": second.url, "card": "4242424242424242"})
    lifecycle.sync(second.payment.pk)
    journey.sandbox.control("pay", {"url": first.url, "card": "4242424242424242"})
    Payment.objects.filter(pk=first.payment.pk).update(status="CREATED")
    lifecycle.sync(first.payment.pk)
    journey.approve()
    journey.work()

    statuses = list(Payment.objects.order_by("n").values_list("status", flat=True))
    assert sorted(statuses) == ["CAPTURED", "VOIDED"]
    check_quiet(journey.sandbox)


def test_sync_again_changes_nothing(journey):
    journey.authorize()
    version, posted = journey.fresh.version, LedgerTransaction.objects.count()

    journey.sync()

    assert (journey.fresh.version, LedgerTransaction.objects.count()) == (version, posted)


def test_pay_decided_booking_is_refused(journey):
    journey.authorize()

    with pytest.raises(InvalidTransition):
        journey.checkout()


def queries_of(work) -> list[str]:
    """Return the statements of one call, less those that only begin and end transactions."""
    with CaptureQueriesContext(connection) as captured:
        work()
    control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return [query["sql"] for query in captured if not query["sql"].startswith(control)]


def test_sync_stays_within_sixteen_queries(journey):
    journey.pay()
    payment_id = journey.payment.pk
    counts = [len(queries_of(lambda: lifecycle.sync(payment_id)))]
    journey.approve()
    operations.run(settle_queue.begin_next(journey.booking.pk))
    counts += [len(queries_of(lambda: lifecycle.sync(payment_id))) for _ in range(2)]

    assert journey.fresh.status == Status.CONFIRMED
    assert max(counts) <= 16, counts


def test_refund_made_but_not_yet_looked_at_is_not_made_again(journey):
    journey.authorize()
    journey.approve()
    journey.settle()
    half = journey.fresh.due_minor // 2
    bookings.adjust(
        booking_id=journey.booking.pk,
        actor=member_actor(journey.host),
        due_minor=half,
        reason="No hot water",
    )
    # The worker dies between the provider's answer and its look; another one comes by.
    operations.run(settle_queue.begin_next(journey.booking.pk))
    journey.settle()
    assert journey.effects["refund"] == 1

    journey.advance(minutes=1)
    journey.work()

    assert journey.effects["refund"] == 1
    assert [refund.amount_minor for refund in journey.payment.refunds.all()] == [half]
    assert journey.theirs[0]["refunded_minor"] == half
