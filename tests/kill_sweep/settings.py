"""The product's own settings and, last of the apps, the points where a process may be told to die."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.kill_sweep.apps.KillSweepConfig"]
