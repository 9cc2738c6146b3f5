"""One run: everything measured in turn, on one fresh copy of the data under one gunicorn."""

from __future__ import annotations

import datetime as dt
import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench import data, inserts, pages, queries, race, say, webhooks
from bench.cpu import Meter, Quiet
from bench.load import LoadError, Sample, closed_loop
from bench.report import Figure, Results, of_sample, of_timing
from bench.scenarios import BARE, INSERT, Scenario, scenarios
from bench.site import THREADS, WORKERS, Site, collect_static, environment
from bench.stock import Stock
from tools.process import free_port
from tools.services import Services

CLIENTS = (1, 8, 32)
PGBENCH = "pgbench, insert"


@dataclass(frozen=True)
class Size:
    """How much a run measures: rooms, seconds a figure, repeats of a query, rounds of the race."""

    rooms: int
    seconds: float
    warm_up: float
    repeats: int
    rounds: int


def measure(services: Services, state: Path, size: Size, quiet: Quiet) -> Results:
    """Return the figures of everything. Raises: StartError, LoadError."""
    port = free_port()
    settings = environment(services, state, data.RUN, port)
    data.prepare(services, rooms=size.rooms, environment=settings)
    url = services.database_url(data.RUN)
    inserts.prepare(url)
    collect_static(settings)
    queries.set_up_django(settings)
    with data.connect(url) as connection, connection.cursor() as cursor:
        stock = Stock(cursor)
    results = Results({**about(url), "seconds_a_figure": size.seconds})
    say("queries of pages")
    results.pages = pages.counts()
    with Site(settings, state, port) as site:
        meter = Meter(site.pid, _process_of(services))
        _Run(results, site, stock, url, meter, size, quiet).all(settings["STRIPE_WEBHOOK_SECRET"])
    return results


@dataclass
class _Run:
    results: Results
    site: Site
    stock: Stock
    url: str
    meter: Meter
    size: Size
    quiet: Quiet

    def all(self, webhook_secret: str) -> None:
        self.queries()
        for clients in CLIENTS:
            self.inserts(clients)
            for scenario in scenarios():
                self.web(scenario, clients)
        self.webhooks(webhook_secret)
        self.race()

    def queries(self) -> None:
        for _name, take in queries.timings(self.stock, repeats=self.size.repeats):
            timing, others = self.quiet.run(take)
            figure = self._noted(of_timing(timing), others)
            if self.results.queries:
                figure.compare(self.results.queries[0])
            self.results.queries.append(figure)

    def inserts(self, clients: int) -> None:
        seconds = max(1, round(self.size.seconds))
        sample, others = self.quiet.run(
            lambda: inserts.pgbench(self.url, rooms=self.size.rooms, clients=clients, seconds=seconds)
        )
        self.results.web.append(self._noted(of_sample(PGBENCH, clients, sample), others))

    def web(self, scenario: Scenario, clients: int) -> None:
        (sample, cpu), others = self.quiet.run(lambda: self._load(scenario, clients))
        figure = self._noted(of_sample(scenario.name, clients, sample), others)
        figure.web_cpu_ms, figure.db_cpu_ms = (round(milliseconds, 3) for milliseconds in cpu)
        for name in _compared(scenario):
            figure.compare(self.results.find(name, clients))
        self.results.web.append(figure)

    def _load(self, scenario: Scenario, clients: int) -> tuple[Sample, tuple[float, float]]:
        requests, size = scenario.requests(self.stock), self.size
        self.meter.start()
        sample = closed_loop(
            self.site.address, requests, clients=clients, seconds=size.seconds, warm_up=size.warm_up
        )
        if sample.statuses.keys() != {scenario.status}:
            raise LoadError(f"{scenario.name} answered {dict(sample.statuses)}; see {self.site.log}")
        return sample, self.meter.per_request_ms(sample.warm_up + len(sample.latencies))

    def webhooks(self, secret: str) -> None:
        seconds = self.size.seconds * 2
        found, others = self.quiet.run(
            lambda: webhooks.ingest(self.site.address, self.url, secret=secret, seconds=seconds)
        )
        clients = webhooks.FLAT_OUT_CLIENTS
        self.results.webhooks = found
        self.results.webhook_figures = [
            self._noted(
                of_sample(f"steady, {webhooks.RATE} a second", webhooks.CLIENTS, found.steady), others
            ),
            self._noted(of_sample("as fast as it goes", clients, found.flat_out), others),
        ]
        for figure in self.results.webhook_figures:
            figure.compare(self.results.find(BARE, clients))
            figure.compare(self.results.find(INSERT, clients))

    def race(self) -> None:
        found, others = self.quiet.run(
            lambda: race.run(self.site.address, self.url, self.stock.free_nights, rounds=self.size.rounds)
        )
        p50_ms, p99_ms = round(found.losers_ms(50), 3), round(found.losers_ms(99), 3)
        figure = Figure("losers", race.RIVALS, p50_ms, p99_ms, requests=len(found.losers))
        figure.compare(self.results.find(INSERT, race.RIVALS))
        self.results.race, self.results.race_figure = found, self._noted(figure, others)

    def _noted(self, figure: Figure, others: float) -> Figure:
        figure.others = round(others, 2)
        rate = f"{figure.requests_per_second:,.0f}/s, " if figure.requests_per_second else ""
        say(f"{figure.name}, clients {figure.clients}: {rate}p99 {figure.p99_ms:.1f} ms, others {others:.2f}")
        return figure


def _compared(scenario: Scenario) -> tuple[str, ...]:
    inserting = scenario.name == INSERT or INSERT in scenario.compared_with
    return (*scenario.compared_with, PGBENCH) if inserting else scenario.compared_with


def _process_of(services: Services) -> int:
    """Return the process above PostgreSQL's; the servers are always our own."""
    assert services.postgres is not None and services.postgres.process is not None
    return services.postgres.process.pid


def about(url: str) -> dict[str, object]:
    """Return on what and with what was measured."""
    with data.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgres = str(data.one_row(cursor)[0]).split()[0]
    return {
        "measured_on": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "memory_gb": _memory_gb()},
        "software": {
            "python": platform.python_version(), "django": version("django"), "gunicorn": version("gunicorn"),
            "postgresql": postgres,
        },
        "server": {"workers": WORKERS, "threads": THREADS, "durable": True},
        "data": data.size(url),
    }  # fmt: skip


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _memory_gb() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
