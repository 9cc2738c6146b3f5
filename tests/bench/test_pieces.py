"""What surrounds the load: the bare views, signatures, processor time, the verdict on a race, and the report."""

import json
import os
import time
from collections import Counter
from typing import Any

import pytest
from django.conf import settings
from django.test import RequestFactory

from bench import inserts, race, report, webhooks
from bench.cpu import Quiet, seconds_of
from bench.load import Answer, Sample
from bench.pages import Count
from bench.webhooks import Ingest
from payments.providers.stripe.client import verify_signature

WON = Answer(201, 0.01, b"{}")
LOST = Answer(409, 0.05, b'{"code": "room_taken"}')
CONFLICT = Answer(409, 0.02, b'{"code": "too_many_holds"}')


# --- bare views -------------------------------------------------------------------------------------------


def answer_of(path: str) -> tuple[str, dict[str, str]]:
    from bench.bare import application

    begun: list = []
    response: Any = application(RequestFactory().get(path).environ, lambda *head: begun.extend(head))
    response.close()
    return begun[0], dict(begun[1])


def test_bare_view_runs_without_middleware_and_the_product_keeps_its_own(db):
    status, headers = answer_of("/bench/empty")
    assert status == "200 OK"
    assert "X-Request-Id" not in headers

    for path in ("/bench/housed", "/api/v1/no-such-address"):
        assert "X-Request-Id" in answer_of(path)[1]
    assert len(settings.MIDDLEWARE) > 5


# --- webhooks ---------------------------------------------------------------------------------------------


def test_messages_are_signed_as_the_product_expects():
    request = next(webhooks.messages("whsec_x"))
    head, body = request.split(b"\r\n\r\n", 1)
    header = next(line for line in head.decode().split("\r\n") if line.startswith("Stripe-Signature: "))

    assert verify_signature(body, header.split(": ")[1], ["whsec_x"], now=time.time())
    assert not verify_signature(body, header.split(": ")[1], ["whsec_y"], now=time.time())
    assert json.loads(body)["object"] == "event"


# --- the race ---------------------------------------------------------------------------------------------


def raced(*rounds: list[Answer]) -> race.Race:
    found = race.Race()
    for answers in rounds:
        found.add(answers)
    return found


def test_race_one_winner_a_round_is_fair():
    found = raced([WON, LOST, LOST], [LOST, WON, LOST])

    assert found.is_fair
    assert (found.rounds, found.unfair_rounds) == (2, 0)
    assert found.statuses == {201: 2, 409: 4}
    assert found.losers_ms(99) == 50.0


@pytest.mark.parametrize(
    "answers", [[WON, WON, LOST], [LOST, LOST], [WON, Answer(500, 0.1, b"")], [WON, CONFLICT]]
)
def test_race_anything_else_is_unfair(answers):
    found = raced([WON, LOST], answers)

    assert not found.is_fair
    assert found.unfair_rounds == 1


# --- figures ----------------------------------------------------------------------------------------------


def test_latencies_of_a_pgbench_log_are_seconds():
    assert inserts.latencies("0 1 2500 0 1790000000 1\n1 1 500 0 1790000000 2\n") == [0.0025, 0.0005]


def test_insert_statement_holds_no_percent_sign_a_driver_would_stumble_over():
    assert "%" not in inserts.insert_statement("1000")
    assert "mod(n, :rooms)" in inserts.insert_statement(":rooms")


def test_seconds_of_counts_what_this_process_computes():
    before, end = seconds_of(os.getpid()), time.process_time() + 0.05
    while time.process_time() < end:
        pass

    assert 0.02 <= seconds_of(os.getpid()) - before < 5


def results() -> report.Results:
    found = report.Results(about={"cores": 2})
    for name, latency in (("availability JSON, a month of nights", 0.02), ("search page, nights", 0.02)):
        found.web.append(report.of_sample(name, 8, Sample([latency] * 500, Counter({200: 500}), 1.0)))
    found.web.append(report.of_sample("create booking", 8, Sample([0.1] * 140, Counter({201: 140}), 1.0)))
    steady = Sample([0.01] * 400, Counter({200: 400}), 2.0)
    found.webhooks = Ingest(steady, steady, accepted=800, rows=799)
    found.race = raced([WON, LOST])
    found.race_figure = report.Figure("losers", 32, 50.0, 50.0)
    found.pages = [Count("home", 3, 3), Count("list", 4, 13)]
    return found


def test_compare_takes_rates_where_both_have_one_and_medians_otherwise():
    fast, slow = (
        report.Figure("fast", 1, 1.0, 2.0, requests_per_second=100),
        report.Figure("slow", 1, 4.0, 8.0, requests_per_second=25),
    )
    timed = report.Figure("timed", 1, 2.0, 3.0)
    for figure, other in ((slow, fast), (timed, fast)):
        figure.compare(other)

    assert slow.ratios == {"fast": 0.25}
    assert timed.ratios == {"fast": 2.0}


def test_targets_missed_are_told():
    missed = {target.name for target in results().targets() if not target.is_met}

    assert missed == {
        "create booking, 8 clients", "webhooks: accepted without a row",
        "queries of a page, most: list", "pages whose queries grow with rows",
    }  # fmt: skip


def test_write_and_table_show_every_figure(tmp_path):
    found = results()
    report.write(found, tmp_path / "results.json")

    written = json.loads((tmp_path / "results.json").read_text())
    assert [figure["requests_per_second"] for figure in written["web"]] == [500.0, 500.0, 140.0]
    assert written["race"]["statuses"] == {"201": 1, "409": 1}
    assert written["webhooks"]["rows"] == 799
    text = report.table(found)
    for name in ("create booking", "losers", "home", "MISSED", "grows"):
        assert name in text


def test_quiet_without_patience_measures_once_and_says_what_others_took():
    calls: list[str] = []

    def work() -> str:
        time.sleep(0.05)
        calls.append("called")
        return "found"

    found, others = Quiet(0).run(work)

    assert found == "found"
    assert len(calls) == 1
    assert 0 <= others <= os.cpu_count()
