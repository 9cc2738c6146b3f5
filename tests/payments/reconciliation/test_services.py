"""The comparison with the provider, both ways: planted differences are found, healed where looking heals, told once."""

import datetime as dt
import io

import pytest
from django.core.management import CommandError, call_command

from bookings.actors import member_actor
from bookings.lifecycle import services as bookings
from bookings.states import Status
from core import clock
from payments.models import (
    Drift,
    LedgerTransaction,
    Payment,
    PaymentOperation,
    ReconciliationRun,
)
from payments.providers.base import Unavailable
from payments.reconciliation import runs
from payments.reconciliation import services as discrepancies
from payments.reconciliation.fixes import CannotMend
from payments.reconciliation.walk import Mark, Span, walk
from tests.payments.comparing import DAY, counts, delete, forget, look, make_intent, run
from tests.payments.conftest import Journey
from tests.support import factories
from tests.support.invariants import check_always, check_quiet


@pytest.fixture
def confirmed(journey: Journey) -> Journey:
    """A booking that is paid and confirmed; nothing differs."""
    journey.authorize()
    journey.approve()
    journey.work()
    return journey


def test_run_where_all_agrees_finds_nothing(confirmed):
    done = run()

    assert (done.compared, done.found, done.error) == (1, 0, "")
    assert done.finished_at is not None
    assert not Drift.objects.exists()
    assert look() == []


def test_lost_message_is_found_and_healed_by_looking(journey):
    journey.pay()
    Payment.objects.update(next_sync_at=None)

    assert look() == [("status", "Started", "authorized")]
    done = run()

    drift = Drift.objects.get(kind="status")
    assert (drift.state, drift.booking, drift.payment) == ("mended", journey.booking, journey.payment)
    assert drift.cause == "No message of it arrived, or none could be processed."
    assert done.found == 1
    assert journey.fresh.status == Status.PENDING_APPROVAL
    assert look() == []
    check_quiet(journey.sandbox)


@pytest.mark.django_db(transaction=True)
def test_restored_backup_without_the_payment_is_made_whole(confirmed):
    lost = confirmed.payment
    forget(lost)

    assert look() == [
        ("unknown_here", "nothing", f"captured, €200.00, booking {confirmed.booking.reference}")
    ]
    run()

    found = confirmed.payment
    assert (found.public_id, found.provider_ref, found.status) == (
        lost.public_id,
        lost.provider_ref,
        "CAPTURED",
    )
    assert (found.captured_minor, found.is_two_stage) == (20_000, True)
    assert Drift.objects.get(kind="unknown_here").state == "mended"
    assert look() == []
    check_quiet(confirmed.sandbox)


def test_payment_that_lost_its_references_is_found_by_its_id(journey):
    journey.pay()
    Payment.objects.update(session_ref="", session_url="", next_sync_at=None)
    PaymentOperation.objects.update(state="refused")

    run()

    assert journey.payment.status == "AUTHORIZED"
    assert journey.fresh.status == Status.PENDING_APPROVAL
    assert look() == []


def test_payment_of_no_booking_here_is_reported_once_and_stays(journey):
    make_intent(booking_reference="RHNOWHERE")

    run()
    run()

    drift = Drift.objects.get()
    assert (drift.kind, drift.state, drift.theirs) == (
        "unknown_here", "open", "captured, €50.00, booking RHNOWHERE",
    )  # fmt: skip
    assert drift.cause.startswith("It names a booking that does not exist here")
    with pytest.raises(CannotMend, match="names no booking of ours"):
        discrepancies.mend(drift.pk, by=None)


def test_abandoned_intent_of_somebody_else_is_no_difference(journey):
    make_intent(confirm=False)

    run()

    assert not Drift.objects.exists()


def test_row_that_points_elsewhere_moves_no_money_until_staff_decide(confirmed):
    Payment.objects.update(provider_ref="pi_elsewhere", session_ref="pi_elsewhere")

    run()

    found = {drift.kind: (drift.state, drift.theirs) for drift in Drift.objects.all()}
    assert found == {
        "unknown_here": ("open", f"captured, €200.00, booking {confirmed.booking.reference}"),
        "unknown_there": ("open", "nothing"),
    }
    assert Payment.objects.count() == 1
    assert confirmed.effects.get("refund", 0) == 0


def test_second_payment_adopted_by_staff_is_given_back(confirmed):
    make_intent(amount=20_000, booking_reference=confirmed.booking.reference)
    run()
    drift = Drift.objects.get(kind="unknown_here")
    assert (drift.state, Payment.objects.count()) == ("open", 1)

    discrepancies.mend(drift.pk, by=factories.staff())

    second = confirmed.payment
    assert (second.n, second.status) == (2, "CAPTURED")
    assert second.refunds.get().amount_minor == 20_000
    check_quiet(confirmed.sandbox)


def test_altered_amount_is_found_and_restored_by_the_button_alone(confirmed):
    staff = factories.staff()
    Payment.objects.update(captured_minor=15_000)

    run()

    drift = Drift.objects.get(kind="amount")
    assert (drift.state, drift.ours, drift.theirs) == ("open", "taken €150.00", "taken €200.00")
    discrepancies.mend(drift.pk, by=staff)
    drift.refresh_from_db()
    assert (drift.state, drift.closed_by) == ("mended", staff)
    assert confirmed.payment.captured_minor == 20_000
    assert look() == []
    check_quiet(confirmed.sandbox)


def test_altered_price_stops_the_payment_until_it_is_restored(confirmed):
    Payment.objects.update(amount_minor=90_000)

    run()

    drift = Drift.objects.get(kind="amount")
    assert (drift.ours, drift.theirs) == ("asked for €900.00", "asked for €200.00")
    assert confirmed.payment.mismatch == "amount: 20000, not 90000"
    discrepancies.mend(drift.pk, by=None)
    assert (confirmed.payment.amount_minor, confirmed.payment.mismatch) == (20_000, "")


@pytest.mark.django_db(transaction=True)
def test_missing_ledger_entry_is_found_and_posted_by_the_button(confirmed):
    movement = LedgerTransaction.objects.get(key=f"capture:{confirmed.payment.pk}")
    delete("DELETE FROM payments_ledgerentry WHERE transaction_id = %s", movement.pk)
    delete("DELETE FROM payments_ledgertransaction WHERE id = %s", movement.pk)

    run()

    drift = Drift.objects.get(kind="ledger")
    assert (drift.state, drift.ours) == ("open", "payment held €0.00, taken €200.00")
    assert drift.theirs == "ledger held €200.00, taken €0.00"
    discrepancies.mend(drift.pk, by=None)
    assert look() == []
    check_quiet(confirmed.sandbox)


def test_row_changed_by_hand_differs_from_the_ledger_and_nothing_is_posted(confirmed):
    Payment.objects.update(authorized_minor=25_000, captured_minor=25_000, amount_minor=25_000)
    run()
    movements = LedgerTransaction.objects.count()

    with pytest.raises(CannotMend, match="Entries are there, but differ"):
        discrepancies.mend(Drift.objects.get(kind="ledger").pk, by=None)

    assert Drift.objects.get(kind="ledger").state == "open"
    assert LedgerTransaction.objects.count() == movements


def test_difference_that_healed_by_itself_is_closed_by_the_next_run(confirmed):
    Payment.objects.update(captured_minor=15_000)
    run()
    Payment.objects.update(captured_minor=20_000)

    run()

    states = set(Drift.objects.values_list("kind", "state", "note"))
    assert states == {("amount", "mended", "Gone by itself."), ("ledger", "mended", "Gone by itself.")}


def test_difference_found_again_is_the_same_row(confirmed):
    Payment.objects.update(captured_minor=15_000)

    first, second = run(), run()

    assert Drift.objects.filter(kind="amount").get().run == second
    assert (first.found, second.found) == (2, 2)


def test_dry_run_writes_nothing(confirmed):
    Payment.objects.update(captured_minor=15_000)
    make_intent()
    before, row = counts(), Payment.objects.values().get()

    assert [kind for kind, _ours, _theirs in look()] == ["unknown_here", "amount", "ledger"]

    assert counts() == before
    assert Payment.objects.values().get() == row


def test_command_prints_a_table_and_exits_with_1_when_something_differs(confirmed):
    Payment.objects.update(captured_minor=15_000)
    out = io.StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("reconcile", since=str((clock.now() - DAY).date()), dry_run=True, stdout=out)

    assert ended.value.code == 1
    lines = out.getvalue().splitlines()
    assert lines[0].split() == ["what", "booking", "at", "the", "provider", "here", "there", "state"]
    assert confirmed.booking.reference in lines[1]
    assert "taken €150.00" in lines[1]
    assert lines[-1] == "2 found."
    assert not ReconciliationRun.objects.exists()


def test_command_without_differences_says_so(confirmed):
    out = io.StringIO()

    call_command("reconcile", since=str((clock.now() - DAY).date()), provider="stripe", stdout=out)

    assert out.getvalue() == "Nothing differs.\n"
    assert ReconciliationRun.objects.get().compared == 1


@pytest.mark.parametrize(
    ("since", "until", "says"),
    [
        ("yesterday", None, "is no date"),
        ("2026-13-01", None, "--since"),
        ("2026-11-02", "2026-11-01", "must be before"),
        ("2026-11-01", "2026-11-99", "--until"),
    ],
)
def test_command_refuses_what_is_no_period(since, until, says, db):
    with pytest.raises(CommandError, match=says):
        call_command("reconcile", since=since, until=until)


def test_run_that_was_killed_goes_on_where_it_stopped(confirmed, monkeypatch):
    Payment.objects.update(captured_minor=15_000)
    now = clock.now()
    begun = runs.begin("stripe", now - DAY, now + dt.timedelta(minutes=1))

    assert not runs.proceed(begun, seconds=0)  # ends at the first mark

    begun.refresh_from_db()
    cursor = begun.cursor
    assert cursor.startswith("listed:")
    assert (begun.compared, begun.found, begun.finished_at) == (1, 1, None)
    steps = [
        step for step in walk(Span("stripe", begun.since, begun.until), cursor) if isinstance(step, Mark)
    ]
    assert sum(step.compared for step in steps) == 0  # what was compared is not compared again
    assert runs.proceed(begun)
    assert (begun.compared, begun.found) == (1, 2)


def test_provider_out_of_reach_keeps_the_run_for_later(confirmed):
    confirmed.fault("payment_intents.list", "error_500")
    now = clock.now()
    begun = runs.begin("stripe", now - DAY, now)

    with pytest.raises(Unavailable):
        runs.proceed(begun)

    begun.refresh_from_db()
    assert begun.error.startswith("Unavailable")
    assert begun.finished_at is None
    assert runs.proceed(begun)
    assert (begun.error, begun.found) == ("", 0)


def test_open_payment_from_before_the_period_is_compared_too(journey):
    journey.authorize()
    journey.advance(days=3)
    control = {"action": "cancel", "payment_intent": journey.payment.provider_ref}
    journey.sandbox.control("dashboard", control)
    Payment.objects.update(next_sync_at=None)

    run()

    assert journey.payment.status == "VOIDED"
    assert Drift.objects.get(kind="status").state == "mended"


def test_refund_made_in_the_dashboard_is_taken_over(confirmed):
    ref = confirmed.payment.provider_ref
    confirmed.sandbox.control("dashboard", {"action": "refund", "payment_intent": ref, "amount_minor": 5_000})

    assert [(kind, ours) for kind, ours, _theirs in look()] == [("refund", "no such refund")]
    run()

    drift = Drift.objects.get(kind="refund")
    assert (drift.state, drift.cause) == ("mended", "Made in the provider's dashboard.")
    assert Drift.objects.get(kind="external").state == "open"
    assert confirmed.payment.refunds.get().amount_minor == 5_000
    assert look() == []
    check_always()


@pytest.mark.django_db(transaction=True)
def test_restored_backup_of_a_refunded_booking_is_made_whole_without_moving_money(confirmed):
    bookings.cancel(booking_id=confirmed.booking.pk, actor=member_actor(confirmed.host), reason="Flood")
    confirmed.work()
    refund = confirmed.payment.refunds.get()
    forget(confirmed.payment)

    run()

    found = confirmed.payment.refunds.get()
    assert (found.provider_ref, found.amount_minor) == (refund.provider_ref, 20_000)
    assert (confirmed.fresh.status, confirmed.fresh.due_minor) == (Status.CANCELLED, 0)
    assert (confirmed.effects["refund"], confirmed.effects["capture"]) == (1, 1)
    assert look() == []
    check_quiet(confirmed.sandbox)


def test_dispute_nobody_told_us_of_is_taken_over(confirmed):
    confirmed.sandbox.control("dispute", {"payment_intent": confirmed.payment.provider_ref})

    (kind, ours, theirs), *more = look()
    assert (kind, ours, more) == ("status", "dispute not known", [])
    assert theirs.endswith(" needs_response")
    run()

    assert confirmed.payment.disputes.get().status == "needs_response"
    assert Drift.objects.get(kind="status").state == "mended"
    assert look() == []


CHANGES = {
    "dispute": ("dispute", {}, ("status", "dispute not known")),
    "refund": ("dashboard", {"action": "refund", "amount_minor": 5_000}, ("refund", "no such refund")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_change_of_an_old_payment_nobody_told_us_of_is_taken_over(confirmed, change):
    order, facts, difference = CHANGES[change]
    confirmed.advance(days=30)
    confirmed.sandbox.control(order, {"payment_intent": confirmed.payment.provider_ref, **facts})

    assert [(kind, ours) for kind, ours, _theirs in look()] == [difference]
    run()

    payment = confirmed.payment
    assert (payment.disputes.count(), payment.refunds.count()) == (change == "dispute", change == "refund")
    assert look() == []
