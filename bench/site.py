"""The site under load: one gunicorn with production's settings, serving product and bare views side by side."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from bench.data import ROOT
from bench.load import Address, get, volley
from tools.checks import production_environment
from tools.process import StartError, spawn, stop, tail
from tools.services import Services

WORKERS, THREADS = 2, 4
START_SECONDS = 30


def environment(services: Services, state: Path, database: str, port: int) -> dict[str, str]:
    """Return settings as in production, but for TLS, which a proxy would end, and the limit of bookings an hour."""
    shell = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **shell,
        **production_environment(),
        **services.environment(database),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "ALLOWED_HOSTS": "127.0.0.1",
        "SECURE_SSL_REDIRECT": "0",
        "STATIC_ROOT": str(state / "static"),
        "MEDIA_ROOT": str(state / "media"),
        "BOOKINGS_PER_IP_HOUR": "0",
        "NO_PROXY": "127.0.0.1",
    }


def collect_static(environment: dict[str, str]) -> None:
    """Gather what pages of production refer to. Raises: CalledProcessError."""
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


class Site:
    """gunicorn over one database, from `start` to `stop`. Keep the thread that starts it alive."""

    def __init__(self, environment: dict[str, str], state: Path, port: int) -> None:
        self.environment, self.address = environment, Address("127.0.0.1", port)
        self.log = state / "web.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Site:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start gunicorn and return when it serves. Raises: StartError."""
        command = [
            *(sys.executable, "-m", "gunicorn", "bench.bare:application", "--worker-class", "gthread"),
            *("--workers", str(WORKERS), "--threads", str(THREADS), "--no-control-socket"),
            *("--bind", f"{self.address.host}:{self.address.port}"),
        ]
        with self.log.open("wb") as log:
            self._process = spawn(command, env=self.environment, cwd=ROOT, output=log)
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise StartError(f"gunicorn did not start:\n{tail(self.log)}")
            time.sleep(0.1)

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, signal.SIGTERM, 10)
            self._process = None

    @property
    def pid(self) -> int:
        """The process above the workers; only while it runs."""
        assert self._process is not None
        return self._process.pid

    def _answers(self) -> bool:
        try:
            return [answer.status for answer in volley(self.address, [get("/healthz")])] == [200]
        except OSError:
            return False
