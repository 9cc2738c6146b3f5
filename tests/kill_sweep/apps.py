import datetime as dt
import os
from pathlib import Path

from django.apps import AppConfig

from tests.kill_sweep.points import install


class KillSweepConfig(AppConfig):
    """Last of the apps, so that everything it wraps is there."""

    name = "tests.kill_sweep"

    def ready(self) -> None:
        install(Path(os.environ["KILL_SWEEP_FOLDER"]))
        if seconds := os.environ.get("KILL_SWEEP_LEASE_SECONDS"):
            from payments.settling import operations

            operations.LEASE = dt.timedelta(seconds=int(seconds))
