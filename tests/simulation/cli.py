"""`python -m tests.simulation`: what `make simulate` calls."""

import argparse
import os
import sys
from collections.abc import Sequence

from tests.simulation.history import from_seed, play
from tests.simulation.plants import PLANTS
from tests.simulation.report import Report
from tests.simulation.runner import run_plants, run_pure
from tests.simulation.shrink import shrink


def main(arguments: Sequence[str]) -> int:
    """Run and print a report; 1 where something was violated, or a planted bug was not found."""
    options = _parser().parse_args(arguments)
    if options.list_plants:
        print("\n".join(f"{name:26} {plant.what}" for name, plant in PLANTS.items()))
        return 0
    if options.replay is not None:
        return _replay(options)
    report = _run(options)
    print(report.as_json() if options.json else report.as_text())
    if report.violations and not report.planted and not options.json:
        print(
            f'replay: make simulate ARGS="--layer {report.layer} --replay {report.violations[0]["seed"]} --verbose"'
        )
    return 0 if report.is_well else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simulate", description="Histories of bookings under faults.")
    parser.add_argument(
        "--histories", type=int, default=None, help="how many (1,000 pure, 50 with the database)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the first history; the next ones count on")
    parser.add_argument("--layer", choices=("pure", "db"), default="pure")
    parser.add_argument("--faults", default=None, help="only these, comma-separated; none for no faults")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes side by side")
    parser.add_argument("--plant", action="append", help="plant a bug and look for it; all for each in turn")
    parser.add_argument("--list-plants", action="store_true")
    parser.add_argument("--replay", type=int, help="play one seed again")
    parser.add_argument("--verbose", action="store_true", help="with --replay: tell the story")
    parser.add_argument("--json", action="store_true")
    return parser


def _run(options: argparse.Namespace) -> Report:
    faults = None if options.faults is None else [one for one in options.faults.split(",") if one != "none"]
    if options.layer == "db":
        from tests.simulation.db.runner import run_db

        return run_db(options.histories or 50, options.seed, faults=faults, jobs=options.jobs)
    if options.plant:
        return run_plants(options.plant, options.histories or 100_000, options.seed, jobs=options.jobs)
    return run_pure(options.histories or 1000, options.seed, faults=faults, jobs=options.jobs)


def _replay(options: argparse.Namespace) -> int:
    if options.layer == "db":
        from tests.simulation.db.runner import replay_db

        return replay_db(options.replay, is_told=options.verbose)
    outcome = from_seed(options.replay)
    if outcome.violation is None:
        if options.verbose:
            print("\n".join(play(outcome.plan, outcome.actions, is_told=True).story))
        print(f"seed {options.replay}: nothing is violated")
        return 0
    shortest = shrink(outcome)
    if options.verbose:
        print(shortest.plan)
        print("\n".join(play(shortest.plan, shortest.actions, is_told=True).story))
    print(f"seed {options.replay}: {shortest.violation} (in {len(shortest.actions)} actions)")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
