"""What staff do in a history: refunds, lower prices, fees by hand, refunds that failed, answers to banks.

And the table of all further processes: payouts and the nightly comparison.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from bookings.lifecycle import services as bookings
from bookings.models import Booking
from core import clock
from payments.disputes import services as dispute_services
from payments.refunds import services as refund_services
from tests.simulation.db import nightly, payouts, stage

REASON = "Asked by the guest."


def refund(world: Any, order: tuple[int, int | None, str, bool]) -> None:
    index, amount_minor, key, as_credit = order
    refund_services.refund(
        booking_id=world.rows[index], actor=stage.actor("staff"), amount_minor=amount_minor, reason=REASON,
        key=f"{key}-{index}", as_credit=as_credit,
    )  # fmt: skip


def adjust(world: Any, order: tuple[int, int]) -> None:
    index, percent = order
    due_minor = Booking.objects.values_list("due_minor", flat=True).get(pk=world.rows[index])
    bookings.adjust(
        booking_id=world.rows[index], actor=stage.actor("staff"), due_minor=due_minor * percent // 100,
        reason=REASON,
    )  # fmt: skip


def override(world: Any, order: tuple[int, int]) -> None:
    index, percent = order
    due_minor = Booking.objects.values_list("due_minor", flat=True).get(pk=world.rows[index])
    bookings.cancel(
        booking_id=world.rows[index], actor=stage.actor("staff"), fee_minor=due_minor * percent // 100,
        reason=REASON,
    )  # fmt: skip


def solve(world: Any, order: tuple[int, str]) -> None:
    refund_id, how = order
    who: dict[str, Any] = {"refund_id": refund_id, "actor": stage.actor("staff"), "reason": REASON}
    if how == "retry":
        refund_services.try_again(**who)
    elif how == "credit":
        refund_services.solve_by_credit(**who)
    else:
        refund_services.paid_by_hand(**who, reference="Transfer 17", paid_date=clock.now().date())


def answer(world: Any, order: tuple[int, str | None]) -> None:
    dispute_id, words = order
    if words is None:
        dispute_services.accept(dispute_id=dispute_id)
    else:
        dispute_services.submit(dispute_id=dispute_id, texts={"uncategorized_text": words})


def _payouts(name: str, world: Any, order: Any) -> None:
    payouts.work(world, name, order)


def work(world: Any, name: str, order: Any) -> None:
    """Let staff or the clock do it, and count what was not refused.

    Raises: BookingError, CannotAnswer, ProviderError.
    """
    WORK[name](world, order)
    if name in STAFFS:
        world.cover(f"staff: {name}")


STAFFS = {"refund": refund, "adjust": adjust, "override": override, "solve": solve, "answer": answer}
WORK: dict[str, Callable[[Any, Any], None]] = {
    **STAFFS,
    **{name: partial(_payouts, name) for name in payouts.WORK},
    "nightly": nightly.compare,
}
