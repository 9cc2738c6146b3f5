"""What came of the run: whether all that was accepted was kept and worked off, and the table of it."""

import time
from collections import Counter
from dataclasses import dataclass, field

from django.db import OperationalError, connection

from bookings.models import Booking, EventReceipt
from core import clock
from payments.models import PaymentOperation, Settlement, WebhookEvent
from tests.flows.journey import mails_to_send
from tests.load.events import PREFIX
from tests.load.stage import Books
from tests.support import invariants

DRAIN_SECONDS = 600.0


@dataclass
class Verdict:
    """Counts of events by outcome, seconds until nothing was left to do, and what is wrong."""

    accepted: int
    stored: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)
    booked: int = 0
    drained_seconds: float | None = None
    left: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def judge(accepted: list[str], booked: list[str], books: Books) -> Verdict:
    """Wait until all is worked off, then compare what was accepted with what there is."""
    verdict = Verdict(len(accepted), booked=len(booked))
    verdict.drained_seconds, verdict.left = _drain()
    rows = dict(WebhookEvent.objects.values_list("event_id", "outcome"))
    ours = {event_id: outcome for event_id, outcome in rows.items() if event_id.startswith(PREFIX)}
    verdict.stored, verdict.outcomes = len(ours), dict(Counter(ours.values()))
    verdict.others = dict(Counter(outcome for event_id, outcome in rows.items() if event_id not in ours))
    if set(accepted) - ours.keys():
        verdict.wrong.append(f"{len(set(accepted) - ours.keys())} accepted messages are not stored")
    # What was stored but not answered (the server died between) was sent again and then accepted.
    if ours.keys() - set(accepted):
        verdict.wrong.append(f"{len(ours.keys() - set(accepted))} stored messages were never accepted")
    if verdict.left:
        verdict.wrong.append(f"not drained after {DRAIN_SECONDS:.0f} s: {verdict.left}")
    if verdict.outcomes.get("parked") or verdict.others.get("parked"):
        verdict.wrong.append("messages are parked")
    missing = set(booked) - set(Booking.objects.values_list("reference", flat=True))
    if missing:
        verdict.wrong.append(f"bookings that were accepted are gone: {sorted(missing)}")
    try:
        invariants.check_quiet(books)
    except AssertionError as error:
        verdict.wrong.append(f"invariant: {error}")
    return verdict


def _drain() -> tuple[float | None, dict[str, int]]:
    began = time.monotonic()
    while True:
        left = unfinished()
        passed = time.monotonic() - began
        if not left:
            return round(passed, 1), {}
        if passed > DRAIN_SECONDS:
            return None, left
        time.sleep(0.5)


def unfinished() -> dict[str, int]:
    """Return how much of each kind is left to do."""
    now = clock.now()
    queues = {
        "messages": WebhookEvent.objects.filter(outcome="waiting"),
        "receipts": EventReceipt.objects.filter(done_at=None),
        "mails": mails_to_send(),
        "calls": PaymentOperation.objects.filter(state__in=["open", "unknown"]),
        "settlements": Settlement.objects.filter(due_at__lte=now),
    }
    try:
        return {name: count for name, rows in queues.items() if (count := rows.count())}
    except OperationalError:
        connection.close()
        return {"database": 1}


def table(result: dict, verdict: Verdict, faults: list[tuple[str, float]]) -> list[str]:
    """Return the run as lines of Markdown."""
    lines = ["| request | answers | failed | p50 ms | p99 ms | longest ms |", "|---|---|---|---|---|---|"]
    for one in result["entries"]:
        lines.append(
            f"| {one['name']} | {one['requests']:,} | {one['failures']:,} | {one['p50_ms']:.0f} "
            f"| {one['p99_ms']:.0f} | {one['max_ms']:,} |"
        )
    happened = ", ".join(f"{name} after {at:.0f} s" for name, at in faults)
    drained = "never" if verdict.drained_seconds is None else f"{verdict.drained_seconds:.0f} s"
    lines += [
        "",
        f"{result['messages']:,} messages sent in {result['sent_seconds']:.0f} s, {verdict.accepted:,} different ones "
        f"accepted, {verdict.stored:,} stored, {sum(verdict.outcomes.values()):,} ended {verdict.outcomes}.",
        f"Faults: {happened}. Worked off {drained} after the last message. {verdict.booked:,} bookings made meanwhile.",
    ]
    return lines
