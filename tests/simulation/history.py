"""One history from a seed, or from a plan and a list of actions; and what came of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.simulation import healing
from tests.simulation.invariants import Violation
from tests.simulation.plan import Action, Plan
from tests.simulation.scheduler import Scheduler
from tests.simulation.world import World


@dataclass
class Outcome:
    """How a history ended: `violation` None is well."""

    seed: int | None
    plan: Plan
    actions: list[Action]
    violation: Violation | None = None
    coverage: Counter = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)


def from_seed(seed: int, faults: Sequence[str] | None = None) -> Outcome:
    """Draw and play one history of the pure layer."""
    scheduler = Scheduler(seed, faults, hesitates=seed % 4 == 1)
    world = World(scheduler.plan())
    actions: list[Action] = []
    outcome = Outcome(seed, world.plan, actions, coverage=world.coverage)
    try:
        for _ in range(scheduler.length):
            action = scheduler.next(world)
            actions.append(action)
            world.act(action)
        _end(world, is_repeated=seed % 4 == 0)
    except Violation as violation:
        outcome.violation = violation.with_traceback(None)
    world.forget()
    return outcome


def play(plan: Plan, actions: Sequence[Action], *, is_told: bool = False) -> Outcome:
    """Play a list of actions again; with `is_told` the outcome carries the story."""
    world = World(plan, story=[] if is_told else None)
    outcome = Outcome(None, plan, list(actions), coverage=world.coverage)
    try:
        for action in actions:
            world.act(action)
        _end(world, is_repeated=True)
    except Violation as violation:
        outcome.violation = violation
        world.say(f"!!! {violation}")
    outcome.story = world.story or []
    return outcome


def _end(world: World, *, is_repeated: bool) -> None:
    healing.heal(world)
    if is_repeated:
        healing.deliver_again(world)
