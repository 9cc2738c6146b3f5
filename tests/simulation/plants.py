"""Planted bugs: each switches one mechanism off, from outside, so that the simulator can show that it would see it.

A plant is a set of replacements for names in the private copies of the product's modules, in the model of the
processes around them, or in the model of the wire. The product itself has no switch for any of this.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from bookings.lifecycle import deadlines
from payments.providers.base import ProviderPayment, State
from payments.settling import plan
from tests.simulation import flows, messages, shared
from tests.simulation.providers import Page, seen_at_stripe
from tests.simulation.shared import (
    STAND_INS,
    decisions,
    known,
    ledger,
    octo,
    operations,
    reconcile,
    services,
    settlement,
    verbs,
)
from tests.simulation.world import World

Replacement = tuple[Any, str, Any]


@dataclass(frozen=True)
class Plant:
    """One mechanism switched off: `what` says which, `replacements` how."""

    what: str
    replacements: tuple[Replacement, ...]


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Run with one bug planted. Raises: KeyError for an unknown name."""
    with ExitStack() as stack:
        for owner, attribute, value in PLANTS[name].replacements:
            stack.enter_context(_replaced(owner, attribute, value))
        yield


@contextmanager
def _replaced(owner: Any, attribute: str, value: Any) -> Iterator[None]:
    """Replace a name, and every other name among the copies that stands for the same thing."""
    if isinstance(owner, dict):
        before = owner[attribute]
        owner[attribute] = value
        try:
            yield
        finally:
            owner[attribute] = before
        return
    before = vars(owner)[attribute]
    places = [(owner, attribute), *(shared.places_of(before) if callable(before) else ())]
    for place, name in places:
        setattr(place, name, value)
    try:
        yield
    finally:
        for place, name in places:
            setattr(place, name, before)


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _no_flow(*_: Any, **__: Any) -> Iterator[None]:
    return iter(())


# --- the bugs that need more than a word ---------------------------------------------------------------------------


def _fresh_key(self: World, operation: Any) -> str:
    return f"{operation.key}-{self.number()}"


def _state_then(page: Page, now: dt.datetime) -> ProviderPayment | None:
    """Let a message tell how things stood when it was sent."""
    return seen_at_stripe(page, now) if page.provider == "stripe" else None


def _believe(payment: Any, event: Any) -> flows.Flow:
    """Take a message's word for it instead of looking."""
    if event.snapshot is None:
        yield from flows.sync(payment)
        return
    payment.fetch_started += 1
    flows.apply(
        payment, event.snapshot, payment.fetch_started, flows.stage.world.now, known.known_of(payment)
    )
    yield flows.COMMIT


def _straight(status: str, state: State) -> str:
    """Take over the provider's state, whatever ours is."""
    names = {State.OPEN: "CREATED", State.AUTHORIZED: "AUTHORIZED", State.CAPTURED: "CAPTURED",
             State.VOIDED: "VOIDED", State.FAILED: "FAILED"}  # fmt: skip
    return names[state]


def _fee_of_today(booking: Any, actor: Any, now: dt.datetime) -> int:
    today = type("Today", (), {**vars(booking), "policy": booking.room.policy})
    today.status, today.is_capturing = booking.status, booking.is_capturing
    return CANCELLATION_FEE(today, actor, now)


def _price_of_today(payment: Any, booking: Any, now: dt.datetime) -> Any:
    payment.amount_minor = booking.room.price_minor
    return CHECKOUT_REQUEST(payment, booking, now)


def _begin_beside(payment: Any, kind: str, params: dict) -> Any:
    """Begin a call though another is unfinished."""
    n = payment.operations.filter(kind=kind).count() + 1
    return STAND_INS["PaymentOperation"].objects.create(
        payment=payment, kind=kind, params=params, key=f"{payment.key_stem}-{kind}-{n}", attempts=1,
        lease_until=flows.stage.world.now + operations.LEASE,
    )  # fmt: skip


def _same_key(payment: Any, kind: str, params: dict) -> Any:
    operation = BEGIN(payment, kind, params)
    if operation:
        operation.key = f"{payment.key_stem}-{kind}-1"
    return operation


def _without_pending(payment: Any) -> int:
    return sum(refund.amount_minor for refund in payment.refunds if refund.status == "succeeded")


def _all_refunds(payment: Any) -> int:
    return sum(refund.amount_minor for refund in payment.refunds)


def _late_answer(
    *, asked_at: dt.datetime, answer_hours: int, starts_at: dt.datetime, held_until: Any
) -> dt.datetime:
    return DECIDE_BY(asked_at=asked_at, answer_hours=answer_hours, starts_at=starts_at, held_until=None)


def _run_again(operation: Any) -> flows.Flow:
    """Replay without reading first."""
    return
    yield


def _covered_by_end(payment: Any, seen: Any, number: int, began_at: dt.datetime, books: Any) -> bool:
    return APPLY(payment, seen, number, flows.stage.world.now, books)


def _hold_unmissed(payment: Any, booking: Any, seen: Any, *, is_news: bool) -> None:
    if payment.status != "VOIDED":
        TELL(payment, booking, seen, is_news=is_news)


def _new_payment(booking_id: int) -> Any:
    """Open a second way to pay beside the first."""
    booking = shared.verbs.lock(booking_id)
    open_one = booking.payments.filter(status="CREATED").first()
    if open_one and open_one.session_ref and not open_one.operations.filter(state__in=operations.UNFINISHED):
        open_one.status = "FRESH"
        try:
            return OPEN_PAYMENT(booking_id)
        finally:
            open_one.status = "CREATED"
    return OPEN_PAYMENT(booking_id)


def _page_left_open(payment: Any) -> flows.Flow:
    return True
    yield


def _every_start(booking: Any, now: dt.datetime) -> bool:
    return booking.status in ("PENDING_APPROVAL", "CONFIRMED", "COMPLETED", "CANCELLED")


def _full_capture(booking: Any, payments: list, now: dt.datetime) -> Any:
    step = MISSING_CAPTURE(booking, payments, now)
    if step is None:
        return None
    held = next(payment for payment in payments if payment.pk == step.payment_pk)
    return plan.Step(step.payment_pk, step.kind, held.authorized_minor)


def _forgotten_on_error(booking_id: int, error: Exception) -> None:
    flows.stage.world.tables["Settlement"].filter(booking_id=booking_id).update(due_at=None)


def _reopened(operation: Any, state: str, error: Any) -> Any:
    if operation.state not in operations.UNFINISHED:
        operation.state = "open"
    return FINISH(operation, state, error)


def _record_anyway(operation: Any, result: Any) -> Any:
    """Write down an answer though another process has ended the call meanwhile."""
    ended_as, operation.state = operation.state, "open"
    RECORD_ANSWER(operation, result)
    if ended_as not in operations.UNFINISHED or operation.state == "open":
        operation.state = ended_as
    return operation


def _adopt_ours_only(payment: Any, booking: Any, seen: ProviderPayment) -> None:
    ours = tuple(refund for refund in seen.refunds if refund.key)
    APPLY_REFUNDS(payment, booking, type("Seen", (), {**vars(seen), "refunds": ours}))


def _may_decide(verb: str, booking: Any, now: dt.datetime) -> None:
    verbs._check(verb, booking)


def _expire_anything(*, booking_id: int, reason: str = "", now: Any = None, **_: Any) -> Any:
    booking = verbs.lock(booking_id)
    verbs._check("expire", booking)
    now = now or flows.stage.world.now
    return verbs._close(booking, "expire", verbs.Status.EXPIRED, verbs.CLOCK, now, reason=reason)


def _no_version(booking: Any, verb: str, *args: Any, **kwargs: Any) -> Any:
    booking.version -= verb == "complete"
    return RECORD(booking, verb, *args, **kwargs)


def _kept_split(kept_minor: int, booking: Any) -> Any:
    """Lose the remainder of rounding."""
    parts = SPLIT(kept_minor, booking)
    return ledger.Split(parts.venue_minor - parts.venue_minor % 2, parts.fee_minor, parts.tax_minor)


def _later_hold(*args: Any, **kwargs: Any) -> ProviderPayment:
    """Count Octo's hold from when we heard of it."""
    answer, session_ref, provider_ref, books, account = args
    blind = type("Books", (), {**vars(books), "unpaid_at": None})
    return READ_OCTO(answer, session_ref, provider_ref, blind, account)


def _clear_word(*args: Any, **kwargs: Any) -> ProviderPayment:
    """Take a status nobody knows for a look that saw no payment."""
    return replace(READ_OCTO(*args, **kwargs), is_unclear=False)


def _any_session(booking: Any, payments: list) -> Any:
    return None


def _always_ours(payment: Any) -> str:
    return "clearing"


CANCELLATION_FEE = verbs.cancellation_fee
CHECKOUT_REQUEST, OPEN_PAYMENT = services._checkout_request, services._open_payment
BEGIN, FINISH, RECORD_ANSWER = operations.begin, operations._finish, operations._record
DECIDE_BY = deadlines.decide_by
APPLY = flows.apply
TELL, APPLY_REFUNDS = reconcile._tell_booking, reconcile._apply_refunds
MISSING_CAPTURE = plan._missing_capture
RECORD, SPLIT, READ_OCTO = verbs._record, ledger.split, octo.read_payment
IDLE = flows.Sweep(lambda now: [], _no_flow)
FALSE: Callable[..., bool] = lambda *_, **__: False  # noqa: E731
TRUE: Callable[..., bool] = lambda *_, **__: True  # noqa: E731

PLANTS: dict[str, Plant] = {
    "idempotency_key": Plant("every call carries a new key", ((World, "key_sent", _fresh_key),)),
    "key_after_refusal": Plant(
        "a refused call is tried again with its old key", ((operations, "begin", _same_key),)
    ),
    "stored_failure": Plant(
        "a stored 500 is waited out, not left behind", ((flows, "outcome_of", lambda error: "unknown"),)
    ),
    "read_before_replay": Plant(
        "a lost call is made again without reading first", ((flows, "read_first", _run_again),)
    ),
    "one_open_operation": Plant(
        "calls of a payment run beside each other", ((operations, "begin", _begin_beside),)
    ),
    "finished_stays_finished": Plant(
        "a late outcome reopens a finished call", ((operations, "_finish", _reopened),)
    ),
    "takeover_stands": Plant(
        "a late answer overwrites what another process found", ((operations, "_record", _record_anyway),)
    ),
    "done_when_seen": Plant(
        "money moved counts as done before a look has seen it", ((operations, "SEEN_TO_BE_DONE", ()),)
    ),
    "inbox_unique": Plant("a message is stored as often as it comes", ((messages, "is_known", FALSE),)),
    "refetch": Plant(
        "a message's content is believed", ((flows, "look", _believe), (messages, "content", _state_then))
    ),
    "covered_by_later_look": Plant(
        "a look covers messages up to its end", ((flows, "apply", _covered_by_end),)
    ),
    "fetch_order": Plant("an older look overwrites a newer one", ((flows, "is_later", TRUE),)),
    "forward_only": Plant(
        "a payment follows the provider's word back, too", ((reconcile, "advance", _straight),)
    ),
    "amount_check": Plant("nobody compares amount and currency", ((services, "_mismatch", lambda *_: ""),)),
    "mark_after_sync": Plant(
        "a look marks nothing settle-due", ((services.settle_queue, "mark_if_needed", _nothing),)
    ),
    "mark_survives_errors": Plant(
        "a failed call clears the mark", ((settlement, "postpone", _forgotten_on_error),)
    ),
    "mark_while_under_way": Plant(
        "a mark is cleared while a call is under way", ((settlement, "_is_under_way", FALSE),)
    ),
    "receipts": Plant("events leave no receipt", ((shared.STAND_INS["outbox"], "publish", _nothing),)),
    "sweep_receipts": Plant("no sweep of receipts", ((flows.SWEEPS, "receipts", IDLE),)),
    "sweep_webhooks": Plant("no sweep of messages", ((flows.SWEEPS, "webhooks", IDLE),)),
    "sweep_operations": Plant("no sweep of unfinished calls", ((flows.SWEEPS, "operations", IDLE),)),
    "sweep_settlements": Plant("no sweep of settle-due marks", ((flows.SWEEPS, "settlements", IDLE),)),
    "sweep_unpaid": Plant("no sweep of unpaid bookings", ((flows.SWEEPS, "unpaid", IDLE),)),
    "sweep_open_payments": Plant("no sweep of open payments", ((flows.SWEEPS, "open_payments", IDLE),)),
    "sweep_deadlines": Plant("no sweep of deadlines", ((flows.SWEEPS, "deadlines", IDLE),)),
    "void_late_hold": Plant("a hold for a dead booking stays", ((plan, "_needless_hold", _any_session),)),
    "refund_late_charge": Plant(
        "a charge for a dead booking stays", ((plan, "_needless_charge", _any_session),)
    ),
    "end_needless_page": Plant(
        "a dead booking's page stays open", ((plan, "_needless_session", _any_session),)
    ),
    "capture_what_is_due": Plant(
        "a hold is always taken whole", ((plan, "_missing_capture", _full_capture),)
    ),
    "wait_for_yes": Plant("money is taken before the host's yes", ((plan, "asks_for_money", _every_start),)),
    "pending_refunds_count": Plant(
        "refunds on their way are not counted", ((shared, "refunded_minor", _without_pending),)
    ),
    "failed_refunds_count_not": Plant(
        "a failed refund counts as given back", ((shared, "refunded_minor", _all_refunds),)
    ),
    "adopt_refunds": Plant(
        "refunds made elsewhere are ignored", ((reconcile, "_apply_refunds", _adopt_ours_only),)
    ),
    "capture_failed": Plant(
        "nobody hears of a hold that was lost", ((reconcile, "_tell_booking", _hold_unmissed),)
    ),
    "decision_once": Plant(
        "a booking is decided as often as one likes", ((decisions, "decided_before", FALSE),)
    ),
    "decide_in_time": Plant("a late yes is taken", ((decisions, "check_may_decide", _may_decide),)),
    "decide_before_lapse": Plant(
        "the time to decide ignores the hold's end", ((deadlines, "decide_by", _late_answer),)
    ),
    "octo_hold_start": Plant(
        "Octo's hold is counted from when we hear", ((octo, "read_payment", _later_hold),)
    ),
    "unclear_proves_nothing": Plant(
        "a status nobody knows counts as unpaid", ((octo, "read_payment", _clear_word),)
    ),
    "approved_does_not_expire": Plant(
        "the clock ends approved bookings, too", ((verbs, "expire", _expire_anything),)
    ),
    "end_page_before_expiry": Plant(
        "a room is freed while its page is open", ((flows, "end_checkout", _page_left_open),)
    ),
    "one_way_to_pay": Plant(
        "a second page is opened beside the first", ((services, "_open_payment", _new_payment),)
    ),
    "complete_before_lapse": Plant(
        "appointments wait a day even if the hold ends", ((flows, "is_lapsing", FALSE),)
    ),
    "frozen_policy": Plant(
        "a cancellation follows today's policy", ((verbs, "cancellation_fee", _fee_of_today),)
    ),
    "frozen_price": Plant(
        "a checkout asks for today's price", ((services, "_checkout_request", _price_of_today),)
    ),
    "release_room": Plant(
        "a dead booking keeps its room", ((shared.Occupancy, "release", staticmethod(_nothing)),)
    ),
    "return_seats": Plant(
        "a dead booking keeps its seats", ((shared.Occupancy, "give_back_seats", staticmethod(_nothing)),)
    ),
    "event_versions": Plant("an event without a version", ((verbs, "_record", _no_version),)),
    "own_shop_apart": Plant(
        "what a venue's own shop took is booked to our clearing", ((ledger, "_money", _always_ours),)
    ),
    "modes_apart": Plant("all money is booked in test mode", ((ledger, "_mode", FALSE),)),
    "split_remainder": Plant("the remainder of a split gets lost", ((ledger, "split", _kept_split),)),
}
