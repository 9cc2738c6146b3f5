"""Properties of refunds: what is left can go back, and nothing stuck or disputed is touched."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from payments.settling.plan import BookingFacts, PaymentFacts, is_paid_unconfirmed, left_to_refund, next_step

AMOUNTS = st.integers(0, 10_000)


@st.composite
def payment_facts(draw) -> PaymentFacts:
    captured = draw(AMOUNTS)
    refunded = draw(st.integers(0, captured))
    stuck = draw(st.integers(0, captured - refunded))
    disputed = draw(st.integers(0, captured - refunded - stuck))
    return PaymentFacts(
        pk=draw(st.integers(1, 9)), status="CAPTURED", authorized_minor=captured, captured_minor=captured,
        refunded_minor=refunded, stuck_minor=stuck, disputed_minor=disputed, is_disputed=draw(st.booleans()),
    )  # fmt: skip


@given(
    st.sampled_from(["CONFIRMED", "COMPLETED", "CANCELLED"]), AMOUNTS, st.lists(payment_facts(), max_size=3)
)
def test_what_is_left_to_refund_can_go_back_and_leaves_nothing_negative(status, due, payments):
    booking = BookingFacts(status, True, "on_confirmation", due)

    left = left_to_refund(booking, payments)

    assert 0 <= left <= due
    assert left <= sum(payment.refundable_minor for payment in payments)


@given(AMOUNTS, st.lists(payment_facts(), max_size=3, unique_by=lambda payment: payment.pk))
def test_refunds_of_the_plan_end_and_touch_neither_stuck_nor_disputed_money(due, payments):
    booking, now = (
        BookingFacts("CANCELLED", True, "on_confirmation", due),
        dt.datetime(2027, 1, 1, tzinfo=dt.UTC),
    )
    before = {payment.pk: payment for payment in payments}
    for _ in range(10):
        step = next_step(booking, payments, now)
        if step is None:
            break
        assert step.kind == "refund"
        assert 0 < step.amount_minor <= before[step.payment_pk].refundable_minor
        payments = [
            PaymentFacts(**{**vars(one), "refunded_minor": one.refunded_minor + step.amount_minor})
            if one.pk == step.payment_pk else one
            for one in payments
        ]  # fmt: skip

    assert next_step(booking, payments, now) is None
    excess = sum(one.net_minor for one in payments) - due - sum(one.stuck_minor for one in payments)
    assert excess <= 0 or all(one.refundable_minor == 0 for one in payments)


def test_approved_booking_paid_without_a_provider_waits_for_its_confirmation():
    paid = PaymentFacts(1, "CAPTURED", authorized_minor=100, captured_minor=100)
    held = PaymentFacts(2, "AUTHORIZED", authorized_minor=100)

    assert is_paid_unconfirmed(BookingFacts("PENDING_APPROVAL", True, "on_confirmation", 100), [paid])
    assert not is_paid_unconfirmed(BookingFacts("PENDING_APPROVAL", False, "on_confirmation", 100), [paid])
    assert not is_paid_unconfirmed(BookingFacts("PENDING_APPROVAL", True, "on_confirmation", 101), [paid])
    assert not is_paid_unconfirmed(
        BookingFacts("PENDING_APPROVAL", True, "on_confirmation", 100), [paid, held]
    )
