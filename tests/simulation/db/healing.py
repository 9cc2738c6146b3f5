"""The end of a history with the database: the same as without; see tests/simulation/healing.py."""

import datetime as dt

from django.db.models import F, Min

from bookings.deadlines import COMPLETE_AFTER, LAPSE_MARGIN
from bookings.models import Booking
from payments.models import Refund, Settlement
from payments.services import OUTAGE_PATIENCE
from tests.simulation.db import checks
from tests.simulation.db.world import SWEEPS, DbWorld
from tests.simulation.healing import LONGEST_LOOK, MAX_ROUNDS
from tests.simulation.invariants import Violation

PAUSES = (35, 301, 901, 1000)


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
    checks.check_quiet(world)


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
        world.collect()
        if world.processes.points == before:
            break
    checks.check_always(world)


def _live_on(world: DbWorld) -> None:
    for _ in range(MAX_ROUNDS):
        moment = _next_moment(world.now)
        if moment is None:
            break
        world.say(f"--- {moment:%d %H:%M}")
        _round(world, (moment - world.now).total_seconds() + 1)
    else:
        raise Violation("C2", "the deadlines never end")
    _round(world, LONGEST_LOOK.total_seconds())


def _next_moment(now: dt.datetime) -> dt.datetime | None:
    """When something should happen next by itself."""
    moments = [
        Settlement.objects.filter(due_at__gt=now).aggregate(at=Min("due_at"))["at"],
        # A pending refund settles an hour after it was made, and may fail a day later.
        Refund.objects.filter(created_at__gt=now - dt.timedelta(hours=25)).aggregate(
            at=Min(F("created_at") + dt.timedelta(hours=25))
        )["at"],
    ]
    for booking in Booking.objects.filter(status__in=("PENDING_PAYMENT", "PENDING_APPROVAL", "CONFIRMED")):
        moments += _moments(booking)
    return min((moment for moment in moments if moment and moment > now), default=None)


def _moments(booking: Booking) -> list[dt.datetime]:
    if booking.status == "PENDING_PAYMENT":
        return [booking.payment_due_at, booking.payment_due_at + OUTAGE_PATIENCE]
    if booking.is_undecided:
        return [booking.decide_by]
    if booking.status != "CONFIRMED":
        return []
    found = [booking.ends_at + COMPLETE_AFTER]
    if booking.held_until and not booking.paid_at:
        found.append(max(booking.held_until - LAPSE_MARGIN, booking.ends_at))
    return found
