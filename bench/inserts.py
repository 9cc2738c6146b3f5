"""How fast PostgreSQL itself takes occupancies under the exclusion constraint: pgbench, with no web in between."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from bench.data import connect
from bench.load import Sample
from tools.binaries import find_postgres
from tools.process import StartError

SEQUENCE = "CREATE SEQUENCE IF NOT EXISTS bench_slot"
# Each row gets an hour of its own in years the product does not sell, spread over rooms and time as bookings are.
INSERT = """
    INSERT INTO rooms_occupancy (room_id, kind, period, reference, source, external_uid, note, created_at)
    SELECT (SELECT min(id) FROM rooms_room) + mod(n, {rooms}), 'booking', tstzrange(hour, hour + interval '1 hour'),
        'P' || n, '', '', '', now()
    FROM nextval('bench_slot') AS n
    CROSS JOIN LATERAL (
        SELECT timestamptz '2040-01-01' + mod(n / {rooms} * 7919, 100000) * interval '1 hour'
    ) AS slot (hour)
    RETURNING id
"""


def insert_statement(rooms: str) -> str:
    """Return the statement; `rooms` is how many rooms there are, or a variable that says so."""
    return INSERT.format(rooms=rooms)


def prepare(url: str) -> None:
    """Make the sequence that the statement counts by."""
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(SEQUENCE)


def pgbench(url: str, *, rooms: int, clients: int, seconds: int) -> Sample:
    """Insert with so many connections for so many seconds. Raises: StartError without pgbench or when it fails."""
    program = find_postgres().bin / "pgbench"
    if not program.exists():
        raise StartError(f"no pgbench beside {program.parent}/postgres")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "insert.sql"
        script.write_text(insert_statement(":rooms").strip() + ";\n")
        command = [
            *(str(program), "--no-vacuum", "--protocol=prepared", f"--client={clients}"),
            *(f"--jobs={min(clients, 2)}", f"--time={seconds}", f"--define=rooms={rooms}"),
            *(f"--file={script}", "--log", f"--log-prefix={folder}/log"),
        ]
        done = subprocess.run(
            command, env=_environment(url), cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise StartError(f"pgbench ended with {done.returncode}:\n{done.stderr[-2000:]}")
        logs = [file.read_text() for file in Path(folder).glob("log.*")]
    return Sample(latencies=latencies("\n".join(logs)), seconds=float(seconds))


def latencies(log: str) -> list[float]:
    """Return the seconds each transaction of a pgbench log took: its third word, in microseconds."""
    return [int(line.split()[2]) / 1_000_000 for line in log.splitlines() if line.strip()]


def _environment(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PGHOST": parts.hostname or "127.0.0.1",
        "PGPORT": str(parts.port or 5432),
        "PGUSER": parts.username or "",
        "PGPASSWORD": parts.password or "",
        "PGDATABASE": parts.path.lstrip("/"),
    }
