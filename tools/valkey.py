"""A Valkey (or Redis) server of our own: loopback only, random password, in memory, gone with its parent."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tools import binaries
from tools.process import StartError, free_port, is_port_free, kill_group, spawn, stop, tail, wait_until

START_SECONDS = 20
# An answer of "not yet" is wanted at once.
NO_RETRY = Retry(NoBackoff(), 0)


class Valkey:
    """The broker (database 0) and the cache (database 1). What it forgets is made good from PostgreSQL."""

    def __init__(self, state: Path, password: str, *, port: int, use_wheel: bool = True) -> None:
        self.server = binaries.find_valkey(use_wheel=use_wheel)
        self.log = state / "logs" / "valkey.log"
        self.password, self.port = password, port
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Bring the server up. Raises: StartError."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        for _attempt in range(3):
            if self.port == 0 or not is_port_free(self.port):
                self.port = free_port()
            if self._try_port():
                return
        raise StartError(f"Valkey did not start:\n{tail(self.log)}")

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process, signal.SIGTERM, 5)
            self.process = None

    def kill(self) -> None:
        """End the server as a power cut would; all it knew is gone."""
        if self.process is not None:
            kill_group(self.process, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def client(self, database: int = 0) -> redis.Redis:
        return redis.Redis(
            host="127.0.0.1", port=self.port, password=self.password, db=database, retry=NO_RETRY
        )

    def _try_port(self) -> bool:
        with self.log.open("ab") as log:
            # By standard input, so that the password is in no process list.
            self.process = spawn(
                [str(self.server), "-"], stdin=self._configuration().encode(), output=log, cwd=self.log.parent
            )
        if wait_until(lambda: self._is_dead() or self._accepts(), START_SECONDS) and not self._is_dead():
            return True
        self.kill()
        return False

    def _configuration(self) -> str:
        return (
            f"bind 127.0.0.1\nport {self.port}\nprotected-mode yes\nrequirepass {self.password}\n"
            'save ""\nappendonly no\nmaxmemory-policy noeviction\ndaemonize no\n'
        )

    def _is_dead(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def _accepts(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
