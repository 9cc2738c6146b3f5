"""Who acts next in a history with the database: the pure layer's scheduler, and what only real services can do.

Its own luck comes from a second source, so that what the shared scheduler draws stays as it is without it.
"""

import random
from collections.abc import Callable, Sequence
from typing import Any

from payments import refunding
from payments.models import Dispute, Refund
from tests.simulation.plan import Action
from tests.simulation.scheduler import Scheduler

# Kinds of action that only the pure layer knows.
UNKNOWN = ("lie", "tamper", "bank", "dashboard")
# What an answer to a bank says; the sandbox judges these words, and any others only after two months.
ANSWERS = ("winning_evidence", "winning_evidence", "losing_evidence", "we disagree")
ENDS = {"chargeback": ("won", "lost"), "inquiry": ("closed", "escalated", "lost")}
HOURS = (0.1, 2, 60, 300)
RATES = (0.0, 0.15, 0.3, 0.5)  # of which a history draws how much banks, dashboards and staff do in it
YOUNG = ("PENDING_PAYMENT", "PENDING_APPROVAL")
SOLUTIONS = ("retry", "credit", "hand")


def is_credited(ref: str) -> bool:
    return Refund.objects.filter(payment__session_ref=ref, channel=Refund.Channel.CREDIT).exists()


class DbScheduler(Scheduler):
    """Draws the shared actions, and between them those of banks, of a dashboard and of staff."""

    def __init__(self, seed: int, faults: Sequence[str] | None = None) -> None:
        super().__init__(seed, faults)
        self.own = random.Random(f"with the database {seed}")
        self.own_rate = self.own.choice(RATES)
        # Many a history ends before anybody paid: most are led on until somebody has, or all is over.
        self.is_led = self.own.random() < 0.7

    def next(self, world: Any) -> Action:
        is_led = self.is_led and self.own.random() < 0.6 and self._is_young(world)
        if is_led and (action := self._lead(world)):
            return action
        if self.own.random() < self.own_rate and world.by_offer:
            for make in self.own.sample(MAKERS, 3):
                if action := make(self, world):
                    return action
        while (action := super().next(world))[0] in UNKNOWN:
            pass
        return action

    def _lead(self, world: Any) -> Action | None:
        """What is under way goes on before the same is begun once more."""
        is_begun = world.tasks and self.own.random() < 0.7
        return self.make_step(world) if is_begun else self.make_progress(world)

    def _is_young(self, world: Any) -> bool:
        return not any(one.status not in YOUNG for one in world.by_offer.values())

    def own_page(self, world: Any, *statuses: str, provider: str = "") -> Any:
        """A page at a provider whose acts are told; what is never told waits for the nightly comparison."""
        if world.plan.is_silent:
            return None
        pages = [
            page
            for name, one in world.providers.items()
            for page in one.pages.values()
            if page.status in statuses and provider in ("", name)
        ]
        return self.own.choice(pages) if pages else None

    def own_index(self, world: Any, *statuses: str) -> int | None:
        found = [index for index, booking in world.by_offer.items() if booking.status in statuses]
        return self.own.choice(found) if found else None

    def make_case(self, world: Any) -> Action | None:
        """A bank asks, or takes the money back; how it will decide if nobody answers, and when."""
        page = self.own_page(world, "taken", provider="stripe")
        kind = self.own.choice(list(ENDS))
        return page and ("dispute", page.ref, self.own.choice(ENDS[kind]), self.own.choice(HOURS), kind,
                         self.own.choice((None, None, 2_500)))  # fmt: skip

    def make_answer(self, world: Any) -> Action | None:
        """Staff answer a dispute, or give it up."""
        cases = list(Dispute.objects.order_by("pk").values_list("pk", flat=True)) if world.touched else []
        if not cases:
            return None
        what = None if self.own.random() < 0.2 else self.own.choice(ANSWERS)
        return self.task("answer", (self.own.choice(cases), what))

    def make_by_hand(self, world: Any) -> Action | None:
        """Somebody works in a provider's dashboard; Octo's refunds made there are not told to anybody.

        A refund of what was given as a credit costs twice: it is flagged, and no invariant holds any more.
        """
        what = self.own.choice(("refund", "refund", "capture", "cancel"))
        page = (
            self.own_page(world, "taken", provider="stripe")
            if what == "refund"
            else self.own_page(world, "held")
        )
        amount = self.own.choice((100, 5_000, None)) if what != "cancel" else None
        if page and what == "refund" and is_credited(page.ref):
            return None
        return page and ("by_hand", page.ref, what, amount)

    def make_refund(self, world: Any) -> Action | None:
        """Staff give money back, or as a credit; the same form may be sent twice."""
        index = self.own_index(world, "CONFIRMED", "COMPLETED", "CANCELLED")
        if index is None:
            return None
        amount = self.own.choice((500, 5_000, None))
        return self.task("refund", (index, amount, f"form-{self.own.randrange(3)}", self.own.random() < 0.2))

    def make_adjust(self, world: Any) -> Action | None:
        """Staff lower what a booking costs."""
        index = self.own_index(world, "CONFIRMED", "COMPLETED")
        return None if index is None else self.task("adjust", (index, self.own.choice((0, 50, 90))))

    def make_override(self, world: Any) -> Action | None:
        """Staff cancel for a fee set by hand."""
        index = self.own_index(world, "CONFIRMED", "PENDING_APPROVAL")
        is_rare = self.own.random() < 0.7  # most of what follows wants a booking that stands
        return (
            None
            if index is None or is_rare
            else self.task("override", (index, self.own.choice((0, 30, 100))))
        )

    def make_solve(self, world: Any) -> Action | None:
        """Staff deal with a refund that failed."""
        waiting = list(refunding.waiting().values_list("pk", flat=True)) if world.by_offer else []
        return self.task("solve", (waiting[0], self.own.choice(SOLUTIONS))) if waiting else None


MAKERS: list[Callable[[DbScheduler, Any], Action | None]] = [
    *[DbScheduler.make_case] * 3,
    *[DbScheduler.make_answer] * 3,
    *[DbScheduler.make_by_hand] * 2,
    *[DbScheduler.make_refund] * 3,
    *[DbScheduler.make_solve] * 2,
    DbScheduler.make_adjust,
    DbScheduler.make_override,
]
