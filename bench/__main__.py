"""`make bench`: measure, print the table, write bench/results.json. ARGS="--quick" for a look, "--check" for CI."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from bench import comparison, money, report, say
from bench.cpu import Quiet
from bench.data import ROOT
from bench.load import LoadError
from bench.report import Results
from bench.run import Size, measure
from tools.process import StartError
from tools.services import Services

STATE = ROOT / ".local" / "bench"
FULL = Size(rooms=1000, seconds=5, warm_up=1, repeats=1100, rounds=20)
QUICK = Size(rooms=50, seconds=0.5, warm_up=0.2, repeats=110, rounds=3)


def main(arguments: list[str]) -> int:
    """Run and return the exit code: 1 when something broke, or with --check when a target was missed."""
    chosen = _parser().parse_args(arguments)
    size = QUICK if chosen.quick else FULL
    output = STATE / "quick.json" if chosen.quick else Path(__file__).with_name("results.json")
    try:
        # Servers of our own in any case: the figures are of durable ones, as in production.
        with Services(STATE, durable=True, environ={}) as services:
            figures = money.measure(services, STATE, is_quick=chosen.quick)
            figures["comparison"] = comparison.measure(services, STATE, is_quick=chosen.quick)
            if chosen.money:
                results = Results({"data": "money alone"}, money=figures)
            else:
                results = measure(services, STATE, size, Quiet(chosen.patient))
                results.money = figures
    except (StartError, LoadError) as error:
        say(f"bench: {error}")
        return 1
    (report.write_money if chosen.money else report.write)(results, output)
    print(report.table(results))
    say(f"\nwritten to {os.path.relpath(output, ROOT)}")
    return int(chosen.check and not all(target.is_met for target in results.targets()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="small data, short: whether it works, not how fast"
    )
    parser.add_argument(
        "--money", action="store_true", help="only the payout run, balances and the nightly comparison"
    )
    parser.add_argument("--check", action="store_true", help="exit with 1 when a target is missed")
    parser.add_argument(
        "--patient", type=float, default=0, metavar="SECONDS",
        help="wait so long for a quiet machine before each figure, and measure again what others disturbed",
    )  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
