"""Where a booking's money is now, out of the ledger: for the booking's page in the admin."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Sum

from bookings.models import Booking
from payments.ledger import posting as ledger
from payments.models import LedgerEntry, LedgerTransaction, Payout, PayoutLine

Account = LedgerEntry.Account

# What a reader calls an account's balance, and by which sign it is shown: +1 as booked, -1 turned around.
PLACES = (
    (Account.HOLD, "Held on the guest's card", 1),
    (Account.CLEARING, "At the provider", 1),
    (Account.VENUE_SHOP, "Taken by the venue's own shop", 1),
    (Account.BANK, "In our bank account", 1),
    (Account.DISPUTED, "Disputed, taken back by the guest's bank", 1),
)
OWNERS = (
    (Account.PLATFORM_FEE, "Platform fee", -1),
    (Account.TAX, "Tax", -1),
    (Account.PROCESSING_FEE, "Processing fees, borne by the platform", 1),
    (Account.CREDIT, "Owed to the guest as credit", -1),
)


@dataclass(frozen=True)
class Place:
    """One line of the panel; `amount_minor` in minor units of the booking's currency."""

    label: str
    amount_minor: int


@dataclass(frozen=True)
class Whereabouts:
    """Where the money lies, and whose it is; a line of nothing is left out."""

    lies: list[Place]
    belongs: list[Place]
    movements: list[LedgerTransaction]


def where(booking: Booking) -> Whereabouts:
    """Return where a booking's money is now, with the movements that brought it there (four queries)."""
    movements = list(
        LedgerTransaction.objects.filter(booking=booking).prefetch_related("entries").order_by("pk")
    )
    totals: defaultdict[str, int] = defaultdict(int)
    refunded = 0
    for movement in movements:
        for entry in movement.entries.all():
            totals[entry.account] += entry.amount_minor
            if movement.kind in ("refund", "refund_failed") and entry.account in ledger.SHARES:
                refunded += entry.amount_minor
    on_its_way, paid = _paid(booking)
    # What was paid out has left the one or the other; a payout itself is of no one booking.
    totals[Account.BANK if totals[Account.CLEARING] < paid else Account.CLEARING] -= paid
    lies = [Place(label, sign * totals[account]) for account, label, sign in PLACES]
    owed = -sum(totals[account] for account in ledger.OWED) - paid - on_its_way
    belongs = [
        Place("Owed to the venue", owed) if owed > 0 else Place("Owed by the venue", -owed),
        Place("On its way to the venue", on_its_way),
        Place("Paid out to the venue" if paid > 0 else "Taken off the venue's payouts", abs(paid)),
        *(Place(label, sign * totals[account]) for account, label, sign in OWNERS),
        Place("Given back to the guest", refunded),
    ]
    return Whereabouts(_shown(lies), _shown(belongs), movements)


def _paid(booking: Booking) -> tuple[int, int]:
    """Return what of the booking is on its way to the venue, and what was paid out."""
    rows = (
        PayoutLine.objects.filter(booking=booking)
        .exclude(payout__status__in=Payout.UNDONE)
        .values_list("payout__status")
        .annotate(Sum("amount_minor"))
        .order_by()
    )
    by_status = defaultdict(int, rows)
    return sum(by_status[status] for status in Payout.OPEN), by_status[Payout.Status.PAID]


def _shown(places: list[Place]) -> list[Place]:
    return [place for place in places if place.amount_minor]
