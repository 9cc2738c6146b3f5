"""Transfers to venues, compared both ways: our payouts through Stripe against Stripe's own list of transfers."""

from collections.abc import Iterator

from core.money import format_minor
from payments.models import Drift, Payout
from payments.providers.stripe.connect import Transfer, stripe_connect
from payments.reconciliation.compare import ALTERED, FOREIGN, MISSED, OTHER_ACCOUNT, Difference

Kind, Status = Drift.Kind, Payout.Status

PAGE = 100


def compare_transfers(page: list[Transfer], matched: set[int]) -> Iterator[tuple[str, Difference]]:
    """Yield what differs of a page of transfers as (their reference, difference); payouts found join `matched`."""
    keys = [transfer.key for transfer in page if transfer.key]
    ours = {payout.key: payout for payout in Payout.objects.filter(key__in=keys)}
    for transfer in page:
        payout = ours.get(transfer.key)
        if payout is None:
            yield transfer.ref, Difference(Kind.UNKNOWN_HERE, "no such payout", _in_words(transfer), FOREIGN)
            continue
        matched.add(payout.pk)
        for difference in compare_transfer(payout, transfer):
            yield transfer.ref, difference


def compare_transfer(payout: Payout, transfer: Transfer) -> Iterator[Difference]:
    """Yield how a payout differs from its transfer."""
    if (payout.amount_minor, payout.currency) != (transfer.amount_minor, transfer.currency):
        ours = format_minor(payout.amount_minor, payout.currency)
        yield Difference(Kind.AMOUNT, f"payout of {ours}", _in_words(transfer), ALTERED)
    is_back = transfer.reversed_minor >= transfer.amount_minor
    if (payout.status == Status.RETURNED) != is_back or payout.status not in (Status.PAID, Status.RETURNED):
        ours = f"payout {payout.get_status_display().lower()}"
        yield Difference(Kind.STATUS, ours, "taken back" if is_back else "transferred", MISSED)


def payouts_not_listed(rows: Iterator[Payout]) -> Iterator[tuple[str, Difference]]:
    """Yield payouts of ours that count as paid though Stripe has no transfer for them."""
    for payout in rows:
        if stripe_connect().find(key=payout.key) is None:
            ours = f"payout of {format_minor(payout.amount_minor, payout.currency)}"
            yield (
                payout.provider_ref or payout.key,
                Difference(Kind.UNKNOWN_THERE, ours, "no such transfer", OTHER_ACCOUNT),
            )


def _in_words(transfer: Transfer) -> str:
    amount = format_minor(transfer.amount_minor, transfer.currency)
    return f"transfer of {amount} to {transfer.destination}"
