"""What makes our books and a provider's equal again: looking again, adopting, restoring figures, posting."""

import uuid

import structlog
from django.db import transaction
from django.db.models import Q

from bookings.lifecycle import services as bookings
from bookings.models import Booking
from core.errors import Refusal
from payments.lifecycle import services as lifecycle
from payments.models import Drift, LedgerTransaction, Payment, Payout, Provider
from payments.payouts import transfers
from payments.providers.base import ProviderPayment
from payments.providers.registry import provider_for
from payments.providers.stripe import client
from payments.providers.stripe.connect import stripe_connect
from payments.reconciliation import compare_ledger
from payments.reconciliation.compare import Difference, OurPayment, compare
from payments.reconciliation.compare_transfers import compare_transfer
from payments.settling import settle_queue
from payments.settling.local_record import known_of

log = structlog.get_logger(__name__)


class CannotMend(Refusal):
    """A difference that this does not mend; says why, for staff."""

    def __init__(self, message: str) -> None:
        super().__init__("cannot_mend", message)


def payment_of(drift: Drift) -> Payment:
    """Return the payment a drift is about. Raises: CannotMend."""
    if drift.payment is None:
        raise CannotMend("There is no payment here to look at.")
    return drift.payment


def load(payment_id: int) -> OurPayment:
    """Return a payment with its refunds and disputes as they are now."""
    payment = Payment.objects.select_related("booking", "account").get(pk=payment_id)
    return OurPayment(payment, tuple(payment.refunds.all()), tuple(payment.disputes.all()))


def differences_now(payment_id: int) -> list[Difference]:
    """Fetch a payment and compare it with its rows as they are now. Raises: ProviderError."""
    mine = load(payment_id)
    return compare(mine, fetch(mine.payment))


def fetch(payment: Payment, provider_ref: str = "") -> ProviderPayment:
    """Read a payment at its provider, by `provider_ref` where its row has no reference of its own.

    Raises: ProviderError; Declined when the provider does not know it.
    """
    # A page stands for itself: no other reference may be held against what its payment says of itself.
    ref = payment.provider_ref or ("" if payment.session_ref else provider_ref)
    return provider_for(payment).fetch(
        session_ref=payment.session_ref or ref,
        provider_ref=ref,
        known=known_of(payment),
    )


def look_again(payment: Payment, provider_ref: str = "") -> None:
    """Sync a payment, and settle its booking; one whose row lost its references is adopted by `provider_ref`.

    Raises: ProviderError; CannotMend when a difference stays.
    """
    if payment.session_ref or not provider_ref:
        sync(payment.pk)
    else:
        adopt(payment.provider, provider_ref)
    if left := differences_now(payment.pk):
        raise CannotMend(" ".join(f"Still {one.ours} here, {one.theirs} there." for one in left))


def sync(payment_id: int) -> None:
    """Look at a payment, and settle its booking. Raises: ProviderError."""
    payment = lifecycle.sync(payment_id)
    lifecycle.settle(payment.booking_id)


def adopt(provider: str, provider_ref: str, *, is_staffs_decision: bool = False) -> Payment:
    """Take in a payment that only the provider knows: by the booking named in its metadata.

    Where the booking is paid already, what is adopted is given back as paid twice: that only staff decide.
    Raises: ProviderError; CannotMend when it names none of ours.
    """
    if provider != Provider.STRIPE:
        raise CannotMend("Only Stripe's payments can be found by what they name.")
    seen = client.platform_account().fetch(session_ref=provider_ref, provider_ref=provider_ref)
    payment = _row_for(seen, is_staffs_decision=is_staffs_decision)
    log.warning("payment_adopted", booking=payment.booking.reference, payment=provider_ref)
    sync(payment.pk)
    return payment


@transaction.atomic
def _row_for(seen: ProviderPayment, *, is_staffs_decision: bool) -> Payment:
    """Find or write the row of a payment seen at the provider; what it says is then read by sync."""
    booking_id = Booking.objects.filter(reference=seen.reference).values_list("pk", flat=True).first()
    if booking_id is None:
        raise CannotMend("It names no booking of ours.")
    booking = bookings.lock(booking_id)
    rows = list(Payment.objects.select_for_update(no_key=True, of=("self",)).filter(booking=booking))
    payment = _known(rows, seen) or _written(booking, rows, seen)
    others = [row for row in rows if row.pk != payment.pk]
    if not is_staffs_decision and any(
        row.status in (Payment.Status.AUTHORIZED, Payment.Status.CAPTURED) for row in others
    ):
        raise CannotMend("The booking has another payment with money: adopted, this one would be given back.")
    if payment.status == Payment.Status.CREATED and any(
        row.status == Payment.Status.CREATED for row in others
    ):
        raise CannotMend("Another payment of this booking is open: end it first.")
    # The intent stands for the pay page that led to it.
    payment.session_ref = payment.session_ref or seen.provider_ref
    payment.provider_ref = seen.provider_ref
    payment.save()
    payment.booking = booking
    return payment


def _known(rows: list[Payment], seen: ProviderPayment) -> Payment | None:
    """Return the row that lost its reference, or has it already."""
    for row in rows:
        if row.provider_ref == seen.provider_ref or (
            not row.provider_ref and str(row.public_id) == seen.payment_id
        ):
            return row
    return None


def _written(booking: Booking, rows: list[Payment], seen: ProviderPayment) -> Payment:
    taken = {row.public_id for row in rows}
    public_id = as_uuid(seen.payment_id)
    return Payment(
        booking=booking, provider=Provider.STRIPE, n=max((row.n for row in rows), default=0) + 1,
        public_id=uuid.uuid4() if public_id is None or public_id in taken else public_id,
        is_two_stage=seen.is_two_stage, is_live=seen.is_live, currency=seen.currency, amount_minor=seen.amount_minor,
    )  # fmt: skip


def as_uuid(text: str) -> uuid.UUID | None:
    """Return the id in a text from outside; None where it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def look_at_transfer(provider_ref: str) -> None:
    """Look again at the payout behind a transfer. Raises: ProviderError; CannotMend when a difference stays."""
    transfers.look(_payout_of(provider_ref).pk)
    if left := transfer_differences(provider_ref):
        raise CannotMend(" ".join(f"Still {one.ours} here, {one.theirs} there." for one in left))


def transfer_differences(provider_ref: str) -> list[Difference]:
    """Compare one payout with its transfer, now. Raises: ProviderError; CannotMend when either is missing."""
    payout = _payout_of(provider_ref)
    transfer = stripe_connect().find(key=payout.key)
    if transfer is None:
        raise CannotMend("Stripe has no such transfer.")
    return list(compare_transfer(payout, transfer))


def _payout_of(provider_ref: str) -> Payout:
    payout = Payout.objects.filter(Q(provider_ref=provider_ref) | Q(key=provider_ref)).first()
    if payout is None:
        raise CannotMend("There is no payment or payout of ours to look at.")
    return payout


def restore_amounts(payment: Payment) -> None:
    """Write the provider's figures into a row that was changed; only where the ledger says the same.

    Raises: ProviderError; CannotMend where the ledger does not agree, or booking, price or currency differ.
    """
    sync(payment.pk)
    if not differences_now(payment.pk):
        return
    seen = fetch(payment)
    with transaction.atomic():
        booking = bookings.lock(payment.booking_id)
        payment = Payment.objects.select_for_update(no_key=True, of=("self",)).get(pk=payment.pk)
        if (booking.reference, payment.currency) != (seen.reference, seen.currency):
            raise CannotMend("Booking or currency differ: no money moves for this payment.")
        _restore(payment, seen)
        settle_queue.mark(booking.pk)
    look_again(payment)


def _restore(payment: Payment, seen: ProviderPayment) -> None:
    booked = compare_ledger.booked(payment.pk)
    if (booked.authorized_minor, booked.taken_minor) != (seen.authorized_minor, seen.captured_minor):
        raise CannotMend("The ledger does not have the provider's figures either: look at its entries first.")
    payment.amount_minor = seen.amount_minor
    payment.authorized_minor, payment.captured_minor = seen.authorized_minor, seen.captured_minor
    payment.mismatch = ""
    payment.save()
    log.warning("payment_restored", payment=payment.pk, captured_minor=payment.captured_minor)


@transaction.atomic
def post_missing(payment: Payment) -> None:
    """Post the transactions that a payment's rows ask for and the ledger lacks.

    Raises: CannotMend when none is missing, or entries differ even so: those are never changed.
    """
    booking = bookings.lock(payment.booking_id)
    payment = Payment.objects.select_for_update(no_key=True, of=("self",)).get(pk=payment.pk)
    keys = set(LedgerTransaction.objects.filter(payment=payment).values_list("key", flat=True))
    for key, post in compare_ledger.wanted(payment, booking):
        if key not in keys:
            post()
            log.warning("ledger_entry_posted", key=key, booking=booking.reference)
    if wrong := compare_ledger.differences_of(payment.pk):
        raise CannotMend(f"Entries are there, but differ: {wrong.ours}, not {wrong.theirs}.")
