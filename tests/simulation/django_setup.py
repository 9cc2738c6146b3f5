"""Django's settings and, where it is needed, a database of its own, for a run outside pytest."""

import atexit
import os
import warnings

import django
from django.apps import apps
from django.core.management import call_command

from tools.services import start_test_services

DATABASE = "simulation"


def prepare(*, needs_database: bool = False) -> None:
    """Make the product importable; with a database, PostgreSQL and Valkey run until this process ends."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
    if needs_database:
        _start_services()
    if not apps.ready:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            django.setup()
    if needs_database:
        call_command("migrate", verbosity=0)


def _start_services() -> None:
    """Always on servers of our own: histories empty the database they run on."""
    services = start_test_services()
    atexit.register(services.stop)
    services.create_database(DATABASE)
    os.environ.update(services.environment(DATABASE))
