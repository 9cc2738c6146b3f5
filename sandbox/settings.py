"""What the sandbox reads from its environment, and when it refuses to run."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.stripe.currencies import PER_DOLLAR

# How often Stripe pays the platform's own balance out.
INTERVALS = ("daily", "manual")
TRUE = ("1", "true", "yes", "on")


class Refused(Exception):
    """The sandbox must not start here; the message says why."""


@dataclass(frozen=True)
class Settings:
    """Everything the process needs; an empty `webhook_url` sends no webhooks, no `state_dir` keeps none."""

    host: str = "127.0.0.1"
    port: int = 8001
    state_dir: Path | None = None
    clock_file: Path | None = None
    webhook_secrets: tuple[str, ...] = ("whsec_sandbox",)
    webhook_url: str = ""
    merchant: str = "Roomhold"
    stripe_settlement: tuple[str, ...] = ("usd",)  # kept as they are; others become the first
    stripe_payouts: str = (
        "daily"  # the platform's own schedule: each night the balance leaves for its bank; or "manual"
    )
    octo_shop_id: int = 1
    octo_secret: str = "sandbox-octo-secret"
    octo_unique_key: str = "sandbox-octo-unique-key"
    octo_hold_minutes: int = 30
    octo_notify_hosts: tuple[str, ...] = ()  # besides this machine
    pusher_app_id: str = "1000"
    pusher_key: str = "sandbox-key"
    pusher_secret: str = "sandbox-secret"

    @property
    def base_url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def from_environment(env: Mapping[str, str]) -> Settings:
    """Read and check. Raises: Refused in production, on a host others can reach, or for a bad value."""
    if "DEBUG" in env and env["DEBUG"].strip().lower() not in TRUE:
        raise Refused("DEBUG is off: the sandbox does not run beside production settings")
    default = Settings()
    secrets = _listed(env.get("STRIPE_WEBHOOK_SECRET", ""))
    settings = Settings(
        host=env.get("SANDBOX_HOST") or default.host,
        port=_port(env.get("SANDBOX_PORT") or str(default.port)),
        state_dir=_path(env.get("SANDBOX_STATE_DIR")),
        clock_file=_path(env.get("SANDBOX_CLOCK_FILE")),
        webhook_secrets=secrets or default.webhook_secrets,
        webhook_url=env.get("SANDBOX_STRIPE_WEBHOOK_URL", ""),
        merchant=env.get("SANDBOX_MERCHANT") or default.merchant,
        stripe_settlement=_currencies(env, default.stripe_settlement),
        stripe_payouts=_interval(env, default.stripe_payouts),
        octo_shop_id=_number(env, "OCTO_SHOP_ID", default.octo_shop_id),
        octo_secret=env.get("OCTO_SECRET") or default.octo_secret,
        octo_unique_key=env.get("OCTO_UNIQUE_KEY") or default.octo_unique_key,
        octo_hold_minutes=_number(env, "SANDBOX_OCTO_HOLD_MINUTES", default.octo_hold_minutes),
        octo_notify_hosts=_listed(env.get("SANDBOX_OCTO_NOTIFY_HOSTS", "")),
        pusher_app_id=env.get("PUSHER_APP_ID") or default.pusher_app_id,
        pusher_key=env.get("PUSHER_KEY") or default.pusher_key,
        pusher_secret=env.get("PUSHER_SECRET") or default.pusher_secret,
    )
    _check_host(settings.host)
    if not settings.pusher_app_id.isdigit():
        raise Refused("PUSHER_APP_ID must be digits only: the official client library refuses others")
    return settings


def _check_host(host: str) -> None:
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = host == "localhost"
    if not is_loopback:
        raise Refused(f"SANDBOX_HOST={host} is reachable by others; the sandbox only listens on loopback")


def _port(value: str) -> int:
    if not value.isdigit() or not 0 < int(value) < 65_536:
        raise Refused(f"SANDBOX_PORT={value} is no port")
    return int(value)


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name) or str(default)
    if not value.isdigit() or not 0 < int(value) < 10**9:
        raise Refused(f"{name} must be a positive whole number")
    return int(value)


def _listed(value: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in value.split(",") if one.strip())


def _currencies(env: Mapping[str, str], default: tuple[str, ...]) -> tuple[str, ...]:
    codes = tuple(code.lower() for code in _listed(env.get("SANDBOX_STRIPE_SETTLEMENT", ""))) or default
    if unknown := set(codes) - set(PER_DOLLAR):
        raise Refused(f"SANDBOX_STRIPE_SETTLEMENT names no currency: {', '.join(sorted(unknown))}")
    return codes


def _interval(env: Mapping[str, str], default: str) -> str:
    value = env.get("SANDBOX_STRIPE_PAYOUTS") or default
    if value not in INTERVALS:
        raise Refused(f"SANDBOX_STRIPE_PAYOUTS must be one of {', '.join(INTERVALS)}")
    return value


def _path(value: str | None) -> Path | None:
    return Path(value) if value else None
