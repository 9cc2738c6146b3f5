"""`make soak`: the long run, in slices that are kept as they end, so that it goes on where it was stopped."""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".local" / "soak.json"
# What a whole run found, to be committed.
FIGURES = ROOT / "bench" / "soak.md"
PURE_SLICE, DB_SLICE = 10_000, 250
STATEFUL_STEPS = 50
Json = dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Run what is still missing, print the report; 1 where anything was violated or a plant not found."""
    options = _parser().parse_args(arguments)
    if options.restart:
        STATE.unlink(missing_ok=True)
    state = _read()
    state.setdefault("began", datetime.now(UTC).isoformat(timespec="seconds"))
    for name, work in _slices(options):
        if name not in state["slices"]:
            began = time.perf_counter()
            state["slices"][name] = work() | {"wall_seconds": round(time.perf_counter() - began, 1)}
            _write(state)
            print(f"{name}: {_line(state['slices'][name])}", flush=True)
    report = summed_up(state)
    FIGURES.write_text(page(report))
    print(json.dumps(report, indent=2) if options.json else written(report))
    return 0 if report["violations"] == 0 and not report["not_found"] else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="soak", description="100,000 pure histories, 5,000 with the database."
    )
    parser.add_argument("--pure", type=int, default=100_000)
    parser.add_argument("--db", type=int, default=5_000)
    parser.add_argument("--plant-histories", type=int, default=100_000)
    parser.add_argument("--stateful", type=int, default=2_000, help="examples of Hypothesis, 0 for none")
    parser.add_argument("--seed", type=int, default=1_000_000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--restart", action="store_true", help="forget what an earlier run has done")
    parser.add_argument("--json", action="store_true")
    return parser


def _slices(options: argparse.Namespace) -> list[tuple[str, Callable[[], Json]]]:
    from tests.simulation.db.runner import run_db
    from tests.simulation.plants import PLANTS
    from tests.simulation.runner import run_plant, run_pure

    found: list[tuple[str, Callable[[], Json]]] = []
    for start in range(0, options.pure, PURE_SLICE):
        count, seed = min(PURE_SLICE, options.pure - start), options.seed + start
        found.append(
            (f"pure {seed}+{count}", lambda c=count, s=seed: _facts(run_pure(c, s, jobs=options.jobs)))
        )
    for name in PLANTS:
        found.append((f"plant {name}", lambda n=name: _facts(run_plant(n, options.plant_histories, 0))))
    for start in range(0, options.db, DB_SLICE):
        count, seed = min(DB_SLICE, options.db - start), options.seed + start
        found.append((f"db {seed}+{count}", lambda c=count, s=seed: _facts(run_db(c, s, jobs=options.jobs))))
    if options.stateful:
        found.append((f"stateful {options.stateful}", lambda: _stateful(options.stateful)))
    return found


def _stateful(examples: int) -> Json:
    """Hypothesis' own search over the real services, in longer and more numerous runs than `make test` has."""
    longer = {"STATEFUL_EXAMPLES": str(examples), "STATEFUL_STEPS": str(STATEFUL_STEPS)}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "tests/bookings/test_stateful.py"]
    ended = subprocess.run(command, env={**os.environ, **longer}, capture_output=True, text=True, check=False)
    failed = [{"seed": None, "what": ended.stdout[-3000:]}] if ended.returncode else []
    return {
        "histories": examples, "violations": len(failed), "first_violations": failed, "planted": [],
        "found_after": {}, "coverage": {},
    }  # fmt: skip


def _facts(report: Any) -> Json:
    facts: Json = json.loads(report.as_json())
    return facts


def _line(facts: Json) -> str:
    if facts["planted"]:
        return f"found after {next(iter(facts['found_after'].values()))}"
    return f"{facts['histories']} histories, {facts['violations']} violations, {facts['wall_seconds']} s"


def summed_up(state: Json) -> Json:
    """Add the slices up: histories, violations and seconds by layer, plants, and the rarest coverage."""
    layers: dict[str, Json] = {}
    coverage: dict[str, int] = {}
    plants: dict[str, int | None] = {}
    for name, facts in state["slices"].items():
        kind = name.partition(" ")[0]
        if kind == "plant":
            plants.update(facts["found_after"])
            continue
        layer = layers.setdefault(
            kind, {"histories": 0, "violations": 0, "seconds": 0.0, "first_violations": []}
        )
        layer["histories"] += facts["histories"]
        layer["violations"] += facts["violations"]
        layer["seconds"] = round(layer["seconds"] + facts["wall_seconds"], 1)
        layer["first_violations"] += facts["first_violations"]
        if kind == "pure":
            for pair, count in facts["coverage"].items():
                coverage[pair] = coverage.get(pair, 0) + count
    return {
        "began": state["began"], "layers": layers, "found_after": plants,
        "violations": sum(layer["violations"] for layer in layers.values()),
        "not_found": [name for name, after in plants.items() if not after],
        "coverage_pairs": len(coverage), "coverage_below_100": sorted(p for p, n in coverage.items() if n < 100),
    }  # fmt: skip


def written(report: Json) -> str:
    """The report for people."""
    lines = [f"soak, begun {report['began']}"]
    for name, layer in report["layers"].items():
        rate = layer["histories"] / max(layer["seconds"], 0.1)
        lines.append(
            f"{name}: {layer['histories']} histories, {layer['violations']} violations, {rate:.0f}/s"
        )
        lines += [f"  seed {one['seed']}: {one['what']}" for one in layer["first_violations"][:10]]
    lines.append(f"planted bugs: {len(report['found_after'])}, not found: {report['not_found'] or 'none'}")
    lines += [f"  {name:26} after {after}" for name, after in report["found_after"].items()]
    lines.append(
        f"fault x status pairs: {report['coverage_pairs']}, "
        f"fewer than 100 times: {len(report['coverage_below_100'])}"
    )
    return "\n".join(lines)


def page(report: Json) -> str:
    """The report as a page of Markdown."""
    lines = ["# `make soak`", "", f"Begun {report['began']}.", ""]
    lines += ["| layer | histories | violations | a second |", "|---|---|---|---|"]
    for name, layer in report["layers"].items():
        rate = layer["histories"] / max(layer["seconds"], 0.1)
        lines.append(f"| {name} | {layer['histories']:,} | {layer['violations']} | {rate:,.0f} |")
    for name, layer in report["layers"].items():
        lines += [f"- {name}, seed {one['seed']}: {one['what']}" for one in layer["first_violations"][:10]]
    lines += ["", "Each planted bug, and after how many pure histories it was found (seed 0):", ""]
    lines += ["| plant | found after |", "|---|---|"]
    for name, after in report["found_after"].items():
        lines.append(f"| {name} | {f'{after:,}' if after else '**not found**'} |")
    return "\n".join(lines) + "\n"


def _read() -> Json:
    if not STATE.exists():
        return {"slices": {}}
    state: Json = json.loads(STATE.read_text())
    return state


def _write(state: Json) -> None:
    STATE.parent.mkdir(parents=True, exist_ok=True)
    beside = STATE.with_suffix(".new")
    beside.write_text(json.dumps(state))
    beside.replace(STATE)


if __name__ == "__main__":
    from tests.simulation import django_setup

    django_setup.prepare(needs_database=True)
    sys.exit(main(sys.argv[1:]))
