"""The plan of calls: pure rules, walked by hand and by Hypothesis."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.states import DEAD, Status
from payments.providers.base import State
from payments.settling.plan import (
    FORWARD,
    BookingFacts,
    PaymentFacts,
    Step,
    advance,
    asks_for_money,
    next_step,
)

NOW = dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC)


def booking(status: str, *, due: int = 100, approved: bool = False, capture: str = "on_confirmation", **more):
    return BookingFacts(status=status, is_approved=approved, capture=capture, due_minor=due, **more)


def held(pk: int = 1, amount: int = 100) -> PaymentFacts:
    return PaymentFacts(pk, "AUTHORIZED", authorized_minor=amount)


def taken(pk: int = 1, amount: int = 100, refunded: int = 0) -> PaymentFacts:
    return PaymentFacts(
        pk, "CAPTURED", authorized_minor=amount, captured_minor=amount, refunded_minor=refunded
    )


def opened(pk: int = 1) -> PaymentFacts:
    return PaymentFacts(pk, "CREATED", has_session=True)


@pytest.mark.parametrize(
    ("facts", "payments", "step"),
    [
        (booking("PENDING_APPROVAL"), [held()], None),
        (booking("PENDING_APPROVAL", approved=True), [held()], Step(1, "capture", 100)),
        (booking("PENDING_PAYMENT"), [opened()], None),
        (booking("CONFIRMED"), [taken()], None),
        (booking("CONFIRMED"), [taken(), taken(2)], Step(2, "refund", 100)),
        (booking("PENDING_APPROVAL", approved=True), [held(), held(2)], Step(2, "void")),
        (booking("CONFIRMED"), [taken(), held(2)], Step(2, "void")),
        (booking("CONFIRMED"), [taken(), opened(2)], Step(2, "end-checkout")),
        (booking("DECLINED", due=0), [held()], Step(1, "void")),
        (booking("EXPIRED", due=0), [opened()], Step(1, "end-checkout")),
        (booking("EXPIRED", due=0), [taken()], Step(1, "refund", 100)),
        (booking("CANCELLED", due=0), [taken()], Step(1, "refund", 100)),
        (booking("CANCELLED", due=40), [taken()], Step(1, "refund", 60)),
        (booking("CANCELLED", due=40), [taken(refunded=60)], None),
        (booking("CANCELLED", due=40), [held()], Step(1, "capture", 40)),
        (booking("CANCELLED", due=0), [held()], Step(1, "void")),
        (booking("CONFIRMED", capture="after_completion"), [held()], None),
    ],
)
def test_next_step_of(facts, payments, step):
    assert next_step(facts, payments, NOW) == step


def test_completed_appointment_is_captured_thirty_minutes_later():
    facts = booking("COMPLETED", capture="after_completion", completed_at=NOW)

    assert next_step(facts, [held()], NOW + dt.timedelta(minutes=29)) is None
    assert next_step(facts, [held()], NOW + dt.timedelta(minutes=30)) == Step(1, "capture", 100)


def test_completed_appointment_is_captured_before_its_hold_lapses():
    facts = booking(
        "COMPLETED", capture="after_completion", completed_at=NOW, held_until=NOW + dt.timedelta(hours=2)
    )

    assert next_step(facts, [held()], NOW) == Step(1, "capture", 100)


PAYMENTS = st.lists(
    st.builds(
        lambda status, amount, share: PaymentFacts(
            0, status,
            authorized_minor=amount if status in ("AUTHORIZED", "CAPTURED") else 0,
            captured_minor=amount if status == "CAPTURED" else 0,
            refunded_minor=amount * share // 10 if status == "CAPTURED" else 0,
            has_session=True,
        ),
        st.sampled_from(["CREATED", "AUTHORIZED", "CAPTURED", "VOIDED", "FAILED"]),
        st.integers(1, 10_000), st.integers(0, 10),
    ),
    max_size=4,
)  # fmt: skip


def perform(step: Step, payments: list[PaymentFacts]) -> list[PaymentFacts]:
    """What the provider's books look like after the call."""
    outcome = {
        "end-checkout": lambda p: PaymentFacts(p.pk, "FAILED"),
        "void": lambda p: PaymentFacts(p.pk, "VOIDED"),
        "capture": lambda p: PaymentFacts(p.pk, "CAPTURED", p.authorized_minor, step.amount_minor),
        "refund": lambda p: PaymentFacts(
            p.pk, "CAPTURED", p.authorized_minor, p.captured_minor, p.refunded_minor + step.amount_minor
        ),
    }[step.kind]
    return [outcome(p) if p.pk == step.payment_pk else p for p in payments]


@given(
    st.sampled_from(Status), st.booleans(), st.integers(0, 10_000), PAYMENTS,
    st.sampled_from(["on_confirmation", "after_completion"]),
)  # fmt: skip
def test_plan_ends_and_leaves_no_money_where_it_does_not_belong(status, approved, due, payments, capture):
    due = 0 if status in (Status.DECLINED, Status.EXPIRED) else due
    payments = [PaymentFacts(**{**vars(p), "pk": n}) for n, p in enumerate(payments)]
    facts = booking(
        status, due=due, approved=approved, capture=capture,
        completed_at=NOW - dt.timedelta(days=1) if status == Status.COMPLETED else None,
    )  # fmt: skip

    for _ in range(20):
        step = next_step(facts, payments, NOW)
        if step is None:
            break
        payments = perform(step, payments)

    net = sum(p.captured_minor - p.refunded_minor for p in payments)
    assert step is None
    assert all(0 <= p.refunded_minor <= p.captured_minor <= p.authorized_minor for p in payments)
    assert sum(p.status == "AUTHORIZED" for p in payments) <= 1
    if status in DEAD:
        assert not [p for p in payments if p.status == "AUTHORIZED"]
    if status not in (Status.PENDING_PAYMENT, Status.PENDING_APPROVAL):
        assert net <= due
    if asks_for_money(facts, NOW) and net < due:
        assert not [p for p in payments if p.status == "AUTHORIZED"]


@given(st.lists(st.sampled_from(State), max_size=8))
def test_payment_status_moves_forward_only(states):
    order = {"CREATED": 0, "AUTHORIZED": 1, "CAPTURED": 2, "VOIDED": 2, "FAILED": 2}
    status, seen = "CREATED", ["CREATED"]
    for state in states:
        status = advance(status, state)
        seen.append(status)

    ranks = [order[status] for status in seen]
    assert ranks == sorted(ranks)
    finals = {status for status in seen if order[status] == 2}
    assert len(finals) <= 1


def test_forward_table_has_no_way_out_of_a_final_status():
    assert set(FORWARD) == {"CREATED", "AUTHORIZED"}
