"""`make test` and its parts: lint, Django's own checks, and pytest in two runs side by side."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools import browser
from tools.services import start_test_services

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
# What runs the whole product and waits for it more than it works; the sweep of kills comes last, it leaves no servers.
FLOWS = ("tests/flows", "tests/e2e", "tests/kill_sweep")
LINT = {
    "ruff": [str(BIN / "ruff"), "check", "."],
    "format": [str(BIN / "ruff"), "format", "--check", "--quiet", "."],
    "imports": [str(BIN / "lint-imports"), "--no-cache", "--no-logo"],
    # Its cache, .mypy_cache, makes the second run a matter of seconds.
    "types": [str(BIN / "mypy")],
}
# pytest: 5 means that nothing was collected.
NOTHING_COLLECTED = 5
CLOSING = re.compile(r"^(=+ )?(\d+ \w+(, )?)+.* in [\d.]+s")
COUNT = re.compile(r"(\d+) (failed|passed|skipped|deselected|xfailed|xpassed|warnings?|errors?)\b")
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def lint() -> int:
    """Run every linter, also after one has complained. Returns the exit code."""
    return max([_step(name, command, {}) for name, command in LINT.items()])


def fast(arguments: Sequence[str]) -> int:
    """Run all tests but flows and browser."""
    return _pytest(_unit(arguments), "test_unit")[0]


def e2e(arguments: Sequence[str]) -> int:
    """Run the browser tests."""
    if not browser.ensure() and os.environ.get("CI"):
        return 1
    return _pytest(["tests/e2e", *arguments], "test_flows")[0]


def everything(arguments: Sequence[str]) -> int:
    """Run all there is; the last lines are pytest's closing lines and their sum. Returns the exit code.

    Flows mostly wait for servers, so they run beside everything else; their lines follow when they are through.
    """
    began = time.monotonic()
    # Without a browser the tests skip themselves, but where nobody reads the line it must not pass for green.
    no_browser = not browser.ensure() and bool(os.environ.get("CI"))
    flows = [folder for folder in FLOWS if (ROOT / folder).is_dir()]
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(_pytest, [*flows, *arguments], "test_flows", is_shown=False)
        results = {"lint": lint(), "django": django_checks(), "browser": int(no_browser)}
        results["unit"], unit = _pytest(_unit(arguments), "test_unit")
        results["flows"], flow = waiting.result()
    failed = [name for name, code in results.items() if code]
    print(f"\nroomhold: {'FAILED: ' + ', '.join(failed) if failed else 'all checks passed'}")
    for line in filter(None, (unit, flow)):
        print(line)
    print(total([unit, flow], time.monotonic() - began), flush=True)
    return 1 if failed else 0


def django_checks() -> int:
    """Migrations match the models, and production settings pass `check --deploy`. Returns the exit code."""
    manage = [sys.executable, "manage.py"]
    with start_test_services() as services:
        services.create_database()
        environment = {**production_environment(), **services.environment()}
        return max(
            _step("migrations", [*manage, "makemigrations", "--check", "--dry-run"], environment),
            _step("deploy", [*manage, "check", "--deploy", "--fail-level", "WARNING"], environment),
        )


def production_environment() -> dict[str, str]:
    """Return settings as a production host has them, with random secrets that open nothing."""
    return {
        "DEBUG": "false",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": os.urandom(40).hex(),
        "BOOKING_LINK_KEYS": os.urandom(40).hex(),
        "FIELD_ENCRYPTION_KEY": urlsafe_b64encode(os.urandom(32)).decode(),
        "SITE_URL": "https://rooms.example",
        "ALLOWED_HOSTS": "rooms.example",
        "SANDBOX_URL": "",
        "SANDBOX_CLOCK_FILE": "",
        "ALLOW_TEST_MODE": "true",
        "STRIPE_SECRET_KEY": f"sk_test_{os.urandom(12).hex()}",
        "STRIPE_PUBLISHABLE_KEY": f"pk_test_{os.urandom(12).hex()}",
        "STRIPE_WEBHOOK_SECRET": f"whsec_{os.urandom(16).hex()}",
        "EMAIL_URL": "smtp://mail.rooms.example:25",
        "LEGAL_NAME": "Rooms Ltd",
        "LEGAL_ADDRESS": "1 Example Street, Exampletown",
        "LEGAL_EMAIL": "office@rooms.example",
    }


def _unit(arguments: Sequence[str]) -> list[str]:
    ignored = [f"--ignore={folder}" for folder in FLOWS]
    # Two processes for two cores; the race tests bring their own threads.
    return ["tests", *ignored, "-n", "2", *arguments]


def _step(name: str, command: Sequence[str], environment: Mapping[str, str]) -> int:
    print(f"== {name}", flush=True)
    done = subprocess.run(list(command), cwd=ROOT, env={**os.environ, **environment}, check=False)
    if done.returncode:
        print(f"== {name} FAILED", flush=True)
    return done.returncode


def _pytest(arguments: Sequence[str], database: str, *, is_shown: bool = True) -> tuple[int, str]:
    """Run pytest and show its lines as they come, or all at its end; returns the exit code and its closing line."""
    environment = {**os.environ, "TEST_DATABASE_NAME": database}
    if sys.stdout.isatty():
        environment["FORCE_COLOR"] = "1"
    command = [sys.executable, "-m", "pytest", *arguments]
    kept = [f"== pytest {' '.join(arguments)}\n"]
    closing = ""
    if is_shown:
        print(kept.pop(), end="", flush=True)
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True) if is_shown else kept.append(line)
            if CLOSING.match(ANSI.sub("", line)):
                closing = ANSI.sub("", line).strip()
    print("".join(kept), end="", flush=True)
    code = 0 if process.returncode == NOTHING_COLLECTED and "-k" in arguments else process.returncode
    return code, closing


def total(closings: Sequence[str], seconds: float) -> str:
    counts: dict[str, int] = {}
    for number, word in COUNT.findall(" ".join(closings)):
        counts[word] = counts.get(word, 0) + int(number)
    words = ", ".join(f"{number} {word}" for word, number in counts.items()) or "no tests ran"
    return f"========== {words} in {seconds:.2f}s =========="
