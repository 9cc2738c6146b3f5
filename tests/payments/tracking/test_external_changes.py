"""What somebody does in the provider's dashboard is taken over and flagged, and never fought."""

import pytest

from bookings import tasks as booking_tasks
from bookings.actors import guest_actor, member_actor
from bookings.lifecycle import services as bookings
from bookings.states import Status
from payments.models import Drift, Payment, Refund, WebhookEvent
from payments.refunds import services as refund_services
from payments.settling import operations, settle_queue
from rooms.models import Room
from tests.payments.conftest import Journey
from tests.payments.dashboards import dashboard, externals, notices, ours
from tests.support import factories
from tests.support.invariants import check_always, check_quiet

REFUNDS_FAIL = "4000000000005126"  # some time after they were made


@pytest.fixture(autouse=True)
def _invariants(sandbox):
    yield
    check_always()


def confirmed(journey) -> None:
    journey.authorize()
    journey.approve()
    journey.work()


# --- refunds --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("amount_minor", "due_minor"), [(5_000, 15_000), (20_000, 0), (1, 19_999)])
def test_refund_made_in_the_dashboard_lowers_what_is_due_and_is_not_fought(journey, amount_minor, due_minor):
    confirmed(journey)
    made = dashboard(journey, "refund", amount_minor=amount_minor)
    journey.work()
    journey.work()

    refund = Refund.objects.get()
    assert (refund.provider_ref, refund.is_external, refund.operation) == (made["id"], True, None)
    assert (journey.fresh.status, journey.fresh.due_minor) == (Status.CONFIRMED, due_minor)
    assert ours(journey, "refund") == 0
    assert [state for _, state in externals()] == ["open"]
    assert Drift.objects.get().provider_ref == made["id"]
    adjusted = journey.fresh.events.get(verb="adjust")
    assert (adjusted.actor_kind, adjusted.data["source"]) == ("provider", "dashboard")
    assert notices(journey) == ["external_refund"]
    check_quiet(journey.sandbox)


def test_refund_of_ours_seen_together_with_a_later_one_in_the_dashboard_lowers_what_is_due_by_both(journey):
    confirmed(journey)
    staff = member_actor(factories.staff())
    refund_services.refund(booking_id=journey.booking.pk, actor=staff, amount_minor=500, reason="Noise")
    operations.run(settle_queue.begin_next(journey.booking.pk))

    dashboard(journey, "refund", amount_minor=5_000)
    journey.work()

    assert journey.fresh.due_minor == 14_500
    check_quiet(journey.sandbox)


def test_refund_in_the_dashboard_while_ours_is_under_way_lowers_what_is_due_by_both(journey):
    confirmed(journey)
    staff = member_actor(factories.staff())
    refund_services.refund(booking_id=journey.booking.pk, actor=staff, amount_minor=500, reason="Noise")
    call = settle_queue.begin_next(journey.booking.pk)

    dashboard(journey, "refund", amount_minor=5_000)
    operations.run(call)
    journey.sync()
    journey.work()

    assert journey.fresh.due_minor == 14_500
    check_quiet(journey.sandbox)


def test_approved_hold_taken_and_given_back_in_the_dashboard_does_not_confirm_at_a_later_look(journey):
    journey.authorize()
    journey.approve()
    order = {"action": "capture", "payment_intent": journey.payment.provider_ref}
    journey.sandbox.control("dashboard", order)
    dashboard(journey, "refund", amount_minor=20_000)
    asked_anew = journey.fresh.status

    journey.sync()

    assert asked_anew == Status.PENDING_PAYMENT
    assert (journey.fresh.status, journey.fresh.due_minor) == (Status.PENDING_PAYMENT, 20_000)


def test_refund_in_the_dashboard_that_failed_before_we_saw_it_leaves_nothing_to_staff(sandbox):
    journey = Journey(sandbox)
    journey.room = factories.room(venue=journey.room.venue, kind=Room.Kind.WORKSHOP, capacity=10)
    session = factories.session(room=journey.room)
    journey.booking = factories.booking(room=journey.room, session=session, party_size=2)
    journey.pay(REFUNDS_FAIL)
    sandbox.control("dashboard", {"action": "refund", "payment_intent": intent_of(journey)})
    journey.advance(days=2)
    journey.sync()
    journey.work()

    refund = Refund.objects.get()
    assert (refund.status, refund.solved_at is None, refund.is_external) == ("failed", False, True)
    assert (journey.fresh.status, journey.fresh.due_minor) == (Status.CONFIRMED, 20_000)
    check_quiet(sandbox)


def intent_of(journey) -> str:
    """The last payment at the provider, of which we know the page alone."""
    return journey.sandbox.control("books")["stripe"]["payments"][-1]["id"]


def test_refund_in_the_dashboard_that_fails_after_it_lowered_what_is_due_waits_for_staff(journey):
    journey.pay(REFUNDS_FAIL)
    journey.sync()
    journey.approve()
    journey.work()
    dashboard(journey, "refund", amount_minor=5_000)
    journey.advance(days=2)
    journey.sync()

    refund = Refund.objects.get()
    assert (refund.status, refund.solved_at, journey.fresh.due_minor) == ("failed", None, 15_000)
    check_quiet(journey.sandbox)


def test_failed_refund_given_back_in_the_dashboard_is_not_given_a_second_time(journey):
    journey.pay(REFUNDS_FAIL)
    journey.sync()
    journey.approve()
    journey.work()
    staff = member_actor(factories.staff())
    refund_services.refund(booking_id=journey.booking.pk, actor=staff, amount_minor=500, reason="Noise")
    journey.work()
    journey.advance(days=2)
    journey.sync()
    dashboard(journey, "refund", amount_minor=500)
    failed = Refund.objects.get(is_external=False)

    with pytest.raises(refund_services.NotWaiting, match=r"Only €0\.00 of this refund is still owed"):
        refund_services.solve_by_credit(refund_id=failed.pk, actor=staff, reason="Sorry")

    assert (failed.status, journey.fresh.due_minor) == ("failed", 19_500)
    check_quiet(journey.sandbox)


def test_refund_in_the_dashboard_of_what_was_given_as_a_credit_is_flagged_and_told(journey):
    confirmed(journey)
    refund_services.refund(
        booking_id=journey.booking.pk, actor=member_actor(factories.staff()), amount_minor=20_000, reason="Goodwill",
        as_credit=True,
    )  # fmt: skip
    dashboard(journey, "refund", amount_minor=5_000)
    journey.work()

    assert (journey.fresh.status, journey.fresh.due_minor) == (Status.CONFIRMED, 0)
    assert sorted(journey.payment.refunds.values_list("channel", "amount_minor")) == [
        ("credit", 20_000), ("provider", 5_000),
    ]  # fmt: skip
    assert [state for _, state in externals()] == ["open"]
    assert notices(journey) == ["external_refund"]
    assert not WebhookEvent.objects.exclude(outcome="processed").exists()


def test_refunds_made_in_the_dashboard_one_after_another_are_each_taken_over_once(journey):
    confirmed(journey)
    dashboard(journey, "refund", amount_minor=5_000)
    dashboard(journey, "refund", amount_minor=5_000)
    journey.sync()

    assert journey.fresh.due_minor == 10_000
    assert (Refund.objects.count(), Drift.objects.count(), len(notices(journey))) == (2, 2, 2)
    check_quiet(journey.sandbox)


def test_refund_in_the_dashboard_of_what_was_on_its_way_back_lowers_nothing(journey):
    """The host cancelled, and staff were faster at the provider than our own refund."""
    confirmed(journey)
    bookings.cancel(booking_id=journey.booking.pk, actor=member_actor(journey.host), reason="Flood")
    dashboard(journey, "refund", amount_minor=20_000)
    journey.work()

    assert (journey.fresh.due_minor, ours(journey, "refund")) == (0, 0)
    assert not journey.fresh.events.filter(verb="adjust").exists()
    check_quiet(journey.sandbox)


def test_refund_in_the_dashboard_of_more_than_was_on_its_way_back_lowers_by_the_rest(journey):
    """By the policy 100.00 stay due; staff gave 150.00 back before our 100.00 went."""
    journey.room.policy = factories.policy(venue=journey.room.venue, tiers=[{"hours": 24, "percent": 50}])
    journey.room.save()
    journey.booking = factories.booking(room=journey.room, days_ahead=20, nights=2)
    confirmed(journey)
    bookings.cancel(booking_id=journey.booking.pk, actor=guest_actor())
    dashboard(journey, "refund", amount_minor=15_000)
    journey.work()

    assert (journey.fresh.status, journey.fresh.due_minor) == (Status.CANCELLED, 5_000)
    assert ours(journey, "refund") == 0
    check_quiet(journey.sandbox)


def test_guest_cancels_after_a_refund_in_the_dashboard_and_gets_the_rest(journey):
    confirmed(journey)
    dashboard(journey, "refund", amount_minor=5_000)
    bookings.cancel(booking_id=journey.booking.pk, actor=member_actor(journey.host), reason="Flood")
    journey.work()

    assert sorted(Refund.objects.values_list("amount_minor", "is_external")) == [
        (5_000, True),
        (15_000, False),
    ]
    check_quiet(journey.sandbox)


def test_our_own_refund_is_not_taken_for_one_of_the_dashboard(journey):
    confirmed(journey)
    bookings.cancel(booking_id=journey.booking.pk, actor=member_actor(journey.host), reason="Flood")
    journey.work()

    assert not Refund.objects.get().is_external
    assert not Drift.objects.exists()


# --- captures -------------------------------------------------------------------------------------------------


def test_capture_in_the_dashboard_before_the_hosts_answer_leaves_the_request_open(journey):
    journey.authorize()
    dashboard(journey, "capture")

    booking = journey.fresh
    assert (booking.status, booking.is_undecided, journey.payment.status) == (
        "PENDING_APPROVAL",
        True,
        "CAPTURED",
    )
    assert externals() == [("€200.00 captured", "open")]
    assert notices(journey) == ["external_capture"]


def test_approve_after_a_capture_in_the_dashboard_confirms_without_another(journey):
    journey.authorize()
    dashboard(journey, "capture")
    journey.approve()
    journey.work()

    assert (journey.fresh.status, journey.fresh.due_minor) == (Status.CONFIRMED, 20_000)
    assert (journey.effects["capture"], ours(journey, "capture")) == (1, 0)
    check_quiet(journey.sandbox)


def test_decline_after_a_capture_in_the_dashboard_gives_the_money_back(journey):
    journey.authorize()
    dashboard(journey, "capture")
    journey.decline()
    journey.work()

    assert journey.fresh.status == Status.DECLINED
    assert [refund.amount_minor for refund in Refund.objects.all()] == [20_000]
    check_quiet(journey.sandbox)


def test_request_captured_in_the_dashboard_and_never_answered_is_given_back(journey):
    journey.authorize()
    dashboard(journey, "capture")
    journey.advance(hours=25)
    booking_tasks.sweep_deadlines()
    journey.work()

    assert journey.fresh.status == Status.EXPIRED
    assert Refund.objects.get().amount_minor == 20_000
    check_quiet(journey.sandbox)


def test_capture_in_the_dashboard_seen_before_the_hold_still_waits_for_the_host(journey):
    """Held and taken between two looks: the room needs a yes all the same."""
    journey.pay()
    books = journey.theirs[0]
    journey.sandbox.control("dashboard", {"action": "capture", "payment_intent": books["id"]})
    journey.sync()

    assert (journey.fresh.status, journey.payment.status) == (Status.PENDING_APPROVAL, "CAPTURED")
    journey.approve()
    journey.work()
    assert journey.fresh.status == Status.CONFIRMED
    check_quiet(journey.sandbox)


def test_capture_of_less_in_the_dashboard_leaves_only_that_due_once_approved(journey):
    journey.authorize()
    dashboard(journey, "capture", amount_minor=15_000)
    journey.approve()
    journey.work()

    assert (journey.fresh.status, journey.fresh.due_minor) == (Status.CONFIRMED, 15_000)
    assert journey.payment.captured_minor == 15_000
    check_quiet(journey.sandbox)


def test_capture_then_refund_in_the_dashboard_before_the_answer_frees_the_room(journey):
    journey.authorize()
    dashboard(journey, "capture")
    dashboard(journey, "refund", amount_minor=20_000)
    journey.work()

    assert journey.fresh.status == Status.EXPIRED
    assert externals() == [("€200.00 captured", "open"), ("€200.00 refunded", "open")]
    check_quiet(journey.sandbox)


def test_capture_in_the_dashboard_while_ours_is_refused_is_confirmed(journey):
    """Approved; before our capture runs somebody captures at the provider."""
    journey.authorize()
    journey.approve()
    operation = settle_queue.begin_next(journey.booking.pk)
    journey.sandbox.control(
        "dashboard", {"action": "capture", "payment_intent": journey.payment.provider_ref}
    )
    operations.run(operation)
    journey.sync()
    journey.work()

    assert journey.fresh.status == Status.CONFIRMED
    assert journey.effects["capture"] == 1
    check_quiet(journey.sandbox)


def test_appointment_captured_in_the_dashboard_is_not_captured_again_when_it_is_over(sandbox):
    journey = Journey(sandbox)
    journey.room = factories.room(kind=Room.Kind.EXPERT)
    journey.host = factories.host(venue=journey.room.venue)
    journey.booking = factories.booking(room=journey.room, days_ahead=2)
    journey.authorize()
    dashboard(journey, "capture")
    journey.advance(days=3)
    bookings.complete(booking_id=journey.booking.pk, actor=member_actor(journey.host))
    journey.work()
    journey.advance(hours=1)
    journey.work()

    assert journey.effects["capture"] == 1
    assert ours(journey, "capture") == 0
    check_quiet(journey.sandbox)


# --- holds ----------------------------------------------------------------------------------------------------


def test_hold_released_in_the_dashboard_frees_the_room_and_is_flagged(journey):
    journey.authorize()
    dashboard(journey, "cancel")
    journey.work()

    assert (journey.fresh.status, journey.payment.status) == (Status.EXPIRED, "VOIDED")
    assert externals() == [("hold of €200.00 released", "open")]
    assert notices(journey) == ["external_cancel"]
    check_quiet(journey.sandbox)


def test_hold_that_lapsed_by_itself_is_not_taken_for_an_act_of_the_dashboard(journey):
    journey.authorize()
    journey.advance(days=8)
    journey.sync()

    assert journey.payment.status == "VOIDED"
    assert not Drift.objects.exists()


def test_hold_released_in_the_dashboard_of_a_declined_booking_is_no_news(journey):
    journey.authorize()
    journey.decline()
    dashboard(journey, "cancel")
    journey.work()

    assert not Drift.objects.exists()
    check_quiet(journey.sandbox)


def test_flag_is_written_once_and_not_again_after_staff_closed_it(journey):
    confirmed(journey)
    dashboard(journey, "refund", amount_minor=5_000)
    Drift.objects.update(state="dismissed")
    journey.sync()

    assert Drift.objects.count() == 1
    assert Payment.objects.get().refunds.count() == 1
