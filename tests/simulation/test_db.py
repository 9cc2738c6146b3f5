"""The layer with the database: the real services keep every promise, faults or not."""

import os
from dataclasses import replace
from types import SimpleNamespace

import pytest

HISTORIES = int(os.environ.get("SIMULATION_DB_HISTORIES", "500"))


# With the mark the migrated test database is there, of which every process takes a copy.
pytestmark = pytest.mark.django_db(transaction=True)


def test_500_histories_with_the_database_break_no_promise():
    from tests.simulation.db.runner import run_db

    report = run_db(HISTORIES, seed=0, jobs=2)

    assert report.violations == []
    assert report.histories == HISTORIES


def test_what_banks_dashboards_and_staff_do_is_played_with_the_database(monkeypatch):
    from tests.simulation.db import scheduler
    from tests.simulation.db.runner import run_db

    monkeypatch.setattr(scheduler, "RATES", (0.5,))
    report = run_db(40, seed=30_000, jobs=2)
    acts = " ".join(report.coverage)

    assert report.violations == []
    for act in ("chargeback, then", "by hand", "staff: refund", "staff: adjust"):
        assert act in acts


def test_what_comes_late_is_played_with_the_database(monkeypatch):
    from tests.simulation.db import scheduler
    from tests.simulation.db.runner import run_db

    for rate in ("NIGHTS_EVERY", "PAYEES_EVERY"):
        monkeypatch.setattr(scheduler, rate, 2)
    monkeypatch.setattr(scheduler, "RATES", (0.5,))
    report = run_db(60, seed=60_000, jobs=2)
    acts = " ".join(report.coverage)

    assert report.violations == []
    for act in (
        "nightly comparison with stripe",
        "unheard, then",
        "payout by bank",
        "payout by stripe",
        "staff: answer",
    ):
        assert act in acts


def test_lost_dispute_that_is_not_booked_is_found_with_the_database(monkeypatch):
    from payments.ledger import posting as ledger
    from payments.lifecycle import dispute_tracking
    from tests.simulation.db import scheduler
    from tests.simulation.db.runner import run_db

    def forgotten(*_, **__):
        """The bank keeps the money, and nobody books it."""

    monkeypatch.setattr(scheduler, "RATES", (0.5,))
    monkeypatch.setattr(dispute_tracking, "ledger", _without(ledger, "post_dispute_withdrawn", forgotten))
    report = run_db(40, seed=30_000, jobs=2)

    assert {"M5", "M9"} & report.by_invariant.keys()


def test_fee_of_a_dispute_nobody_booked_is_found_by_the_comparison_of_the_night(monkeypatch):
    """Rows and ledger agree with each other; the balance at Stripe alone tells."""
    from payments.providers.stripe import client
    from tests.simulation.db import scheduler
    from tests.simulation.db.runner import run_db

    read = client.read_dispute
    monkeypatch.setattr(client, "read_dispute", lambda *args: replace(read(*args), fee_minor=0))
    monkeypatch.setattr(scheduler, "NIGHTS_EVERY", 2)
    monkeypatch.setattr(scheduler, "RATES", (0.5,))
    report = run_db(4, seed=60_004, jobs=2)

    assert "nightly: money open" in " ".join(report.coverage)
    assert report.by_invariant.keys() == {"C1"}


def _without(module, name, instead):
    return SimpleNamespace(**{**vars(module), name: instead})


def test_lost_settle_mark_is_found_with_the_database_too(monkeypatch):
    from payments.settling import settle_queue
    from tests.simulation.db.runner import run_db

    monkeypatch.setattr(settle_queue, "mark_if_needed", lambda booking: None)
    report = run_db(30, seed=0, jobs=2)

    assert {"M3", "M4", "C2"} & report.by_invariant.keys()


def test_failing_history_with_the_database_is_told_without_what_it_does_not_need(monkeypatch, capsys):
    from payments.settling import settle_queue
    from tests.simulation.db.runner import replay_db

    monkeypatch.setattr(settle_queue, "mark_if_needed", lambda booking: None)
    code = replay_db(0, is_told=True)
    *story, verdict = capsys.readouterr().out.strip().splitlines()

    assert code == 1
    assert verdict.startswith("seed 0: M4")
    assert verdict.endswith("(in 3 actions)")
    assert [line.partition("  ")[2].split()[0] for line in story[1:4]] == ["submit", "run", "pay"]


def test_kept_words_of_a_query_that_are_not_so_are_noticed(monkeypatch):
    from bookings.models import Booking
    from tests.simulation.db import thrift

    monkeypatch.setattr(thrift, "_kept", {})
    monkeypatch.setattr(thrift.scribe, "is_doubting", True)
    with thrift.thrifty():
        Booking.objects.filter(reference="RHA").first()
        Booking.objects.filter(reference="RHB").first()
        for words in thrift._kept.values():
            words.sql += " FOR UPDATE"

        with pytest.raises(AssertionError, match="not what was kept"):
            Booking.objects.filter(reference="RHC").first()
