"""The ledger: every movement of money as one balanced, append-only transaction with a key of its own.

Positive entries are money at hand, negative ones are owed or earned; see LedgerEntry.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from bookings.models import Booking
from core.money import percent_of, round_minor
from payments.models import LedgerEntry, LedgerTransaction, Payment, Refund

Account = LedgerEntry.Account


@dataclass(frozen=True)
class Split:
    """How an amount kept from a guest is shared; the parts add up to it exactly."""

    venue_minor: int
    fee_minor: int
    tax_minor: int


def split(kept_minor: int, booking: Booking) -> Split:
    """Share what is kept: tax in proportion, the platform's per cent of the rest, the venue the remainder."""
    if booking.total_minor == 0:
        return Split(kept_minor, 0, 0)
    tax = round_minor(Decimal(kept_minor) * booking.tax_minor / booking.total_minor)
    fee = percent_of(kept_minor - tax, booking.fee_percent)
    return Split(kept_minor - tax - fee, fee, tax)


def post_authorize(payment: Payment, booking: Booking) -> None:
    """Book money held."""
    held = payment.authorized_minor
    _post(
        f"authorize:{payment.pk}", "authorize", payment, booking, {Account.HOLD: held, Account.GUEST: -held}
    )


def post_void(payment: Payment, booking: Booking) -> None:
    """Book a hold released, untaken."""
    held = payment.authorized_minor
    _post(f"void:{payment.pk}", "void", payment, booking, {Account.HOLD: -held, Account.GUEST: held})


def post_capture(payment: Payment, booking: Booking, *, kept_before_minor: int) -> None:
    """Book money taken: the hold ends whole, the captured part is shared.

    `kept_before_minor` is what other payments of the booking already keep, so that shares add up over them.
    """
    held, taken = payment.authorized_minor, payment.captured_minor
    entries = {Account.HOLD: -held, Account.GUEST: held, Account.CLEARING: taken}
    shares = _shares(booking, kept_before_minor, kept_before_minor + taken)
    _post(f"capture:{payment.pk}", "capture", payment, booking, entries | {a: -m for a, m in shares.items()})


def post_refund(refund: Refund, booking: Booking, *, kept_before_minor: int) -> None:
    """Book captured money given back; `kept_before_minor` is what the booking kept until then."""
    shares = _shares(booking, kept_before_minor, kept_before_minor - refund.amount_minor)
    entries = {Account.CLEARING: -refund.amount_minor} | {a: -m for a, m in shares.items()}
    _post(f"refund:{refund.pk}", "refund", refund.payment, booking, entries)


def post_refund_failed(refund: Refund, booking: Booking, *, kept_before_minor: int) -> None:
    """Book a refund that came back from the guest's bank."""
    shares = _shares(booking, kept_before_minor, kept_before_minor + refund.amount_minor)
    entries = {Account.CLEARING: refund.amount_minor} | {a: -m for a, m in shares.items()}
    _post(f"refund-failed:{refund.pk}", "refund_failed", refund.payment, booking, entries)


def kept_minor(booking: Booking) -> int:
    """Return what the ledger says is kept of a booking: its balance in the provider's clearing account."""
    entries = LedgerEntry.objects.filter(transaction__booking=booking, account=Account.CLEARING)
    return entries.aggregate(total=Sum("amount_minor"))["total"] or 0


def balances(**filters: object) -> dict[str, int]:
    """Return the balance of each account over the entries that match, in minor units of one currency."""
    rows = (
        LedgerEntry.objects.filter(**filters).values_list("account").annotate(Sum("amount_minor")).order_by()
    )
    return dict(rows)


def _shares(booking: Booking, before_minor: int, after_minor: int) -> dict[str, int]:
    before, after = split(before_minor, booking), split(after_minor, booking)
    return {
        Account.VENUE: after.venue_minor - before.venue_minor,
        Account.PLATFORM_FEE: after.fee_minor - before.fee_minor,
        Account.TAX: after.tax_minor - before.tax_minor,
    }


def _post(key: str, kind: str, payment: Payment, booking: Booking, amounts: dict[str, int]) -> None:
    """Write one transaction in the caller's; posting a key twice is an error of the caller and refused."""
    movement = LedgerTransaction.objects.create(
        key=key, kind=kind, booking=booking, payment=payment, currency=payment.currency
    )
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            transaction=movement, account=account, venue_id=booking.venue_id, currency=payment.currency,
            amount_minor=amount,
        )
        for account, amount in amounts.items()
        if amount
    )  # fmt: skip
