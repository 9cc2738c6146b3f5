"""Child processes that never outlive the process (precisely: the thread) that started them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
# Linux takes 32768 and more for outgoing connections (ip_local_port_range), other systems 49152 and more (RFC 6335).
SERVER_PORTS = range(20_000, 32_000)
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class StartError(RuntimeError):
    """Something did not start; the message says what and shows the end of its log."""


@dataclass(frozen=True)
class Account:
    """The OS user a child runs as."""

    name: str
    uid: int
    gid: int


def spawn(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: bytes | None = None,
    output: IO[bytes] | int | None = None,
    account: Account | None = None,
    death_signal: int = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a command in its own session, to get `death_signal` when the starting thread is gone.

    Call it from a thread that lives as long as the child shall: Linux watches the thread, not the process.
    """
    process = subprocess.Popen(
        list(command),
        env=dict(env) if env is not None else None,
        cwd=cwd,
        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_child_setup(os.getpid(), account, death_signal),
    )
    if stdin is not None and process.stdin is not None:
        # A child that fell over at once is reported by whoever waits for it.
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(stdin)
            process.stdin.close()
    return process


def _child_setup(parent: int, account: Account | None, death_signal: int) -> Callable[[], None]:
    def setup() -> None:
        if account is not None:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
        if LIBC is not None:
            # After setuid, which clears it.
            LIBC.prctl(PR_SET_PDEATHSIG, death_signal)
            if os.getppid() != parent:
                os._exit(1)

    return setup


def end_with_parent(signum: int) -> None:
    """Have this process get a signal when its parent is gone."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signum)


def stop(process: subprocess.Popen[bytes], signum: int, seconds: float) -> int:
    """Ask a child to end, give it `seconds`, then end its whole group; returns its exit code."""
    if process.poll() is None:
        process.send_signal(signum)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    kill_group(process, signal.SIGKILL)
    return process.wait()


def kill_group(process: subprocess.Popen[bytes], signum: int) -> None:
    """Signal everything in the child's session, also what an already dead child left behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signum)


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port nobody listens on now, drawn from those that no outgoing connection takes before a server does.

    Raises OSError where none of a hundred is free.
    """
    for port in random.sample(SERVER_PORTS, 100):
        if is_port_free(port, host):
            return port
    raise OSError(f"no port from {SERVER_PORTS.start} to {SERVER_PORTS.stop} is free at {host}")


def is_port_free(port: int, host: str = "127.0.0.1") -> bool:
    """Tell whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def wait_until(condition: Callable[[], bool], seconds: float, *, step: float = 0.03) -> bool:
    """Return True as soon as the condition holds, False when `seconds` have passed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(step)
    return condition()


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log, indented, for an error message."""
    if not log.exists():
        return "    (no log)"
    return "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-lines:])
