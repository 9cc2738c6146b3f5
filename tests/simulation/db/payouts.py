"""How venues are paid in a history: runs by staff or by the week, transfers, bank files, and money that comes back.

The bank is played by staff, who say what became of a file; Stripe by the sandbox.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.db.models import Sum

from payments import tasks
from payments.models import Dispute, LedgerEntry, PaymentSettings, Payout, PayoutLine, PayoutRun, PayoutSkip
from payments.payouts import bank_export
from payments.payouts import services as payouts
from payments.payouts.due import preview
from payments.payouts.services import PayoutError
from sandbox.stripe import accounts, transfers
from tests.simulation.invariants import Violation

Status = Payout.Status
BANK = {
    "account_holder": "Simulated Rooms Ltd", "bank_account": "FR1420041010050500013M02606", "bank_code": "BNPAFRPP",
}  # fmt: skip
NO_DETAILS = {"payout_method": "bank", "stripe_account_ref": "", "account_holder": "", "bank_account": ""}
# The longest that a venue waits for a run, and Stripe until what was taken can be transferred, and then some.
WEEK = dt.timedelta(days=7)
MOST_WEEKS = 3
# A taken-back transfer of which no message comes is found by the comparison of the nights after it was made.
FRESH = dt.timedelta(days=1)
_payees: set[int] = set()


def lay_out(world: Any) -> None:
    """Give the venues of this history the details they are paid by, and take away those of an earlier one."""
    PaymentSettings.objects.filter(venue_id__in=_payees).update(**NO_DETAILS)
    _payees.clear()
    if not world.plan.payee:
        return
    method, delay_hours, minimum_minor = world.plan.payee
    details = {
        "payout_method": method,
        "payout_delay_hours": delay_hours,
        "payout_minimum_minor": minimum_minor,
    }
    details |= {"stripe_account_ref": _connected_account(world)} if method == "stripe" else BANK
    _payees.update(room.venue_id for room in world.goods)
    PaymentSettings.objects.filter(venue_id__in=_payees).update(**details)


def _connected_account(world: Any) -> str:
    def opened(account: Any, order: dict[str, Any]) -> dict[str, Any]:
        made = accounts.create(account, {name: order[name] for name in ("type", "country")})
        accounts.set_state(account, made, "enabled")
        return made

    return world.sandbox.stripe.order(opened, {"type": "express", "country": "US", "mode": world.mode})["id"]


# --- what is done ---------------------------------------------------------------------------------------------


def begin_run(world: Any, _: Any) -> None:
    payouts.begin_run()


def go_on(world: Any, _: Any) -> None:
    tasks.run_payouts()


def send(world: Any, payout_pk: int) -> None:
    tasks.send_payout(payout_pk)


def sweep(world: Any, _: Any) -> None:
    """What the clock does: this week's run, and what waits."""
    tasks.sweep_payouts()


def bank_file(world: Any, form: str) -> None:
    ready = Payout.objects.filter(method="bank", status=Status.READY)
    bank_export.export(list(ready.values_list("pk", flat=True)), form=form, by=None)


def close(world: Any, order: tuple[int, str]) -> None:
    """Staff say what the bank made of a payout."""
    payout_pk, status = order
    payouts.close(payout_pk, status, reason="The bank says so." if status != Status.PAID else "")


def take_back(world: Any, key: str) -> Any:
    """Somebody fetches a transfer back in Stripe's dashboard; returns it, or None where that is not possible."""
    made = world.account.all("transfer").values()
    ref = next((one["id"] for one in made if one["transfer_group"] == key), None)
    if ref is None:
        return None
    world.touched.add(ref)
    return world.obey_order(lambda account, _: transfers.reverse(account, {}, ref), {"mode": world.mode})


WORK: dict[str, Callable[[Any, Any], None]] = {
    "payout_run": begin_run, "payouts": go_on, "send": send, "pay_sweep": sweep, "bank_file": bank_file,
    "close": close,
}  # fmt: skip
STAFFS = ("payout_run", "bank_file", "close")


def work(world: Any, name: str, order: Any) -> None:
    """Do it, or be refused."""
    try:
        WORK[name](world, order)
    except PayoutError as refusal:
        world.say(f"  refused: {refusal}")
    else:
        if name in STAFFS:
            world.cover(f"payouts: {name}")
    # Now, before anything else moves what the bookings have earned.
    check(world)


# --- what must hold -------------------------------------------------------------------------------------------


class Ledge:
    """What was last seen of a history's payouts, so that each change is counted and checked once."""

    def __init__(self) -> None:
        self.statuses: dict[int, str] = {}
        self.skips = 0
        self.writes = -1


def check(world: Any) -> None:
    """M5, M9, whenever a payout was written: never for a frozen booking, never twice. Raises: Violation."""
    seen, writes = world.ledge, world.watch.to("payments_payout", "payments_payoutskip")
    if not world.plan.payee or seen.writes == writes:
        return
    seen.writes = writes
    for payout in Payout.objects.order_by("pk"):
        before = seen.statuses.get(payout.pk)
        if before is None:
            _check_new(payout)
        if before != payout.status:
            world.cover(f"payout by {payout.method} {payout.status}")
            seen.statuses[payout.pk] = payout.status
    skips = PayoutSkip.objects.order_by("pk")[seen.skips :]
    for skip in skips:
        seen.skips += 1
        world.cover(f"venue not paid: {skip.reason}")
        if skip.reason == PayoutSkip.Reason.TROUBLE:
            raise Violation("C2", f"{skip}: an error of ours")


def _check_new(payout: Payout) -> None:
    """Raises: Violation."""
    if payout.status in Payout.UNDONE:
        return
    lines = PayoutLine.objects.filter(payout=payout)
    if frozen := lines.filter(booking__payments__disputes__status__in=Dispute.OPEN).first():
        raise Violation("M5", f"{payout} pays for {frozen.booking}, whose payment is disputed")
    for line in lines.select_related("booking"):
        earned, paid = _earned(line.booking_id), _paid(line.booking_id)
        if earned != paid:
            raise Violation("M9", f"{line.booking} earned {earned}, and {paid} was paid, after {payout}")


def _earned(booking_id: int) -> int:
    """What a booking owes its venue, before any payout."""
    shares = LedgerEntry.objects.filter(transaction__booking=booking_id, account="venue")
    return -(shares.aggregate(total=Sum("amount_minor"))["total"] or 0)


def _paid(booking_id: int) -> int:
    lines = PayoutLine.objects.filter(booking=booking_id).exclude(payout__status__in=Payout.UNDONE)
    return lines.aggregate(total=Sum("amount_minor"))["total"] or 0


def check_quiet(world: Any) -> None:
    """Everybody has what they earned, once, and Stripe knows of no other transfers. Raises: Violation."""
    if run := PayoutRun.objects.filter(finished_at=None).first():
        raise Violation("C2", f"{run} never ended")
    if payout := Payout.objects.filter(status__in=[Status.READY, Status.SENDING]).first():
        raise Violation("C2", f"{payout} is still {payout.status}")
    for due in preview(world.now):
        if not due.reason and not _is_short_of_money(due.venue_id):
            raise Violation("M5", f"a venue is owed {due.amount_minor} that no run pays")
    _check_transfers(world)


def _is_short_of_money(venue_id: int) -> bool:
    """What Stripe's balance does not hold, since a bank or a fee took it, waits until there is more."""
    last = Payout.objects.filter(venue=venue_id, method="stripe").order_by("pk").last()
    return last is not None and last.status == Status.FAILED and "balance_insufficient" in last.error


def _check_transfers(world: Any) -> None:
    """M7, C1: each payout is one transfer or none, as its status says. Raises: Violation."""
    made = world.account.all("transfer").values()
    if twice := [key for key, count in Counter(one["transfer_group"] for one in made).items() if count > 1]:
        raise Violation("M7", f"{twice[0]} was transferred twice")
    left = {one["transfer_group"]: one["amount"] - one["amount_reversed"] for one in made}
    for payout in Payout.objects.filter(method="stripe"):
        ours = payout.amount_minor if payout.status == Status.PAID else 0
        if left.pop(payout.key, 0) != ours:
            raise Violation("C1", f"{payout} is {payout.status}, which Stripe's transfers do not say")
    if left:
        raise Violation("C1", f"transfers nobody asked for: {left}")


# --- the end --------------------------------------------------------------------------------------------------


def end_what_waits(world: Any) -> None:
    """Staff hand over to the bank what is ready, and the bank pays all it has."""
    world.do_run("bank_file", "csv")
    for pk in Payout.objects.filter(method="bank", status=Status.SENDING).values_list("pk", flat=True):
        world.do_run("close", (pk, str(Status.PAID)))
