"""Leads a history on to what comes late: answers to banks, refunds that fail, venues paid, nights.

Drawn at random these would hardly ever come together: each needs several acts before it, and days between them.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

from payments.models import Dispute, Payout, Refund
from payments.refunds import services as refund_services
from tests.simulation.db import nightly
from tests.simulation.plan import Action

Status = Payout.Status
REFUND_FAILS = dt.timedelta(hours=25)
# What the bank makes of a payout in its file.
OUTCOMES = (Status.PAID, Status.PAID, Status.FAILED)
PAID = ("CONFIRMED", "COMPLETED", "CANCELLED")
WEEKLY_SHARE = 0.4
# How often a lead begins what it then follows.
CASES_SHARE, REFUNDS_SHARE = 0.2, 0.5
FAULTS_SHARE = 0.5


def make_answer(draws: Any, world: Any) -> Action | None:
    """Have a bank ask, get to know of it, and answer or give it up."""
    if not world.touched:
        return draws.make_case(world) if draws.own.random() < CASES_SHARE else None
    unanswered = Dispute.objects.filter(status__in=Dispute.OPEN, submitted_at=None)
    if unanswered.exists():
        return draws.make_answer(world)
    return make_news(draws, world)


def make_failed_refund(draws: Any, world: Any) -> Action | None:
    """Give something back, wait until that fails, hear of it, and deal with it."""
    if world.plan.refund_mood != "fails":
        return None
    if refund_services.waiting().exists():
        return draws.make_solve(world)
    made = Refund.objects.filter(status="succeeded", channel="provider", payment__provider="stripe")
    last = made.order_by("pk").values_list("created_at", flat=True).last()
    if last is None:
        return _make_refund(draws, world)
    if last + REFUND_FAILS > world.now:
        return ("clock", (last + REFUND_FAILS - world.now).total_seconds())
    return make_news(draws, world)


def _make_refund(draws: Any, world: Any) -> Action | None:
    """Decide on one, or make what was decided."""
    if rung := [bell for bell in world.bells if bell[0] == "settle"]:
        return draws.task(*draws.own.choice(rung))
    is_wanted = draws.own.random() < REFUNDS_SHARE
    return draws.make_refund(world) if is_wanted and any(map(_is_taken, world.by_offer.values())) else None


def make_payout(draws: Any, world: Any) -> Action | None:
    """Wait until a venue is due, begin a run, send what it made, and say what became of it."""
    if not world.plan.payee:
        return None
    payout = Payout.objects.order_by("pk").last()
    if payout and payout.status in (Status.READY, Status.SENDING):
        return _send(draws, payout)
    if payout and payout.status == Status.PAID and draws.own.random() < 0.15:
        return _take_back(draws, world, payout)
    earned = [one for one in world.by_offer.values() if one.status in PAID and _is_taken(one)]
    if not earned:
        return None
    _, delay_hours, _ = world.plan.payee
    due_at = max(one.starts_at for one in earned) + dt.timedelta(hours=delay_hours)
    if due_at > world.now and draws.own.random() < 0.7:
        return ("clock", (due_at - world.now).total_seconds() + draws.own.choice((1, 200_000)))
    is_clocks = draws.own.random() < WEEKLY_SHARE
    return draws.task("pay_sweep" if is_clocks else "payout_run", "")


def _is_taken(booking: Any) -> bool:
    return any(payment.status == "CAPTURED" for payment in booking.payments)


def _send(draws: Any, payout: Payout) -> Action:
    if payout.method == Payout.Method.STRIPE:
        if draws.faults and draws.own.random() < FAULTS_SHARE:
            # After the commit that takes the payout up: at the call itself.
            return ("run", "send", payout.pk, (None, draws.own.choice(draws.faults)))
        return draws.task(*draws.own.choice((("send", payout.pk), ("pay_sweep", ""))))
    if payout.status == Status.READY:
        return draws.task("bank_file", draws.own.choice(("csv", "xml")))
    return draws.task("close", (payout.pk, str(draws.own.choice(OUTCOMES))))


def _take_back(draws: Any, world: Any, payout: Payout) -> Action | None:
    """A bank returns what it paid; a transfer is fetched back in the dashboard, which is to be heard of somehow."""
    if payout.method == Payout.Method.BANK:
        return draws.task("close", (payout.pk, str(Status.RETURNED)))
    is_heard = not world.plan.is_silent
    is_fresh = payout.sent_at and world.now - payout.sent_at < dt.timedelta(days=1)
    is_found = world.plan.has_nights and is_fresh
    return ("take_back", payout.key) if is_found or (is_heard and not world.plan.has_nights) else None


def make_night(draws: Any, world: Any) -> Action | None:
    """Go to the hour of the comparison, or make it by hand with whatever goes wrong on its way."""
    if not world.plan.has_nights or not world.by_offer:
        return None
    if draws.own.random() < 0.3:
        return ("clock", max((nightly.next_night(world.now) - world.now).total_seconds() - 60, 0.0))
    return draws.task("nightly", "")


def make_news(draws: Any, world: Any) -> Action | None:
    """Deliver a message, or process one that came."""
    rung = [bell for bell in world.bells if bell[0] == "webhook"]
    if rung:
        return draws.task(*draws.own.choice(rung))
    return ("deliver", draws.own.choice(world.wire).event_id) if world.wire else None


LEADS: list[Callable[[Any, Any], Action | None]] = [make_answer, make_failed_refund, make_payout, make_night]
