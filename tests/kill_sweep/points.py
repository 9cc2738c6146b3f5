"""Where a process can die: functions of the product, and whether before or after they run.

Installed from outside, by the settings that only the kill sweep's processes read; the product knows nothing of it.
A process that reaches the armed point takes the order away (so that only one dies) and kills its whole group.
"""

import functools
import importlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ORDER = "armed"
CONNECT = "payments.providers.stripe.connect.StripeConnect"


@dataclass(frozen=True)
class Point:
    """`targets` are dotted paths of functions or methods, with spaces between; `note` says where that is."""

    name: str
    targets: str
    when: str  # before or after
    note: str


def _at_provider(method: str) -> str:
    names = ("stripe.client.StripeProvider", "octo.client.OctoProvider")
    return " ".join(f"payments.providers.{name}.{method}" for name in names)


POINTS = {
    point.name: point
    for point in (
        Point(
            "submit-open", "bookings.lifecycle.services._submit", "after", "booking written, not committed"
        ),
        Point(
            "submit-done", "bookings.lifecycle.services.submit", "after", "booking committed, not answered"
        ),
        Point(
            "begin-open", "payments.settling.operations.begin", "after", "call written down, not committed"
        ),
        Point("run", "payments.settling.operations.run", "before", "call committed, not made"),
        Point("run-done", "payments.settling.operations.run", "after", "call made and recorded"),
        Point("opened", _at_provider("open_checkout"), "after", "pay page open, not recorded"),
        Point("ingest", "payments.webhooks.services.receive", "before", "message signed, not kept"),
        Point(
            "ingest-kept", "payments.webhooks.services.ring_now", "before", "message kept, worker not rung"
        ),
        Point("claimed", "payments.webhooks.services._claim", "after", "message claimed, not looked at"),
        Point("fetched", _at_provider("fetch"), "after", "provider read, not applied"),
        Point("applied-open", "payments.lifecycle.services._apply", "after", "applied, not committed"),
        Point("synced", "payments.lifecycle.services.sync", "after", "applied and committed"),
        Point(
            "event-open",
            "bookings.lifecycle.outbox.publish",
            "after",
            "event and receipts written, not committed",
        ),
        Point("receipt-open", "payments.subscriber.on_booking_event", "after", "heard of, not committed"),
        Point("begun", "payments.settling.settle_queue.begin_next", "after", "next call committed, not made"),
        Point("captured", _at_provider("capture"), "after", "taken at the provider, not recorded"),
        Point("voided", _at_provider("void"), "after", "released at the provider, not recorded"),
        Point("refunded", _at_provider("refund"), "after", "given back at the provider, not recorded"),
        Point("adjust-open", "bookings.lifecycle.services.adjust", "after", "refund decided, not committed"),
        Point("refund-done", "payments.refunds.services.refund", "after", "refund committed, not answered"),
        Point("payout-open", "payments.ledger.posting.post_payout", "after", "payout written, not committed"),
        Point(
            "payout-made",
            "payments.payouts.services.pay_venue",
            "after",
            "payout committed, run not finished",
        ),
        Point("payout-leased", "payments.payouts.transfers._lease", "after", "payout taken up, not sent"),
        Point("transferred", f"{CONNECT}.transfer", "after", "sent at the provider, not recorded"),
        Point("payout-locked", "payments.payouts.services.lock", "after", "sent, about to be closed"),
        Point("payout-closed", "payments.payouts.services.close", "after", "closed and committed"),
    )
}


def arm(folder: Path, name: str) -> None:
    """Let the next process that reaches the point die there."""
    (folder / f"{ORDER}.new").write_text(name)
    (folder / f"{ORDER}.new").rename(folder / ORDER)


def disarm(folder: Path) -> None:
    (folder / ORDER).unlink(missing_ok=True)


def has_fired(folder: Path, name: str) -> bool:
    return (folder / f"fired-{name}").exists()


def forget(folder: Path) -> None:
    for file in folder.glob("fired-*"):
        file.unlink()


def install(folder: Path) -> None:
    """Wrap every point's function in this process."""
    for point in POINTS.values():
        for target in point.targets.split():
            owner, name = _owner(target)
            setattr(owner, name, _wrapped(getattr(owner, name), point, folder))


def _owner(target: str) -> tuple[Any, str]:
    path, name = target.rsplit(".", 1)
    try:
        return importlib.import_module(path), name
    except ModuleNotFoundError:
        module, owner = path.rsplit(".", 1)
        return getattr(importlib.import_module(module), owner), name


def _wrapped(function: Callable, point: Point, folder: Path) -> Callable:
    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        if point.when == "before":
            _die_if_ordered(point.name, folder)
        result = function(*args, **kwargs)
        if point.when == "after":
            _die_if_ordered(point.name, folder)
        return result

    return watched


def _die_if_ordered(name: str, folder: Path) -> None:
    try:
        if (folder / ORDER).read_text() != name:
            return
        (folder / ORDER).rename(folder / f"fired-{name}")
    except FileNotFoundError:
        return
    os.killpg(os.getpgrp(), signal.SIGKILL)
