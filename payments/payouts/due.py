"""What venues are due: per booking what it owes the venue less what was paid before, as one SQL expression.

What the venue's own shop took counts against it, so of such a booking the venue owes the fee. A booking takes part once
its start and the venue's delay are past; what was paid too much is netted at once; one with an open dispute stands
aside until the case ends.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from core.mode import site_is_live
from payments.ledger import posting as ledger
from payments.models import Dispute, PaymentSettings, Payout, PayoutSkip
from payments.payouts.holds import Hold, holds_of
from payments.payouts.payees import payee_of, problem_of
from rooms.models import Venue

Reason = PayoutSkip.Reason
# Settings a venue never saved are the model's own defaults.
DEFAULT_DELAY_HOURS = PaymentSettings._meta.get_field("payout_delay_hours").default

# Of one mode alone. %(venue)s is one venue, or NULL for all of them. Sums of bigint are numeric, hence the casts.
DUE = """
earned AS (
    SELECT movement.booking_id, entry.venue_id, entry.currency, -sum(entry.amount_minor)::bigint AS amount_minor
    FROM payments_ledgerentry entry
    JOIN payments_ledgertransaction movement ON movement.id = entry.transaction_id
    WHERE entry.account = ANY(%(accounts)s) AND entry.is_live = %(is_live)s AND movement.booking_id IS NOT NULL
        AND (%(venue)s::bigint IS NULL OR entry.venue_id = %(venue)s)
    GROUP BY 1, 2, 3
), paid AS (
    SELECT line.booking_id, payout.venue_id, payout.currency, sum(line.amount_minor)::bigint AS amount_minor
    FROM payments_payoutline line
    JOIN payments_payout payout ON payout.id = line.payout_id
    WHERE payout.status <> ALL(%(undone)s) AND payout.is_live = %(is_live)s
        AND (%(venue)s::bigint IS NULL OR payout.venue_id = %(venue)s)
    GROUP BY 1, 2, 3
), owed AS (
    SELECT earned.booking_id, earned.venue_id, earned.currency,
        earned.amount_minor - COALESCE(paid.amount_minor, 0) AS amount_minor,
        booking.starts_at + make_interval(hours => COALESCE(settings.payout_delay_hours, %(delay)s))
            > %(cutoff)s AS is_early,
        EXISTS (
            SELECT FROM payments_dispute dispute JOIN payments_payment payment ON payment.id = dispute.payment_id
            WHERE payment.booking_id = earned.booking_id AND dispute.status = ANY(%(open)s)
        ) AS is_frozen
    FROM earned
    LEFT JOIN paid USING (booking_id, venue_id, currency)
    JOIN bookings_booking booking ON booking.id = earned.booking_id
    LEFT JOIN payments_paymentsettings settings ON settings.venue_id = earned.venue_id
    WHERE earned.amount_minor <> COALESCE(paid.amount_minor, 0)
), due AS (
    SELECT booking_id, venue_id, currency, amount_minor FROM owed
    WHERE NOT is_frozen AND (NOT is_early OR amount_minor < 0)
)
"""
PREVIEW = f"""
WITH {DUE} SELECT venue_id, currency, sum(amount_minor)::bigint, count(*) FROM due
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""  # noqa: S608 - constants only


@dataclass(frozen=True)
class Due:
    """What one venue is due in one currency, and why it would not be paid (until when, where that is known).

    `reason` is empty where it would be paid.
    """

    venue_id: int
    currency: str
    amount_minor: int
    bookings: int
    reason: str
    until: dt.datetime | None = None


def parameters(
    cutoff_at: dt.datetime, venue_id: int | None, *, is_live: bool | None = None
) -> dict[str, Any]:
    """Return the values DUE asks for; the mode is the site's where none is given."""
    return {
        "accounts": list(ledger.OWED),
        "is_live": site_is_live() if is_live is None else is_live,
        "venue": venue_id,
        "undone": list(Payout.UNDONE),
        "open": list(Dispute.OPEN),
        "delay": DEFAULT_DELAY_HOURS,
        "cutoff": cutoff_at,
    }


def preview(cutoff_at: dt.datetime, *, venue_id: int | None = None) -> Iterator[Due]:
    """Yield what a run at `cutoff_at` would pay, the largest first, and whom it would pass over."""
    with connection.cursor() as cursor:
        cursor.execute(PREVIEW, parameters(cutoff_at, venue_id))
        rows = cursor.fetchall()
    ids = {row[0] for row in rows}
    known = PaymentSettings.objects.in_bulk(ids, field_name="venue_id")
    holds = holds_of(list(Venue.objects.filter(pk__in=ids)), cutoff_at)
    for venue, currency, amount, bookings in rows:
        hold = holds.get(venue)
        reason = reason_to_wait(known.get(venue), amount, hold)
        yield Due(
            venue, currency, amount, bookings, reason, hold.until if hold and hold.reason == reason else None
        )


def reason_to_wait(settings: PaymentSettings | None, amount_minor: int, hold: Hold | None) -> str:
    """Return why a venue, held or not, is not paid this sum now (a PayoutSkip.Reason), or nothing."""
    if amount_minor <= 0:
        return Reason.NEGATIVE
    if hold:
        return hold.reason
    if settings is None or not payee_of(settings).destination:
        return Reason.NO_DETAILS
    if problem_of(settings):
        return Reason.NOT_PAYABLE
    return Reason.BELOW_MINIMUM if amount_minor < settings.payout_minimum_minor else ""
