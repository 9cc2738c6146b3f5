"""Makes a failing history short: leaves actions and faults out as long as it fails in the same way."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.simulation.history import Outcome, play
from tests.simulation.plan import Action, Plan

MAX_TRIES = 600
Play = Callable[[Plan, Sequence[Action]], Outcome]


def shrink(failed: Outcome, play: Play = play, *, most_tries: int = MAX_TRIES) -> Outcome:
    """Return a shorter history with the same violation; the same one where none is found."""
    code, best = failed.violation.code, failed
    tries = 0
    size = max(len(best.actions) // 2, 1)
    while size and tries < most_tries:
        start = 0
        while start < len(best.actions) and tries < most_tries:
            tries += 1
            shorter = play(best.plan, best.actions[:start] + best.actions[start + size :])
            if _is_same(shorter, code):
                best = replace(shorter, seed=failed.seed)
            else:
                start += size
        size //= 2
    return _without_faults(best, code, play)


def _without_faults(best: Outcome, code: str, play: Play) -> Outcome:
    for index in range(len(best.actions)):
        plainer = _plain(best.actions[index])
        if plainer != best.actions[index]:
            tried = play(best.plan, [*best.actions[:index], plainer, *best.actions[index + 1 :]])
            if _is_same(tried, code):
                best = replace(tried, seed=best.seed)
    return best


def _plain(action: Action) -> Action:
    if action[0] == "run":
        return action[:3]
    return action[:2] if action[0] == "step" else action


def _is_same(outcome: Outcome, code: str) -> bool:
    return outcome.violation is not None and outcome.violation.code == code
