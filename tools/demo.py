"""The demo: services, processes, data, one URL. Everything ends with the process that shows it."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from tools.process import StartError, end_with_parent, is_port_free
from tools.services import Services, StateInUse
from tools.stack import ROOT, Stack

STATE = ROOT / ".local" / "demo"
PASSWORD = "demo-roomhold"  # noqa: S105 - printed for everyone, opens nothing but this machine's demo
ACCOUNTS = {"guest@demo.test": "books", "host@demo.test": "decides", "staff@demo.test": "sees all"}


class Stopped(Exception):
    """Somebody asked the demo to end."""


def run() -> int:
    """Serve the demo until Ctrl-C, SIGTERM or the end of one of its processes. Returns the exit code."""
    _listen_for_signals()
    began = time.monotonic()
    try:
        web_port, sandbox_port, host = _ports()
        with Services(STATE, durable=True) as services:
            _say("PostgreSQL and Valkey are up", began)
            stack = Stack(
                services,
                STATE,
                host=host,
                web_port=web_port,
                sandbox_port=sandbox_port,
                sweep_seconds=5,
                durable=True,
                echo=bool(os.environ.get("LOGS")),
                extra={"STRIPE_EMBEDDED": "true"} if os.environ.get("EMBEDDED") else None,
            )
            try:
                _bring_up(stack, began)
                return _watch(stack)
            finally:
                _ignore_signals()
                print("\nroomhold: stopping", flush=True)
                stack.stop()
    except Stopped:
        print("roomhold: stopped", flush=True)
        return 0
    except StartError as error:
        print(f"roomhold: {error}", file=sys.stderr, flush=True)
        return 1


def reset() -> int:
    """Forget the demo's data."""
    try:
        Services(STATE).forget()
    except StateInUse:
        print("roomhold: the demo is running; stop it first (Ctrl-C)", file=sys.stderr)
        return 1
    print("roomhold: the demo's data is gone; `make demo` starts anew")
    return 0


def _ports() -> tuple[int, int, str]:
    host = os.environ.get("HOST") or "127.0.0.1"
    chosen = []
    for name, default in (("PORT", "8000"), ("SANDBOX_PORT", "8001")):
        text = os.environ.get(name) or default
        if not text.isdigit() or not 0 < int(text) < 65536:
            raise StartError(f"{name}={text} is not a port")
        if not is_port_free(int(text), host):
            raise StartError(f"port {text} is busy; choose another: make demo {name}={int(text) + 100}")
        chosen.append(int(text))
    if chosen[0] == chosen[1]:
        raise StartError("PORT and SANDBOX_PORT must differ")
    return chosen[0], chosen[1], host


def _bring_up(stack: Stack, began: float) -> None:
    stack.services.create_database(stack.database)
    _say("bringing the tables up to date", began)
    stack.manage("migrate", "--noinput", "--verbosity", "0")
    # The seed reads the sandbox's clock and may hold money there.
    stack.start("sandbox")
    _say("the sandbox is up, filling in venues, rooms and bookings", began)
    stack.manage("seed_demo")
    _say("starting web, worker and beat", began)
    stack.start()
    _say("ready", began)
    print(_welcome(stack), flush=True)


def _welcome(stack: Stack) -> str:
    accounts = "\n".join(f"    {address:<18} {PASSWORD}   {what}" for address, what in ACCOUNTS.items())
    return (
        f"\n  Roomhold   {stack.url}/\n\n{accounts}\n\n"
        f"    admin      {stack.url}/admin/\n"
        f"    mail sent  {stack.url}/demo/mail/\n"
        f"    sandbox    {stack.sandbox_url}/\n"
        f"    logs       {_shown(stack.logs_dir)}\n\n"
        "  Pay with 4242 4242 4242 4242. Ctrl-C stops everything; make demo-reset forgets the data.\n"
    )


def _watch(stack: Stack) -> int:
    while True:
        for name in stack.dead():
            print(f"roomhold: {name} ended by itself, see {_shown(stack.log_file(name))}", file=sys.stderr)
            return 1
        for name, server in (("PostgreSQL", stack.services.postgres), ("Valkey", stack.services.valkey)):
            if server is not None and server.process is not None and server.process.poll() is not None:
                print(f"roomhold: {name} ended by itself, see {_shown(server.log)}", file=sys.stderr)
                return 1
        time.sleep(0.5)


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _say(what: str, began: float) -> None:
    print(f"roomhold: {time.monotonic() - began:5.1f} s  {what}", flush=True)


def _listen_for_signals() -> None:
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under nohup the end of the terminal is not the end of the demo.
        if signum != signal.SIGHUP or signal.getsignal(signum) != signal.SIG_IGN:
            signal.signal(signum, _stop)
    if "MAKELEVEL" in os.environ:
        # A killed make must not leave the demo without a keyboard.
        end_with_parent(signal.SIGTERM)


def _stop(_signum: int, _frame: FrameType | None) -> None:
    _ignore_signals()
    raise Stopped


def _ignore_signals() -> None:
    # A second Ctrl-C must not interrupt the orderly end of the first.
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
