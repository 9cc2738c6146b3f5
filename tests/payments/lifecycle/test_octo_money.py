"""Money that Octo holds, takes and gives back, through the services against the sandbox over HTTP."""

import pytest

from bookings.actors import guest_actor, member_actor
from bookings.lifecycle import services as bookings
from bookings.states import Status
from payments import tasks
from payments.lifecycle import services as lifecycle
from payments.models import PaymentSettings, Refund
from payments.providers.base import Unavailable
from tests.payments.octo_way import WEEK, OctoJourney, octo_venue, own_account
from tests.support import factories
from tests.support.invariants import check_always, check_quiet

TOTAL = 240_000_000
MILLION = 100_000_000  # so'm, in minor units


@pytest.fixture(autouse=True)
def _invariants(octo_sandbox):
    yield
    check_always()


@pytest.fixture
def held(octo_sandbox, receiver) -> OctoJourney:
    """A hotel room of a venue whose own shop keeps money held for a week: hold first, then the host's answer."""
    venue = octo_venue(hold_limit_minutes=WEEK)
    own_account(venue, octo_sandbox, 70)
    PaymentSettings.objects.filter(venue=venue).update(octo_hold_minutes=WEEK)
    journey = OctoJourney(octo_sandbox, receiver, venue, kind="hotel", approval="after_payment")
    journey.behave(hold_minutes=WEEK)
    return journey


def cancel(journey: OctoJourney) -> None:
    bookings.cancel(booking_id=journey.booking.pk, actor=member_actor(journey.host), reason="Flood")


def refunds(journey: OctoJourney) -> list[tuple[int, str]]:
    rows = Refund.objects.filter(payment__booking=journey.booking).order_by("pk")
    return list(rows.values_list("amount_minor", "status"))


# --- held first -------------------------------------------------------------------------------------------------


def test_held_approved_and_taken(held):
    held.pay()
    assert held.deliver() == [200]
    held.work()
    waiting = held.fresh
    assert (waiting.status, held.payment.status) == (Status.PENDING_APPROVAL, "AUTHORIZED")
    assert waiting.held_until == held.payment.capture_before
    assert round((held.payment.capture_before - held.payment.authorized_at).total_seconds() / 60) == WEEK

    held.approve()
    held.work()

    assert (held.fresh.status, held.payment.captured_minor) == (Status.CONFIRMED, TOTAL)
    assert held.effects["capture"] == 1
    check_quiet(held.sandbox)


def test_held_and_declined_is_released(held):
    held.authorize()
    held.decline()
    held.work()

    assert (held.fresh.status, held.payment.status) == (Status.DECLINED, "VOIDED")
    assert held.theirs[0]["status"] == "canceled"
    check_quiet(held.sandbox)


def test_hold_that_octo_ends_first_frees_the_room(held):
    held.behave(hold_minutes=60)
    held.authorize()
    held.advance(minutes=61)
    tasks.sweep_open_payments()

    assert (held.fresh.status, held.payment.status) == (Status.EXPIRED, "VOIDED")
    check_quiet(held.sandbox)


def test_approved_when_the_hold_has_just_ended_asks_for_another_payment(held):
    held.behave(hold_minutes=60)
    held.authorize()
    held.advance(minutes=61)
    held.approve()
    held.work()

    assert (held.fresh.status, held.payment.status) == (Status.PENDING_PAYMENT, "VOIDED")
    held.authorize()
    held.work()
    assert (held.fresh.status, held.payment.n) == (Status.CONFIRMED, 2)
    check_quiet(held.sandbox)


@pytest.mark.parametrize("fault", ["timeout_after", "html_502", "truncated", "error_500", "reset"])
def test_capture_whose_answer_is_lost_is_made_once(held, fault):
    held.authorize()
    held.approve()
    held.fault("set_accept", fault)
    held.work()
    held.advance(minutes=2)
    held.work()

    assert (held.fresh.status, held.effects["capture"]) == (Status.CONFIRMED, 1)
    check_quiet(held.sandbox)


def test_partial_capture_is_read_right_however_octo_shows_it(held):
    for keeps_total in (True, False):
        journey = OctoJourney(held.sandbox, held.receiver, held.room.venue, kind="expert", capacity=1)
        journey.booking = factories.booking(room=journey.room, days_ahead=2)
        journey.behave(hold_minutes=WEEK, keeps_total=keeps_total)
        journey.authorize()
        policy = {"name": "Half", "tiers": [{"hours": 24, "percent": 50}]}
        booking = journey.fresh
        booking.policy = policy
        booking.save(update_fields=["policy"])
        bookings.cancel(booking_id=booking.pk, actor=guest_actor())
        journey.work()

        kept = journey.fresh.due_minor
        assert (journey.payment.captured_minor, journey.theirs[0]["captured_minor"]) == (kept, kept)
    check_quiet(held.sandbox)


def take_a_part(held) -> None:
    """Staff take less than is held, in Octo's cabinet."""
    order = {"action": "capture", "payment": held.theirs[0]["id"], "amount_minor": MILLION}
    held.sandbox.control("dashboard", order)


def assert_all_goes_back_after_a_no(held) -> None:
    bookings.decline(booking_id=held.booking.pk, actor=member_actor(held.host))
    held.work()
    held.work()

    assert (held.payment.captured_minor, held.payment.mismatch) == (MILLION, "")
    assert refunds(held) == [(MILLION, "succeeded")]
    check_quiet(held.sandbox)


def test_hold_taken_in_part_in_the_cabinet_is_given_back_after_a_no(held):
    held.behave(hold_minutes=WEEK, keeps_total=False)
    held.authorize()
    take_a_part(held)
    assert_all_goes_back_after_a_no(held)


def test_hold_taken_in_part_before_we_ever_saw_it_is_a_part_of_it_too(held):
    held.behave(hold_minutes=WEEK, keeps_total=False)
    held.pay()
    take_a_part(held)
    held.sync()
    assert_all_goes_back_after_a_no(held)


# --- given back -----------------------------------------------------------------------------------------------------


def test_host_cancels_and_all_goes_back(octo):
    octo.paid()
    cancel(octo)
    octo.work()

    assert refunds(octo) == [(TOTAL, "succeeded")]
    assert octo.theirs[0]["refunded_minor"] == TOTAL
    check_quiet(octo.sandbox)


def test_refund_above_ten_million_goes_in_parts_and_is_one_here(octo_sandbox, receiver):
    journey = OctoJourney(octo_sandbox, receiver, price_minor=8 * MILLION)
    journey.paid()
    cancel(journey)
    journey.work()

    assert refunds(journey) == [(24 * MILLION, "succeeded")]
    assert (journey.effects["refund"], journey.theirs[0]["refunded_minor"]) == (3, 24 * MILLION)
    check_quiet(octo_sandbox)


def test_refund_in_parts_cut_off_in_the_middle_is_ended_and_gives_back_once(octo_sandbox, receiver):
    journey = OctoJourney(octo_sandbox, receiver, price_minor=8 * MILLION)
    journey.paid()
    cancel(journey)
    journey.fault("refund", "timeout_after")
    journey.work()
    assert journey.payment.operations.get(kind="refund").state == "unknown"
    assert journey.effects["refund"] == 1
    journey.advance(minutes=2)
    journey.work()

    assert journey.effects["refund"] == 3
    assert refunds(journey) == [(24 * MILLION, "succeeded")]
    check_quiet(octo_sandbox)


@pytest.mark.parametrize("repeated", ["same", "error"])
@pytest.mark.parametrize(
    "fault", ["timeout_after", "html_502", "html_200", "truncated", "error_500", "reset"]
)
def test_refund_whose_answer_is_lost_is_made_once(octo, fault, repeated):
    octo.paid()
    octo.behave(repeated_refund=repeated)
    cancel(octo)
    octo.fault("refund", fault)
    octo.work()
    octo.advance(minutes=2)
    octo.work()

    assert refunds(octo) == [(TOTAL, "succeeded")]
    assert octo.effects["refund"] == 1
    check_quiet(octo.sandbox)


def test_refund_on_its_way_is_followed_until_it_arrives(octo):
    octo.paid()
    octo.behave(refund_result="pending")
    cancel(octo)
    octo.work()
    assert refunds(octo) == [(TOTAL, "pending")]

    octo.advance(hours=2)
    octo.work()

    assert refunds(octo) == [(TOTAL, "succeeded")]
    check_quiet(octo.sandbox)


def test_refund_made_in_octos_cabinet_is_taken_over_and_flagged(octo):
    octo.paid()
    order = {"action": "refund", "payment": octo.theirs[0]["id"], "amount_minor": MILLION}
    octo.sandbox.control("dashboard", order)
    lifecycle.sync(octo.payment.pk)

    refund = octo.payment.refunds.get()
    assert (refund.amount_minor, refund.status, refund.is_external) == (MILLION, "succeeded", True)
    lifecycle.sync(octo.payment.pk)
    assert Refund.objects.count() == 1
    check_always()


def test_cabinet_refunds_beside_ours_are_told_apart(octo):
    octo.paid()
    order = {"action": "refund", "payment": octo.theirs[0]["id"], "amount_minor": MILLION}
    octo.sandbox.control("dashboard", order)
    cancel(octo)
    octo.work()
    octo.work()

    assert octo.theirs[0]["refunded_minor"] == TOTAL
    assert sum(amount for amount, _ in refunds(octo)) == TOTAL
    check_quiet(octo.sandbox)


def test_guest_cancels_and_the_policys_share_goes_back(octo):
    octo.room.policy = factories.policy(venue=octo.room.venue, tiers=[{"hours": 24, "percent": 50}])
    octo.room.save()
    octo.booking = factories.booking(room=octo.room, nights=3, days_ahead=20)
    octo.paid()
    bookings.cancel(booking_id=octo.booking.pk, actor=guest_actor())
    octo.work()

    assert refunds(octo) == [(TOTAL // 2, "succeeded")]
    check_quiet(octo.sandbox)


def test_refund_before_it_is_made_is_kept_where_octo_is_away(octo):
    octo.paid()
    cancel(octo)
    octo.fault("refund", "html_502", times=50)
    for _ in range(3):
        octo.work()
        octo.advance(minutes=10)
    octo.sandbox.control("faults", method="DELETE")
    octo.advance(minutes=10)
    octo.work()
    octo.advance(minutes=20)
    octo.work()

    assert refunds(octo) == [(TOTAL, "succeeded")]
    check_quiet(octo.sandbox)


# --- envelopes ------------------------------------------------------------------------------------------------------


def test_error_envelope_without_data_while_looking_changes_nothing(octo):
    octo.payable().pay()
    octo.fault("check_status", "stored_500", times=2)

    with pytest.raises(Unavailable):
        octo.sync()
    assert (octo.fresh.status, octo.payment.status) == (Status.PENDING_PAYMENT, "CREATED")


def test_fields_beside_data_are_not_needed(octo):
    octo.behave(duplicates_data=False)
    octo.paid()

    assert octo.fresh.status == Status.CONFIRMED
    check_quiet(octo.sandbox)


def test_callbacks_of_the_older_scheme_are_taken_where_the_shop_is_of_that_kind(octo, settings):
    octo.behave(signature_scheme="N")
    octo.payable().pay()
    assert octo.deliver() == [400]
    settings.OCTO_SIGNATURE_SCHEME = "N"
    assert octo.deliver() == [200]
    octo.work()

    assert octo.fresh.status == Status.CONFIRMED


def test_looks_too_close_together_are_made_again_a_little_later(octo):
    octo.payable().pay()
    octo.behave(limits_rate=True)
    lifecycle.sync(octo.payment.pk)

    lifecycle.sync(octo.payment.pk)

    assert octo.fresh.status == Status.CONFIRMED
