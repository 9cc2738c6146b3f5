"""How PostgreSQL reads what is taken when a guest searches; by its plan, since a clock would tell of the machine."""

import datetime as dt

import pytest
from django.db import connection

from rooms.search.query import Search, search
from tests.support import factories

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)
NIGHTS = Search(check_in=dt.date(2026, 12, 1), check_out=dt.date(2026, 12, 4))
HOURS = Search(start=dt.datetime(2026, 12, 1, 9), end=dt.datetime(2026, 12, 1, 11))


def nodes(plan: dict) -> list[dict]:
    return [plan, *(node for part in plan.get("Plans", ()) for node in nodes(part))]


def reads(asked: Search) -> list[dict]:
    """Return the plan's nodes that read occupancy, as they run where the table is too large to be read whole."""
    sql, values = search(asked, NOW).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values)
        [[plan]] = cursor.fetchone()
    return [node for node in nodes(plan["Plan"]) if node.get("Relation Name") == "rooms_occupancy"]


@pytest.mark.parametrize(
    ("asked", "kind"), [(NIGHTS, "hotel"), (HOURS, "conference")], ids=["nights", "hours"]
)
def test_search_of_many_rooms_reads_what_is_taken_once_from_the_index_alone(asked, kind):
    for _ in range(5):
        factories.room(kind=kind)

    [read] = reads(asked)

    assert (read["Node Type"], read["Index Name"]) == ("Index Only Scan", "occupancy_period_room_kind")
    assert read["Actual Loops"] == 1
