"""The payout run over many bookings, and a busy host's balance, on a database of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from bench.data import ROOT
from bench.site import environment
from tools.process import free_port
from tools.services import Services

DATABASE = "bench_money"
# What issue and requirements want of two cores.
RUN_SECONDS, RUN_GROWS_MB, BALANCE_MS = 60, 50, 50


def measure(services: Services, state: Path, *, is_quick: bool) -> dict[str, dict]:
    """Return {"run": figures, "balance": figures}; see bench.money_run. Raises: CalledProcessError."""
    services.drop_database(DATABASE)
    services.create_database(DATABASE)
    settings = environment(services, state, DATABASE, free_port()) | {"LOG_LEVEL": "CRITICAL"}
    command = [sys.executable, "manage.py", "migrate", "-v0", "--skip-checks"]
    subprocess.run(command, cwd=ROOT, env=settings, check=True)
    command = [sys.executable, "-m", "bench.money_run", *(["--quick"] if is_quick else [])]
    done = subprocess.run(command, cwd=ROOT, env=settings, check=True, stdout=subprocess.PIPE, text=True)
    services.drop_database(DATABASE)
    return json.loads(done.stdout.splitlines()[-1])
