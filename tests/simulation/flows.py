"""What processes do: the product's flows that wait for a provider, each as a generator.

Every `yield` is a point where a process may be interrupted, or killed: after a commit (`COMMIT`), or around a call
to a provider (`(kind, operation)`, `("fetch", payment)`), whose answer comes back as the value of the yield.
What lies between two yields is one transaction, and is the product's own code; see shared.py.
"""

import datetime as dt
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, NamedTuple

from bookings.errors import BookingError
from bookings.lifecycle.deadlines import COMPLETE_AFTER, LAPSE_MARGIN
from bookings.states import Status
from payments.providers.base import Declined, Misconfigured, ProviderError, ProviderPayment, Unavailable
from tests.simulation.rows import stage
from tests.simulation.shared import known, operations, services, settlement, verbs, webhooks
from tests.simulation.thrift import InvalidTransition

Flow = Generator[Any, Any, Any]
COMMIT = "commit"
Booking = Payment = PaymentOperation = Any
UNFINISHED = operations.UNFINISHED


# --- payments.lifecycle.services ------------------------------------------------------------------------------


def start_checkout(booking: Booking) -> Flow:
    payment, operation = services._open_payment(booking.pk)
    if operation is not None:
        yield from run(operation)
    elif not payment.session_ref:
        yield COMMIT  # a second tab waits for the first one's call
    if payment.session_expires_at and payment.session_expires_at <= stage.world.now:
        yield from sync(payment)
        if payment.status == "FAILED":
            yield from start_checkout(booking)
            return
        raise InvalidTransition("pay", "past its payment time")
    if not payment.session_ref and payment.operations.filter(state__in=UNFINISHED):
        raise Unavailable("the provider's answer is still awaited")
    if not payment.session_url:
        raise Misconfigured("the provider refused to open a pay page")


def sync(payment: Payment) -> Flow:
    """Fetch, then apply in one transaction unless a later fetch was applied before."""
    for _ in range(services.LOOKS):
        payment.fetch_started += 1
        if not payment.session_ref:
            services._close_unopened(payment)
            return
        number, began_at, books = payment.fetch_started, stage.world.now, known.known_of(payment)
        seen = yield "fetch", payment
        is_over = apply(payment, seen, number, began_at, books)
        yield COMMIT
        if is_over:
            return
    raise Unavailable("our books changed whenever the provider was asked", code="busy")


def apply(payment: Payment, seen: ProviderPayment, number: int, began_at: dt.datetime, books: Any) -> bool:
    """Apply one answer; False where what it was read with changed meanwhile."""
    if not is_later(payment, number):
        return True
    if known.known_of(payment) != books:
        return False
    services._apply(payment, payment.booking, seen, number, began_at)
    return True


def is_later(payment: Payment, number: int) -> bool:
    return number > payment.fetch_applied


def settle(booking: Booking) -> Flow:
    for _ in range(settlement.MAX_STEPS):
        work = settlement.begin_next(booking.pk)
        if work is None:
            return
        try:
            yield from run(work)
            yield from sync(work.payment)
        except ProviderError as error:
            settlement.postpone(booking.pk, error)
            return
        if work.state == "refused":
            settlement.postpone_if_unchanged(booking.pk, work)
            return


def resume(operation: PaymentOperation) -> Flow:
    operation = operations.lease(operation.pk)
    if operation is None:
        return
    yield from read_first(operation)
    if operation.state in UNFINISHED:
        if operations.is_replayable(operation):
            yield from run(operation)
            yield from sync(operation.payment)
        else:
            operations.give_up(operation, "the provider no longer knows the key")
    if operation.kind == "checkout":
        yield from after_resumed_checkout(operation)


def read_first(operation: PaymentOperation) -> Flow:
    yield from sync(operation.payment)


def after_resumed_checkout(operation: PaymentOperation) -> Flow:
    booking = operation.payment.booking
    try:
        yield from start_checkout(booking)
    except InvalidTransition:
        return
    verbs.announce(booking_id=booking.pk, notice="payment_available", data={"payment": operation.payment.n})


def verify(booking: Booking) -> Flow:
    for payment in booking.payments.filter(status__in=("CREATED", "AUTHORIZED")):
        try:
            yield from sync(payment)
        except ProviderError:
            pass


def expire_unpaid(booking: Booking) -> Flow:
    if booking.status != "PENDING_PAYMENT":
        return
    payment, due_at = booking.payments.filter(status="CREATED").first(), booking.payment_due_at
    try:
        is_over = True if payment is None else (yield from end_checkout(payment))
    except ProviderError:
        is_over = False
    if is_over or stage.world.now >= due_at + services.OUTAGE_PATIENCE:
        services._expire_if_still_unpaid(booking.pk)


def end_checkout(payment: Payment) -> Flow:
    if unfinished := payment.operations.filter(state__in=UNFINISHED).first():
        yield from resume(unfinished)
    if not payment.session_ref:
        return not payment.operations.filter(state__in=UNFINISHED)
    since = stage.world.now - services.END_PAUSE
    is_just_tried = payment.operations.filter(kind="end-checkout", finished_at__gt=since)
    if is_just_tried or not services.can_end_checkout(payment.provider):
        yield from sync(payment)
        return not payment.is_open
    operation = settlement.begin_end_checkout(payment.pk)
    if operation is None:
        return False
    yield from run(operation)
    yield from sync(payment)
    return True


# --- payments.settling.operations -----------------------------------------------------------------------------


def run(operation: PaymentOperation) -> Flow:
    try:
        result = yield operation.kind, operation
    except Declined as error:
        operations._finish(operation, "refused", error)
    except Misconfigured as error:
        operations._finish(operation, "refused", error)
        raise
    except Unavailable as error:
        operations._finish(operation, outcome_of(error), error)
        raise
    else:
        operations._record(operation, result)


def outcome_of(error: Unavailable) -> str:
    return "refused" if error.is_final else "unknown"


# --- payments.webhooks and bookings.lifecycle.outbox -------------------------------------------------------


def process_webhook(pk: int) -> Flow:
    event = webhooks._claim(pk)
    if event is None:
        return
    payment = webhooks._payment_of(event)
    if payment is None:
        return
    if is_covered(payment, event):
        webhooks._end(event, "processed", "covered by a later look")
        return
    yield COMMIT
    try:
        yield from look(payment, event)
    except ProviderError as error:
        webhooks._retry_later(event, error)
        return
    webhooks._end(event, "parked" if payment.mismatch else "processed", payment.mismatch)


def is_covered(payment: Payment, event: Any) -> bool:
    return bool(payment.synced_at and payment.synced_at > event.received_at)


def look(payment: Payment, event: Any) -> Flow:
    """A message only says *look again*; what it claims is not read."""
    yield from sync(payment)


def deliver(pk: int) -> Flow:
    receipt = stage.world.tables["EventReceipt"][pk - 1]
    if receipt.done_at is None:
        booking = receipt.event.booking
        if booking.payments:
            settlement.mark_if_needed(booking)
        receipt.done_at = stage.world.now
    yield COMMIT


# --- the sweeps -----------------------------------------------------------------------------------------------


class Sweep(NamedTuple):
    """What a sweep finds to do at a moment, and how it does one of these."""

    due: Callable[[dt.datetime], list[Any]]
    work: Callable[[Any], Flow]


def sweep(name: str) -> Flow:
    return each(SWEEPS[name].due(stage.world.now), SWEEPS[name].work)


def each(rows: list[Any], work: Callable[[Any], Flow]) -> Flow:
    if rows:
        yield COMMIT
    for row in rows:
        try:
            yield from work(row)
        except (ProviderError, BookingError):
            pass  # the sweep comes again


def receipts_due(now: dt.datetime) -> list[Any]:
    return [row for row in stage.world.tables["EventReceipt"] if row.done_at is None]


def webhooks_due(now: dt.datetime) -> list[Any]:
    inbox = stage.world.tables["WebhookEvent"]
    return [row for row in inbox if row.outcome == "waiting" and row.next_attempt_at <= now]


def operations_due(now: dt.datetime) -> list[Any]:
    calls = stage.world.tables["PaymentOperation"]
    return [row for row in calls if row.state in UNFINISHED and row.lease_until <= now]


def settlements_due(now: dt.datetime) -> list[Any]:
    return [row for row in stage.world.tables["Settlement"] if row.due_at and row.due_at <= now]


def unpaid_due(now: dt.datetime) -> list[Any]:
    bookings = stage.world.bookings
    return [row for row in bookings if row.status == "PENDING_PAYMENT" and row.payment_due_at <= now]


def open_payments_due(now: dt.datetime) -> list[Any]:
    payments = stage.world.tables["Payment"]
    due = [row for row in payments if row.next_sync_at and row.next_sync_at <= now]
    for payment in due:
        payment.next_sync_at = services.next_look(payment, now, is_moving=True)
    return due


def deadlines_due(now: dt.datetime) -> list[Any]:
    """Return what the clock calls: the verb, its booking, and when."""
    undecided, ended, completed_by = [], [], now - COMPLETE_AFTER
    for row in stage.world.bookings:
        if row.is_undecided:
            if row.decide_by <= now:
                undecided.append((partial(verbs.expire, listed_as=Status.PENDING_APPROVAL), row, now))
        elif row.status == "CONFIRMED" and (row.ends_at <= completed_by or is_lapsing(row, now)):
            ended.append((verbs.complete, row, now))
    return undecided + ended


def is_lapsing(booking: Booking, now: dt.datetime) -> bool:
    return bool(
        booking.paid_at is None
        and booking.held_until
        and booking.held_until <= now + LAPSE_MARGIN
        and booking.ends_at <= now
    )


def strike(due: tuple[Callable[..., Any], Booking, dt.datetime]) -> Flow:
    """The clock calls a verb; somebody may have been quicker between the list and the lock."""
    verb, booking, now = due
    verb(booking_id=booking.pk, now=now)
    yield from ()


SWEEPS: dict[str, Sweep] = {
    "receipts": Sweep(receipts_due, lambda row: deliver(row.pk)),
    "webhooks": Sweep(webhooks_due, lambda row: process_webhook(row.pk)),
    "operations": Sweep(operations_due, lambda row: resume(row)),
    "settlements": Sweep(settlements_due, lambda row: settle(stage.world.bookings[row.booking_id - 1])),
    "unpaid": Sweep(unpaid_due, lambda row: expire_unpaid(row)),
    "open_payments": Sweep(open_payments_due, lambda row: sync(row)),
    "deadlines": Sweep(deadlines_due, strike),
}


def _booking(pk: int) -> Booking:
    return stage.world.bookings[pk - 1]


# Everything a process can be started for: name and number of a row.
TASKS: dict[str, Callable[[Any], Flow]] = {
    "checkout": lambda pk: start_checkout(_booking(pk)),
    "return": lambda pk: verify(_booking(pk)),
    "settle": lambda pk: settle(_booking(pk)),
    "webhook": lambda pk: process_webhook(pk),
    "deliver": lambda pk: deliver(pk),
    "sweep": sweep,
}
