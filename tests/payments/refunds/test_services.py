"""Refunds by decision of a person: what they lower, what they refuse, and what happens where one fails."""

import datetime as dt

import pytest
from django.db import OperationalError

from bookings.actors import Actor, member_actor
from bookings.errors import InvalidTransition, ReasonMissing, SubmissionConflict
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.states import Status
from core import clock
from payments.ledger.posting import balances
from payments.lifecycle import services as lifecycle
from payments.models import Credit, Dispute, Refund
from payments.refunds import services as refund_services
from payments.refunds.services import NotWaiting, RefundRefused
from payments.settling import operations, settle_queue
from tests.payments.paying import confirmed, paid_by_hand
from tests.support import factories
from tests.support.invariants import check_always, check_quiet
from tests.support.races import race

PENDING_CARD, FAILING_CARD = "4000000000007726", "4000000000005126"


def staff() -> Actor:
    return member_actor(factories.staff())


def verbs(booking: Booking) -> list[str]:
    return list(booking.events.order_by("version").values_list("verb", flat=True))


# --- amounts --------------------------------------------------------------------------------------------------


def test_partial_refund_lowers_what_is_due_and_gives_it_back(journey):
    confirmed(journey)

    given = refund_services.refund(
        booking_id=journey.booking.pk, actor=staff(), amount_minor=4_550, reason="Broken shower"
    )
    journey.work()

    assert (given.amount_minor, given.left_minor) == (4_550, 15_450)
    assert (journey.fresh.status, journey.fresh.due_minor) == (Status.CONFIRMED, 15_450)
    refund = journey.payment.refunds.get()
    assert (refund.amount_minor, refund.status, refund.operation.state) == (4_550, "succeeded", "done")
    assert given.event.reason == "Broken shower"
    assert verbs(journey.booking)[-2:] == ["adjust", "refund_confirmed"]
    check_quiet(journey.sandbox)


def test_repeated_refunds_end_when_nothing_is_left(journey):
    confirmed(journey)
    actor = staff()
    for amount in (5_000, 5_000, 10_000):
        refund_services.refund(
            booking_id=journey.booking.pk, actor=actor, amount_minor=amount, reason="Goodwill"
        )
        journey.work()

    with pytest.raises(RefundRefused) as refused:
        refund_services.refund(booking_id=journey.booking.pk, actor=actor, amount_minor=1, reason="Goodwill")

    assert refused.value.code == "nothing_to_refund"
    assert sum(journey.payment.refunds.values_list("amount_minor", flat=True)) == 20_000
    assert journey.theirs[0]["refunded_minor"] == 20_000
    check_quiet(journey.sandbox)


def test_refund_without_amount_gives_back_all_that_is_left(journey):
    confirmed(journey)
    refund_services.refund(booking_id=journey.booking.pk, actor=staff(), amount_minor=1_000, reason="Late")

    given = refund_services.refund(
        booking_id=journey.booking.pk, actor=staff(), amount_minor=None, reason="All"
    )
    journey.work()

    assert (given.amount_minor, given.left_minor) == (19_000, 0)
    check_quiet(journey.sandbox)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (0, "invalid_amount"),
        (-1, "invalid_amount"),
        (10_001, "refund_too_large"),
        (10**18, "refund_too_large"),
    ],
)
def test_refund_of_an_impossible_amount_moves_nothing(amount, code):
    booking = paid_by_hand()

    with pytest.raises(RefundRefused) as refused:
        refund_services.refund(booking_id=booking.pk, actor=staff(), amount_minor=amount, reason="Because")

    assert (refused.value.code, refused.value.left_minor) == (code, 10_000)
    booking.refresh_from_db()
    assert (booking.due_minor, Refund.objects.count()) == (10_000, 0)


@pytest.mark.django_db
def test_refund_without_a_reason_is_refused():
    booking = paid_by_hand()

    with pytest.raises(ReasonMissing):
        refund_services.refund(booking_id=booking.pk, actor=staff(), amount_minor=100, reason="  ")

    booking.refresh_from_db()
    assert booking.due_minor == 10_000


@pytest.mark.django_db
def test_refund_of_an_unpaid_booking_is_refused():
    booking = factories.booking()

    with pytest.raises(InvalidTransition):
        refund_services.refund(booking_id=booking.pk, actor=staff(), amount_minor=100, reason="Because")


@pytest.mark.django_db
def test_same_key_again_answers_with_the_first():
    booking = paid_by_hand()
    ask = {"booking_id": booking.pk, "actor": staff(), "amount_minor": 3_000, "reason": "Noise", "key": "k1"}

    first, second = refund_services.refund(**ask), refund_services.refund(**ask)

    assert (first.is_replay, second.is_replay) == (False, True)
    assert (second.event, second.amount_minor, second.left_minor) == (first.event, 3_000, 7_000)
    booking.refresh_from_db()
    assert booking.due_minor == 7_000


@pytest.mark.django_db
def test_same_key_for_another_refund_is_refused():
    booking = paid_by_hand()
    ask = {"booking_id": booking.pk, "actor": staff(), "reason": "Noise", "key": "k1"}
    refund_services.refund(**ask, amount_minor=3_000)

    with pytest.raises(SubmissionConflict):
        refund_services.refund(**ask, amount_minor=3_001)

    booking.refresh_from_db()
    assert booking.due_minor == 7_000


@pytest.mark.django_db
def test_preview_says_what_goes_back_and_how_the_rest_is_split():
    booking = paid_by_hand()

    seen = refund_services.preview(booking, 4_000)

    assert (seen.back_minor, seen.kept_minor) == (4_000, 6_000)
    assert (seen.before.venue_minor, seen.before.fee_minor) == (9_000, 1_000)
    assert (seen.after.venue_minor, seen.after.fee_minor) == (5_400, 600)


# --- many at once ---------------------------------------------------------------------------------------------


def refund_all_at_once(booking: Booking, actor: Actor):
    def work(_n: int) -> int:
        given = refund_services.refund(booking_id=booking.pk, actor=actor, amount_minor=1_000, reason="Race")
        return given.amount_minor

    return race(work)


@pytest.mark.django_db(transaction=True)
def test_thirty_two_refunds_at_once_never_give_back_more_than_there_is():
    booking, actor = paid_by_hand(), staff()

    results = refund_all_at_once(booking, actor)

    given = sum(result.value for result in results if result.error is None)
    # On a machine busy with other things a rival may give up waiting for the lock, and is told to try again.
    errors = {type(result.error) for result in results if result.error} - {OperationalError}
    assert errors == {RefundRefused}
    assert given == 10_000
    booking.refresh_from_db()
    assert booking.due_minor == 0
    lifecycle.settle(booking.pk)
    assert sum(Refund.objects.values_list("amount_minor", flat=True)) == given
    check_always()


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_refunds_collide(monkeypatch):
    """Shows that the race above can see the fault it guards against."""

    def unlocked(booking_id: int) -> Booking:
        return Booking.objects.select_related("room__venue", "venue").get(pk=booking_id)

    monkeypatch.setattr(bookings, "lock", unlocked)
    booking, actor = paid_by_hand(), staff()
    errors = [result.error for result in refund_all_at_once(booking, actor) if result.error]

    # Rivals now meet at the version of the event, or overwrite one another's amount.
    booking.refresh_from_db()
    promised = 1_000 * booking.events.filter(verb="adjust").count()
    assert {type(error) for error in errors} != {RefundRefused} or promised != 10_000 - booking.due_minor


def test_refund_made_and_not_looked_at_yet_is_not_begun_again(journey):
    """Between the provider's answer and the look that writes the row, another worker may settle, too."""
    confirmed(journey)
    refund_services.refund(booking_id=journey.booking.pk, actor=staff(), amount_minor=4_550, reason="Noise")
    operations.run(settle_queue.begin_next(journey.booking.pk))

    second = settle_queue.begin_next(journey.booking.pk)
    left = refund_services.left_minor(journey.fresh)
    journey.sync()
    journey.work()

    assert second is None
    assert left == 15_450
    assert journey.theirs[0]["refunded_minor"] == 4_550
    check_quiet(journey.sandbox)


# --- pending, failed, solved ----------------------------------------------------------------------------------


def cancelled(journey, card: str) -> Refund:
    confirmed(journey, card=card)
    bookings.cancel(booking_id=journey.booking.pk, actor=member_actor(journey.host), reason="Flood")
    journey.work()
    return journey.payment.refunds.get()


def test_pending_refund_is_told_as_refunded_only_when_it_arrived(journey):
    refund = cancelled(journey, PENDING_CARD)
    before = verbs(journey.booking)

    journey.advance(hours=2)
    journey.work()
    journey.sync()

    assert refund.status == "pending"
    assert "refund_confirmed" not in before
    refund.refresh_from_db()
    assert (refund.status, verbs(journey.booking)[-1]) == ("succeeded", "refund_confirmed")
    check_quiet(journey.sandbox)


@pytest.fixture
def failed(journey) -> Refund:
    """A refund of 200 that came back from the guest's bank a day later."""
    refund = cancelled(journey, FAILING_CARD)
    journey.advance(days=2)
    journey.sync()
    journey.work()
    refund.refresh_from_db()
    return refund


def test_refund_that_fails_later_waits_for_staff_and_is_not_repeated(journey, failed):
    journey.work()
    lifecycle.settle(journey.booking.pk)

    assert failed.status == "failed"
    assert list(refund_services.waiting()) == [failed]
    assert journey.payment.refunds.count() == 1
    assert journey.effects["refund"] == 1
    assert verbs(journey.booking)[-1] == "refund_failed"
    assert balances(transaction__booking=journey.booking)["venue"] == -18_000


def test_failed_refund_tried_again_is_a_new_refund(journey, failed):
    refund_services.try_again(refund_id=failed.pk, actor=staff(), reason="The bank says it works now")
    journey.work()

    assert journey.payment.refunds.count() == 2
    assert journey.effects["refund"] == 2
    failed.refresh_from_db()
    assert (failed.solution, failed.solved_at is not None) == ("retry", True)


def test_failed_refund_solved_by_credit_settles_the_booking(journey, failed):
    credit = refund_services.solve_by_credit(
        refund_id=failed.pk, actor=staff(), reason="The account is closed"
    )
    journey.work()

    assert (credit.amount_minor, credit.currency, credit.guest_email) == (
        20_000, "EUR", journey.booking.guest_email,
    )  # fmt: skip
    assert list(refund_services.waiting()) == []
    assert journey.effects["refund"] == 1
    assert balances(transaction__booking=journey.booking)["credit"] == -20_000
    assert balances(transaction__booking=journey.booking)["venue"] == 0
    event = journey.booking.events.get(verb="credit_given")
    assert (event.reason, event.data["amount_minor"]) == ("The account is closed", 20_000)
    assert credit.code not in str(event.data)
    check_quiet(journey.sandbox)


def test_failed_refund_paid_by_hand_keeps_reference_and_date(journey, failed):
    actor = staff()
    refund = refund_services.paid_by_hand(
        refund_id=failed.pk,
        actor=actor,
        reference="SEPA 4711",
        paid_date=dt.date(2027, 5, 4),
        reason="By transfer",
    )
    journey.work()

    assert (refund.channel, refund.status, refund.bank_reference) == ("hand", "succeeded", "SEPA 4711")
    assert refund.settled_at.date() == dt.date(2027, 5, 4)
    totals = balances(transaction__booking=journey.booking)
    assert (totals["bank"], totals["venue"]) == (-20_000, 0)
    event = journey.booking.events.get(verb="refund_solved")
    assert (event.actor, event.reason, event.data["solution"]) == (actor.user, "By transfer", "hand")
    check_quiet(journey.sandbox)


def test_solved_refund_cannot_be_solved_twice(journey, failed):
    refund_services.solve_by_credit(refund_id=failed.pk, actor=staff(), reason="Closed account")

    for solve in (refund_services.solve_by_credit, refund_services.try_again):
        with pytest.raises(NotWaiting):
            solve(refund_id=failed.pk, actor=staff(), reason="Again")

    assert Credit.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_solving_at_once_by_many_gives_one_credit(journey, failed):
    actor = staff()
    results = race(
        lambda _n: refund_services.solve_by_credit(refund_id=failed.pk, actor=actor, reason="Race"),
        runners=16,
    )

    assert {type(result.error) for result in results if result.error} == {NotWaiting}
    assert Credit.objects.count() == 1


def test_money_a_bank_took_back_meanwhile_is_not_given_again(journey, failed):
    Dispute.objects.create(
        payment=journey.payment,
        provider_ref="du_1",
        status="lost",
        amount_minor=20_000,
        withdrawn_minor=20_000,
    )

    with pytest.raises(NotWaiting, match="has gone another way"):
        refund_services.solve_by_credit(refund_id=failed.pk, actor=staff(), reason="Closed account")

    assert not Credit.objects.exists()
    Dispute.objects.all().delete()


def test_open_dispute_blocks_refunds_and_says_so(journey):
    confirmed(journey)
    Dispute.objects.create(
        payment=journey.payment, provider_ref="du_1", status="needs_response", amount_minor=20_000
    )

    with pytest.raises(RefundRefused) as refused:
        refund_services.refund(
            booking_id=journey.booking.pk, actor=staff(), amount_minor=100, reason="Goodwill"
        )

    assert refused.value.code == "nothing_to_refund"
    assert "disputes this payment" in refused.value.message
    Dispute.objects.all().delete()


def test_refund_the_provider_refuses_waits_for_staff(journey):
    confirmed(journey)
    journey.sandbox.control("dispute", {"payment_intent": journey.payment.provider_ref})
    bookings.cancel(booking_id=journey.booking.pk, actor=member_actor(journey.host), reason="Flood")
    operation = settle_queue.begin_next(journey.booking.pk)
    operation.state, operation.error_code, operation.finished_at = "refused", "charge_disputed", clock.now()
    operation.save()

    settle_queue.postpone_if_unchanged(journey.booking.pk, operation)

    refund = refund_services.waiting().get()
    assert (refund.channel, refund.failure_reason, refund.amount_minor) == ("none", "charge_disputed", 20_000)
    assert settle_queue.begin_next(journey.booking.pk) is None
