"""The measured database: a year on a busy marketplace, built once as a template and copied for every run."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

from bench import say
from tools.services import Services

ROOT = Path(__file__).resolve().parent.parent
STATEMENTS = Path(__file__).with_name("data.sql")
# The year begins this long ago at most; measured dates lie well inside it.
LONGEST_KEPT = dt.timedelta(days=30)
OCCUPANCIES_PER_ROOM = 1000
RUN = "bench_run"


def prepare(services: Services, *, rooms: int, environment: dict[str, str]) -> str:
    """Return the name of a fresh copy of the database with `rooms` rooms and a thousand occupancies for each.

    The template is built when there is none of this size, schema and month. Raises: CalledProcessError.
    """
    template = template_name(rooms)
    with _server(services) as connection:
        known = _databases(connection)
    if template not in known:
        for old in known:
            if old.startswith(f"bench_{rooms}_"):
                services.drop_database(old)
        _build(services, template, rooms, environment)
    services.drop_database(RUN)
    began = time.monotonic()
    with _server(services) as connection, connection.cursor() as cursor:
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        cursor.execute(copy.format(sql.Identifier(RUN), sql.Identifier(template)))
    say(f"a fresh copy of {template} in {time.monotonic() - began:.1f} s")
    return RUN


def template_name(rooms: int, today: dt.date | None = None) -> str:
    """Return a name that changes with size, schema, these statements and, every 30 days, the year measured."""
    today = today or dt.datetime.now(dt.UTC).date()
    files = [STATEMENTS, Path(__file__), *sorted(ROOT.glob("*/migrations/*.py"))]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:10]
    return f"bench_{rooms}_{digest}_{today.toordinal() // LONGEST_KEPT.days}"


def statements() -> list[tuple[str, str]]:
    """Return the blocks of data.sql: what each makes, and its SQL."""
    _heading, *blocks = STATEMENTS.read_text().split("\n\n")
    titles = [block.split("\n", 1)[0].removeprefix("-- ") for block in blocks]
    return list(zip(titles, blocks, strict=True))


def _build(services: Services, template: str, rooms: int, environment: dict[str, str]) -> None:
    draft = f"{template}_draft"
    services.drop_database(draft)
    services.create_database(draft)
    say(f"building {rooms:,} rooms and {rooms * OCCUPANCIES_PER_ROOM:,} occupancies; later runs copy them")
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0", "--skip-checks"],
        cwd=ROOT, env={**environment, "DATABASE_URL": services.database_url(draft)}, check=True,
    )  # fmt: skip
    with connect(services.database_url(draft)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.42)")
        dropped = _drop_slow_indexes(cursor)
        values = {"rooms": rooms, "first_day": dt.datetime.now(dt.UTC).date()}
        for title, statement in statements():
            _timed(title, lambda: cursor.execute(statement, values))  # noqa: B023
        for definition in dropped:
            _timed(definition.split(" USING ")[0], lambda: cursor.execute(definition))  # noqa: B023
        _timed("vacuum, analyze", lambda: cursor.execute("VACUUM (FREEZE, ANALYZE)"))
    with _server(services) as connection, connection.cursor() as cursor:
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        cursor.execute(rename.format(sql.Identifier(draft), sql.Identifier(template)))


def _drop_slow_indexes(cursor: psycopg2.extensions.cursor) -> list[str]:
    """Drop the indexes of Occupancy but its key, which are quicker built than filled; return how to make them."""
    cursor.execute(
        "SELECT conname, format('ALTER TABLE rooms_occupancy ADD CONSTRAINT %I %s', conname,"
        " pg_get_constraintdef(oid)) FROM pg_constraint"
        " WHERE conrelid = 'rooms_occupancy'::regclass AND contype = 'x'"
    )
    constraints = cursor.fetchall()
    for name, _definition in constraints:
        cursor.execute(sql.SQL("ALTER TABLE rooms_occupancy DROP CONSTRAINT {}").format(sql.Identifier(name)))
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes"
        " WHERE tablename = 'rooms_occupancy' AND indexname NOT LIKE '%_pkey'"
    )
    indexes = cursor.fetchall()
    for name, _definition in indexes:
        cursor.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    return [_grown(definition) for _name, definition in (*constraints, *indexes)]


def _grown(definition: str) -> str:
    """Have a GiST index built as inserts make it grow: the sorted build packs by time alone, as no living one is."""
    if "USING gist" not in definition:
        return definition
    body, where, condition = definition.partition(" WHERE ")
    return f"{body} WITH (buffering=on){where}{condition}"


def _timed(what: str, work: Callable[[], object]) -> None:
    began = time.monotonic()
    work()
    say(f"  {what}: {time.monotonic() - began:.1f} s")


@contextlib.contextmanager
def connect(url: str) -> Iterator[psycopg2.extensions.connection]:
    """Open an autocommit connection and close it at the end."""
    connection = psycopg2.connect(url, connect_timeout=5)
    connection.autocommit = True
    try:
        yield connection
    finally:
        connection.close()


def one_row(cursor: psycopg2.extensions.cursor) -> tuple[Any, ...]:
    """Return the row that a query has at least. Raises: LookupError."""
    row = cursor.fetchone()
    if row is None:
        raise LookupError("the query answered no row")
    return row


def _server(services: Services) -> contextlib.AbstractContextManager[psycopg2.extensions.connection]:
    return connect(services.database_url("postgres"))


def _databases(connection: psycopg2.extensions.connection) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'bench\\_%'")
        return [name for (name,) in cursor.fetchall() if not name.endswith("_draft")]


def size(url: str) -> dict[str, object]:
    """Return what was measured on: rows, and the database's size in MB."""
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM rooms_room), (SELECT count(*) FROM rooms_occupancy),"
            " pg_database_size(current_database()) / 1000000"
        )
        rooms, occupancies, megabytes = one_row(cursor)
    return {"rooms": rooms, "occupancies": occupancies, "database_mb": int(megabytes)}
