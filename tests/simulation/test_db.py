"""The layer with the database: the real services keep every promise, faults or not."""

import os

import pytest

HISTORIES = int(os.environ.get("SIMULATION_DB_HISTORIES", "500"))


@pytest.fixture
def database(django_db_setup, django_db_blocker):
    """The migrated test database, of which every process takes a copy; nothing is written into it."""
    with django_db_blocker.unblock():
        yield


def test_500_histories_with_the_database_break_no_promise(database):
    from tests.simulation.db.runner import run_db

    report = run_db(HISTORIES, seed=0, jobs=2)

    assert report.violations == []
    assert report.histories == HISTORIES


def test_lost_settle_mark_is_found_with_the_database_too(database, monkeypatch):
    from payments import settlement
    from tests.simulation.db.runner import run_db

    monkeypatch.setattr(settlement, "mark_if_needed", lambda booking: None)
    report = run_db(30, seed=0, jobs=2)

    assert {"M3", "M4", "C2"} & report.by_invariant.keys()
