"""What a run found, as JSON for programs and as a few lines for people."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.history import Outcome

MOST_SHOWN = 20


@dataclass
class Report:
    """Figures of one run; `found_after` counts histories until each planted bug showed, null where it did not."""

    layer: str
    seed: int
    histories: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    violations: list[dict[str, Any]] = field(default_factory=list)
    violation_count: int = 0
    by_invariant: Counter = field(default_factory=Counter)
    coverage: Counter = field(default_factory=Counter)
    planted: list[str] = field(default_factory=list)
    found_after: dict[str, int | None] = field(default_factory=dict)
    found_as: dict[str, str] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        """Count one history."""
        self.histories += 1
        if outcome.coverage:
            self.coverage.update(outcome.coverage)
        if outcome.violation:
            self.violation_count += 1
            self.by_invariant[outcome.violation.code] += 1
            if len(self.violations) < MOST_SHOWN:
                self.violations.append({"seed": outcome.seed, "what": str(outcome.violation)})

    def merge(self, other: "Report") -> None:
        """Take in the figures of another process."""
        self.histories += other.histories
        self.cpu_seconds += other.cpu_seconds
        self.violation_count += other.violation_count
        self.by_invariant.update(other.by_invariant)
        self.coverage.update(other.coverage)
        self.violations = (self.violations + other.violations)[:MOST_SHOWN]
        self.planted += other.planted
        self.found_after.update(other.found_after)
        self.found_as.update(other.found_as)

    @property
    def is_well(self) -> bool:
        """Nothing was violated, and every planted bug was found."""
        if self.planted:
            return all(self.found_after.get(name) for name in self.planted)
        return self.violation_count == 0

    def as_json(self) -> str:
        facts = {
            "layer": self.layer, "histories": self.histories, "seed": self.seed,
            "violations": self.violation_count, "first_violations": self.violations,
            "seconds": round(self.seconds, 2), "cpu_seconds": round(self.cpu_seconds, 2),
            "histories_per_second": round(self.histories / max(self.seconds, 0.001), 1),
            "histories_per_cpu_second": round(self.histories / max(self.cpu_seconds, 0.001), 1),
            "by_invariant": dict(sorted(self.by_invariant.items())),
            "coverage": dict(sorted(self.coverage.items())),
            "planted": self.planted, "found_after": self.found_after, "found_as": self.found_as,
        }  # fmt: skip
        return json.dumps(facts, indent=2)

    def as_text(self) -> str:
        """Write the report for people."""
        rate = self.histories / max(self.seconds, 0.001)
        lines = [
            f"{self.layer}: {self.histories} histories from seed {self.seed} in {self.seconds:.1f} s ({rate:.0f}/s)"
        ]
        if self.planted:
            for name in self.planted:
                after = self.found_after.get(name)
                found = f"found after {after}: {self.found_as[name]}" if after else "NOT FOUND"
                lines.append(f"  {name:26} {found}")
            return "\n".join(lines)
        lines.append(f"violations: {self.violation_count}")
        lines += [f"  seed {one['seed']}: {one['what']}" for one in self.violations]
        pairs = sorted(self.coverage.values())
        if pairs:
            lines.append(f"fault x status pairs: {len(pairs)}, the rarest {pairs[0]} times")
        return "\n".join(lines)
