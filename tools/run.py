"""`python -m tools.run <command>`: what the Makefile calls."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

from tools import browser, checks, demo
from tools.process import StartError
from tools.services import start_test_services

USAGE = "usage: python -m tools.run demo | reset | test | fast | e2e | lint | browser | exec -- command"


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    name, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    commands: dict[str, Callable[[], int]] = {
        "demo": demo.run,
        "reset": demo.reset,
        "test": lambda: checks.everything(rest),
        "fast": lambda: checks.fast(rest),
        "e2e": lambda: checks.e2e(rest),
        "lint": checks.lint,
        "browser": lambda: 0 if browser.ensure() else 1,
        "exec": lambda: execute(rest[1:] if rest[:1] == ["--"] else rest),
    }
    if name not in commands:
        print(USAGE, file=sys.stderr)
        return 2
    try:
        return commands[name]()
    except StartError as error:
        print(f"roomhold: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def execute(command: list[str]) -> int:
    """Run a command with test services, which DATABASE_URL and REDIS_URL name to it."""
    if not command:
        print(USAGE, file=sys.stderr)
        return 2
    services = start_test_services()
    try:
        services.create_database()
        environment = {**os.environ, **services.environment()}
        return subprocess.run(command, env=environment, check=False).returncode
    finally:
        services.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
