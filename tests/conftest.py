"""The running product (PostgreSQL, Redis, gunicorn, worker, beat, sandbox) for flow and browser tests."""

import datetime as dt
import os
from collections.abc import Iterator

import pytest
import requests
from django.apps import apps
from django.db import connection, connections
from django.test import override_settings
from time_machine import TimeMachineFixture

# Playwright's synchronous API runs inside an event loop; the ORM must not mind.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

STACK_DATABASE = "flows"
# What a test leaves in the stack's database, and a check over all of it would find.
PASSING_APPS = ("bookings", "payments", "notifications", "calendars")


@pytest.fixture
def one_moment(time_machine: TimeMachineFixture) -> None:
    """Time stands still, so that a count never begins anew at the turn of a minute or an hour."""
    time_machine.move_to(dt.datetime.now(dt.UTC), tick=False)


@pytest.fixture(scope="session")
def stack(services, tmp_path_factory: pytest.TempPathFactory, django_db_blocker) -> Iterator:
    """The whole product on a database of its own, which this process uses, too. Nothing is rolled back."""
    from tools.stack import Stack

    services.drop_database(STACK_DATABASE)
    services.create_database(STACK_DATABASE)
    rhythm = float(os.environ.get("STACK_SWEEP_SECONDS", "1"))
    running = Stack(services, tmp_path_factory.mktemp("stack"), database=STACK_DATABASE, sweep_seconds=rhythm)
    running.manage("migrate", "-v0")
    as_the_stack = override_settings(
        SECRET_KEY=running.environment()["SECRET_KEY"],
        FIELD_ENCRYPTION_KEYS=[running.environment()["FIELD_ENCRYPTION_KEY"]],
        SITE_URL=running.url,
        SANDBOX_CLOCK_FILE=str(running.clock_file),
        MEDIA_ROOT=running.environment()["MEDIA_ROOT"],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"],
    )
    with django_db_blocker.unblock(), as_the_stack:
        before = connection.settings_dict["NAME"]
        connections.close_all()
        connection.settings_dict["NAME"] = STACK_DATABASE
        try:
            with running:
                yield running
        finally:
            connections.close_all()
            connection.settings_dict["NAME"] = before


@pytest.fixture(scope="module")
def emptied(stack) -> None:
    """A stack without bookings and money, at the providers, too.

    Browser tests write rows that no product would have made so; what providers know of payments and payouts that are
    forgotten here would differ from our books for ever.
    """
    tables = [
        model._meta.db_table
        for name in PASSING_APPS
        for model in apps.get_app_config(name).get_models()
        if not model._meta.proxy
    ]
    names = ", ".join(f'"{table}"' for table in [*tables, "rooms_occupancy"])
    stack.stop("web", "worker", "beat")
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {names} CASCADE")
        cursor.execute("UPDATE rooms_session SET seats_taken = 0")
    requests.post(f"{stack.sandbox_url}/_control/reset", timeout=10).raise_for_status()
    stack.start()
