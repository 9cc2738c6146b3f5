"""Who acts next, and what goes wrong: drawn from a seed, with rates of its own in every run.

Rare interleavings hide from one fixed mix, so each run draws which kinds of action and fault it likes (swarm).
"""

import random
from bisect import bisect
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from tests.simulation.plan import Action, Offer, Plan

Json = dict[str, Any]

# kind: approval, capture, hours of the stay, weight
WAYS: dict[str, tuple[str, str, float, float]] = {
    "hotel": ("after_payment", "on_confirmation", 20, 4),
    "conference": ("before_payment", "on_confirmation", 3, 2),
    "expert": ("none", "after_completion", 1, 2),
    "workshop": ("none", "on_confirmation", 2, 2),
    "request": ("after_payment", "after_completion", 1, 0.5),
    "visit": ("before_payment", "after_completion", 1, 0.5),
}
POLICIES: tuple[Json, ...] = (
    {},
    {"name": "Flexible", "tiers": [{"hours": 24, "percent": 100}, {"hours": 4, "percent": 50}]},
    {"name": "Strict", "tiers": [{"hours": 168, "percent": 100}, {"hours": 48, "percent": 50}]},
    {"name": "Half", "tiers": [{"hours": 0, "percent": 50}]},
    {"name": "Non-refundable", "tiers": [{"hours": 0, "percent": 0}]},
)
PARTIAL = POLICIES[2:4]
# How likely a guest with a confirmed booking cancels it next; who surely will, has a policy that keeps a half.
REGRETS = (0.0, 0.0, 0.2, 0.8)
CALL_FAULTS = ("error", "lost", "late", "stored", "stored_after", "declined", "misconfigured", "kill", "odd")
BEHIND = (0, 2, 20)  # seconds the clock of a host is behind those of the others
SPANS = (1, 31, 70, 130, 320, 700, 2100, 2500, 7300, 30_000, 90_000, 260_000)
# How often each kind of action is drawn before the run's own taste is applied.
BASE: dict[str, float] = {
    "progress": 14, "submit": 2, "checkout": 2, "pay": 2, "return": 2, "decide": 2, "cancel": 1.2, "complete": 0.6,
    "deliver": 4, "copy": 1, "drop": 0.7, "bell": 5, "flush": 0.3, "power": 0.2, "sweep": 5, "step": 8,
    "clock": 3, "deadline": 2, "outage": 0.4, "dashboard": 0.3, "bank": 0.15, "dispute": 0.3, "reprice": 0.4,
    "lie": 0.4, "tamper": 0.1,
}  # fmt: skip
TASTES = (0.0, 0.3, 1.0, 1.0, 2.5)
ALWAYS = ("progress", "submit", "sweep", "clock", "bell", "step")
SWEEPS = ("receipts", "webhooks", "operations", "settlements", "unpaid", "open_payments", "deadlines")


class Scheduler:
    """Draws a plan, then one action after the other, looking at how the world stands."""

    def __init__(self, seed: int, faults: Sequence[str] | None = None, *, hesitates: bool = False) -> None:
        """Draw this run's rates; where the host `hesitates`, decisions come at the last moment, by clocks behind."""
        self.seed = seed
        self.randomness = random.Random(seed)
        self.random = self.randomness.random
        self.faults = self._draw_faults(faults)
        self.fault_rate = self.pick((0.0, 0.05, 0.15, 0.3))
        self.whole_rate = self.pick((0.3, 0.6, 0.9))
        self.regret = self.pick(REGRETS)
        self.is_slow = self.random() < 0.2
        if self.is_slow:
            self.whole_rate = 0.4
        self.sweeps = SLOW_SWEEPS if self.is_slow else SWEEPS
        self.sums = self._draw_tastes()
        self.length = 10 + int(self.random() * 26)
        self.tasks_begun = 0
        self.hesitates = hesitates

    def pick(self, choices: Sequence[Any]) -> Any:
        return choices[int(self.random() * len(choices))]

    def _draw_tastes(self) -> list[float]:
        random, sums, total = self.random, [], 0.0
        for weight, is_tasted in SLOW_WEIGHTS if self.is_slow else WEIGHTS:
            total += weight * TASTES[int(random() * len(TASTES))] if is_tasted else weight
            sums.append(total)
        return sums

    def _draw_faults(self, wanted: Sequence[str] | None) -> list[str]:
        allowed = CALL_FAULTS if wanted is None else [name for name in CALL_FAULTS if name in wanted]
        if allowed and self.random() < 0.3:
            return [self.pick(allowed)]
        return [name for name in allowed if self.random() < 0.6] or list(allowed)

    # --- the plan ---

    def plan(self) -> Plan:
        count = 1 if self.random() < 0.65 else 2
        first = self._offer(0)
        offers = [first] + [self._offer(0 if self.random() < 0.6 else 1) for _ in range(count - 1)]
        return Plan(
            offers=tuple(offers),
            refund_mood=self.pick(("instant", "instant", "pending", "fails")),
            octo_hold_minutes=self.pick((30, 30, 300)),
            fee_delay_seconds=self.pick((0, 0, 600)),
            is_silent=self.random() < 0.15,
            is_reversed=self.random() < 0.5,
            keeps_bells=self.random() < 0.5,
            is_live=self.seed % 3 == 1,
        )

    def _offer(self, slot: int) -> Offer:
        kind = KINDS_SOLD[bisect(WAY_SUMS, self.random() * WAY_SUMS[-1])]
        approval, capture, hours, _ = WAYS[kind]
        is_late = capture == "after_completion"
        total = self.pick((10_000, 12_345, 99_900, 0)) if self.random() < 0.3 else 20_000
        # An appointment beyond a provider's hold is not sold that way there.
        provider = "stripe" if is_late or self.random() < 0.65 else "octo"
        return Offer(
            kind=kind, approval=approval, capture=capture, slot=slot, provider=provider,
            # By the seed, so that what is drawn stays as it is without them.
            is_own_shop=provider == "octo" and (self.seed + slot) % 2 == 0,
            total_minor=total, tax_minor=total // 11 if self.random() < 0.3 else 0,
            policy=self.pick(PARTIAL if self.regret > 0.5 else POLICIES), hours=hours,
            starts_in=self.pick((5, 30, 100, 150)) if is_late else self.pick((3, 26, 60, 240)),
            answer_hours=self.pick((2, 24, 72)), takes_online_payment=self.random() < 0.95,
        )  # fmt: skip

    # --- the next action ---

    def next(self, world: Any) -> Action:
        for _ in range(6):
            make = MAKERS[bisect(self.sums, self.random() * self.sums[-1])]
            if action := make(self, world):
                return action
        return ("clock", 31)

    def fault(self, kinds: Sequence[str] | None = None) -> str | None:
        if self.random() < self.fault_rate and self.faults:
            return self.pick(self.faults)
        return None

    def task(self, name: str, arg: Any) -> Action:
        """Run a process to its end with faults on the way, or start one that others run in between."""
        if self.random() < (1.0 if self.is_slow and name == "sweep" else self.whole_rate):
            if self.faults and self.random() < self.fault_rate * 3:
                faults = [self.fault() for _ in range(self.pick((1, 2, 4, 8)))]
                faults[int(self.random() * len(faults))] = self.pick(self.faults)
                return ("run", name, arg, tuple(faults))
            return ("run", name, arg)
        self.tasks_begun += 1
        return ("start", self.tasks_begun, name, arg)

    def any_index(self, world: Any) -> int | None:
        submitted = list(world.by_offer)
        return self.pick(submitted) if submitted else None

    def any_payment(self, world: Any) -> Any:
        payments = world.tables["Payment"]
        return self.pick(payments) if payments else None

    def any_page(self, world: Any, *statuses: str) -> str | None:
        pages = [
            page.ref
            for provider in world.providers.values()
            for page in provider.pages.values()
            if page.status in statuses
        ]
        return self.pick(pages) if pages else None

    def make_submit(self, world: Any) -> Action | None:
        missing = [index for index in range(len(world.plan.offers)) if index not in world.by_offer]
        return ("submit", self.pick(missing)) if missing else None

    def make_progress(self, world: Any) -> Action | None:
        index = self.any_index(world)
        if index is None:
            return self.make_submit(world)
        booking = world.by_offer[index]
        if booking.status == "PENDING_PAYMENT":
            return self._pay_next(world, index, booking)
        if booking.is_undecided:
            if self.hesitates and self.random() < 0.4:
                return self.make_sweep(world) if booking.decide_by <= world.now else self.make_deadline(world)
            return self._decide("approve" if self.random() < 0.7 else "decline", index, "host")
        if world.bells:
            return self.make_bell(world)
        if booking.status == "CONFIRMED" and self.random() < self.regret:
            return ("verb", "cancel", index, "guest")
        if booking.status == "CONFIRMED" and self.random() < 0.4:
            return self.make_deadline(world)
        return self.make_step(world) or self.make_deliver(world)

    def _pay_next(self, world: Any, index: int, booking: Any) -> Action | None:
        payment = booking.payments[-1] if booking.payments else None
        if payment is None or not payment.session_ref or not payment.is_open:
            return self.task("checkout", index)
        page = world.page_of(payment)
        if page.is_open:
            return ("pay", page.ref, "declined" if self.random() < 0.15 else "good")
        if self.random() < 0.5:
            return self.task("return", index)
        return self.make_deliver(world)

    def make_checkout(self, world: Any) -> Action | None:
        index = self.any_index(world)
        return None if index is None else self.task("checkout", index)

    def make_return(self, world: Any) -> Action | None:
        index = self.any_index(world)
        return None if index is None else self.task("return", index)

    def make_pay(self, world: Any) -> Action | None:
        page = self.any_page(world, "open")
        return page and ("pay", page, "declined" if self.random() < 0.2 else "good")

    def make_decide(self, world: Any) -> Action | None:
        index = self.any_index(world)
        if index is None:
            return None
        return self._decide(self.pick(("approve", "decline")), index, self.pick(("host", "staff")))

    def _decide(self, verb: str, index: int, who: str) -> Action:
        return ("verb", verb, index, who, *([self.pick(BEHIND)] if self.hesitates else ()))

    def make_cancel(self, world: Any) -> Action | None:
        index = self.any_index(world)
        return None if index is None else ("verb", "cancel", index, self.pick(("guest", "guest", "host")))

    def make_complete(self, world: Any) -> Action | None:
        index = self.any_index(world)
        return None if index is None else ("verb", "complete", index, "host")

    def make_deliver(self, world: Any) -> Action | None:
        return ("deliver", self.pick(world.wire).event_id) if world.wire else None

    def make_copy(self, world: Any) -> Action | None:
        return ("copy", self.pick(world.wire).event_id) if world.wire else None

    def make_drop(self, world: Any) -> Action | None:
        # What was done in a dashboard leaves no other trace until the nightly list.
        lost = [
            one for one in world.wire if not one.page or (not one.page.is_touched and not one.page.refunds)
        ]
        return ("drop", self.pick(lost).event_id) if lost else None

    def make_bell(self, world: Any) -> Action | None:
        return self.task(*self.pick(world.bells)) if world.bells else None

    def make_flush(self, world: Any) -> Action | None:
        return ("flush",) if world.bells else None

    def make_power(self, world: Any) -> Action | None:
        return ("power",) if world.tasks or world.bells else None

    def make_sweep(self, world: Any) -> Action | None:
        if self.hesitates and any(self._is_late(world, one) for one in world.by_offer.values()):
            self.tasks_begun += 1
            return ("start", self.tasks_begun, "sweep", "deadlines")
        return self.task("sweep", self.pick(self.sweeps)) if world.by_offer else None

    def _is_late(self, world: Any, booking: Any) -> bool:
        return booking.is_undecided and booking.decide_by <= world.now

    def make_step(self, world: Any) -> Action | None:
        if not world.tasks:
            return None
        number = self.pick(list(world.tasks))
        fault = self.fault()
        return ("step", number, fault) if fault else ("step", number)

    def make_clock(self, world: Any) -> Action | None:
        return ("clock", self.pick(SPANS[:8] if self.random() < 0.8 else SPANS))

    def make_deadline(self, world: Any) -> Action | None:
        """Jump to just before, at, or just after something is due."""
        index = self.any_index(world)
        if index is None:
            return None
        booking = world.by_offer[index]
        moments = [
            booking.payment_due_at,
            booking.decide_by,
            booking.held_until,
            booking.starts_at,
            booking.ends_at,
        ]
        spans = (-90, -1, 0, 1, 90, 1000)
        if self.hesitates and booking.is_undecided:
            moments, spans = [booking.decide_by], (0, 0, 0, -1, 1, 90)
        moments += [page.expires_at for payment in booking.payments if (page := world.page_of(payment))]
        ahead = [moment for moment in moments if moment and moment > world.now]
        if not ahead:
            return None
        span = (self.pick(ahead) - world.now).total_seconds() + self.pick(spans)
        return ("clock", max(span, 0.0))

    def make_outage(self, world: Any) -> Action | None:
        return ("outage", self.pick(("stripe", "octo")), self.pick((60, 600, 2000, 100_000)))

    def make_dashboard(self, world: Any) -> Action | None:
        what = self.pick(("refund", "refund", "capture", "void"))
        page = self.any_page(world, *(("taken",) if what == "refund" else ("held",)))
        if page not in world.providers["stripe"].pages or world.plan.is_silent:
            return None  # without a message nobody hears of it before the nightly comparison
        return ("dashboard", page, what, self.pick((100, 5_000)))

    def make_bank(self, world: Any) -> Action | None:
        page = self.any_page(world, "held")
        return page and ("bank", page)

    def make_dispute(self, world: Any) -> Action | None:
        page = None if world.plan.is_silent else self.any_page(world, "taken")
        return page and ("dispute", page, self.pick(("won", "lost")), self.pick((0.1, 2, 60)))

    def make_reprice(self, world: Any) -> Action | None:
        index = self.any_index(world)
        return None if index is None else ("reprice", index, self.pick((50, 150)))

    def make_lie(self, world: Any) -> Action | None:
        index = self.any_index(world)
        return (
            None
            if index is None
            else ("lie", index, self.pick(("captured", "authorized", "failed", "voided")))
        )

    def make_tamper(self, world: Any) -> Action | None:
        page = self.any_page(world, "open")
        return page and ("tamper", page)


WEIGHTS = [(weight, name not in ALWAYS) for name, weight in BASE.items()]
# In some runs processes sleep in the middle of their work, while sweeps find them late and go on in their place.
SLOW_SWEEPS = (*SWEEPS, "operations", "operations", "operations")
SLOW = {"step": 0.05, "clock": 2.0, "progress": 0.5}
SLOW_WEIGHTS = [(weight * SLOW.get(name, 1), name not in ALWAYS) for name, weight in BASE.items()]
KINDS_SOLD = list(WAYS)
WAY_SUMS = list(accumulate(way[3] for way in WAYS.values()))
MAKERS: list[Callable[[Scheduler, Any], Action | None]] = [
    getattr(Scheduler, "make_" + name) for name in BASE
]
