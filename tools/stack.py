"""The processes of the product over given services: web, worker, beat and sandbox, as the demo runs them."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO

from celery import Celery

from tools.process import StartError, free_port, kill_group, spawn, stop, tail, wait_until
from tools.services import DATABASE, Services

ROOT = Path(__file__).resolve().parent.parent
PROCESSES = ("sandbox", "web", "worker", "beat")
START_SECONDS = 120
# A worker may be inside a provider call of up to 10 s; after that it is cut off and the sweeps make it good.
STOP_SECONDS = 12
# What a shell may hold for production must not reach a stack of ours.
FOREIGN = (
    *("OCTO_SHOP_ID", "OCTO_SECRET", "OCTO_UNIQUE_KEY", "OCTO_API_BASE", "OCTO_TEST", "OCTO_HOLD_MINUTES"),
    *("OCTO_SIGNATURE_SCHEME", "OCTO_TSP_ID", "SANDBOX_OCTO_HOLD_MINUTES", "STRIPE_JS_URL"),
    "STRIPE_EMBEDDED",
    *("GOOGLE_CALENDAR_CLIENT_ID", "GOOGLE_CALENDAR_CLIENT_SECRET", "GOOGLE_API_BASE"),
    *("MICROSOFT_CLIENT_ID", "MICROSOFT_CLIENT_SECRET", "MICROSOFT_API_BASE"),
    *("TRUSTED_PROXY_COUNT", "SECURE_SSL_REDIRECT", "SECURE_COOKIES", "STATIC_ROOT", "LOG_LEVEL"),
    *("DEFAULT_FROM_EMAIL", "CONN_MAX_AGE", "DJANGO_SETTINGS_MODULE", "PROVIDER_CONNECT_SECONDS"),
    "PROVIDER_READ_SECONDS",
)


class Stack:
    """Web, worker, beat and sandbox with one environment.

        stack = Stack(services, Path("/tmp/state"), database="test_flows")
        stack.start()              # all four, ready to serve; or stack.start("web")
        stack.kill("worker")       # SIGKILL to the whole group
        stack.start("worker")
        stack.stop()

    `state_dir` keeps secrets, mail (`mail_dir`), media, logs (`logs_dir`) and the sandbox's books; with
    `durable=False` the sandbox forgets at its end. Ports of 0 are chosen. `extra` overrides any variable.
    Start it from a thread that lives on, as `process.spawn` says.
    """

    def __init__(
        self,
        services: Services,
        state_dir: Path | str,
        *,
        database: str = DATABASE,
        host: str = "127.0.0.1",
        web_port: int = 0,
        sandbox_port: int = 0,
        web_workers: int = 2,
        web_threads: int = 4,
        worker_processes: int = 2,
        sweep_seconds: float = 1,
        durable: bool = False,
        echo: bool = False,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.services, self.database, self.host = services, database, host
        self.state = Path(state_dir).resolve()
        self.web_port = web_port or free_port()
        self.sandbox_port = sandbox_port or free_port()
        self.web_workers, self.web_threads = web_workers, web_threads
        self.worker_processes, self.sweep_seconds = worker_processes, sweep_seconds
        self.durable, self.echo = durable, echo
        self.extra = dict(extra or {})
        self.mail_dir, self.logs_dir = self.state / "mail", self.state / "logs"
        self.clock_file = self.state / "sandbox-clock"
        for directory in (self.mail_dir, self.logs_dir, self.state / "media"):
            directory.mkdir(parents=True, exist_ok=True)
        self._secrets = self._read_secrets()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._node = f"worker@{self._secrets['node']}"

    def __enter__(self) -> Stack:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The site's address, without a slash at the end."""
        return f"http://{self._visible_host}:{self.web_port}"

    @property
    def sandbox_url(self) -> str:
        """The sandbox's address: Stripe's API, pay pages, Pusher and /_control/."""
        return f"http://{self._visible_host}:{self.sandbox_port}"

    @property
    def _visible_host(self) -> str:
        return "127.0.0.1" if self.host in ("", "0.0.0.0", "::") else self.host  # noqa: S104 - compared, not bound

    def environment(self) -> dict[str, str]:
        """Return the whole environment of the processes: the shell's, less its settings of Roomhold."""
        inherited = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        return {
            **inherited,
            **self.services.environment(self.database),
            **self._site_environment(),
            **self._provider_environment(),
            **self.extra,
        }

    def manage(self, *arguments: str) -> None:
        """Run `manage.py` with the stack's environment, logging only what is wrong. Raises: StartError."""
        environment = {**self.environment(), "LOG_LEVEL": "WARNING"}
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=False
        )
        if done.returncode != 0:
            raise StartError(f"manage.py {' '.join(arguments)} ended with {done.returncode}")

    def start(self, *names: str, wait: bool = True) -> None:
        """Start the named processes, all by default, and wait until they serve. Raises: StartError."""
        for name in names or PROCESSES:
            if not self.is_running(name):
                self._processes[name] = self._launch(name)
        if wait:
            self.wait_ready(*names)

    def wait_ready(self, *names: str, seconds: float = START_SECONDS) -> None:
        """Return once the named processes serve. Raises: StartError."""
        for name in names or PROCESSES:
            ready = wait_until(lambda: not self.is_running(name) or self._is_ready(name), seconds)  # noqa: B023
            if not self.is_running(name):
                raise StartError(f"{name} ended while starting:\n{tail(self.log_file(name))}")
            if not ready:
                raise StartError(f"{name} is not ready after {seconds:.0f} s:\n{tail(self.log_file(name))}")

    def kill(self, name: str, signum: int = signal.SIGKILL) -> None:
        """Send a signal to a process and its children; returns when SIGKILL has ended it."""
        process = self._processes[name]
        kill_group(process, signum)
        if signum == signal.SIGKILL:
            process.wait()

    def stop(self, *names: str) -> None:
        """End the named processes in good order, all by default."""
        running = [name for name in ("beat", "worker", "web", "sandbox") if not names or name in names]
        chosen = [self._processes.pop(name) for name in running if name in self._processes]
        for process in chosen:
            if process.poll() is None:
                process.terminate()
        end = time.monotonic() + STOP_SECONDS
        for process in chosen:
            stop(process, signal.SIGTERM, max(0.1, end - time.monotonic()))

    def restart(self, *names: str) -> None:
        self.stop(*names)
        self.start(*names)

    def is_running(self, name: str) -> bool:
        return name in self._processes and self._processes[name].poll() is None

    def dead(self) -> list[str]:
        """Return the names of started processes that ended by themselves or were killed."""
        return [name for name, process in self._processes.items() if process.poll() is not None]

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def log_file(self, name: str) -> Path:
        return self.logs_dir / f"{name}.log"

    def _site_environment(self) -> dict[str, str]:
        return {
            "DEBUG": "true",
            "SECRET_KEY": self._secrets["secret_key"],
            "FIELD_ENCRYPTION_KEY": self._secrets["field_encryption_key"],
            # The demo's accounts enter as README says; the admin's first page says that this is off.
            "MFA_REQUIRED": "false",
            "PAYOUT_ACCOUNT_HOLDER": "Roomhold Demo",
            "PAYOUT_ACCOUNT": "DE89370400440532013000",
            "SITE_URL": self.url,
            "ALLOWED_HOSTS": ",".join(dict.fromkeys([self._visible_host, "127.0.0.1", "localhost"])),
            "MEDIA_ROOT": str(self.state / "media"),
            "EMAIL_URL": f"filemail://{self.mail_dir}",
            "LOG_FORMAT": "console" if self.echo else "json",
            "SWEEP_SECONDS": f"{self.sweep_seconds:g}",
            "PLATFORM_FEE_PERCENT": "10",
            "PYTHONUNBUFFERED": "1",
            # A proxy of the shell has no business between our own processes.
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    def _provider_environment(self) -> dict[str, str]:
        known = self._secrets
        return {
            "SANDBOX_URL": self.sandbox_url,
            "SANDBOX_HOST": self.host,
            "SANDBOX_PORT": str(self.sandbox_port),
            "SANDBOX_STATE_DIR": str(self.state / "sandbox") if self.durable else "",
            "SANDBOX_CLOCK_FILE": str(self.clock_file),
            # The platform's account as README asks for it: a bank account a currency, and payouts by hand.
            "SANDBOX_STRIPE_SETTLEMENT": "usd,eur,gbp",
            "SANDBOX_STRIPE_PAYOUTS": "manual",
            "SANDBOX_STRIPE_WEBHOOK_URL": f"{self.url}/webhooks/stripe/",
            "STRIPE_SECRET_KEY": known["stripe_secret_key"],
            "STRIPE_PUBLISHABLE_KEY": known["stripe_publishable_key"],
            "STRIPE_WEBHOOK_SECRET": known["stripe_webhook_secret"],
            "STRIPE_API_BASE": self.sandbox_url,
            "STRIPE_JS_URL": f"{self.sandbox_url}/stripe-js/v3/",
            "OCTO_SHOP_ID": known["octo_shop_id"],
            "OCTO_SECRET": known["octo_secret"],
            "OCTO_UNIQUE_KEY": known["octo_unique_key"],
            "OCTO_API_BASE": self.sandbox_url,
            "OCTO_TEST": "true",
            "SANDBOX_OCTO_NOTIFY_HOSTS": self._visible_host,
            "PUSHER_APP_ID": known["pusher_app_id"],
            "PUSHER_KEY": known["pusher_key"],
            "PUSHER_SECRET": known["pusher_secret"],
            "PUSHER_CLUSTER": "",
            "PUSHER_HOST": self._visible_host,
            "PUSHER_PORT": str(self.sandbox_port),
        }

    def _read_secrets(self) -> dict[str, str]:
        """Return the stack's secrets: each made once, so that logins and links live through a restart."""
        file = self.state / "secrets.json"
        kept: dict[str, str] = {}
        with contextlib.suppress(FileNotFoundError, ValueError):
            kept = json.loads(file.read_text())
        made = {
            "secret_key": secrets.token_urlsafe(48),
            "field_encryption_key": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "stripe_secret_key": f"sk_test_{secrets.token_hex(16)}",
            "stripe_publishable_key": f"pk_test_{secrets.token_hex(16)}",
            "stripe_webhook_secret": f"whsec_{secrets.token_hex(16)}",
            "octo_shop_id": str(1_000 + secrets.randbelow(9_000)),
            "octo_secret": secrets.token_hex(16),
            "octo_unique_key": secrets.token_hex(16),
            "pusher_app_id": str(100_000 + secrets.randbelow(900_000)),
            "pusher_key": secrets.token_hex(10),
            "pusher_secret": secrets.token_hex(10),
            "node": secrets.token_hex(4),
        } | kept
        if made != kept:
            file.touch(mode=0o600)
            file.write_text(json.dumps(made))
        return made

    def _commands(self) -> dict[str, list[str]]:
        celery = [sys.executable, "-m", "celery", "-A", "config"]
        return {
            "sandbox": [sys.executable, "-m", "sandbox"],
            "web": [
                *(sys.executable, "-m", "gunicorn", "config.wsgi:application", "--worker-class", "gthread"),
                *("--workers", str(self.web_workers), "--threads", str(self.web_threads)),
                *("--bind", f"{self.host}:{self.web_port}", "--timeout", "60", "--graceful-timeout", "5"),
                "--no-control-socket",
            ],
            "worker": [
                *(
                    *celery,
                    "worker",
                    "-c",
                    str(self.worker_processes),
                    "-n",
                    self._node,
                    "--loglevel",
                    "INFO",
                ),
                *("--without-gossip", "--without-mingle"),
            ],
            "beat": [
                *celery,
                "beat",
                "--loglevel",
                "INFO",
                "-s",
                str(self.state / "beat-schedule"),
                "--pidfile=",
            ],
        }

    def _launch(self, name: str) -> subprocess.Popen[bytes]:
        log = self.log_file(name).open("wb")
        output: IO[bytes] | int = subprocess.PIPE if self.echo else log
        process = spawn(self._commands()[name], env=self.environment(), cwd=ROOT, output=output)
        if self.echo and process.stdout is not None:
            threading.Thread(target=_copy, args=(name, process.stdout, log), daemon=True).start()
        else:
            log.close()
        return process

    def _is_ready(self, name: str) -> bool:
        if name == "web":
            return _answers(f"{self.url}/healthz")
        if name == "sandbox":
            return _answers(f"{self.sandbox_url}/_control/health")
        if name == "worker":
            return self._worker_answers()
        return (
            b"beat: Starting" in self.log_file(name).read_bytes() or (self.state / "beat-schedule").exists()
        )

    def _worker_answers(self) -> bool:
        broker = Celery(broker=self.services.redis_url(0), set_as_current=False)
        try:
            return bool(broker.control.ping(destination=[self._node], timeout=0.5))
        except broker.connection_for_read().transport.connection_errors:
            return False
        finally:
            broker.close()


def _copy(name: str, lines: IO[bytes], log: IO[bytes]) -> None:
    with log:
        for line in lines:
            log.write(line)
            log.flush()
            sys.stdout.write(f"{name:>8} | {line.decode(errors='replace')}")
            sys.stdout.flush()


def _answers(url: str) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False
