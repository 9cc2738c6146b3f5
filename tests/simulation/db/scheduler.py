"""Who acts next in a history with the database: the pure layer's scheduler, and what only real services can do.

Its own luck comes from a second source, so that what the shared scheduler draws stays as it is without it.
"""

import datetime as dt
import random
from collections.abc import Callable, Sequence
from typing import Any

from payments.models import Dispute, Refund
from payments.refunds import services as refund_services
from tests.simulation.db import leads
from tests.simulation.plan import Action, Plan
from tests.simulation.scheduler import Scheduler

# Kinds of action that only the pure layer knows.
UNKNOWN = ("lie", "tamper", "bank", "dashboard")
# What an answer to a bank says; the sandbox judges these words, and any others only after two months.
ANSWERS = ("winning_evidence", "winning_evidence", "losing_evidence", "we disagree")
ENDS = {"chargeback": ("won", "lost"), "inquiry": ("closed", "escalated", "lost")}
HOURS = (0.1, 2, 60, 300)
RATES = (0.0, 0.15, 0.3, 0.5)  # of which a history draws how much banks, dashboards and staff do in it
# One history in so many has nights, one pays its venues, and in one refunds fail: all take days to play.
NIGHTS_EVERY = 6
FAILURES_EVERY = 10
PAYEES_EVERY = 6
LEAD_RATE, LATE_LEAD_RATE = 0.6, 0.85
# What leaves nothing to compare or to pay out.
ENDINGS = (("verb", "decline"), ("verb", "cancel"))
DELAYS = (0, 24)
MINIMUMS = (0, 2_000)
HOPEFUL = ("PENDING_PAYMENT", "PENDING_APPROVAL", "CONFIRMED")
YOUNG = ("PENDING_PAYMENT", "PENDING_APPROVAL")
# The nightly comparison looks at Octo's payments begun three days before it; a night may be missed.
YOUNG_PAGE = dt.timedelta(days=1)
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
        # How much of a history goes to what comes late.
        self.late_rate = self.own.choice((0.0, 0.3, 0.6))
        # Whether this history has nights, or pays its venues.
        self.is_late = False

    def plan(self) -> Plan:
        plan = super().plan()
        has_nights, has_payee = (self.own.randrange(every) == 0 for every in (NIGHTS_EVERY, PAYEES_EVERY))
        has_failures = self.own.randrange(FAILURES_EVERY) == 0
        if has_nights or has_payee or has_failures:
            self.length += 10
            self.is_led, self.is_late, self.late_rate = True, True, self.late_rate or 0.3
            self.regret = min(self.regret, 0.1)
        return plan._replace(
            has_nights=has_nights,
            payee=self._draw_payee(plan) if has_payee else None,
            octo_tells=self.own.random() < 0.3,
            refund_mood="fails" if has_failures else plan.refund_mood,
        )

    def _draw_payee(self, plan: Plan) -> tuple[str, int, int]:
        """Stripe can only transfer what lies there."""
        is_stripes = all(offer.provider == "stripe" for offer in plan.offers)
        method = self.own.choice(("stripe", "stripe", "stripe", "bank")) if is_stripes else "bank"
        return (method, self.own.choice(DELAYS), self.own.choice(MINIMUMS))

    def next(self, world: Any) -> Action:
        is_young = self._is_young(world)
        lead_rate = LATE_LEAD_RATE if self.is_late else LEAD_RATE
        if is_young and self.is_led and self.own.random() < lead_rate and (action := self._lead(world)):
            return action
        if not is_young and self.own.random() < self.late_rate:
            for make in self.own.sample(leads.LEADS, len(leads.LEADS)):
                if action := make(self, world):
                    return action
        if self.own.random() < self.own_rate and world.by_offer:
            for make in self.own.sample(MAKERS, 3):
                if action := make(self, world):
                    return action
        is_spared = self.is_late and is_young
        while (action := super().next(world))[0] in UNKNOWN or (is_spared and action[:2] in ENDINGS):
            pass
        return action

    def _lead(self, world: Any) -> Action | None:
        """What is under way goes on before the same is begun once more; on the way to what is late, mostly in peace."""
        is_begun = world.tasks and self.own.random() < 0.7
        make = self.make_step if is_begun else self.make_progress
        if not self.is_late or self.own.random() < 0.3:
            return make(world)
        usual = self.whole_rate, self.fault_rate
        self.whole_rate, self.fault_rate = 1.0, 0.0
        try:
            action = make(world)
        finally:
            self.whole_rate, self.fault_rate = usual
        return ("verb", "approve", *action[2:]) if action and action[:2] in ENDINGS else action

    def _is_young(self, world: Any) -> bool:
        """Whether nobody has paid yet, and somebody still may; where the late is played, until money was taken."""
        bookings = world.by_offer.values()
        if not self.is_late:
            return not any(one.status not in YOUNG for one in bookings)
        is_taken = any(payment.status == "CAPTURED" for one in bookings for payment in one.payments)
        return not is_taken and (not bookings or any(one.status in HOPEFUL for one in bookings))

    def own_page(self, world: Any, *statuses: str, provider: str = "") -> Any:
        """A page at a provider whose acts are told, or found in the night."""
        if world.plan.is_silent and not world.plan.has_nights:
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
        is_heard = not world.plan.has_nights or self.own.random() < 0.5
        return page and ("dispute", page.ref, self.own.choice(ENDS[kind]), self.own.choice(HOURS), kind,
                         self.own.choice((None, None, 2_500)), is_heard)  # fmt: skip

    def make_answer(self, world: Any) -> Action | None:
        """Staff answer a dispute, or give it up."""
        cases = list(Dispute.objects.order_by("pk").values_list("pk", flat=True)) if world.touched else []
        if not cases:
            return None
        what = None if self.own.random() < 0.2 else self.own.choice(ANSWERS)
        return self.task("answer", (self.own.choice(cases), what))

    def make_by_hand(self, world: Any) -> Action | None:
        """Somebody works in a provider's dashboard.

        A refund of what was given as a credit costs twice: it is flagged, and no invariant holds any more.
        """
        what = self.own.choice(("refund", "refund", "capture", "cancel"))
        page = self.own_page(world, "taken" if what == "refund" else "held")
        if page and what == "refund" and page.provider == "octo" and not self._is_found(world, page):
            return None
        amount = self.own.choice((100, 5_000, None)) if what != "cancel" else None
        if page and what == "refund" and is_credited(page.ref):
            return None
        return page and ("by_hand", page.ref, what, amount)

    def _is_found(self, world: Any, page: Any) -> bool:
        """Octo tells of refunds made in its cabinet where it is set so; else only young payments are looked at."""
        if world.plan.octo_tells and not world.plan.is_silent:
            return True
        is_young = world.now - page.expires_at < YOUNG_PAGE
        return world.plan.has_nights and is_young

    def make_refund(self, world: Any) -> Action | None:
        """Staff give money back, or as a credit; the same form may be sent twice."""
        index = self.own_index(world, "CONFIRMED", "COMPLETED", "CANCELLED")
        if index is None:
            return None
        amount, is_credit = self.own.choice((500, 5_000, None)), self.own.random() < 0.2
        # What a dashboard has given back unheard of, and staff as a credit, is given twice: flagged, see above.
        is_credit = is_credit and not world.hands
        return self.task("refund", (index, amount, f"form-{self.own.randrange(3)}", is_credit))

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
        waiting = list(refund_services.waiting().values_list("pk", flat=True)) if world.by_offer else []
        solution = self.own.choice(SOLUTIONS if not world.hands else SOLUTIONS[:1])
        return self.task("solve", (waiting[0], solution)) if waiting else None


MAKERS: list[Callable[[DbScheduler, Any], Action | None]] = [
    *[DbScheduler.make_case] * 3,
    *[DbScheduler.make_answer] * 3,
    *[DbScheduler.make_by_hand] * 2,
    *[DbScheduler.make_refund] * 3,
    *[DbScheduler.make_solve] * 2,
    DbScheduler.make_adjust,
    DbScheduler.make_override,
]
