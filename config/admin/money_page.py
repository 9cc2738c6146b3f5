"""The page of staff about all money: figures of a period, what waits for somebody, whether all sweeps run."""

import datetime as dt
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.signed_in import person_of
from core import clock
from core.money import format_minor
from notifications.models import Delivery
from payments.monitoring import heartbeats, metrics
from payments.monitoring.metrics import Share, Times, Waiting

PERIODS = {7: "7 days", 30: "30 days", 90: "90 days"}
USUAL = 30

# What may wait: its name, the count's field, and the list where it is dealt with.
TO_DO = (
    ("Differences with providers", "differences", "admin:payments_drift_changelist", "state__exact=open"),
    ("Messages nobody could process", "parked_messages", "admin:payments_webhookevent_parked", ""),
    ("Failed refunds", "failed_refunds", "admin:payments_refund_queue", ""),
    ("Open disputes", "open_disputes", "admin:payments_dispute_changelist", ""),
    ("Payments that disagree with their booking", "mismatches", "admin:payments_payment_changelist", "agreement=no"),
    ("Bookings whose money is stuck", "stuck_settlements", "admin:payments_settlement_changelist", "work=stuck"),
    ("Calls to providers under way", "unfinished_calls", "admin:payments_paymentoperation_changelist", ""),
)  # fmt: skip


@require_safe
def money_page(request: HttpRequest) -> HttpResponse:
    """Staff's view of the money: `?days=7|30|90`, anything else is 30."""
    if not person_of(request).is_platform_staff:
        raise PermissionDenied
    days = _days(request.GET.get("days", ""))
    now = clock.now()
    found = metrics.figures(now - dt.timedelta(days=days))
    context = {
        **admin.site.each_context(request),
        "title": "Money",
        "days": days,
        "periods": PERIODS,
        "figures": found,
        "tiles": [
            _tile("Authorizations that succeed", found.authorized, "of those who tried a card"),
            _tile("Pay pages opened at once", found.page_opened, "of all calls for one"),
            _tile("Payments refunded", found.refunded, "in part or whole, of those taken"),
            _tile("E-mails delivered", _mails(found.since), "of those that were to be sent"),
        ],
        "times": [
            ("From checkout to authorized", _spans(found.to_authorize)),
            ("From a provider's message to its end", _spans(found.messages)),
        ],
        "sums": [_sum(row) for row in found.sums],
        "lists": _lists(found),
        "to_do": _to_do(metrics.waiting()),
        "beats": heartbeats.beats(),
        "now": now,
    }
    return TemplateResponse(request, "admin/payments/money.html", context)


def _days(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 4 and int(text) in PERIODS else USUAL


def _tile(name: str, share: Share, of_what: str) -> dict[str, Any]:
    return {
        "name": name,
        "percent": share.percent,
        "note": f"{share.part} of {share.whole} {of_what}" if share.whole else f"none yet {of_what}",
    }


def _spans(times: Times) -> str:
    if times.median is None or times.p95 is None:
        return "–"
    return f"{_span(times.median)} (95 % within {_span(times.p95)})"


def _span(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _sum(row: dict[str, Any]) -> dict[str, str]:
    written = {
        name: format_minor(row[f"{name}_minor"], row["currency"])
        for name in ("taken", "own_shop", "refunded", "fee")
    }
    return {"currency": row["currency"], **written}


def _lists(found: metrics.Figures) -> list[tuple[str, list[metrics.Row]]]:
    return [
        ("Payments begun", found.by_status),
        ("Why cards are refused", found.declines),
        ("Captures that failed", found.capture_failures),
        ("Why money went back", found.refund_reasons),
        ("Disputes", found.disputes),
        ("Errors of providers", found.provider_errors),
        ("Messages of providers", found.messages_by_outcome),
    ]


def _to_do(waiting: Waiting) -> list[dict[str, Any]]:
    return [
        {"name": name, "count": getattr(waiting, field), "url": reverse(url) + (f"?{query}" if query else "")}
        for name, field, url, query in TO_DO
    ]


def _mails(since: dt.datetime) -> Share:
    """Return which of the e-mails that had to be sent were; skipped ones had become untrue."""
    mails = Delivery.objects.filter(channel="email", created_at__gte=since).exclude(state="skipped")
    counts = mails.aggregate(all=Count("pk"), sent=Count("pk", filter=Q(state="sent")))
    return Share(counts["sent"], counts["all"])
