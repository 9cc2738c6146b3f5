"""What must hold: after every step, and once nothing is left to do. The codes are those of docs/reliability.md.

Works on rows of the pure layer; the layer with the database has its own reading of the same codes.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from bookings.cancellation import guest_fee_minor
from bookings.states import ARROWS, BLOCKING, DEAD, Status
from payments.ledger.posting import split
from payments.lifecycle.services import OUTAGE_PATIENCE

FINISHED = ("done", "refused")
UNFINISHED = ("open", "unknown")
TERMINAL = DEAD | {Status.COMPLETED}


class Violation(Exception):
    """A promise broken: `code` names the invariant."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code


@dataclass
class Watch:
    """What the checker itself remembers of one booking, so as not to believe the product's own columns."""

    total_minor: int
    policy: dict
    due_minor: int = -1
    decisions: list[str] = field(default_factory=list)
    last_status: str = "DRAFT"
    last_at: dt.datetime | None = None
    payment_due_at: dt.datetime | None = None
    applied: dict[int, int] = field(default_factory=dict)
    finished: dict[int, str] = field(default_factory=dict)
    states: dict[int, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.due_minor = self.total_minor


def fail(code: str, text: str) -> None:
    raise Violation(code, text)


# --- as things happen -----------------------------------------------------------------------------------------


def check_event(world: Any, event: Any) -> None:
    """H1-H3, T1, T3 for one new line of a booking's history, and what the booking should cost from then on."""
    booking, watch = event.booking, event.booking.watch
    if event.version != len(booking.events):
        fail("H1", f"{booking} writes version {event.version} as its event {len(booking.events)}")
    if event.from_status != watch.last_status:
        fail("H2", f"{booking} leaves {event.from_status}, but had come to {watch.last_status}")
    if watch.last_at and event.created_at < watch.last_at:
        fail("T3", f"{booking} goes back in time")
    watch.last_status, watch.last_at = event.to_status, event.created_at
    if event.verb not in ARROWS:
        if event.from_status != event.to_status:
            fail("H2", f"{booking} changes its status by the notice {event.verb}")
        return
    sources, targets = ARROWS[event.verb]
    if event.from_status not in sources or event.to_status not in targets:
        fail("H2", f"{booking} takes {event.from_status} -{event.verb}-> {event.to_status}")
    if checker := CHECKS.get(event.verb):
        checker(world, booking, watch, event)


def _check_approve(world: Any, booking: Any, watch: Watch, event: Any) -> None:
    _check_decision(world, booking, watch, event)
    if booking.decide_by and event.created_at > booking.decide_by:
        fail("T1", f"{booking} is approved after its time to decide")
    for payment in booking.payments:
        page = world.page_of(payment)
        is_held = payment.status == "AUTHORIZED" and page and page.why != "bank" and page.capture_before
        if is_held and booking.decide_by and booking.decide_by >= page.capture_before:
            fail("T1", f"{booking} may be approved when its hold has lapsed")


def _check_decision(world: Any, booking: Any, watch: Watch, event: Any) -> None:
    watch.decisions.append(event.verb)
    if len(watch.decisions) > 1:
        fail("H3", f"{booking} is decided twice: {watch.decisions}")
    if event.actor_kind not in ("host", "staff"):
        fail("H3", f"{booking} is decided by {event.actor_kind}")
    if event.verb == "decline":
        watch.due_minor = 0


def _check_expire(world: Any, booking: Any, watch: Watch, event: Any) -> None:
    if event.from_status == Status.PENDING_APPROVAL and "approve" in watch.decisions and booking.decision:
        fail("H3", f"{booking} expires though it was approved")
    watch.due_minor = 0
    is_patient = watch.payment_due_at is None or event.created_at < watch.payment_due_at + OUTAGE_PATIENCE
    if event.from_status == Status.PENDING_PAYMENT and is_patient:
        for payment in booking.payments:
            if payment.status == "CREATED" and (page := world.page_of(payment)) and world.is_payable(page):
                fail("O3", f"{booking} gives its room up while its pay page is open")


def _check_cancel(world: Any, booking: Any, watch: Watch, event: Any) -> None:
    is_bound = event.from_status == Status.CONFIRMED or (
        event.from_status == Status.PENDING_APPROVAL
        and "approve" in watch.decisions
        and booking.decision == "approved"
    )
    watch.due_minor = 0
    if event.actor_kind == "guest" and is_bound:
        watch.due_minor = guest_fee_minor(
            total_minor=watch.total_minor,
            policy=watch.policy,
            starts_at=booking.starts_at,
            now=event.created_at,
        )


def _check_confirm(world: Any, booking: Any, watch: Watch, event: Any) -> None:
    is_asked = booking.approval != "none"
    if is_asked and "approve" not in watch.decisions:
        fail("H3", f"{booking} is confirmed, and nobody approved it")


CHECKS = {
    "approve": _check_approve,
    "decline": _check_decision,
    "expire": _check_expire,
    "cancel": _check_cancel,
    "confirm": _check_confirm,
}


def check_begun(world: Any, operation: Any) -> None:
    """M2, M3, M6 before a call is made: what is about to be asked for is due."""
    payment, booking = operation.payment, operation.payment.booking
    if sum(other.state in UNFINISHED for other in payment.operations) > 1:
        fail("M6", f"{operation.key} begins while another call of its payment is unfinished")
    if operation.kind == "capture":
        needs_yes = booking.approval != "none" and booking.status == Status.PENDING_APPROVAL
        if needs_yes and "approve" not in booking.watch.decisions:
            fail("M3", f"{operation.key} takes money before anybody said yes")
        if operation.params["amount_minor"] > booking.watch.due_minor:
            fail("M3", f"{operation.key} takes more than is due")
    if operation.kind == "checkout" and operation.params["amount_minor"] != booking.watch.due_minor:
        fail("M8", f"{operation.key} asks for another amount than was agreed")
    if operation.kind == "refund":
        left = payment.captured_minor - _refunded(payment)
        if operation.params["amount_minor"] > left:
            fail("M2", f"{operation.key} gives back more than is left")


# --- after every step -----------------------------------------------------------------------------------------


def check_always(world: Any, booking: Any) -> None:
    watch = booking.watch
    status = booking.status
    if booking.version != len(booking.events) or status != watch.last_status:
        fail("H1", f"{booking} is at version {booking.version}, {status}, without an event that says so")
    if booking.payment_due_at:
        watch.payment_due_at = booking.payment_due_at
    is_held = (status in BLOCKING) == (world.claims.get(booking.slot) == booking.reference)
    if booking.session_id or not is_held:
        _check_claim(world, booking)
    if status == "PENDING_PAYMENT" and booking.payment_due_at is None:
        fail("O3", f"{booking} waits for money without a deadline")
    payments = booking.payments
    for payment in payments:
        _check_payment(world, booking, payment, watch)
    if len(payments) > 1 and sum([payment.status == "CREATED" for payment in payments]) > 1:
        fail("M6", f"{booking} has several open ways to pay")


def _check_payment(world: Any, booking: Any, payment: Any, watch: Watch) -> None:
    refunded = _refunded(payment) if payment.refunds else 0
    if not 0 <= refunded <= payment.captured_minor <= payment.authorized_minor <= payment.amount_minor:
        fail("M2", f"{booking} payment {payment.n}: {_amounts(payment)}")
    pk, applied = payment.pk, payment.fetch_applied
    if applied < watch.applied.get(pk, 0):
        fail("C4", f"{booking} payment {payment.n}: an older look overwrote a newer one")
    watch.applied[pk] = applied
    if payment.authorized_minor and payment.status in ("AUTHORIZED", "CAPTURED"):
        page = world.page_of(payment)
        if (page.amount_minor, page.currency) != (payment.amount_minor, payment.currency):
            fail("M8", f"{booking} payment {payment.n} moves on at another amount")
        if page.status in ("open", "dead"):
            fail("C1", f"{booking} payment {payment.n} is {payment.status}, but nobody ever paid it")
    states = [operation.state for operation in payment.operations]
    if states != watch.states.get(pk):
        watch.states[pk] = states
        _check_calls(payment, watch)


def _check_calls(payment: Any, watch: Watch) -> None:
    """What is finished stays as it ended."""
    for operation in payment.operations:
        if operation.state in FINISHED:
            if watch.finished.setdefault(operation.pk, operation.state) != operation.state:
                fail("C2", f"{operation.key} was {watch.finished[operation.pk]} and is {operation.state}")
        elif operation.pk in watch.finished:
            fail("C2", f"{operation.key} was finished and is {operation.state}")


def _check_claim(world: Any, booking: Any) -> None:
    """O1, O2, O3: seats add up; a time is claimed by the one booking that blocks it."""
    if booking.session_id:
        taken = sum([one.party_size for one in world.bookings if one.session_id and one.status in BLOCKING])
        if taken != world.seats_taken or not 0 <= taken <= world.capacity:
            fail("O2", f"{taken} seats are taken, {world.seats_taken} counted, {world.capacity} exist")
    else:
        rivals = [one for one in world.bookings if one.slot == booking.slot and one.status in BLOCKING]
        fail("O1" if len(rivals) > 1 else "O3", f"{booking} is {booking.status}, its claim says otherwise")


# --- at quiet -------------------------------------------------------------------------------------------------


def check_settled(world: Any) -> None:
    """What must hold soon after all faults are over, wherever the bookings stand: C2, H4, H5."""
    check_inbox(world)
    for receipt in world.tables["EventReceipt"]:
        if receipt.done_at is None:
            fail("H4", f"{receipt.event.booking} {receipt.event.verb}: a subscriber never heard of it")
    for operation in world.tables["PaymentOperation"]:
        if operation.state in UNFINISHED:
            fail("C2", f"{operation.key} is {operation.state}")


def check_pages(world: Any) -> None:
    """M6: nobody can pay any more for what is over, where the provider can end a page."""
    for booking in world.bookings:
        for payment in booking.payments:
            page = None if payment.mismatch else world.page_of(payment)
            if page and booking.status in DEAD and page.provider == "stripe" and world.is_payable(page):
                fail("M6", f"{booking} is {booking.status}, but its page can still be paid")


def check_inbox(world: Any) -> None:
    seen = set()
    for row in world.tables["WebhookEvent"]:
        if (row.provider, row.event_id) in seen:
            fail("H5", f"{row.event_id} is stored twice")
        seen.add((row.provider, row.event_id))
        if row.outcome == "waiting":
            fail("H5", f"{row.event_id} was never processed")


def check_quiet(world: Any) -> None:
    """What must hold at the very end: M3-M5, M9, C1, C2, O4 and the end of every story."""
    check_settled(world)
    for booking in world.bookings:
        if booking.status not in TERMINAL:
            fail("C2", f"{booking} is still {booking.status}, and nothing will change that")
        if any(payment.mismatch for payment in booking.payments):
            continue  # staff must look; nothing moved, as M8 has checked
        for payment in booking.payments:
            _check_like_provider(world, booking, payment)
        _check_money(world, booking)
    _check_freed(world)


def _check_like_provider(world: Any, booking: Any, payment: Any) -> None:
    """C1: field by field as the provider has it."""
    name = f"{booking} payment {payment.n}"
    page = world.page_of(payment)
    if page is None:
        if payment.status != "FAILED":
            fail("C1", f"{name} is {payment.status} without a page")
        return
    theirs = {
        "open": "CREATED",
        "held": "AUTHORIZED",
        "taken": "CAPTURED",
        "released": "VOIDED",
        "dead": "FAILED",
    }
    if payment.status != theirs[page.status] and not (
        page.status == "released" and payment.status == "FAILED"
    ):
        fail("C1", f"{name} is {payment.status}, at the provider {page.status}")
    if payment.captured_minor != page.captured_minor or _refunded(payment) != page.refunded_minor:
        fail(
            "C1",
            f"{name}: {_amounts(payment)}, at the provider {page.captured_minor} - {page.refunded_minor}",
        )
    if page.status == "held":
        fail("M4", f"{booking} is {booking.status} and still holds money")
    if page.provider == "stripe":
        ours = {
            row.provider_ref: (row.amount_minor, row.status)
            for row in payment.refunds
            if row.channel == "provider"
        }
        if [one["status"] for one in page.disputes] != [one.status for one in payment.disputes]:
            fail("C1", f"{name}: its dispute is {page.disputes[0]['status']} at the provider")
        if page.fee_told_at and payment.provider_fee_minor is None:
            fail("C1", f"{name}: the provider's fee was never booked")
        if ours != {one["ref"]: (one["amount_minor"], one["status"]) for one in page.refunds}:
            fail("C1", f"{name}: refunds {ours} are not the provider's")


def _check_money(world: Any, booking: Any) -> None:
    """M3, M4, M5, M9, M10, M11."""
    payments, entries = booking.payments, booking.entries
    pages = [page for payment in payments if (page := world.page_of(payment))]
    fees = sum(payment.provider_fee_minor or 0 for payment in payments)
    kept = sum(page.left_minor - page.disputed_minor for page in pages)
    at_providers = entries.get("clearing", 0) + entries.get("venue_shop", 0)
    if at_providers != kept - fees or entries.get("disputed", 0):
        fail("M5", f"{booking}: the ledger has {entries}, the provider {kept} less {fees}")
    # All of a booking's money is at one account, ours or the venue's own shop's.
    if entries.get("clearing" if booking.offer.is_own_shop else "venue_shop", 0):
        fail(
            "M10",
            f"{booking}: taken at {'its own shop' if booking.offer.is_own_shop else 'ours'}, and {entries}",
        )
    if booking.modes - {world.plan.is_live}:
        fail("M11", f"{booking}: booked as test and as real money")
    if entries.get("hold", 0):
        fail("M4", f"{booking}: the ledger still holds {entries['hold']}")
    parts = split(kept, booking)
    shares = [-entries.get(name, 0) for name in ("venue", "platform_fee", "tax")]
    if shares != [parts.venue_minor, parts.fee_minor, parts.tax_minor]:
        fail("M9", f"{booking}: shares {shares} of {kept}")
    if not payments or any(page.is_touched or page.disputes for page in pages):
        return  # money moved by hand or by a bank is taken over (C1), and left to staff
    # What came back from a guest's bank, or could not be sent, waits for staff.
    kept -= sum(stuck_minor(payment) for payment in payments)
    due = booking.watch.due_minor
    if booking.status == Status.CANCELLED:
        due = min(due, max(page.left_minor for page in pages) if any(p.was_paid_at for p in pages) else 0)
        _check_fee(booking, pages, kept)
    excused = booking.status == Status.COMPLETED and any(
        page.status == "released" and not page.is_attended for page in pages
    )
    if kept != due and not excused:
        fail("M3", f"{booking} is {booking.status} and should keep {due}, the provider has {kept}")


def _check_fee(booking: Any, pages: list[Any], kept: int) -> None:
    """A guest who cancelled late owes the frozen policy's fee, where money was there to take it from."""
    due = booking.watch.due_minor
    if kept > due:
        fail("M3", f"{booking} is cancelled for {due} and keeps {kept}")
    is_lapsed = any(page.status == "released" and page.why in ("lapse", "bank") for page in pages)
    if kept < due and not is_lapsed:
        fail("M3", f"{booking} is cancelled for {due} and keeps only {kept}")


def _check_freed(world: Any) -> None:
    """O4: whoever asks for the time of a dead booking gets it."""
    for booking in world.bookings:
        rivals = [one for one in world.bookings if one.slot == booking.slot and one.status in BLOCKING]
        if not booking.session_id and not rivals and booking.slot in world.claims:
            fail("O4", f"the time of {booking} stays taken")


def _refunded(payment: Any) -> int:
    if not payment.refunds:
        return 0
    return sum(refund.amount_minor for refund in payment.refunds if refund.status != "failed")


def stuck_minor(payment: Any) -> int:
    return sum(one.amount_minor for one in payment.refunds if one.status == "failed" and not one.solved_at)


def _amounts(payment: Any) -> str:
    return (
        f"agreed {payment.amount_minor}, held {payment.authorized_minor}, taken {payment.captured_minor}, "
        f"given back {_refunded(payment)}"
    )
