"""The ledger: every movement of money as one balanced, append-only transaction with a key of its own.

Positive entries are money at hand, negative ones are owed or earned; see LedgerEntry and docs/decisions/0003.
Every `post_…` expects the caller's transaction and locks, and refuses a second time (its key is unique).
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from bookings.models import Booking
from core.mode import site_is_live
from core.money import percent_of, round_minor
from payments.models import (
    Credit,
    CreditUse,
    Dispute,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    PaymentSettings,
    Payout,
    Provider,
    Refund,
)

Account = LedgerEntry.Account

# Who a booking's money is shared among, and the kinds of transactions that share it (fees and payouts do not).
SHARES = (Account.VENUE, Account.PLATFORM_FEE, Account.TAX)
SHARING = ("capture", "refund", "refund_failed", "dispute_lost", "credit", "credit_ended")
KINDS = (
    "authorize", "void", *SHARING, "processing_fee", "dispute", "dispute_won", "dispute_fee", "credit_paid_out",
    "payout", "payout_paid", "payout_failed", "payout_returned",
    "own_shop",
)  # fmt: skip

# Money that no provider moved lies elsewhere, and was never held.
BY_HAND = {Provider.OFFLINE: Account.BANK, Provider.CREDIT: Account.CREDIT}
# What we owe a venue is its share less what its own shop took: the sum of these, sign turned.
OWED = (Account.VENUE, Account.VENUE_SHOP)


Movement = tuple[LedgerTransaction, list[LedgerEntry]]
_together: ContextVar[list[Movement] | None] = ContextVar("posted_together", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Write all that is posted inside at its end, in two statements, however many transactions it is.

    Nothing inside may read what is posted there.
    """
    waiting: list[Movement] = []
    token = _together.set(waiting)
    try:
        yield
    finally:
        _together.reset(token)
    if waiting:
        _write(waiting)


@dataclass(frozen=True)
class Split:
    """How an amount kept from a guest is shared; the parts add up to it exactly."""

    venue_minor: int
    fee_minor: int
    tax_minor: int

    def __sub__(self, other: "Split") -> dict[str, int]:
        """Return how each share grew from `other` to this."""
        return {
            Account.VENUE: self.venue_minor - other.venue_minor,
            Account.PLATFORM_FEE: self.fee_minor - other.fee_minor,
            Account.TAX: self.tax_minor - other.tax_minor,
        }


def split(kept_minor: int, booking: Booking) -> Split:
    """Share what is kept: tax in proportion, the platform's per cent of the rest, the venue the remainder.

    Tax and fee are rounded half away from zero, so whatever rounding leaves is the venue's: the one fixed rule.
    """
    if booking.total_minor == 0:
        return Split(kept_minor, 0, 0)
    tax = round_minor(Decimal(kept_minor) * booking.tax_minor / booking.total_minor)
    fee = percent_of(kept_minor - tax, booking.fee_percent)
    return Split(kept_minor - tax - fee, fee, tax)


# --- a guest's money ------------------------------------------------------------------------------------------


def post_authorize(payment: Payment, booking: Booking) -> None:
    """Book money held at a provider; what is paid by hand or with a credit is never held."""
    held = payment.authorized_minor
    _post_payment("authorize", payment, booking, {Account.HOLD: held, Account.GUEST: -held})


def post_void(payment: Payment, booking: Booking) -> None:
    """Book a hold released, untaken."""
    held = payment.authorized_minor
    _post_payment("void", payment, booking, {Account.HOLD: -held, Account.GUEST: held})


def post_capture(payment: Payment, booking: Booking, *, kept_before_minor: int) -> None:
    """Book money taken: the hold ends whole, the captured part is shared.

    `kept_before_minor` is what the booking kept until then (`kept_minor`), so that shares add up over payments.
    """
    held, taken = payment.authorized_minor, payment.captured_minor
    by_hand = payment.provider in BY_HAND
    entries: dict[str, int] = {} if by_hand else {Account.HOLD: -held, Account.GUEST: held}
    entries |= {_money(payment): taken} | _shared(booking, kept_before_minor, taken)
    _post_payment("capture", payment, booking, entries)


def post_refund(refund: Refund, booking: Booking, *, kept_before_minor: int) -> None:
    """Book captured money given back, out of where it lay or, by hand, out of our bank account."""
    entries: dict[str, int] = {_way_back(refund): -refund.amount_minor} | _shared(
        booking, kept_before_minor, -refund.amount_minor
    )
    _post(f"refund:{refund.pk}", "refund", entries, booking=booking, payment=refund.payment)


def post_refund_failed(refund: Refund, booking: Booking, *, kept_before_minor: int) -> None:
    """Book a refund that came back from the guest's bank."""
    entries: dict[str, int] = {_way_back(refund): refund.amount_minor} | _shared(
        booking, kept_before_minor, refund.amount_minor
    )
    _post(f"refund-failed:{refund.pk}", "refund_failed", entries, booking=booking, payment=refund.payment)


# --- fees -----------------------------------------------------------------------------------------------------


def post_processing_fee(payment: Payment, booking: Booking, fee_minor: int) -> None:
    """Book what the provider keeps for a payment; the venue bears it where its settings say so now, and its shop's."""
    if fee_minor:
        key, entries = f"processing-fee:{payment.pk}", _fee(payment, booking, fee_minor)
        _post(key, "processing_fee", entries, booking=booking, payment=payment)


def post_dispute_fee(dispute: Dispute, booking: Booking) -> None:
    """Book what the provider keeps for a dispute, borne like the processing fee."""
    if dispute.fee_minor:
        entries = _fee(dispute.payment, booking, dispute.fee_minor)
        _post(f"dispute-fee:{dispute.pk}", "dispute_fee", entries, booking=booking, payment=dispute.payment)


# --- disputes: what the guest's bank took back is neither ours nor lost until the case ends -----------------------


def post_dispute_withdrawn(dispute: Dispute, booking: Booking) -> None:
    """Book disputed money taken out of where it lay at the provider; nobody's share changes yet."""
    taken, place = dispute.withdrawn_minor, _money(dispute.payment)
    _post_dispute("dispute", dispute, booking, {place: -taken, Account.DISPUTED: taken})


def post_dispute_won(dispute: Dispute, booking: Booking) -> None:
    """Book disputed money put back."""
    taken, place = dispute.withdrawn_minor, _money(dispute.payment)
    _post_dispute("dispute_won", dispute, booking, {place: taken, Account.DISPUTED: -taken})


def post_dispute_lost(dispute: Dispute, booking: Booking, *, kept_before_minor: int) -> None:
    """Book disputed money lost: the shares of it are taken back."""
    taken = dispute.withdrawn_minor
    entries: dict[str, int] = {Account.DISPUTED: -taken} | _shared(booking, kept_before_minor, -taken)
    _post_dispute("dispute_lost", dispute, booking, entries)


# --- credits --------------------------------------------------------------------------------------------------


def post_credit_given(credit: Credit, booking: Booking, *, kept_before_minor: int) -> None:
    """Book a credit given instead of a refund: the money stays, the shares turn into a debt to the guest."""
    entries: dict[str, int] = {Account.CREDIT: -credit.amount_minor}
    entries |= _shared(booking, kept_before_minor, -credit.amount_minor)
    _post(f"credit:{credit.pk}", "credit", entries, booking=booking, is_live=credit.is_live)


def post_credit_taken_back(use: CreditUse, booking: Booking, *, kept_before_minor: int) -> None:
    """Book the end of a debt to the guest who has got the same money from elsewhere: the shares come back.

    `booking` is the one the credit was given for.
    """
    back = use.amount_minor
    entries: dict[str, int] = {Account.CREDIT: back} | _shared(booking, kept_before_minor, back)
    refund = use.credit.refund
    assert refund is not None  # only a refund's credit is taken back
    _post(f"credit-use:{use.pk}", "credit_ended", entries, booking=booking, payment=refund.payment)


def post_credit_used(use: CreditUse) -> None:
    """Book some of a credit spent on a booking, instead of the capture of the payment it made, or paid out by hand."""
    key, spent = f"credit-use:{use.pk}", use.amount_minor
    if use.booking is None:
        paid_out: dict[str, int] = {Account.CREDIT: spent, Account.BANK: -spent}
        _post(key, "credit_paid_out", paid_out, booking=use.credit.booking, is_live=use.credit.is_live)
        return
    entries: dict[str, int] = {Account.CREDIT: spent} | _shared(
        use.booking, kept_minor(use.booking, use.credit.is_live), spent
    )
    # The debt ends where it stood: at the venue whose booking the credit was given for.
    venues: dict[str, int] = {Account.CREDIT: use.credit.booking.venue_id}
    _post(
        key, "capture", entries, booking=use.booking, payment=use.payment, venues=venues,
        is_live=use.credit.is_live,
    )  # fmt: skip


# --- payouts to venues ----------------------------------------------------------------------------------------


def post_payout(payout: Payout) -> None:
    """Book a venue's money set aside for a payout."""
    amount = payout.amount_minor
    _post_payout("payout", payout, {Account.VENUE: amount, Account.PAYOUT: -amount})


def post_payout_paid(payout: Payout) -> None:
    """Book a payout that has left us."""
    amount = payout.amount_minor
    _post_payout("payout_paid", payout, {Account.PAYOUT: amount, _source(payout): -amount})


def post_payout_failed(payout: Payout) -> None:
    """Book a payout that never left: the venue is owed it again."""
    amount = payout.amount_minor
    _post_payout("payout_failed", payout, {Account.PAYOUT: amount, Account.VENUE: -amount})


def post_payout_returned(payout: Payout) -> None:
    """Book a payout that left and came back: the venue is owed it again."""
    amount = payout.amount_minor
    _post_payout("payout_returned", payout, {_source(payout): amount, Account.VENUE: -amount})


# --- sums -----------------------------------------------------------------------------------------------------


def kept_minor(booking: Booking, is_live: bool) -> int:
    """Return what the ledger says is kept of a booking in one mode: its shares, wherever the money lies."""
    entries = LedgerEntry.objects.filter(
        transaction__booking=booking, transaction__kind__in=SHARING, account__in=SHARES, is_live=is_live
    )
    return -(entries.aggregate(total=Sum("amount_minor"))["total"] or 0)


def balances(**filters: object) -> dict[str, int]:
    """Return the balance of each account over the entries that match, in minor units of one currency."""
    rows = (
        LedgerEntry.objects.filter(**filters).values_list("account").annotate(Sum("amount_minor")).order_by()
    )
    return dict(rows)


# --- how a transaction is written -----------------------------------------------------------------------------


def _money(payment: Payment) -> str:
    """Return the account a payment's money lies in: where it was taken."""
    at_provider = Account.VENUE_SHOP if payment.account_id else Account.CLEARING
    return BY_HAND.get(Provider(payment.provider), at_provider)


def _way_back(refund: Refund) -> str:
    return Account.BANK if refund.channel == Refund.Channel.HAND else _money(refund.payment)


def _source(payout: Payout) -> str:
    return Account.CLEARING if payout.method == Payout.Method.STRIPE else Account.BANK


def _shared(booking: Booking, before_minor: int, change_minor: int) -> dict[str, int]:
    """Return the entries that carry the shares from what was kept before to what is kept then."""
    grown = split(before_minor + change_minor, booking) - split(before_minor, booking)
    return {account: -amount for account, amount in grown.items()}


def _fee(payment: Payment, booking: Booking, fee_minor: int) -> dict[str, int]:
    if payment.account_id:
        # The venue's own shop has paid it already: nobody owes anybody anything for it.
        return {Account.VENUE_SHOP: -fee_minor, Account.VENUE: fee_minor}
    bearer = PaymentSettings.objects.filter(venue_id=booking.venue_id).values_list(
        "processing_fee_bearer", flat=True
    )
    is_hosts = bearer.first() == PaymentSettings.FeeBearer.HOST
    return {Account.CLEARING: -fee_minor, (Account.VENUE if is_hosts else Account.PROCESSING_FEE): fee_minor}


def _post_payment(kind: str, payment: Payment, booking: Booking, amounts: dict[str, int]) -> None:
    _post(f"{kind}:{payment.pk}", kind, amounts, booking=booking, payment=payment)


def _post_dispute(kind: str, dispute: Dispute, booking: Booking, amounts: dict[str, int]) -> None:
    key = f"{kind.replace('_', '-')}:{dispute.pk}"
    _post(key, kind, amounts, booking=booking, payment=dispute.payment)


def _post_payout(kind: str, payout: Payout, amounts: dict[str, int]) -> None:
    _post(f"{kind.replace('_', '-')}:{payout.pk}", kind, amounts, payout=payout)


def _post(
    key: str,
    kind: str,
    amounts: dict[str, int],
    *,
    booking: Booking | None = None,
    payment: Payment | None = None,
    payout: Payout | None = None,
    venues: dict[str, int] | None = None,
    is_live: bool | None = None,
) -> None:
    """Write one transaction in the caller's; posting a key twice is an error of the caller and refused.

    Its mode is its payment's or its payout's, else what `is_live` says, else the site's. `venues` names accounts whose
    entry belongs to another venue than the booking's or the payout's.
    """
    subject = booking or payout
    if subject is None:
        raise ValueError(f"{key} is of no booking and of no payout")
    movement = LedgerTransaction(
        key=key, kind=kind, booking=booking, payment=payment, payout=payout, currency=subject.currency,
        is_live=_mode(payment or payout, is_live),
    )  # fmt: skip
    entries = _entries(movement, amounts.items(), subject.venue_id, venues or {})
    if (waiting := _together.get()) is None:
        _write([(movement, entries)])
    else:
        waiting.append((movement, entries))


def _mode(source: Payment | Payout | None, is_live: bool | None) -> bool:
    """Return the mode a movement is booked in."""
    if is_live is not None:
        return is_live
    return source.is_live if source else site_is_live()


def _entries(
    movement: LedgerTransaction, amounts: Iterable[tuple[str, int]], venue_id: int, venues: dict[str, int]
) -> list[LedgerEntry]:
    return [
        LedgerEntry(
            transaction=movement, account=account, venue_id=venues.get(account, venue_id),
            currency=movement.currency, amount_minor=amount, is_live=movement.is_live,
        )
        for account, amount in amounts
        if amount
    ]  # fmt: skip


def _write(movements: list[Movement]) -> None:
    LedgerTransaction.objects.bulk_create(movement for movement, _ in movements)
    LedgerEntry.objects.bulk_create(entry for _, entries in movements for entry in entries)
