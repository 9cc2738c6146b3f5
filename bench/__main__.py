"""`make bench`: measure, print the table, write bench/results.json. ARGS="--quick" for a look, "--check" for CI."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench import data, inserts, pages, queries, race, report, say, webhooks
from bench.cpu import Meter
from bench.data import ROOT
from bench.load import LoadError, closed_loop
from bench.report import Results, of_sample, of_timing
from bench.scenarios import BARE, INSERT, Scenario, scenarios
from bench.site import THREADS, WORKERS, Site, collect_static, environment
from bench.stock import Stock
from tools.process import StartError, free_port
from tools.services import Services

STATE = ROOT / ".local" / "bench"
CLIENTS = (1, 8, 32)
PGBENCH = "pgbench, insert"
NOTHING = "SELECT 1"


@dataclass(frozen=True)
class Size:
    """How much a run measures: rooms, seconds a figure, repeats of a query, rounds of the race."""

    rooms: int
    seconds: float
    warm_up: float
    repeats: int
    rounds: int
    output: Path


FULL = Size(1000, 5, 1, 1100, 20, Path(__file__).with_name("results.json"))
QUICK = Size(50, 0.5, 0.2, 110, 3, STATE / "quick.json")


def main(arguments: list[str]) -> int:
    """Run and return the exit code: 1 when something broke, or with --check when a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="small data, short: whether it works, not how fast"
    )
    parser.add_argument("--check", action="store_true", help="exit with 1 when a target is missed")
    chosen = parser.parse_args(arguments)
    size = QUICK if chosen.quick else FULL
    try:
        # Servers of our own in any case: the figures are of durable ones, as in production.
        with Services(STATE, durable=True, environ={}) as services:
            results = measure(services, size)
    except (StartError, LoadError) as error:
        say(f"bench: {error}")
        return 1
    report.write(results, size.output)
    print(report.table(results))
    say(f"\nwritten to {os.path.relpath(size.output, ROOT)}")
    return int(chosen.check and not all(target.is_met for target in results.targets()))


def measure(services: Services, size: Size) -> Results:
    """Return the figures of everything, on a fresh copy of the data. Raises: StartError, LoadError."""
    load = os.getloadavg()[0]
    port = free_port()
    settings = environment(services, STATE, data.RUN, port)
    data.prepare(services, rooms=size.rooms, environment=settings)
    url = services.database_url(data.RUN)
    inserts.prepare(url)
    collect_static(settings)
    queries.set_up_django(settings)
    with data.connect(url) as connection, connection.cursor() as cursor:
        stock = Stock(cursor)
    results = Results({**about(url), "load_before": round(load, 2), "seconds_a_figure": size.seconds})
    say("queries of pages")
    results.pages = pages.counts()
    say("queries in the database")
    _measure_queries(results, stock, size)
    with Site(settings, STATE, port) as site:
        meter = Meter(site.pid, database_pid(services))
        for clients in CLIENTS:
            _measure_inserts(results, url, clients, size)
            for scenario in scenarios():
                _measure_web(results, scenario, site, stock, meter, clients, size)
        say("webhooks")
        _measure_webhooks(results, site, url, settings["STRIPE_WEBHOOK_SECRET"], size)
        say("race")
        _measure_race(results, site, url, stock, size)
    return results


def _measure_queries(results: Results, stock: Stock, size: Size) -> None:
    nothing, *found = [of_timing(timing) for timing in queries.timings(stock, repeats=size.repeats)]
    for figure in found:
        figure.compare(nothing)
    results.queries = [nothing, *found]


def _measure_inserts(results: Results, url: str, clients: int, size: Size) -> None:
    seconds = max(1, round(size.seconds))
    sample = inserts.pgbench(url, rooms=size.rooms, clients=clients, seconds=seconds)
    results.web.append(of_sample(PGBENCH, clients, sample))


def _measure_web(
    results: Results, scenario: Scenario, site: Site, stock: Stock, meter: Meter, clients: int, size: Size
) -> None:
    requests = scenario.requests(stock)
    meter.start()
    sample = closed_loop(site.address, requests, clients=clients, seconds=size.seconds, warm_up=size.warm_up)
    web_ms, database_ms = meter.per_request_ms(sample.warm_up + len(sample.latencies))
    wrong = sample.statuses.keys() - {scenario.status}
    if wrong or not sample.latencies:
        raise LoadError(f"{scenario.name} answered {dict(sample.statuses)}; see {site.log}")
    figure = of_sample(scenario.name, clients, sample)
    figure.web_cpu_ms, figure.db_cpu_ms = round(web_ms, 3), round(database_ms, 3)
    for name in _compared(scenario):
        figure.compare(results.find(name, clients))
    results.web.append(figure)
    say(f"{figure.name}, {clients} clients: {figure.requests_per_second:,.0f}/s")


def _compared(scenario: Scenario) -> tuple[str, ...]:
    inserting = scenario.name == INSERT or INSERT in scenario.compared_with
    return (*scenario.compared_with, PGBENCH) if inserting else scenario.compared_with


def _measure_webhooks(results: Results, site: Site, url: str, secret: str, size: Size) -> None:
    found = webhooks.ingest(site.address, url, secret=secret, seconds=size.seconds * 2)
    results.webhooks = found
    clients = webhooks.FLAT_OUT_CLIENTS
    results.webhook_figures = [
        of_sample(f"steady, {webhooks.RATE} a second", webhooks.CLIENTS, found.steady),
        of_sample("as fast as it goes", clients, found.flat_out),
    ]
    for figure in results.webhook_figures:
        figure.compare(results.find(BARE, clients))
        figure.compare(results.find(INSERT, clients))


def _measure_race(results: Results, site: Site, url: str, stock: Stock, size: Size) -> None:
    found = race.run(site.address, url, stock.free_nights, rounds=size.rounds)
    results.race = found
    p50_ms, p99_ms = round(found.losers_ms(50), 3), round(found.losers_ms(99), 3)
    figure = report.Figure("losers", race.RIVALS, p50_ms, p99_ms, requests=len(found.losers))
    figure.compare(results.find(INSERT, race.RIVALS))
    results.race_figure = figure


def database_pid(services: Services) -> int:
    """Return the process above PostgreSQL's; the servers are always our own."""
    assert services.postgres is not None and services.postgres.process is not None
    return services.postgres.process.pid


def about(url: str) -> dict[str, object]:
    """Return on what and with what was measured."""
    with data.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgres = str(cursor.fetchone()[0]).split()[0]
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
