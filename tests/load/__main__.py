"""`python -m tests.load`: 200 messages a second beside guests, Redis flushed and PostgreSQL restarted in the middle.

Prints a table, writes .local/load.json, and exits with 1 when a message or booking was lost or work is left over.
"""

import dataclasses
import datetime as dt
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.load import stage
from tests.load.events import BOOKERS, LOOKERS, SENDERS

RATE, SECONDS = int(os.environ.get("LOAD_RATE", "200")), int(os.environ.get("LOAD_SECONDS", "60"))
# Of the planned time, when what is done to the services.
FLUSH_AT, RESTART_AT = SECONDS / 3, SECONDS * 2 / 3
# Messages refused while PostgreSQL was away are sent again after the planned time; not for ever.
MOST_SECONDS = SECONDS + 180
REPORT = stage.ROOT / ".local" / "load.json"


def main() -> int:
    with stage.site() as stack:
        paths = stage.rooms()
        orders = _orders(stack, paths, stage.paid_bookings(stack, paths))
        result, faults = _run(stack, orders)
        from tests.load import verdict

        found = verdict.judge(result["accepted"], result["booked"], stage.Books(stack))
        lines = verdict.table(result, found, faults)
    if not result["is_all_sent"]:
        found.wrong.append("not every message was accepted in time")
    print("\n".join(lines))  # noqa: T201
    for wrong in found.wrong:
        print(f"roomhold: {wrong}")  # noqa: T201
    facts = {
        "measured_at": dt.datetime.now(dt.UTC).isoformat(),
        "rate": RATE,
        "seconds": SECONDS,
        "faults": faults,
    }
    told = {name: value for name, value in result.items() if name not in ("accepted", "booked")}
    REPORT.write_text(json.dumps({**facts, **told, **dataclasses.asdict(found)}, indent=1))
    return 1 if found.wrong else 0


def _orders(stack: "stage.Stack", paths: list[str], events: list[dict]) -> dict:
    return {
        "rate": RATE, "seconds": SECONDS, "calm_seconds": FLUSH_AT, "events": events, "rooms": paths,
        "secret": stack.environment()["STRIPE_WEBHOOK_SECRET"], "sandbox": stack.sandbox_url,
        "first_day": f"{dt.datetime.now(dt.UTC).date() + dt.timedelta(days=20)}",
        "started": str(stage.STATE / "started"),
    }  # fmt: skip


def _run(stack: "stage.Stack", orders: dict) -> tuple[dict, list[tuple[str, float]]]:
    """Have Locust send while the services are hurt; returns what it counted, and what was done when."""
    file, answer = stage.STATE / "orders.json", stage.STATE / "result.json"
    file.write_text(json.dumps(orders))
    users = SENDERS + LOOKERS + BOOKERS
    command = [
        *(sys.executable, "-m", "locust", "-f", "tests/load/traffic.py", "--headless", "--host", stack.url),
        *(
            "--users",
            str(users),
            "--spawn-rate",
            str(users),
            "--run-time",
            f"{MOST_SECONDS}s",
            "--only-summary",
        ),
        *("--stop-timeout", "10", "--loglevel", "WARNING", "--exit-code-on-error", "0"),
    ]
    environment = {**os.environ, "LOAD_ORDERS": str(file), "LOAD_RESULT": str(answer)}
    locust = subprocess.Popen(command, cwd=stage.ROOT, env=environment)
    faults = _hurt(stack, Path(orders["started"]), locust)
    locust.wait(MOST_SECONDS + 60)
    return json.loads(answer.read_text()), faults


def _hurt(stack: "stage.Stack", started: Path, locust: subprocess.Popen) -> list[tuple[str, float]]:
    while not started.exists() and locust.poll() is None:
        time.sleep(0.05)
    began, done = time.monotonic(), []
    plan = (
        ("Redis flushed", FLUSH_AT, stack.services.flush_redis),
        ("PostgreSQL restarted", RESTART_AT, stack.services.restart_postgres),
    )
    for name, at, hurt in plan:
        time.sleep(max(0.0, at - (time.monotonic() - began)))
        done.append((name, round(time.monotonic() - began, 1)))
        hurt()
    return done


if __name__ == "__main__":
    sys.exit(main())
