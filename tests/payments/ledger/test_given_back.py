"""A guest is given the same money once: by us, over whatever channel, or by their bank."""

import pytest

from bookings.actors import guest_actor, member_actor
from bookings.lifecycle import services as bookings
from payments.credits import services as credits
from payments.credits.services import CreditRefused
from payments.disputes import evidence, evidence_pdf
from payments.ledger import given_back
from payments.ledger.posting import balances
from payments.lifecycle import services as lifecycle
from payments.models import Credit, Dispute, Drift, LedgerTransaction, Payment, Refund
from payments.reconciliation import services as discrepancies
from payments.refunds import services as refund_services
from payments.refunds.services import NotWaiting, RefundRefused
from payments.settling.facts import booking_facts, payment_facts
from payments.settling.plan import left_to_refund
from rooms.models import Room
from tests.payments.dashboards import dashboard
from tests.payments.lifecycle.test_dispute_tracking import raise_dispute
from tests.payments.paying import confirmed
from tests.support import factories
from tests.support.invariants import check_always, check_quiet

FEE, DISPUTE_FEE = 610, 1_500


@pytest.fixture(autouse=True)
def _invariants(sandbox):
    yield
    check_always()


def staff():
    return member_actor(factories.staff())


def give_credit(journey, amount_minor: int = 20_000) -> Credit:
    refund_services.refund(
        booking_id=journey.booking.pk,
        actor=staff(),
        amount_minor=amount_minor,
        reason="Noise",
        as_credit=True,
    )
    return Credit.objects.get()


def another():
    return factories.booking(room=factories.room(approval=Room.Approval.NONE), nights=1)


def spend(credit: Credit) -> Payment:
    return credits.use(booking_id=another().pk, code=credit.code, actor=guest_actor())


def end(journey, how: str) -> None:
    journey.sandbox.control("dispute", {"dispute": Dispute.objects.get().provider_ref, "resolve": how})
    journey.sync()


def flagged() -> list[tuple[str, str, str]]:
    return list(Drift.objects.filter(kind="twice").values_list("state", "ours", "theirs"))


def booked(journey) -> dict[str, int]:
    rows = balances(transaction__booking=journey.booking)
    return {account: minor for account, minor in rows.items() if minor}


# --- while the case is open -------------------------------------------------------------------------------------


@pytest.mark.parametrize("inquiry", [False, True])
def test_credit_of_a_disputed_payment_is_refused_while_the_case_is_open(journey, inquiry):
    confirmed(journey)
    credit = give_credit(journey)
    raise_dispute(journey, inquiry=inquiry)

    with pytest.raises(CreditRefused, match="can be used again once the bank has decided for the venue"):
        spend(credit)

    assert (credits.spendable_minor(credit), credits.left_minor(credit)) == (0, 20_000)
    assert not Payment.objects.filter(provider="credit").exists()


def test_credit_can_be_spent_again_once_the_case_is_won(journey):
    confirmed(journey)
    credit = give_credit(journey)
    raise_dispute(journey)
    end(journey, "won")

    assert spend(credit).captured_minor == 10_000
    assert (credits.left_minor(credit), flagged()) == (10_000, [])


@pytest.mark.parametrize("inquiry", [False, True])
def test_credit_instead_of_a_refund_is_refused_while_the_bank_asks(journey, inquiry):
    confirmed(journey)
    raise_dispute(journey, inquiry=inquiry)

    with pytest.raises(RefundRefused, match="nothing is refunded until the case is closed"):
        give_credit(journey, 5_000)

    assert (journey.fresh.due_minor, Credit.objects.count(), Refund.objects.count()) == (20_000, 0, 0)


@pytest.mark.parametrize("inquiry", [False, True])
@pytest.mark.parametrize("way", ["credit", "hand"])
def test_failed_refund_is_dealt_with_past_the_provider_only_when_no_case_is_open(journey, way, inquiry):
    confirmed(journey, card="4000000000007726")
    refund_services.refund(booking_id=journey.booking.pk, actor=staff(), amount_minor=5_000, reason="Noise")
    journey.settle()
    journey.sandbox.control("refund", {"refund": Refund.objects.get().provider_ref, "resolve": "failed"})
    journey.sync()
    raise_dispute(journey, inquiry=inquiry)
    refund = Refund.objects.get()

    with pytest.raises(NotWaiting, match="has a case about this payment"):
        if way == "credit":
            refund_services.solve_by_credit(refund_id=refund.pk, actor=staff(), reason="Agreed")
        else:
            refund_services.paid_by_hand(
                refund_id=refund.pk, actor=staff(), reference="T1", reason="Agreed",
                paid_date=refund.created_at.date(),
            )  # fmt: skip

    refund.refresh_from_db()
    assert (refund.status, refund.solved_at, Refund.objects.count(), Credit.objects.count()) == (
        "failed", None, 1, 0,
    )  # fmt: skip


# --- lost -------------------------------------------------------------------------------------------------------


def test_dispute_lost_ends_the_unspent_credit_and_books_it_balanced(journey):
    confirmed(journey)
    credit = give_credit(journey)
    raise_dispute(journey)
    end(journey, "lost")

    assert booked(journey) == {"clearing": -FEE - DISPUTE_FEE, "processing_fee": FEE + DISPUTE_FEE}
    assert credits.left_minor(credit) == 0
    use = credit.uses.get()
    assert (use.amount_minor, use.is_taken_back, use.booking) == (20_000, True, None)
    assert LedgerTransaction.objects.filter(kind="credit_ended").count() == 1
    assert flagged() == []
    assert journey.fresh.events.filter(verb="credit_ended", data__amount_minor=20_000).count() == 1
    with pytest.raises(CreditRefused, match="Your bank has given you the money back"):
        spend(credit)
    check_quiet(journey.sandbox)


def test_dispute_lost_after_the_credit_was_spent_is_a_difference_for_staff(journey):
    confirmed(journey)
    credit = give_credit(journey)
    spend(credit)
    raise_dispute(journey)
    end(journey, "lost")

    taken = credit.uses.get(is_taken_back=True)
    assert (taken.amount_minor, credits.left_minor(credit)) == (10_000, 0)
    assert flagged() == [("open", "€100.00 as a credit given back", "€100.00 more than was taken")]
    drift = Drift.objects.get(kind="twice")
    assert (drift.booking, drift.payment) == (journey.booking, journey.payment)
    lost = journey.fresh.events.get(verb="dispute_lost").data
    assert (lost["given"], lost["twice_minor"], lost["left_twice_minor"]) == (
        {"credit": 20_000},
        20_000,
        10_000,
    )


def test_money_that_returns_to_a_credit_of_a_lost_payment_cannot_be_spent_and_is_taken_back(journey):
    confirmed(journey)
    credit = give_credit(journey)
    paid = spend(credit)
    raise_dispute(journey)
    end(journey, "lost")
    bookings.cancel(booking_id=paid.booking_id, actor=guest_actor())
    lifecycle.settle(paid.booking_id)

    with pytest.raises(CreditRefused, match="Your bank has given you the money back"):
        spend(credit)
    assert credits.left_minor(credit) == 10_000
    drift = discrepancies.mend(Drift.objects.get(kind="twice").pk, by=factories.staff())

    assert (drift.state, credits.left_minor(credit)) == ("mended", 0)
    assert given_back.of(journey.payment).twice_minor == 0


def test_dispute_of_a_part_ends_only_what_would_be_had_twice(journey):
    confirmed(journey)
    credit = give_credit(journey, 10_000)
    raise_dispute(journey, amount_minor=15_000)
    end(journey, "lost")

    assert credits.left_minor(credit) == 5_000
    assert spend(credit).captured_minor == 5_000
    assert flagged() == []


def test_dispute_lost_leaves_nothing_missing_and_nothing_to_refund(journey):
    confirmed(journey)
    give_credit(journey)
    raise_dispute(journey)
    end(journey, "lost")
    journey.work()

    facts = payment_facts(journey.fresh)
    assert [one.net_minor for one in facts] == [0]
    assert left_to_refund(booking_facts(journey.fresh), facts) == 0
    assert journey.payment.refunds.get().channel == "credit"


# --- other ways of giving twice ---------------------------------------------------------------------------------


def test_refund_in_the_dashboard_after_a_credit_is_a_difference_and_stops_the_credit(journey):
    confirmed(journey)
    credit = give_credit(journey)
    dashboard(journey, "refund", amount_minor=20_000)
    journey.sync()

    assert flagged() == [
        (
            "open",
            "€200.00 the way it was paid and €200.00 as a credit given back",
            "€200.00 more than was taken",
        )
    ]
    with pytest.raises(CreditRefused, match="cannot be used any more"):
        spend(credit)
    discrepancies.mend(Drift.objects.get(kind="twice").pk, by=factories.staff())
    assert (credits.left_minor(credit), given_back.of(journey.payment).twice_minor) == (0, 0)


def test_cancelling_after_a_part_was_given_as_credit_gives_back_the_rest_alone(journey):
    confirmed(journey)
    give_credit(journey, 5_000)
    bookings.cancel(booking_id=journey.booking.pk, actor=member_actor(journey.host), reason="Flood")
    journey.work()

    assert given_back.of(journey.payment).by_channel == {"credit": 5_000, "provider": 15_000}
    assert given_back.of(journey.payment).twice_minor == 0


# --- what people read -------------------------------------------------------------------------------------------


def test_first_word_of_a_dispute_tells_what_was_given_already(journey):
    confirmed(journey)
    give_credit(journey)
    raise_dispute(journey)

    opened = journey.fresh.events.get(verb="dispute_opened").data
    assert (opened["given"], opened["twice_minor"]) == ({"credit": 20_000}, 20_000)


def test_answer_to_the_bank_names_what_was_given_already(journey):
    confirmed(journey)
    give_credit(journey)
    dispute = raise_dispute(journey)
    said = "The guest was given back already: €200.00 as a credit."

    assert evidence.draft(dispute, journey.fresh)["uncategorized_text"] == said
    dispute.evidence = {"uncategorized_text": "She was met at the door."}
    assert evidence.as_sent(dispute) == {"uncategorized_text": f"{said}\n\nShe was met at the door."}
    assert evidence_pdf.pack(dispute, journey.fresh).startswith(b"%PDF-")
