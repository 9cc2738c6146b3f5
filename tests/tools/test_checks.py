"""The closing lines of `make test`."""

from __future__ import annotations

import pytest

from tools import checks


@pytest.mark.parametrize(
    ("line", "closes"),
    [
        ("===== 3 passed, 1 skipped in 1.20s =====", True),
        ("1 failed, 31 passed in 3.14s", True),
        ("2 passed in 65.01s (0:01:05)", True),
        ("tests/rooms/search/test_query.py ....", False),
        ("3 passed so far", False),
    ],
)
def test_closing_line_is_told_from_others(line, closes):
    assert bool(checks.CLOSING.match(line)) is closes


def test_total_adds_up_the_counts_of_all_runs():
    closings = ["===== 1 failed, 3 passed, 2 skipped in 1.20s =====", "4 passed, 1 warning in 2.00s"]

    assert (
        checks.total(closings, 9.876)
        == "========== 1 failed, 7 passed, 2 skipped, 1 warning in 9.88s =========="
    )


def test_production_environment_has_neither_debug_nor_sandbox():
    environment = checks.production_environment()

    assert (environment["DEBUG"], environment["SANDBOX_URL"]) == ("false", "")
    assert environment["SITE_URL"].startswith("https://")
