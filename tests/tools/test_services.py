"""The supervisor: what it starts works, survives a crash and leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
import redis

from tools import binaries
from tools.process import Account, free_port, is_port_free, wait_until
from tools.services import Services, StateInUse
from tools.valkey import NO_RETRY

PARENT = """
import sys, time
from tools.services import Services
services = Services(sys.argv[1], environ={})
services.start()
print(services.postgres.process.pid, services.valkey.process.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory):
    state = tmp_path_factory.mktemp("services") / "state"
    with Services(state, environ={}) as started:
        yield started
    Services(state).forget()


@pytest.fixture
def state(tmp_path):
    """A state directory, forgotten in the end with what lies in its stand-in under /var/tmp."""
    yield tmp_path / "state"
    Services(tmp_path / "state").forget()


def query(services: Services, database: str, statement: str) -> list[tuple]:
    with contextlib.closing(psycopg2.connect(services.database_url(database))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


def is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_started_services_listen_on_loopback_with_a_password(services):
    without_password = f"postgres://roomhold@127.0.0.1:{services.postgres.port}/postgres"

    addresses = query(services, "postgres", "SHOW listen_addresses")

    assert addresses == [("127.0.0.1",)]
    with pytest.raises(psycopg2.OperationalError, match="no password supplied"):
        psycopg2.connect(without_password, passfile="/dev/null")
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(host="127.0.0.1", port=services.valkey.port, retry=NO_RETRY).ping()


def test_create_database_twice_makes_one_with_the_extensions_we_use(services):
    services.create_database("one")
    services.create_database("one")

    query(services, "one", "CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm")

    found = query(services, "postgres", "SELECT count(*) FROM pg_database WHERE datname = 'one'")
    assert found == [(1,)]


def test_killed_postgres_started_again_keeps_rows_and_port(services):
    services.create_database("crash")
    query(services, "crash", "CREATE TABLE kept (id int); INSERT INTO kept VALUES (1), (2)")
    port = services.postgres.port

    services.kill_postgres()
    services.start_postgres()

    assert services.postgres.port == port
    assert query(services, "crash", "SELECT id FROM kept ORDER BY id") == [(1,), (2,)]


def test_flush_redis_forgets_broker_and_cache(services):
    for database in (0, 1):
        redis.Redis.from_url(services.redis_url(database)).set("known", "yes")

    services.flush_redis()

    assert [redis.Redis.from_url(services.redis_url(database)).dbsize() for database in (0, 1)] == [0, 0]


def test_state_in_use_is_refused_and_left_alone(services):
    with pytest.raises(StateInUse):
        Services(services.state, environ={}).start()

    assert query(services, "postgres", "SELECT 1") == [(1,)]


def test_killed_parent_leaves_no_process_and_state_that_starts_again(state):
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(state)], stdout=subprocess.PIPE, text=True)
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert [is_alive(pid) for pid in pids] == [True, True]

    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()

    assert wait_until(lambda: not any(is_alive(pid) for pid in pids), 10)
    with Services(state, environ={}) as again:
        assert query(again, "postgres", "SELECT 1") == [(1,)]


def test_taken_port_is_left_to_its_owner(state, services):
    taken = services.postgres.port
    state.mkdir()
    (state / "services.json").write_text(
        json.dumps(
            {
                "postgres_password": "a",
                "postgres_port": taken,
                "redis_password": "b",
                "redis_port": taken,
            }
        )
    )

    with Services(state, environ={}) as other:
        ports = {taken, other.postgres.port, other.valkey.port}
        assert query(other, "postgres", "SELECT 1") == [(1,)]

    assert len(ports) == 3


def test_outside_servers_are_used_and_not_stopped(state, services):
    outside = {"DATABASE_URL": services.database_url("x"), "REDIS_URL": services.redis_url(7)}

    with Services(state, environ=outside) as borrowed:
        urls = (borrowed.database_url("one"), borrowed.redis_url(1))

    assert urls == (services.database_url("one"), services.redis_url(1))
    assert query(services, "postgres", "SELECT 1") == [(1,)]


def test_directory_closed_to_the_database_user_is_not_reachable(tmp_path):
    closed = tmp_path / "closed"
    (closed / "inside").mkdir(parents=True)
    closed.chmod(0o700)

    reachable = binaries.can_reach(closed / "inside", Account("nobody", 65534, 65534))

    assert reachable is False


def test_free_port_is_none_that_an_outgoing_connection_could_take():
    taken_by_system = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])

    assert all(1024 <= free_port() < taken_by_system for _ in range(50))


def test_free_port_passes_over_ports_that_somebody_listens_on():
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]

        assert is_port_free(taken) is False
