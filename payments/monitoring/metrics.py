"""Figures of payments over a period: how many succeed, how long they take, what fails. A fixed number of queries.

All of the site's mode: test money is in no figure of a live site.

Every query is bound to the period by an indexed time, or reads a partial index of what is open now.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    Aggregate,
    Case,
    CharField,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)

from bookings.models import BookingEvent
from core import clock
from core.mode import site_is_live
from payments.models import Dispute, Drift, Payment, PaymentOperation, Refund, Settlement, WebhookEvent

MOST_ROWS = 8
REASONS = {
    "cancel-guest": "Cancelled by the guest",
    "cancel-host": "Cancelled by the host",
    "cancel-staff": "Cancelled by staff",
    "decline": "Declined by the host",
    "expire": "Paid too late",
    "adjust": "Amount lowered by staff",
    "": "Paid twice, or other",
    "external": "In the provider's dashboard",
}


class Percentile(Aggregate):
    """PostgreSQL's percentile_cont over a duration, in seconds; rows without one do not count."""

    function = "percentile_cont"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY EXTRACT(EPOCH FROM %(expressions)s))"

    def __init__(self, expression: Any, share: float, **extra: Any) -> None:
        super().__init__(expression, share=share, output_field=FloatField(), **extra)


@dataclass(frozen=True)
class Share:
    """A part of a whole."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        """The share in per cent, one decimal; None of nothing."""
        return round(100 * self.part / self.whole, 1) if self.whole else None


@dataclass(frozen=True)
class Times:
    """How long something took, in seconds; None where it never happened."""

    median: float | None
    p95: float | None


@dataclass(frozen=True)
class Row:
    """One line of a list of counts; `of_most` is its share of the longest, in per cent."""

    name: str
    count: int
    of_most: int = 0


@dataclass(frozen=True)
class Figures:
    """Everything the money page shows of a period."""

    since: dt.datetime
    by_status: list[Row]
    authorized: Share
    abandoned: int
    to_authorize: Times
    page_opened: Share
    sums: list[dict[str, Any]]
    refunded: Share
    refund_reasons: list[Row]
    declines: list[Row]
    capture_failures: list[Row]
    provider_errors: list[Row]
    disputes: list[Row]
    messages: Times
    messages_by_outcome: list[Row]
    waiting_since: dt.datetime | None


def figures(since: dt.datetime) -> Figures:
    """Return the figures of everything begun since an instant."""
    is_live = site_is_live()
    payments = Payment.objects.filter(created_at__gte=since, is_live=is_live)
    calls = PaymentOperation.objects.filter(created_at__gte=since, payment__is_live=is_live)
    refunds = Refund.objects.filter(created_at__gte=since, payment__is_live=is_live)
    disputes = Dispute.objects.filter(opened_at__gte=since, payment__is_live=is_live)
    tried = payments.aggregate(
        authorized=Count("pk", filter=Q(authorized_at__isnull=False)),
        refused=Count("pk", filter=Q(authorized_at__isnull=True) & ~Q(failure_code="")),
        abandoned=Count(
            "pk", filter=Q(authorized_at__isnull=True, failure_code="", status=Payment.Status.FAILED)
        ),
        **_times(F("authorized_at") - F("created_at")),
    )
    opened = calls.filter(kind="checkout").aggregate(
        all=Count("pk"), done=Count("pk", filter=Q(state="done"))
    )
    captured = payments.filter(captured_minor__gt=0).count()
    back = refunds.exclude(status="failed").values("payment_id").distinct().count()
    messages = _messages(since)
    return Figures(
        since=since,
        by_status=_rows(payments, "status", dict(Payment.Status.choices)),
        authorized=Share(tried["authorized"], tried["authorized"] + tried["refused"]),
        abandoned=tried["abandoned"],
        to_authorize=Times(tried["median"], tried["p95"]),
        page_opened=Share(opened["done"], opened["all"]),
        sums=_sums(payments, refunds),
        refunded=Share(back, captured),
        refund_reasons=_reasons(refunds),
        declines=_rows(payments.exclude(failure_code=""), "failure_code"),
        capture_failures=_rows(calls.filter(kind="capture").exclude(error_code=""), "error_code"),
        provider_errors=_errors(calls),
        disputes=_rows(disputes, "status", dict(Dispute.Status.choices)),
        messages=Times(messages["median"], messages["p95"]),
        messages_by_outcome=_rows(
            WebhookEvent.objects.filter(received_at__gte=since), "outcome", dict(WebhookEvent.Outcome.choices)
        ),
        waiting_since=messages["oldest"],
    )


@dataclass(frozen=True)
class Waiting:
    """What is open now, whenever it began; each is work for somebody."""

    unfinished_calls: int
    parked_messages: int
    failed_refunds: int
    open_disputes: int
    differences: int
    mismatches: int
    stuck_settlements: int


def waiting() -> Waiting:
    """Count what waits for staff or sweeps, each through its partial index."""
    return Waiting(
        unfinished_calls=PaymentOperation.objects.filter(state__in=["open", "unknown"]).count(),
        parked_messages=WebhookEvent.objects.filter(outcome="parked").count(),
        failed_refunds=Refund.objects.filter(status="failed", solved_at__isnull=True).count(),
        open_disputes=Dispute.objects.filter(status__in=Dispute.OPEN).count(),
        differences=Drift.objects.filter(state="open").count(),
        mismatches=Payment.objects.exclude(mismatch="").count(),
        stuck_settlements=Settlement.objects.filter(Settlement.STUCK).count(),
    )


def _times(span: Any) -> dict[str, Percentile]:
    expression = ExpressionWrapper(span, output_field=DurationField())
    return {"median": Percentile(expression, 0.5), "p95": Percentile(expression, 0.95)}


def _messages(since: dt.datetime) -> dict[str, Any]:
    """From a message's arrival to its end; what waits is told by its oldest."""
    ended = Q(received_at__gte=since, processed_at__isnull=False, replayed_at__isnull=True)
    lag = WebhookEvent.objects.filter(ended).aggregate(**_times(F("processed_at") - F("received_at")))
    oldest = WebhookEvent.objects.filter(outcome="waiting", received_at__lte=clock.now())
    return lag | oldest.aggregate(oldest=Min("received_at"))


def _sums(payments: QuerySet, refunds: QuerySet) -> list[dict[str, Any]]:
    """Return what was taken and given back in each currency, in minor units; part of it by venues' own shops."""
    taken = payments.values("currency").annotate(
        taken_minor=Sum("captured_minor"),
        own_shop_minor=Sum("captured_minor", filter=Q(account__isnull=False), default=0),
        fee_minor=Sum("provider_fee_minor"),
    )
    back = refunds.exclude(status="failed").values_list("payment__currency").annotate(Sum("amount_minor"))
    returned = dict(back.order_by())
    return [
        {**row, "fee_minor": row["fee_minor"] or 0, "refunded_minor": returned.get(row["currency"], 0)}
        for row in taken.order_by("currency")
    ]


def _reasons(refunds: QuerySet) -> list[Row]:
    """Group refunds by what last lowered the booking's price; made in a dashboard tells itself."""
    lowering = BookingEvent.objects.filter(
        booking=OuterRef("payment__booking"), verb__in=["cancel", "decline", "expire", "adjust"]
    ).order_by("-version")
    cause = Case(
        When(is_external=True, then=Value("external")),
        *(
            When(verb="cancel", actor_kind=kind, then=Value(f"cancel-{kind}"))
            for kind in ("guest", "host", "staff")
        ),
        When(verb__isnull=False, then=F("verb")),
        default=Value(""),
        output_field=CharField(),
    )
    named = refunds.alias(
        verb=Subquery(lowering.values("verb")[:1]), actor_kind=Subquery(lowering.values("actor_kind")[:1])
    )
    return _rows(named.annotate(cause=cause), "cause", REASONS)


def _errors(calls: QuerySet) -> list[Row]:
    rows = calls.exclude(error_code="").values("payment__provider", "kind", "error_code")
    counted = rows.annotate(n=Count("pk"), last=Max("created_at")).order_by("-n", "-last")[:MOST_ROWS]
    return _with_shares(
        [(f"{row['payment__provider']}, {row['kind']}: {row['error_code']}", row["n"]) for row in counted]
    )


def _rows(queryset: QuerySet, column: str, words: dict[str, str] | None = None) -> list[Row]:
    counted = queryset.order_by().values_list(column).annotate(n=Count("pk")).order_by("-n", column)
    return _with_shares(
        [((words or {}).get(name, str(name).replace("_", " ")), n) for name, n in counted[:MOST_ROWS]]
    )


def _with_shares(rows: list[tuple[str, int]]) -> list[Row]:
    most = max((count for _name, count in rows), default=0)
    return [Row(name, count, round(100 * count / most)) for name, count in rows]
