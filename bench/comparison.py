"""The nightly comparison of many payments with the provider's own list, against the sandbox over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.data import ROOT
from bench.site import environment
from tools.process import StartError, free_port, spawn, stop, tail
from tools.services import Services

DATABASE = "bench_comparison"
START_SECONDS = 20
# Hopes for two cores shared with the provider's stand-in: a night's payments in a coffee's time, and no heap of them.
PER_SECOND, GROWS_MB = 100, 50


def measure(services: Services, state: Path, *, is_quick: bool) -> dict[str, object]:
    """Return the figures of one comparison; see bench.comparison_run. Raises: CalledProcessError, StartError."""
    services.drop_database(DATABASE)
    services.create_database(DATABASE)
    settings = environment(services, state, DATABASE, free_port()) | {"LOG_LEVEL": "CRITICAL"}
    command = [sys.executable, "manage.py", "migrate", "-v0", "--skip-checks"]
    subprocess.run(command, cwd=ROOT, env=settings, check=True)
    with _sandbox(settings, state) as base:
        known = settings | {"DEBUG": "1", "STRIPE_API_BASE": base, "RECONCILE_PAUSE_SECONDS": "0"}
        command = [sys.executable, "-m", "bench.comparison_run", *(["--quick"] if is_quick else [])]
        done = subprocess.run(command, cwd=ROOT, env=known, check=True, stdout=subprocess.PIPE, text=True)
    services.drop_database(DATABASE)
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def _sandbox(settings: dict[str, str], state: Path) -> Iterator[str]:
    """The provider's stand-in in a process of its own, without webhooks; yields its address. Raises: StartError."""
    port, log = free_port(), state / "sandbox.log"
    known: dict[str, str] = {name: settings[name] for name in ("PATH", "HOME", "LANG") if name in settings}
    with log.open("wb") as output:
        process = spawn(
            [sys.executable, "-m", "sandbox"],
            env={**known, "DEBUG": "1", "SANDBOX_PORT": str(port)}, cwd=ROOT, output=output,
        )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + START_SECONDS
        while not _answers(base):
            if process.poll() is not None or time.monotonic() > end:
                raise StartError(f"the sandbox did not start:\n{tail(log)}")
            time.sleep(0.1)
        yield base
    finally:
        stop(process, 15, 5)


def _answers(base: str) -> bool:
    try:
        with urllib.request.urlopen(f"{base}/_control/health", timeout=2) as response:
            return response.status == 200
    except (OSError, urllib.error.URLError):
        return False
