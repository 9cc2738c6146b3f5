"""A venue's balance in words a host understands: available, pending, frozen, on its way, paid out."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models import Sum

from core import clock
from core.mode import site_is_live
from payments.ledger import posting as ledger
from payments.ledger.checkpoints import balances_of
from payments.models import LedgerEntry, PaymentSettings, Payout
from payments.payouts.due import DEFAULT_DELAY_HOURS, parameters
from rooms.models import Venue

Account = LedgerEntry.Account


@dataclass(frozen=True)
class Balance:
    """What a venue is owed in one currency, in minor units, of the site's mode; the first three add up to it.

    available: due for payout (below zero: more was taken back than earned) · pending: of stays not yet begun, or
    within the venue's delay · frozen: of bookings with an open dispute · in_transit: set aside for payouts under way ·
    paid_out: arrived · own_shop: taken by the venue's own shop, which the platform never had: of it the venue owes.
    """

    currency: str
    available_minor: int = 0
    pending_minor: int = 0
    frozen_minor: int = 0
    in_transit_minor: int = 0
    paid_out_minor: int = 0
    own_shop_minor: int = 0

    @property
    def owed_minor(self) -> int:
        return self.available_minor + self.pending_minor + self.frozen_minor


# Only the few bookings that stand aside are looked at one by one; all the rest is available.
ASIDE = """
WITH chosen AS (
    SELECT booking.id, TRUE AS is_early FROM bookings_booking booking
    WHERE booking.venue_id = %(venue)s AND booking.starts_at > %(early)s
    UNION
    SELECT booking.id, FALSE FROM payments_dispute dispute
    JOIN payments_payment payment ON payment.id = dispute.payment_id
    JOIN bookings_booking booking ON booking.id = payment.booking_id
    WHERE dispute.status = ANY(%(open)s) AND booking.venue_id = %(venue)s
), standing AS (
    SELECT chosen.id, NOT bool_and(is_early) AS is_frozen FROM chosen GROUP BY chosen.id
)
SELECT earned.currency, standing.is_frozen,
    sum(earned.amount_minor - COALESCE(paid.amount_minor, 0))::bigint
FROM standing
JOIN LATERAL (
    SELECT entry.currency, -sum(entry.amount_minor) AS amount_minor
    FROM payments_ledgertransaction movement
    JOIN payments_ledgerentry entry ON entry.transaction_id = movement.id
    WHERE movement.booking_id = standing.id AND entry.account = ANY(%(accounts)s) AND entry.venue_id = %(venue)s
        AND entry.is_live = %(is_live)s
    GROUP BY 1
) earned ON TRUE
LEFT JOIN LATERAL (
    SELECT sum(line.amount_minor) AS amount_minor FROM payments_payoutline line
    JOIN payments_payout payout ON payout.id = line.payout_id
    WHERE line.booking_id = standing.id AND payout.currency = earned.currency
        AND payout.status <> ALL(%(undone)s) AND payout.is_live = %(is_live)s
) paid ON TRUE
WHERE standing.is_frozen OR earned.amount_minor > COALESCE(paid.amount_minor, 0)
GROUP BY 1, 2
"""


def balance_of(venue: Venue) -> list[Balance]:
    """Return a venue's balance in each currency it has money in; at least in its own."""
    owed, in_transit, own_shop = _owed_in_transit_and_own_shop(venue.pk)
    paid_out = dict(
        Payout.objects.filter(venue=venue, status=Payout.Status.PAID, is_live=site_is_live())
        .values_list("currency")
        .annotate(Sum("amount_minor"))
        .order_by()
    )
    pending, frozen = _aside(venue)
    currencies = {venue.currency, *owed, *in_transit, *paid_out}
    return [
        Balance(
            currency=currency,
            available_minor=owed[currency] - pending[currency] - frozen[currency],
            pending_minor=pending[currency],
            frozen_minor=frozen[currency],
            in_transit_minor=in_transit[currency],
            paid_out_minor=paid_out.get(currency, 0),
            own_shop_minor=own_shop[currency],
        )
        for currency in sorted(currencies, key=lambda one: (one != venue.currency, one))
    ]


def owed_by_venue(venue_ids: Iterable[int]) -> dict[int, list[tuple[str, int]]]:
    """Return what many venues are owed, as (currency, minor) of the site's mode, in one query; zeros are left out."""
    entries = LedgerEntry.objects.filter(
        venue__in=list(venue_ids), account__in=ledger.OWED, is_live=site_is_live()
    )
    owed: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
    rows = (
        entries.values_list("venue", "currency").annotate(Sum("amount_minor")).order_by("venue", "currency")
    )
    for venue_id, currency, amount in rows:
        if amount:
            owed[venue_id].append((currency, -amount))
    return owed


def _owed_in_transit_and_own_shop(venue_id: int) -> tuple[defaultdict[str, int], ...]:
    owed: defaultdict[str, int] = defaultdict(int)
    in_transit, own_shop = owed.copy(), owed.copy()
    for (account, currency), amount in balances_of(venue_id).items():
        if account in ledger.OWED and amount:
            owed[currency] -= amount
        if account == Account.PAYOUT and amount:
            in_transit[currency] = -amount
        if account == Account.VENUE_SHOP:
            own_shop[currency] = amount
    return owed, in_transit, own_shop


def _aside(venue: Venue) -> tuple[defaultdict[str, int], defaultdict[str, int]]:
    """Return what is pending and what is frozen, by currency."""
    now = clock.now()
    early = now - dt.timedelta(hours=delay_hours(venue))
    with connection.cursor() as cursor:
        cursor.execute(ASIDE, parameters(now, venue.pk) | {"early": early})
        rows = cursor.fetchall()
    pending: defaultdict[str, int] = defaultdict(int)
    frozen = pending.copy()
    for currency, is_frozen, amount in rows:
        (frozen if is_frozen else pending)[currency] = amount
    return pending, frozen


def delay_hours(venue: Venue) -> int:
    """Return the hours after a start before a booking is paid out; the model's default where nothing was set."""
    found = PaymentSettings.objects.filter(venue=venue).values_list("payout_delay_hours", flat=True)
    return next(iter(found), DEFAULT_DELAY_HOURS)
