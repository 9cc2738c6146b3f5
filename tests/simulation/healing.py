"""The end of every history: faults are over, time goes on, the sweeps come by, and in the end nothing is left to do."""

import datetime as dt
from typing import Any

from bookings.lifecycle.deadlines import COMPLETE_AFTER, LAPSE_MARGIN
from payments.lifecycle.services import OUTAGE_PATIENCE
from tests.simulation import flows, invariants
from tests.simulation.invariants import TERMINAL, Violation
from tests.simulation.shared import settlement
from tests.simulation.task import Task

# The sweeps must have mended everything after these pauses: settle tries again within 15 minutes at the latest.
PAUSES = (5, 61, 301, 901)
LONGEST_LOOK = dt.timedelta(minutes=61)  # between two looks at an open payment of at most 30 days
MAX_ROUNDS = 40


def heal(world: Any) -> None:
    """End all faults and let the product come to rest. Raises: Violation when it does not, or not rightly."""
    world.say("--- healing")
    world.outages.clear()
    if world.plan.keeps_bells:
        _hear_bells(world)
    else:
        world.bells.clear()
    for number in list(world.tasks):
        task = world.tasks.pop(number)
        while not task.is_over:
            world.advance(task)
    for pause in PAUSES:
        _round(world, pause)
    invariants.check_pages(world)
    _round(world, 1000)
    _round(world, 60)
    invariants.check_settled(world)
    _staff_try_again(world)
    _live_on(world)
    invariants.check_quiet(world)


def deliver_again(world: Any) -> None:
    """C3: every message ever sent arrives once more, and nothing changes."""
    before = digest(world)
    for message in list(world.sent):
        world.receive(message)
    world.bells.clear()
    sweep(world)
    if digest(world) != before:
        raise Violation("C3", "messages that came again changed something")


def digest(world: Any) -> list[Any]:
    """Where everything stands, for comparison."""
    return [
        (
            booking.status, booking.version, booking.due_minor, sorted(booking.entries.items()),
            [(p.status, p.captured_minor, invariants._refunded(p), len(p.operations)) for p in booking.payments],
        )
        for booking in world.bookings
    ]  # fmt: skip


def sweep(world: Any) -> bool:
    """Let every sweep run once, undisturbed; returns whether any had something to do."""
    is_busy = False
    for name, (due, work) in flows.SWEEPS.items():
        if rows := due(world.now):
            is_busy = True
            world.finish(Task("sweep", name, flows.each(rows, work), flows.COMMIT))
    if is_busy:
        for booking in world.bookings:
            invariants.check_always(world, booking)
    return is_busy


def _round(world: Any, seconds: float) -> None:
    world.do_clock(seconds)
    for provider in world.providers.values():
        if provider.pages:
            provider.tick()
    _deliver_all(world)
    if sweep(world):
        world.now += dt.timedelta(milliseconds=10)
        sweep(world)
    _attend(world)


def _staff_try_again(world: Any) -> None:
    """Staff find the refunds that failed in their queue, and send them once more."""
    world.refund_mood = "instant"
    for refund in world.tables["Refund"]:
        if refund.status == "failed" and not refund.solved_at:
            refund.solution, refund.solved_at = "retry", world.now
            settlement.mark(refund.payment.booking.pk)


def _attend(world: Any) -> None:
    for provider in world.providers.values():
        for page in provider.pages.values():
            if page.status == "held" and page.capture_before - LAPSE_MARGIN <= world.now:
                page.is_attended = True


def _deliver_all(world: Any) -> None:
    if world.wire:
        messages = list(reversed(world.wire)) if world.plan.is_reversed else list(world.wire)
        world.wire.clear()
        for message in messages:
            world.receive(message)
    if world.plan.keeps_bells:
        _hear_bells(world)
    else:
        world.bells.clear()


def _hear_bells(world: Any) -> None:
    for _ in range(200):
        if not world.bells:
            return
        name, arg = world.bells[0]
        world.do_run(name, arg)
    raise Violation("C2", "the doorbells never stop")


def _live_on(world: Any) -> None:
    """Go from deadline to deadline until every story is over."""
    for _ in range(MAX_ROUNDS):
        moment = _next_moment(world)
        if moment is None:
            break
        seconds = max((moment - world.now).total_seconds(), 0) + 1
        if world.story is not None:
            world.say(f"--- {moment:%d %H:%M}")
        _round(world, seconds)
    else:
        raise Violation("C2", "the deadlines never end")
    _round(world, LONGEST_LOOK.total_seconds())
    _round(world, 61)


def _next_moment(world: Any) -> dt.datetime | None:
    moments = [moment for booking in world.bookings for moment in _moments(world, booking)]
    return min((moment for moment in moments if moment > world.now), default=None)


def _moments(world: Any, booking: Any) -> list[dt.datetime]:
    """When something should happen to a booking by itself."""
    found = [
        refund["due_at"]
        for payment in booking.payments
        if (page := world.page_of(payment))
        for refund in (*page.refunds, *page.disputes)
        if refund["status"] in ("pending", "needs_response")
    ]
    found += [one.due_at for one in world.tables["Settlement"] if one.booking_id == booking.pk and one.due_at]
    if booking.status in TERMINAL:
        return found
    if booking.status == "PENDING_PAYMENT":
        # A provider out of reach is waited for.
        found += [booking.payment_due_at, booking.payment_due_at + OUTAGE_PATIENCE]
    elif booking.is_undecided:
        found.append(booking.decide_by)
    elif booking.status == "CONFIRMED":
        found.append(booking.ends_at + COMPLETE_AFTER)
        if booking.held_until and not booking.paid_at:
            found.append(max(booking.held_until - LAPSE_MARGIN, booking.ends_at))
    return found
