"""The figures of a run: what each is a ratio of, their table, their targets, and bench/results.json."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench import comparison, money
from bench.cpu import NOISE
from bench.load import Sample
from bench.pages import Count
from bench.queries import Timing
from bench.race import Race
from bench.webhooks import RATE, Ingest

MOST_QUERIES = 12


@dataclass
class Figure:
    """One row: how many answers a second, how long they took, and ratios to other rows of the same run.

    `requests_per_second` is None where nothing was counted a second; then ratios are of the p50. The processor
    time of one request hardly depends on what else the machine does; `others` is how many processors that took.
    """

    name: str
    clients: int
    p50_ms: float
    p99_ms: float
    requests_per_second: float | None = None
    requests: int = 0
    web_cpu_ms: float | None = None
    db_cpu_ms: float | None = None
    others: float = 0.0
    ratios: dict[str, float] = field(default_factory=dict)

    def compare(self, other: Figure) -> None:
        """Add the ratio to another row: of rates where both have one (more is better), else of medians."""
        if self.requests_per_second is not None and other.requests_per_second:
            self.ratios[other.name] = round(self.requests_per_second / other.requests_per_second, 4)
        elif other.p50_ms:
            self.ratios[other.name] = round(self.p50_ms / other.p50_ms, 4)


def of_sample(name: str, clients: int, sample: Sample) -> Figure:
    return Figure(
        name, clients, round(sample.percentile_ms(50), 3), round(sample.percentile_ms(99), 3),
        round(sample.rate, 1), len(sample.latencies),
    )  # fmt: skip


def of_timing(timing: Timing) -> Figure:
    p50_ms, p99_ms = timing.percentile_ms(50), timing.percentile_ms(99)
    return Figure(timing.name, 1, round(p50_ms, 3), round(p99_ms, 3), requests=len(timing.latencies))


@dataclass(frozen=True)
class Target:
    """What was hoped for, as a limit on one number."""

    name: str
    wanted: str
    measured: float
    is_met: bool


def at_least(name: str, least: float, measured: float, unit: str) -> Target:
    return Target(name, f">= {least:g}{unit}", round(measured, 2), measured >= least)


def at_most(name: str, most: float, measured: float, unit: str) -> Target:
    return Target(name, f"<= {most:g}{unit}", round(measured, 2), measured <= most)


@dataclass
class Results:
    """All figures of one run."""

    about: dict[str, object]
    queries: list[Figure] = field(default_factory=list)
    web: list[Figure] = field(default_factory=list)
    webhooks: Ingest | None = None
    webhook_figures: list[Figure] = field(default_factory=list)
    race: Race | None = None
    race_figure: Figure | None = None
    pages: list[Count] = field(default_factory=list)
    money: dict[str, dict] | None = None

    def find(self, name: str, clients: int) -> Figure:
        return next(figure for figure in self.web if (figure.name, figure.clients) == (name, clients))

    def targets(self) -> list[Target]:
        """Return what the issue expects of two cores shared with the load generator."""
        web = [*self._speed_targets(), *self._truth_targets()] if self.web else []
        return [*web, *self._money_targets()]

    def _speed_targets(self) -> Iterator[Target]:
        for figure in self.queries:
            if figure.ratios:
                yield at_most(f"query: {figure.name}, p99", 5, figure.p99_ms, " ms")
        for name, least in (
            ("availability JSON, a month of nights", 400),
            ("search page, nights", 100),
            ("create booking", 150),
        ):
            yield at_least(f"{name}, 8 clients", least, self.find(name, 8).requests_per_second or 0.0, "/s")

    def _truth_targets(self) -> Iterator[Target]:
        if self.webhooks:
            lost = self.webhooks.accepted - self.webhooks.rows
            yield at_most("webhooks: accepted without a row", 0, abs(lost), "")
            yield at_least("webhooks: kept up with", RATE * 0.99, self.webhooks.steady.rate, "/s")
        if self.race:
            unfair = self.race.unfair_rounds + self.race.deadlocks
            yield at_most("race: rounds without one winner, and deadlocks", 0, unfair, "")
            yield at_most("race: losers' p99", 500, self.race.losers_ms(99), " ms")
        if self.pages:
            most = max(self.pages, key=lambda page: page.many)
            yield at_most(f"queries of a page, most: {most.name}", MOST_QUERIES, most.many, "")
            yield at_most("pages whose queries grow with rows", 0, sum(page.grows for page in self.pages), "")

    def _money_targets(self) -> Iterator[Target]:
        if self.money:
            run, balance = self.money["run"], self.money["balance"]
            yield at_most("payout run", money.RUN_SECONDS, run["seconds"], " s")
            yield at_most("payout run: memory grew by", money.RUN_GROWS_MB, run["memory_grew_mb"], " MB")
            yield at_most("balance of a busy host, p99", money.BALANCE_MS, balance["ledger_p99_ms"], " ms")
        if nightly := (self.money or {}).get("comparison"):
            rate, grown = nightly["payments_per_second"], nightly["memory_grew_mb"]
            yield at_least("nightly comparison", comparison.PER_SECOND, rate, "/s")
            yield at_most("nightly comparison: memory grew by", comparison.GROWS_MB, grown, " MB")

    def as_json(self) -> dict[str, object]:
        return {
            "about": self.about,
            "queries": [_plain(figure) for figure in self.queries],
            "web": [_plain(figure) for figure in self.web],
            "webhooks": self._webhooks_json(),
            "race": self._race_json(),
            "pages": [asdict(page) for page in self.pages],
            "money": self.money,
            "targets": [asdict(target) for target in self.targets()],
        }

    def _webhooks_json(self) -> dict[str, object] | None:
        if self.webhooks is None:
            return None
        figures = [_plain(figure) for figure in self.webhook_figures]
        return {"figures": figures, "accepted": self.webhooks.accepted, "rows": self.webhooks.rows}

    def _race_json(self) -> dict[str, object] | None:
        if self.race is None or self.race_figure is None:
            return None
        return {
            "rounds": self.race.rounds,
            "statuses": {str(status): count for status, count in sorted(self.race.statuses.items())},
            "unfair_rounds": self.race.unfair_rounds,
            "deadlocks": self.race.deadlocks,
            "losers": _plain(self.race_figure),
        }


def write_money(results: Results, file: Path) -> None:
    """Put the figures of money into a file of earlier figures; the others stay as they were measured."""
    known: dict[str, Any] = {"about": results.about, "targets": []}
    if file.exists():
        known = json.loads(file.read_text())
    ours = [asdict(target) for target in results.targets()]
    names = {target["name"] for target in ours}
    known["money"] = results.money
    known["targets"] = [target for target in known["targets"] if target["name"] not in names] + ours
    file.write_text(json.dumps(known, indent=1) + "\n")


def write(results: Results, file: Path) -> None:
    file.write_text(json.dumps(results.as_json(), indent=1) + "\n")


def _plain(figure: Figure) -> dict[str, object]:
    return {name: value for name, value in asdict(figure).items() if value is not None}


# --- the table --------------------------------------------------------------------------------------------


def table(results: Results) -> str:
    """Return all figures as text, one a line."""
    return "\n".join(
        [
            *_figures("In the database, one connection", results.queries),
            *_figures("Through one gunicorn", results.web),
            *_figures("Webhooks", results.webhook_figures),
            *_figures("32 guests, one night", [results.race_figure] if results.race_figure else []),
            *_pages(results.pages),
            *_money(results.money or {}),
            *_targets(results.targets()),
        ]
    )


def _figures(title: str, figures: Iterable[Figure]) -> Iterator[str]:
    head = f"{'clients':>7} {'a second':>9} {'p50 ms':>8} {'p99 ms':>8} {'web CPU':>8} {'db CPU':>7}"
    yield f"\n{title:<40} {head}  ratio to"
    for figure in figures:
        rate = f"{figure.requests_per_second:,.0f}" if figure.requests_per_second is not None else ""
        ratios = ", ".join(f"{name} {_ratio(ratio)}" for name, ratio in figure.ratios.items())
        cpu = [f"{ms:.2f}" if ms is not None else "" for ms in (figure.web_cpu_ms, figure.db_cpu_ms)]
        numbers = f"{figure.clients:>7} {rate:>9} {figure.p50_ms:>8.2f} {figure.p99_ms:>8.2f}"
        disturbed = f"  (others took {figure.others:.1f} processors)" if figure.others > NOISE else ""
        yield f"{figure.name:<40} {numbers} {cpu[0]:>8} {cpu[1]:>7}  {ratios}{disturbed}"


def _ratio(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.3f}"


def _pages(pages: Iterable[Count]) -> Iterator[str]:
    yield f"\n{'Queries of a page':<40} {'one row':>9} {'a dozen':>9}"
    for page in pages:
        yield f"{page.name:<40} {page.few:>9} {page.many:>9}{'  grows' if page.grows else ''}"


def _money(measured: dict[str, dict]) -> Iterator[str]:
    for name, figures in measured.items():
        yield f"\n{name.capitalize()}"
        for figure, value in figures.items():
            yield f"{figure.replace('_', ' '):<40} {value:>12,}"


def _targets(targets: Iterable[Target]) -> Iterator[str]:
    yield f"\n{'Target':<60} {'wanted':>10} {'measured':>10}"
    for target in targets:
        missed = "" if target.is_met else "  MISSED"
        yield f"{target.name:<60} {target.wanted:>10} {target.measured:>10.2f}{missed}"
