"""The end of a history with the database: the same as without; see tests/simulation/healing.py."""

import datetime as dt

from django.db import connection

from bookings.lifecycle.deadlines import COMPLETE_AFTER, LAPSE_MARGIN
from payments.lifecycle.services import OUTAGE_PATIENCE
from payments.models import Dispute, Payment
from tests.simulation.db import checks, nightly, payouts
from tests.simulation.db.world import SWEEPS, DbWorld
from tests.simulation.healing import LONGEST_LOOK, MAX_ROUNDS
from tests.simulation.invariants import Violation

REFUND_FAILS = dt.timedelta(hours=25)
# The last one is for a message that waited for what the one before it ended.
PAUSES = (35, 301, 901, 1000, 301)


def _later(span: dt.timedelta) -> str:
    return f"interval '{span.total_seconds()} seconds'"


# What happens by itself to a booking, each kind at its next moment after $1.
COMING = f"""
    SELECT
        (SELECT min(due_at) FROM payments_settlement WHERE due_at > $1),
        -- A pending refund settles an hour after it was made, and may fail a day later.
        (SELECT min(created_at) + {_later(REFUND_FAILS)} FROM payments_refund
            WHERE created_at > $1 - {_later(REFUND_FAILS)}),
        min(payment_due_at) FILTER (WHERE status = 'PENDING_PAYMENT' AND payment_due_at > $1),
        min(payment_due_at) FILTER (WHERE status = 'PENDING_PAYMENT'
            AND payment_due_at > $1 - {_later(OUTAGE_PATIENCE)}) + {_later(OUTAGE_PATIENCE)},
        min(decide_by) FILTER (WHERE status = 'PENDING_APPROVAL' AND decision = '' AND decide_by > $1),
        min(ends_at) FILTER (WHERE status = 'CONFIRMED'
            AND ends_at > $1 - {_later(COMPLETE_AFTER)}) + {_later(COMPLETE_AFTER)},
        min(greatest(held_until - {_later(LAPSE_MARGIN)}, ends_at)) FILTER (WHERE status = 'CONFIRMED'
            AND paid_at IS NULL AND held_until IS NOT NULL
            AND greatest(held_until - {_later(LAPSE_MARGIN)}, ends_at) > $1)
    FROM bookings_booking
"""


def heal(world: DbWorld) -> None:
    """End all faults and let the product come to rest. Raises: Violation when it does not, or not rightly."""
    world.say("--- healing")
    world.link.outages.clear()
    if not world.plan.keeps_bells:
        world.bells.clear()
    for number in list(world.tasks):
        process = world.tasks.pop(number)
        process.finish()
        world.look_at(process)
    for pause in PAUSES:
        _round(world, pause)
    checks.check_settled(world)
    _live_on(world)
    _compare(world)
    if world.plan.payee:
        _pay(world)
        _compare(world)
        payouts.check_quiet(world)
    nightly.check_quiet(world)
    checks.check_quiet(world)


def _compare(world: DbWorld) -> None:
    """Live on from night to night until a comparison finds nothing any more. Raises: Violation when none does."""
    if not world.plan.has_nights:
        return
    for _ in range(nightly.MOST_NIGHTS):
        last = nightly.latest_run()
        _round(world, (nightly.next_night(world.now) - world.now).total_seconds() + 1)
        _live_on(world)
        if nightly.found_nothing(last):
            return
    raise Violation("C1", "the nightly comparison finds something every night")


def _pay(world: DbWorld) -> None:
    """Live on from week to week until every venue has what it earned."""
    for _ in range(payouts.MOST_WEEKS):
        _round(world, payouts.WEEK.total_seconds())
        payouts.end_what_waits(world)
    world.check()


def _round(world: DbWorld, seconds: float) -> None:
    world.do_clock(seconds)
    world.collect()
    letters = list(reversed(world.wire)) if world.plan.is_reversed else list(world.wire)
    world.wire.clear()
    for letter in letters:
        world.receive(letter)
    for _ in range(3):
        before = world.processes.points
        while world.bells and world.plan.keeps_bells:
            world.do_run(*world.bells[0])
        world.bells.clear()
        for name in SWEEPS:
            world.do_run("sweep", name)
        if world.plan.payee:
            world.do_run("pay_sweep", "")
        if world.plan.has_nights:
            world.do_run("nightly", "")
        world.collect()
        if world.processes.points == before:
            break
    world.check()


def _live_on(world: DbWorld) -> None:
    for _ in range(MAX_ROUNDS):
        moment = _next_moment(world)
        if moment is None:
            break
        world.say(f"--- {moment:%d %H:%M}")
        _round(world, (moment - world.now).total_seconds() + 1)
    else:
        raise Violation("C2", "the deadlines never end")
    _round(world, LONGEST_LOOK.total_seconds())


def _next_moment(world: DbWorld) -> dt.datetime | None:
    """When something should happen next by itself."""
    now, verdicts = world.now, world.next_verdict()
    with connection.cursor() as cursor:
        cursor.execute("EXECUTE coming (%s)", [now])
        moments = [*verdicts, *cursor.fetchone()]
    if world.touched and not verdicts:
        # A case whose end nobody told us of is looked at daily.
        unheard = Payment.objects.filter(disputes__status__in=Dispute.OPEN)
        moments += unheard.values_list("next_sync_at", flat=True)
    return min((moment for moment in moments if moment and moment > now), default=None)


def prepare() -> None:
    """Have the server keep the plan of the question, on this connection."""
    with connection.cursor() as cursor:
        cursor.execute(f"PREPARE coming (timestamptz) AS {COMING}")
