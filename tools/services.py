"""PostgreSQL and Valkey for demo, tests and benchmarks, with DATABASE_URL and REDIS_URL as override."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import redis
from psycopg2 import sql

from tools import binaries
from tools.postgres import USER, Postgres, wait_for_server
from tools.process import StartError
from tools.valkey import Valkey

DATABASE = "roomhold"
# Set beside DATABASE_URL for our own children: those URLs are ours, not somebody's override.
MANAGED = "ROOMHOLD_MANAGED_SERVICES"
OUTSIDE_SECONDS = 20
TEST_STATE = Path(__file__).resolve().parent.parent / ".local" / "test"
# More test runs at once than anyone starts.
TEST_SLOTS = 20


class StateInUse(StartError):
    """Another process runs on this state directory."""


class Services:
    """The two servers behind one state directory.

        with Services(Path(".local/test"), durable=False) as services:
            services.create_database("one")
            services.database_url("one"), services.redis_url(0)

    `environ` may name servers of somebody else (DATABASE_URL, REDIS_URL); {} means our own in any case.
    Start it from a thread that lives on, as `process.spawn` says.
    """

    def __init__(
        self,
        state_dir: Path | str,
        *,
        durable: bool = False,
        environ: Mapping[str, str] | None = None,
        use_wheels: bool = True,
    ) -> None:
        outside = os.environ if environ is None else environ
        if MANAGED in outside:
            outside = {}
        self.state = Path(state_dir).resolve()
        self.durable, self.use_wheels = durable, use_wheels
        self._outside_database = outside.get("DATABASE_URL", "")
        self._outside_redis = outside.get("REDIS_URL", "")
        self._lock: IO[str] | None = None
        self.postgres: Postgres | None = None
        self.valkey: Valkey | None = None

    def __enter__(self) -> Services:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Bring up what is not given from outside, unless it is up. Raises: StateInUse, StartError."""
        if self._lock is not None:
            return
        self.state.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        try:
            known = self._read_state()
            self._start_postgres(known)
            self._start_valkey(known)
            self._write_state(known)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        for server in (self.valkey, self.postgres):
            if server is not None:
                server.stop()
        self.postgres = self.valkey = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def database_url(self, name: str = DATABASE) -> str:
        """Return the URL of a database on the server; it need not exist yet."""
        if self.postgres is None:
            return urlunsplit(urlsplit(self._outside_database)._replace(path=f"/{name}"))
        return f"postgres://{USER}:{self.postgres.password}@127.0.0.1:{self.postgres.port}/{name}"

    def redis_url(self, database: int = 0) -> str:
        """Return the URL of one of the server's numbered databases: 0 is the broker, 1 the cache."""
        if self.valkey is None:
            return urlunsplit(urlsplit(self._outside_redis)._replace(path=f"/{database}"))
        return f"redis://:{self.valkey.password}@127.0.0.1:{self.valkey.port}/{database}"

    def environment(self, database: str = DATABASE) -> dict[str, str]:
        """Return the variables by which a child of ours finds the services."""
        return {"DATABASE_URL": self.database_url(database), "REDIS_URL": self.redis_url(0), MANAGED: "1"}

    def create_database(self, name: str = DATABASE) -> None:
        """Make an empty database unless there is one of this name."""
        with contextlib.closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        with contextlib.closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop_postgres(self) -> None:
        self._own_postgres().stop()

    def kill_postgres(self) -> None:
        """End PostgreSQL as a power cut would; `start_postgres` brings it back at the same port."""
        self._own_postgres().kill()

    def start_postgres(self) -> None:
        self._own_postgres().start()

    def restart_postgres(self) -> None:
        self.stop_postgres()
        self.start_postgres()

    def stop_redis(self) -> None:
        self._own_valkey().stop()

    def kill_redis(self) -> None:
        """End Valkey as a power cut would, with all it knew."""
        self._own_valkey().kill()

    def start_redis(self) -> None:
        self._own_valkey().start()

    def restart_redis(self) -> None:
        self.stop_redis()
        self.start_redis()

    def flush_redis(self) -> None:
        """Forget every message and every cached value."""
        with redis.Redis.from_url(self.redis_url(0)) as client:
            client.flushall()

    def forget(self) -> None:
        """Delete all state of stopped services. Raises: StateInUse."""
        if not self.state.exists():
            return
        self._take_lock()
        try:
            shutil.rmtree(_home(self.state))
            shutil.rmtree(self.state, ignore_errors=True)
        finally:
            self.stop()

    def _own_postgres(self) -> Postgres:
        if self.postgres is None:
            raise StartError("PostgreSQL is not ours to stop: it is stopped, or DATABASE_URL names another's")
        return self.postgres

    def _own_valkey(self) -> Valkey:
        if self.valkey is None:
            raise StartError("Valkey is not ours to stop: it is stopped, or REDIS_URL names another's")
        return self.valkey

    def _connect(self) -> psycopg2.extensions.connection:
        connection = psycopg2.connect(self.database_url("postgres"), connect_timeout=5)
        connection.autocommit = True
        return connection

    def _take_lock(self) -> None:
        lock = (self.state / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise StateInUse(f"another Roomhold runs on {self.state}") from error
        self._lock = lock

    def _start_postgres(self, known: dict[str, str | int]) -> None:
        if self._outside_database:
            if not wait_for_server(self.database_url("postgres"), OUTSIDE_SECONDS):
                raise StartError("the server of DATABASE_URL does not answer")
            return
        self.postgres = Postgres(
            self.state,
            str(known["postgres_password"]),
            port=int(known["postgres_port"]),
            durable=self.durable,
            use_wheel=self.use_wheels,
        )
        self.postgres.start()
        known["postgres_port"] = self.postgres.port

    def _start_valkey(self, known: dict[str, str | int]) -> None:
        if self._outside_redis:
            return
        self.valkey = Valkey(
            self.state, str(known["redis_password"]), port=int(known["redis_port"]), use_wheel=self.use_wheels
        )
        self.valkey.start()
        known["redis_port"] = self.valkey.port

    def _read_state(self) -> dict[str, str | int]:
        """Return passwords and ports, made and written at the first start, the same at the next."""
        file = self.state / "services.json"
        with contextlib.suppress(FileNotFoundError, ValueError):
            return dict(json.loads(file.read_text()))
        known: dict[str, str | int] = {
            "postgres_password": secrets.token_urlsafe(24),
            "postgres_port": 0,
            "redis_password": secrets.token_urlsafe(24),
            "redis_port": 0,
        }
        self._write_state(known)
        if not self.durable:
            for cluster in _home(self.state).glob("pg*-*"):
                shutil.rmtree(cluster)
        return known

    def _write_state(self, known: dict[str, str | int]) -> None:
        fresh = self.state / "services.json.new"
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(known))
        fresh.replace(self.state / "services.json")


def start_test_services() -> Services:
    """Start services for tests on the first state directory that nobody else uses. Raises: StartError."""
    for slot in range(1, TEST_SLOTS + 1):
        services = Services(TEST_STATE / str(slot), durable=False)
        try:
            services.start()
        except StateInUse:
            continue
        return services
    raise StateInUse(f"all of {TEST_STATE} is in use")


def _home(state: Path) -> Path:
    return binaries.reachable_directory(state, binaries.database_account())
