"""A venue's statement for a period, worked out of the ledger: what it opened with, earned, was paid, and closed with.

Every sum is of the venue's ledger entries in the site's mode, so opening + earned − taken at its own shop − paid out =
closing by construction, and the closing balance of one period is the opening one of the next.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet, Sum

from bookings.models import Booking
from core import clock
from core.mode import site_is_live
from core.money import to_decimal
from payments.ledger import posting as ledger
from payments.models import LedgerEntry
from rooms.models import Venue

Account = LedgerEntry.Account
GIVEN_BACK = ("refund", "refund_failed", "credit", "credit_ended")
FEES = ("processing_fee", "dispute_fee", "own_shop")
# A payout's movements in a venue's words, and what they do to what was paid out.
PAYOUT_WORDS = {
    "payout": "Paid out", "payout_failed": "Payout failed", "payout_returned": "Payout returned",
}  # fmt: skip
LONGEST_DAYS = 366


@dataclass(frozen=True)
class Period:
    """Whole days of the venue's zone, both included."""

    first: dt.date
    last: dt.date

    def bounds(self, venue: Venue) -> tuple[dt.datetime, dt.datetime]:
        """Return the first instant, and the first one after it."""
        begins, ends = (
            dt.datetime.combine(day, dt.time(), venue.zone)
            for day in (self.first, self.last + dt.timedelta(days=1))
        )
        return begins.astimezone(dt.UTC), ends.astimezone(dt.UTC)


@dataclass
class BookingLine:
    """What a booking brought the venue in a period: gross less all the rest is `net_minor`. Minor units.

    Of it, `own_shop_minor` is with the venue already: its own shop took it.
    """

    reference: str
    starts_at: dt.datetime
    gross_minor: int = 0
    refunds_minor: int = 0
    disputes_minor: int = 0
    tax_minor: int = 0
    platform_fee_minor: int = 0
    processing_fee_minor: int = 0
    own_shop_minor: int = 0

    @property
    def net_minor(self) -> int:
        return self.gross_minor - (
            self.refunds_minor + self.disputes_minor + self.tax_minor + self.platform_fee_minor
            + self.processing_fee_minor
        )  # fmt: skip


@dataclass(frozen=True)
class PayoutMovement:
    """Money set aside for the venue, or come back to what it is owed (below zero)."""

    at: dt.datetime
    text: str
    key: str
    amount_minor: int


COLUMNS = (
    ("gross_minor", "Gross"), ("refunds_minor", "Refunds"), ("disputes_minor", "Disputes"), ("tax_minor", "Tax"),
    ("platform_fee_minor", "Platform fee"), ("processing_fee_minor", "Processing fee"), ("net_minor", "Net"),
)  # fmt: skip


# Only where a shop of the venue's own took something.
OWN_SHOP = ("own_shop_minor", "At own shop")


@dataclass
class Statement:
    """One venue, one currency, one period."""

    venue: Venue
    currency: str
    period: Period
    opening_minor: int
    lines: list[BookingLine] = field(default_factory=list)
    payouts: list[PayoutMovement] = field(default_factory=list)

    @property
    def closing_minor(self) -> int:
        return self.opening_minor + self.net_minor - self.own_shop_minor - self.paid_out_minor

    @property
    def own_shop_minor(self) -> int:
        """What the venue's own shop took in the period, less what it gave back."""
        return self.total("own_shop_minor")

    @property
    def paid_out_minor(self) -> int:
        return sum(movement.amount_minor for movement in self.payouts)

    def total(self, column: str) -> int:
        """Return a column's sum over all bookings."""
        return sum(getattr(line, column) for line in self.lines)

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """The columns of its table, as (attribute of a line, heading)."""
        return (*COLUMNS, OWN_SHOP) if any(line.own_shop_minor for line in self.lines) else COLUMNS

    @property
    def net_minor(self) -> int:
        """What the venue earned in the period, wherever it was taken."""
        return self.total("net_minor")

    @property
    def totals(self) -> list[int]:
        return [self.total(column) for column, _ in self.columns]


def month_of(day: dt.date) -> Period:
    """Return the calendar month a day lies in."""
    first = day.replace(day=1)
    after = (first + dt.timedelta(days=32)).replace(day=1)
    return Period(first, after - dt.timedelta(days=1))


def this_month(venue: Venue) -> Period:
    """Return the month it is at the venue."""
    return month_of(clock.now().astimezone(venue.zone).date())


def statement(venue: Venue, period: Period, *, currency: str = "") -> Statement:
    """Return a venue's statement in one currency (its own unless another is named)."""
    currency = currency or venue.currency
    begins, ends = period.bounds(venue)
    entries = LedgerEntry.objects.filter(venue=venue, currency=currency, is_live=site_is_live())
    before = entries.filter(account__in=ledger.OWED, transaction__created_at__lt=begins)
    within = entries.filter(transaction__created_at__gte=begins, transaction__created_at__lt=ends)
    return Statement(
        venue=venue,
        currency=currency,
        period=period,
        opening_minor=-(before.aggregate(total=Sum("amount_minor"))["total"] or 0),
        lines=_lines(within),
        payouts=_payouts(within),
    )


def currencies_of(venue: Venue) -> list[str]:
    """Return the currencies a venue's ledger has, its own first."""
    rows = LedgerEntry.objects.filter(venue=venue, account=Account.VENUE, is_live=site_is_live()).order_by()
    found = set(rows.values_list("currency", flat=True).distinct()) | {venue.currency}
    return sorted(found, key=lambda one: (one != venue.currency, one))


def _lines(entries: QuerySet[LedgerEntry]) -> list[BookingLine]:
    """Add up each booking's entries: shares by the kind of their transaction, and fees the venue bears."""
    shares = Q(account__in=ledger.SHARES, transaction__kind__in=ledger.SHARING)
    fees = Q(account=Account.VENUE, transaction__kind__in=FEES)
    rows = (
        entries.filter(shares | fees | Q(account=Account.VENUE_SHOP), transaction__booking__isnull=False)
        .values_list("transaction__booking", "transaction__kind", "account")
        .annotate(Sum("amount_minor"))
        .order_by()
    )
    sums: defaultdict[int, list[tuple[str, str, int]]] = defaultdict(list)
    for booking_id, kind, account, total in rows:
        sums[booking_id].append((kind, account, total))
    bookings = Booking.objects.only("reference", "starts_at").in_bulk(list(sums))
    lines = [_line(bookings[booking_id], parts) for booking_id, parts in sums.items()]
    return sorted(lines, key=lambda line: (line.starts_at, line.reference))


def _line(booking: Booking, parts: list[tuple[str, str, int]]) -> BookingLine:
    line = BookingLine(booking.reference, booking.starts_at)
    for kind, account, total in parts:
        if account == Account.VENUE_SHOP:
            line.own_shop_minor += total
            continue
        if kind in FEES:
            line.processing_fee_minor += total
            continue
        if kind == "capture":
            line.gross_minor -= total
        elif kind in GIVEN_BACK:
            line.refunds_minor += total
        else:
            line.disputes_minor += total
        if account == Account.TAX:
            line.tax_minor -= total
        elif account == Account.PLATFORM_FEE:
            line.platform_fee_minor -= total
    return line


def _payouts(entries: QuerySet[LedgerEntry]) -> list[PayoutMovement]:
    rows = (
        entries.filter(account=Account.VENUE, transaction__payout__isnull=False)
        .select_related("transaction__payout")
        .order_by("pk")
    )
    return [
        PayoutMovement(
            at=entry.transaction.created_at,
            text=PAYOUT_WORDS[entry.transaction.kind],
            key=entry.transaction.payout.key if entry.transaction.payout else "",
            amount_minor=entry.amount_minor,
        )
        for entry in rows
    ]


def as_rows(statement: Statement) -> list[tuple[object, ...]]:
    """Return the statement as a table for programs: amounts in major units, days of the venue's zone."""

    def money(amount_minor: int) -> object:
        return to_decimal(amount_minor, statement.currency)

    zone, blank = statement.venue.zone, ("",) * len(statement.columns)
    opening, closing = (money(amount) for amount in (statement.opening_minor, statement.closing_minor))
    return [
        ("Opening balance", statement.period.first, "", *blank, opening),
        *(
            ("Booking", line.starts_at.astimezone(zone).date(), line.reference,
             *(money(getattr(line, column)) for column, _ in statement.columns), "")
            for line in statement.lines
        ),
        *(
            (movement.text, movement.at.astimezone(zone).date(), movement.key, *blank, money(-movement.amount_minor))
            for movement in statement.payouts
        ),
        ("Closing balance", statement.period.last, "", *blank, closing),
    ]  # fmt: skip


def headings(statement: Statement) -> tuple[str, ...]:
    """Return what `as_rows` gives, for the first line of a file."""
    names = (name.lower().replace(" ", "_") for _, name in statement.columns)
    return ("what", "date", "reference", *names, "balance")
