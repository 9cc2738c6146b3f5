"""Disputes against the sandbox: the case, its money, its answer, and how it ends."""

import pytest

from bookings.actors import guest_actor, member_actor
from bookings.lifecycle import services as bookings
from bookings.states import Status
from core import clock
from payments import tasks
from payments.disputes import services as dispute_services
from payments.ledger import given_back
from payments.ledger.posting import balances
from payments.lifecycle import services as lifecycle
from payments.models import Dispute, LedgerTransaction, Payment, PaymentOperation
from payments.settling.facts import booking_facts, payment_facts
from payments.settling.plan import next_step
from tests.payments.lifecycle.test_flows import queries_of
from tests.support import factories
from tests.support.invariants import check_always, check_quiet

FRAUDULENT, NOT_RECEIVED, INQUIRY = "4000000000000259", "4000000000002685", "4000000000001976"
# 2.9 % of 200.00 and 0.30; a dispute costs 15.00.
FEE, DISPUTE_FEE = 610, 1_500


@pytest.fixture(autouse=True)
def _invariants(sandbox):
    yield
    check_always()


def confirmed(journey, card: str = "4242424242424242") -> None:
    journey.pay(card)
    journey.sync()
    journey.approve()
    journey.work()


def raise_dispute(journey, **order) -> Dispute:
    """The guest's bank disputes a charge that was captured before; returns our row after the next look."""
    order = {"payment_intent": journey.payment.provider_ref, **order}
    journey.sandbox.control("dispute", order)
    journey.sync()
    return Dispute.objects.get()


def answer(journey, text: str) -> PaymentOperation:
    operation = dispute_services.submit(
        dispute_id=Dispute.objects.get().pk, texts={"uncategorized_text": text, "customer_name": "Ada Guest"}
    )
    operation.refresh_from_db()
    return operation


def booked(journey) -> dict[str, int]:
    return {
        account: minor for account, minor in balances(transaction__booking=journey.booking).items() if minor
    }


def notices(journey) -> list[str]:
    return list(journey.fresh.events.filter(verb__startswith="dispute").values_list("verb", flat=True))


def test_dispute_opens_a_case_and_books_the_money_taken_back(journey):
    confirmed(journey)
    dispute = raise_dispute(journey, reason="product_not_received")

    assert (dispute.status, dispute.reason) == ("needs_response", "product_not_received")
    assert (dispute.amount_minor, dispute.withdrawn_minor, dispute.fee_minor) == (20_000, 20_000, DISPUTE_FEE)
    assert (dispute.due_by - clock.now()).days in (8, 9)
    assert booked(journey) == {
        "clearing": -FEE - DISPUTE_FEE, "disputed": 20_000, "processing_fee": FEE + DISPUTE_FEE,
        "venue": -18_000, "platform_fee": -2_000,
    }  # fmt: skip
    assert notices(journey) == ["dispute_opened"]
    assert journey.fresh.status == Status.CONFIRMED
    check_quiet(journey.sandbox)


def test_dispute_raised_at_the_capture_itself_is_seen_with_it(journey):
    confirmed(journey, FRAUDULENT)

    assert Dispute.objects.get().status == "needs_response"
    assert (journey.fresh.status, notices(journey)) == (Status.CONFIRMED, ["dispute_opened"])
    check_quiet(journey.sandbox)


def test_dispute_seen_again_changes_nothing(journey):
    confirmed(journey)
    raise_dispute(journey)
    version, posted = journey.fresh.version, LedgerTransaction.objects.count()

    journey.sync()

    assert (journey.fresh.version, LedgerTransaction.objects.count()) == (version, posted)
    assert Dispute.objects.count() == 1


def test_dispute_won_puts_the_money_back_and_keeps_the_fee(journey):
    confirmed(journey)
    raise_dispute(journey)
    operation = answer(journey, "winning_evidence")
    under_review = Dispute.objects.get()
    journey.advance(seconds=3)
    journey.sync()

    dispute = Dispute.objects.get()
    assert (operation.state, operation.kind) == ("done", "evidence")
    assert (under_review.status, under_review.submitted_at is not None) == ("under_review", True)
    assert (dispute.status, dispute.closed_at is not None) == ("won", True)
    assert booked(journey) == {
        "clearing": 20_000 - FEE - DISPUTE_FEE, "processing_fee": FEE + DISPUTE_FEE,
        "venue": -18_000, "platform_fee": -2_000,
    }  # fmt: skip
    assert notices(journey) == ["dispute_opened", "dispute_answered", "dispute_won"]
    check_quiet(journey.sandbox)


def test_dispute_lost_takes_the_shares_back(journey):
    confirmed(journey)
    raise_dispute(journey)
    answer(journey, "losing_evidence")
    journey.advance(seconds=3)
    journey.sync()

    assert Dispute.objects.get().status == "lost"
    assert booked(journey) == {"clearing": -FEE - DISPUTE_FEE, "processing_fee": FEE + DISPUTE_FEE}
    assert notices(journey)[-1] == "dispute_lost"
    journey.work()
    assert journey.payment.refunds.count() == 0
    check_quiet(journey.sandbox)


def test_dispute_nobody_answered_is_lost_at_its_deadline_without_any_message(journey):
    """Every webhook lost: open cases are looked at by the sweep."""
    confirmed(journey)
    raise_dispute(journey)
    journey.advance(days=10)
    tasks.sweep_open_payments()

    assert Dispute.objects.get().status == "lost"
    assert journey.payment.next_sync_at is None


def test_dispute_first_heard_of_at_its_end_is_booked_whole(journey):
    confirmed(journey)
    journey.sandbox.control("dispute", {"payment_intent": journey.payment.provider_ref})
    journey.sandbox.control("dispute", {"payment_intent": journey.payment.provider_ref, "resolve": "won"})
    journey.sync()

    assert Dispute.objects.get().status == "won"
    kinds = list(LedgerTransaction.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds[-3:] == ["dispute", "dispute_fee", "dispute_won"]
    check_quiet(journey.sandbox)


def test_dispute_that_has_ended_is_not_moved_any_more(journey):
    confirmed(journey)
    dispute = raise_dispute(journey)
    journey.sandbox.control("dispute", {"dispute": dispute.provider_ref, "resolve": "won"})
    journey.sync()
    Dispute.objects.update(status="lost")
    journey.sync()

    assert Dispute.objects.get().status == "lost"
    assert not LedgerTransaction.objects.filter(kind="dispute_lost").exists()
    Dispute.objects.update(status="won")


def test_accepted_dispute_is_lost_at_once(journey):
    confirmed(journey)
    dispute = raise_dispute(journey)
    operation = dispute_services.accept(dispute_id=dispute.pk)

    assert (operation.state, operation.kind) == ("done", "accept")
    assert Dispute.objects.get().status == "lost"
    check_quiet(journey.sandbox)


# --- inquiries ------------------------------------------------------------------------------------------------


def test_inquiry_takes_no_money_and_closes_with_good_evidence(journey):
    confirmed(journey, INQUIRY)
    opened = Dispute.objects.get()
    answer(journey, "winning_evidence")
    journey.advance(seconds=3)
    journey.sync()

    assert (opened.status, opened.withdrawn_minor) == ("inquiry", 0)
    assert Dispute.objects.get().status == "closed"
    assert not LedgerTransaction.objects.filter(kind__startswith="dispute").exists()
    assert notices(journey) == ["dispute_opened", "dispute_answered", "dispute_closed"]
    check_quiet(journey.sandbox)


def test_inquiry_that_becomes_a_chargeback_waits_for_another_answer(journey):
    confirmed(journey, INQUIRY)
    answer(journey, "escalate_inquiry_evidence")
    journey.advance(seconds=3)
    journey.sync()
    escalated = Dispute.objects.get()
    answer(journey, "winning_evidence")
    journey.advance(seconds=3)
    journey.sync()

    assert (escalated.status, escalated.withdrawn_minor) == ("needs_response", 20_000)
    assert dispute_services.why_not(escalated) == ""
    assert Dispute.objects.get().status == "won"
    keys = list(PaymentOperation.objects.filter(kind="evidence").values_list("key", flat=True))
    assert keys == [f"{journey.booking.reference}-evidence-{n}" for n in (1, 2)]
    check_quiet(journey.sandbox)


def test_refund_in_full_ends_an_inquiry(journey):
    confirmed(journey, INQUIRY)
    bookings.cancel(booking_id=journey.booking.pk, actor=member_actor(journey.host), reason="Flood")
    journey.work()

    assert journey.payment.refunds.get().amount_minor == 20_000
    assert Dispute.objects.get().status == "closed"
    check_quiet(journey.sandbox)


# --- refunds and disputes -------------------------------------------------------------------------------------


def test_cancel_while_disputed_refunds_nothing_until_it_is_won(journey):
    confirmed(journey)
    dispute = raise_dispute(journey)
    bookings.cancel(booking_id=journey.booking.pk, actor=member_actor(journey.host), reason="Flood")
    journey.work()
    while_open = journey.payment.refunds.count()
    journey.sandbox.control("dispute", {"dispute": dispute.provider_ref, "resolve": "won"})
    journey.sync()
    journey.work()

    assert while_open == 0
    assert journey.payment.refunds.get().amount_minor == 20_000
    check_quiet(journey.sandbox)


def test_cancel_after_a_dispute_was_lost_gives_nothing_back_a_second_time(journey):
    confirmed(journey)
    dispute = raise_dispute(journey)
    journey.sandbox.control("dispute", {"dispute": dispute.provider_ref, "resolve": "lost"})
    journey.sync()
    bookings.cancel(booking_id=journey.booking.pk, actor=member_actor(journey.host), reason="Flood")
    journey.work()

    assert next_step(booking_facts(journey.fresh), payment_facts(journey.fresh), clock.now()) is None
    assert journey.payment.refunds.count() == 0
    check_quiet(journey.sandbox)


def test_dispute_after_a_refund_can_cost_twice_and_is_alarmed(journey, caplog):
    """An inquiry may be refunded in part, and still become a chargeback over all of it."""
    confirmed(journey)
    dispute = raise_dispute(journey, inquiry=True)
    staff = member_actor(factories.staff())
    bookings.adjust(booking_id=journey.booking.pk, actor=staff, due_minor=15_000, reason="Noise")
    journey.work()
    journey.sandbox.control("dispute", {"dispute": dispute.provider_ref, "resolve": "escalated"})
    journey.sync()

    dispute = Dispute.objects.get()
    assert (dispute.withdrawn_minor, given_back.of(dispute.payment).twice_minor) == (20_000, 5_000)
    assert any("dispute_after_refund" in str(record.msg) for record in caplog.records)
    journey.sandbox.control("dispute", {"dispute": dispute.provider_ref, "resolve": "lost"})
    journey.sync()
    assert booked(journey)["clearing"] == 15_000 - 20_000 - FEE - DISPUTE_FEE


# --- the answer -----------------------------------------------------------------------------------------------


def test_answer_carries_texts_and_the_pack(journey):
    confirmed(journey)
    raise_dispute(journey)
    answer(journey, "She was met at the door.")

    books = journey.sandbox.control("books")["stripe"]["disputes"][0]
    stored = bytes(Dispute.objects.get().evidence_pdf)
    assert books["evidence_files"][0]["size"] == len(stored)
    assert stored.startswith(b"%PDF-")
    assert Dispute.objects.get().evidence == {
        "uncategorized_text": "She was met at the door.", "customer_name": "Ada Guest",
    }  # fmt: skip


def test_answer_twice_is_refused_and_sent_once(journey):
    confirmed(journey)
    raise_dispute(journey)
    answer(journey, "losing_evidence")

    with pytest.raises(dispute_services.CannotAnswer, match="counts once"):
        answer(journey, "winning_evidence")
    assert PaymentOperation.objects.filter(kind="evidence").count() == 1


@pytest.mark.parametrize(
    "fault", ["timeout_after", "error_500", "reset", "html_502", "error_429", "stored_500"]
)
@pytest.mark.parametrize("operation", ["disputes.update", "files.create"])
def test_answer_whose_outcome_is_unknown_is_read_first_and_sent_once(journey, operation, fault):
    confirmed(journey)
    dispute = raise_dispute(journey)
    journey.fault(operation, fault)
    with pytest.raises(lifecycle.ProviderError):
        answer(journey, "winning_evidence")
    journey.advance(minutes=1)
    journey.work()
    if fault == "stored_500":  # a final refusal: staff send it again, under another key
        answer(journey, "winning_evidence")

    journey.advance(seconds=3)
    journey.sync()
    assert Dispute.objects.get(pk=dispute.pk).status == "won"
    books = journey.sandbox.control("books")["stripe"]["disputes"][0]
    assert len(books["evidence_files"]) == 1
    check_quiet(journey.sandbox)


def test_answer_after_the_deadline_is_refused_before_any_call(journey):
    confirmed(journey)
    dispute = raise_dispute(journey)
    journey.advance(days=10)

    with pytest.raises(dispute_services.CannotAnswer, match="time to answer is over"):
        dispute_services.submit(dispute_id=dispute.pk, texts={})
    assert not PaymentOperation.objects.filter(kind="evidence").exists()


@pytest.mark.parametrize(
    "texts",
    [{"customer_purchase_ip": "10.0.0.1"}, {"customer_name": "x" * 201}, {"uncategorized_text": "x" * 5_001}],
)
def test_answer_with_an_unknown_or_too_long_text_is_refused(journey, texts):
    confirmed(journey)
    dispute = raise_dispute(journey)

    with pytest.raises(ValueError, match=r"unknown evidence field|longer than"):
        dispute_services.save_draft(dispute_id=dispute.pk, texts=texts)


def test_sync_of_a_disputed_payment_stays_within_seventeen_queries(journey):
    confirmed(journey)
    payment_id, ref = journey.payment.pk, journey.payment.provider_ref
    journey.sandbox.control("dispute", {"payment_intent": ref})
    counts = [len(queries_of(lambda: lifecycle.sync(payment_id)))]
    journey.sandbox.control("dispute", {"payment_intent": ref, "resolve": "lost"})
    counts += [len(queries_of(lambda: lifecycle.sync(payment_id))) for _ in range(2)]

    assert max(counts) <= 17, counts


def test_guest_cannot_be_refunded_past_what_a_dispute_took(journey):
    """M2: refunds of ours never go above taken less refunded less disputed."""
    confirmed(journey)
    dispute = raise_dispute(journey, amount_minor=5_000)
    journey.sandbox.control("dispute", {"dispute": dispute.provider_ref, "resolve": "lost"})
    journey.sync()
    bookings.cancel(booking_id=journey.booking.pk, actor=guest_actor())

    step = next_step(booking_facts(journey.fresh), payment_facts(journey.fresh), clock.now())
    assert (step.kind, step.amount_minor) == ("refund", 15_000)
    assert Payment.objects.get().captured_minor == 20_000
