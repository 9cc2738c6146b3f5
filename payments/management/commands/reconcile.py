"""manage.py reconcile: compares our books with the providers' now. Exit code 1 when anything differs, for cron jobs."""

import datetime as dt
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_date, parse_datetime

from core import clock
from core.sweeps import RowsFailed
from payments.models import Drift
from payments.providers.base import ProviderError
from payments.reconciliation import runs
from payments.reconciliation.walk import PHASES

HEADS = ("what", "booking", "at the provider", "here", "there", "state")
WIDEST = 44


class Command(BaseCommand):
    help = (
        "Compare our payments and ledger with the providers' own lists, print what differs, and exit with 1 if "
        "anything does. What looking again can heal is healed; the rest waits in the admin."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", required=True, help="first day or instant, UTC: 2026-11-01")
        parser.add_argument("--until", help="end, not included; now when left out")
        parser.add_argument("--provider", choices=list(PHASES), help="all of them when left out")
        parser.add_argument("--dry-run", action="store_true", help="write nothing, heal nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        since = _instant(options["since"], "--since")
        until = _instant(options["until"], "--until") if options["until"] else clock.now()
        if since >= until:
            raise CommandError("--since must be before --until.")
        find = _look if options["dry_run"] else _run
        rows: list[tuple[str, ...]] = []
        for provider in runs.providers_to_compare(options["provider"] or ""):
            try:
                rows += find(provider, since, until)
            except (ProviderError, RowsFailed, runs.Busy) as error:
                raise CommandError(f"{provider}: {type(error).__name__}: {error}") from error
        for line in _table(rows) if rows else ["Nothing differs."]:
            self.stdout.write(line)
        if rows:
            sys.exit(1)


def _look(provider: str, since: dt.datetime, until: dt.datetime) -> list[tuple[str, ...]]:
    return [
        _row(found.difference.kind, found.subject.booking, found.subject.provider_ref,
             found.difference.ours, found.difference.theirs, "found")
        for found in runs.compare_only(provider, since, until)
    ]  # fmt: skip


def _run(provider: str, since: dt.datetime, until: dt.datetime) -> list[tuple[str, ...]]:
    run = runs.begin(provider, since, until)
    runs.proceed(run)
    drifts = Drift.objects.filter(run=run).select_related("booking").order_by("pk")
    return [
        _row(drift.kind, drift.booking, drift.provider_ref, drift.ours, drift.theirs, drift.state)
        for drift in drifts
    ]


def _row(kind: str, booking: Any, ref: str, ours: str, theirs: str, state: str) -> tuple[str, ...]:
    return (kind, booking.reference if booking else "–", ref, ours, theirs, state)


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    cut = [tuple(cell[:WIDEST] for cell in row) for row in (HEADS, *rows)]
    widths = [max(len(row[column]) for row in cut) for column in range(len(HEADS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cut]
    return [*(line.rstrip() for line in lines), f"{len(rows)} found."]


def _instant(text: str, name: str) -> dt.datetime:
    """Read a day (its midnight, UTC) or an instant. Raises: CommandError."""
    try:
        if day := parse_date(text):
            return dt.datetime.combine(day, dt.time(), dt.UTC)
        instant = parse_datetime(text)
    except ValueError as error:
        raise CommandError(f"{name}: {error}.") from error
    if instant is None:
        raise CommandError(f"{name}: {text!r} is no date; write 2026-11-01.")
    return instant if instant.tzinfo else instant.replace(tzinfo=dt.UTC)
