"""A PostgreSQL server of our own: loopback only, random password, never as root, gone with its parent."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg2

from tools import binaries
from tools.process import StartError, free_port, is_port_free, kill_group, spawn, stop, tail, wait_until

USER = "roomhold"
START_SECONDS = 60
# A slow disk may need long for the last checkpoint.
STOP_SECONDS = 30
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
}
# Safe against kill -9, not against a power cut: only where the data is worth nothing.
# synchronous_commit stays on, for without it a killed server forgets what it had said yes to.
CARELESS = {"fsync": "off", "full_page_writes": "off"}


def socket_host(port: int) -> str:
    """Return the host under which Linux reaches the server on a port without its network; elsewhere nothing.

    In the kernel's own names, not in a directory: no limit on the path's length, no rights to get wrong.
    """
    return f"@roomhold-{port}" if sys.platform == "linux" else ""


class Postgres:
    """One cluster under a state directory."""

    def __init__(
        self, state: Path, password: str, *, port: int, durable: bool, use_wheel: bool = True
    ) -> None:
        self.account = binaries.database_account()
        found = binaries.find_postgres(use_wheel=use_wheel)
        self.binaries = binaries.reachable_postgres(found, self.account)
        self.home = binaries.reachable_directory(state, self.account)
        uid = self.account.uid if self.account else os.geteuid()
        # By version and user, so that another PostgreSQL or user finds its own, not one it cannot read.
        self.data = self.home / f"pg{self.binaries.major}-{uid}"
        self.log = state / "logs" / "postgres.log"
        self.password, self.port, self.durable = password, port, durable
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Bring the server up, from nothing or from whatever a crash left. Raises: StartError."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if not (self.data / "PG_VERSION").exists():
            self._initialize()
        self._end_leftover()
        try:
            self._launch()
        except StartError:
            if self.durable:
                raise
            shutil.rmtree(self.data)
            self._initialize()
            self._launch()

    def stop(self) -> None:
        if self.process is not None:
            # SIGINT is PostgreSQL's fast stop; SIGTERM would wait for every client.
            stop(self.process, signal.SIGINT, STOP_SECONDS)
            self.process = None

    def kill(self) -> None:
        """End the server and its sessions as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            kill_group(self.process, signal.SIGKILL)
            self.process = None

    def connect(self, database: str = "postgres") -> psycopg2.extensions.connection:
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=self.password,
            dbname=database,
            connect_timeout=5,
        )
        connection.autocommit = True
        return connection

    def _initialize(self) -> None:
        fresh = self.data.with_name(f"{self.data.name}.new")
        password_file = self.home / "initdb-password"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password_file.write_text(self.password)
        password_file.chmod(0o600)
        if self.account is not None:
            os.chown(fresh, self.account.uid, self.account.gid)
            os.chown(password_file, self.account.uid, self.account.gid)
        command = [
            str(self.binaries.bin / "initdb"),
            "-D",
            str(fresh),
            "-U",
            USER,
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "-E",
            "UTF8",
            *self._locale(),
        ]
        if not self.durable:
            command.append("--no-sync")
        try:
            with self.log.open("ab") as log:
                done = spawn(
                    command, output=log, account=self.account, env=_environment(), cwd=Path("/")
                ).wait()
        finally:
            password_file.unlink()
        if done != 0:
            raise StartError(f"initdb failed:\n{tail(self.log)}")
        fresh.rename(self.data)

    def _locale(self) -> list[str]:
        # The built-in provider sorts alike on every machine; it came with version 17.
        if self.binaries.major >= 17:
            return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return ["--locale=C.UTF-8"]

    def _end_leftover(self) -> None:
        """See that no server of a killed parent, nor its pid file, stands in the way."""
        pid_file = self.data / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(pid_file.read_text().splitlines()[0])
            if str(self.data) in _command_line(pid):
                os.kill(pid, signal.SIGINT)
                wait_until(lambda: str(self.data) not in _command_line(pid), STOP_SECONDS)
            pid_file.unlink(missing_ok=True)

    def _launch(self) -> None:
        for _attempt in range(3):
            if self.port == 0 or not is_port_free(self.port):
                self.port = free_port()
            if self._try_port():
                return
        raise StartError(f"PostgreSQL did not start:\n{tail(self.log)}")

    def _try_port(self) -> bool:
        settings = {**SETTINGS, **({} if self.durable else CARELESS), "port": str(self.port)}
        settings["unix_socket_directories"] = socket_host(self.port)
        command = [str(self.binaries.bin / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            self.process = spawn(
                command,
                output=log,
                account=self.account,
                env=_environment(),
                cwd=Path("/"),
                death_signal=signal.SIGINT,
            )
        if wait_until(lambda: self._is_dead() or self._accepts(), START_SECONDS) and not self._is_dead():
            return True
        self.kill()
        return False

    def _is_dead(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def _accepts(self) -> bool:
        try:
            self.connect().close()
        except psycopg2.OperationalError as error:
            if "password authentication failed" in str(error):
                raise StartError(
                    f"the password of {self.data} is lost; forget its state and start anew"
                ) from error
            return False
        return True


def _environment() -> dict[str, str]:
    # Nothing of PGDATA, PGPORT and the like may reach our own server.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def wait_for_server(url: str, seconds: float) -> bool:
    """Tell whether the server of a database URL answers within `seconds`."""
    end = time.monotonic() + seconds
    while True:
        try:
            psycopg2.connect(url, connect_timeout=5).close()
            return True
        except psycopg2.OperationalError:
            if time.monotonic() > end:
                return False
            time.sleep(0.2)
