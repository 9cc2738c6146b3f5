"""Hypothesis chooses what guests, hosts, workers, providers and the clock do next, on the real services.

The steps are the simulator's, so a failing example reads as its story; `make soak` runs many more, and longer ones.
"""

import contextlib
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.simulation.db import checks, healing, stage
from tests.simulation.db.processes import Processes
from tests.simulation.db.runner import start, surroundings, within
from tests.simulation.db.world import SWEEPS, DbWorld
from tests.simulation.plan import Offer, Plan
from tests.simulation.scheduler import POLICIES, WAYS

EXAMPLES = int(os.environ.get("STATEFUL_EXAMPLES", "25"))
IS_SHORT = "STATEFUL_EXAMPLES" not in os.environ
STEPS = int(os.environ.get("STATEFUL_STEPS", "20"))
FAULTS = st.sampled_from([None, None, None, "error", "lost", "stored_after", "kill"])


def offer(kind: str, provider: str, policy: dict) -> Offer:
    approval, capture, hours, _ = WAYS[kind]
    return Offer(
        kind=kind, approval=approval, capture=capture, provider=provider, slot=0, total_minor=20_000, tax_minor=0,
        policy=policy, starts_in=72, hours=hours, answer_hours=24,
    )  # fmt: skip


class Bookings(RuleBasedStateMachine):
    """Two guests ask for the same room of any kind; everything may happen in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = contextlib.ExitStack()
        self.clock = self.stack.enter_context(surroundings())
        self.world: Any = None

    @initialize(
        kind=st.sampled_from(sorted(WAYS)), provider=st.sampled_from(["stripe", "octo"]),
        policy=st.sampled_from(POLICIES), mood=st.sampled_from(["instant", "pending", "fails"]),
    )  # fmt: skip
    def open_house(self, kind: str, provider: str, policy: dict, mood: str) -> None:
        one = offer(kind, "stripe" if kind in ("expert", "request", "visit") else provider, policy)
        processes = Processes()
        self.world = DbWorld(Plan(offers=(one, one), refund_mood=mood), 1, self.clock, processes)
        self.stack.enter_context(within(self.world, processes))
        self.world.act(("submit", 0))

    @rule(index=st.integers(0, 1))
    def submit(self, index: int) -> None:
        self.world.act(("submit", index))

    @rule(index=st.integers(0, 1), faults=st.lists(FAULTS, max_size=3))
    def open_the_pay_page(self, index: int, faults: list) -> None:
        self.world.act(("run", "checkout", index, tuple(faults)))

    @rule(card=st.sampled_from(["good", "good", "declined"]), data=st.data())
    def pay(self, card: str, data: st.DataObject) -> None:
        refs = [
            ref for one in self.world.providers.values() for ref, page in one.pages.items() if page.is_open
        ]
        if refs:
            self.world.act(("pay", data.draw(st.sampled_from(refs)), card))

    @rule(index=st.integers(0, 1), faults=st.lists(FAULTS, max_size=3))
    def come_back(self, index: int, faults: list) -> None:
        self.world.act(("run", "return", index, tuple(faults)))

    @rule(
        verb=st.sampled_from(["approve", "approve", "decline", "cancel", "complete"]), index=st.integers(0, 1),
        who=st.sampled_from(["host", "staff"]),
    )  # fmt: skip
    def act_as_host(self, verb: str, index: int, who: str) -> None:
        self.world.act(("verb", verb, index, who))

    @rule(index=st.integers(0, 1))
    def cancel_as_guest(self, index: int) -> None:
        self.world.act(("verb", "cancel", index, "guest"))

    @precondition(lambda self: self.world.wire)
    @rule(data=st.data(), keep=st.booleans())
    def deliver_a_message(self, data: st.DataObject, keep: bool) -> None:
        event_id = data.draw(st.sampled_from([letter.event_id for letter in self.world.wire]))
        self.world.act(("copy" if keep else "deliver", event_id))

    @precondition(lambda self: self.world.bells)
    @rule(data=st.data(), faults=st.lists(FAULTS, max_size=4))
    def hear_a_doorbell(self, data: st.DataObject, faults: list) -> None:
        self.world.act(("run", *data.draw(st.sampled_from(self.world.bells)), tuple(faults)))

    @rule()
    def lose_all_doorbells(self) -> None:
        self.world.act(("flush",))

    @rule(name=st.sampled_from(sorted(SWEEPS)), faults=st.lists(FAULTS, max_size=4))
    def sweep(self, name: str, faults: list) -> None:
        self.world.act(("run", "sweep", name, tuple(faults)))

    @rule(seconds=st.sampled_from([1, 31, 130, 700, 2100, 7300, 90_000, 260_000]))
    def wait(self, seconds: int) -> None:
        self.world.act(("clock", seconds))

    @rule(provider=st.sampled_from(["stripe", "octo"]), seconds=st.sampled_from([60, 2000]))
    def lose_a_provider(self, provider: str, seconds: int) -> None:
        self.world.act(("outage", provider, seconds))

    @invariant()
    def promises_hold(self) -> None:
        if self.world:
            checks.check_always(self.world)

    def teardown(self) -> None:
        """Whatever happened: once all is quiet, everything agrees."""
        try:
            if self.world:
                healing.heal(self.world)
        finally:
            if self.world:
                stage.sweep_away(self.world.watch.tables)
            self.stack.close()


@pytest.mark.django_db(transaction=True)
def test_whatever_happens_every_promise_holds():
    start()

    run_state_machine_as_test(
        Bookings,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, derandomize=IS_SHORT,
            suppress_health_check=list(HealthCheck), database=None, print_blob=True,
        ),
    )  # fmt: skip
