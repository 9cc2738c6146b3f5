"""Money at Stripe compared with clearing: movement by movement of its balance, fees with them, and in sum.

Each balance transaction is held against the entries in clearing that book it; what left for our own bank is still
clearing's, since our books do not follow it there. Octo tells of no balance: there payments are compared one by one.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

import structlog
from django.db.models import Q, QuerySet, Sum

from core import clock
from core.mode import mode_name, site_is_live
from core.money import format_minor
from payments.models import Dispute, Drift, LedgerEntry, Payment, Payout, Provider, Refund
from payments.providers.base import Unavailable
from payments.providers.stripe.balance import Movement, stripe_balance
from payments.reconciliation.compare import ALTERED, MISSED, Difference

log = structlog.get_logger(__name__)
Kind, Account = Drift.Kind, LedgerEntry.Account

# What came in so lately may not be booked yet, or not be in the balance.
YOUNG = dt.timedelta(minutes=10)
# How far back a young entry's movement is looked for: a message may have come late.
LATE = dt.timedelta(days=1)
# How often the balance is read anew where something moved meanwhile.
TRIES = 3

UNBOOKED = "Stripe moved this money by itself, such as a fee of the account or a correction: book it by hand."
IN_SUM = "Some movement is booked that the balance does not have, or the other way round; what was not compared before."
BALANCE = "balance "

# What moves a guest's or a venue's money, and the beginning of the key under which the ledger books it.
CHARGES = ("charge", "payment")
REFUNDS = {
    "refund": "refund", "payment_refund": "refund",
    "refund_failure": "refund-failed", "payment_failure_refund": "refund-failed",
}  # fmt: skip
TRANSFERS = {"transfer": "payout-paid", "transfer_refund": "payout-returned"}
# One of these that is not ours is found by the lists of payments and transfers; so is a dispute.
LISTED = (*CHARGES, *REFUNDS, *TRANSFERS, "transfer_cancel", "transfer_failure")
DISPUTES = ("du_", "dp_")


@dataclass(frozen=True)
class Booked:
    """A movement and what of ours it belongs to: `keys` are those of the ledger's transactions that book it."""

    movement: Movement
    keys: tuple[str, ...] = ()
    payment: Payment | None = None
    payout: Payout | None = None

    @property
    def is_ours(self) -> bool:
        return bool(self.keys)


@dataclass(frozen=True)
class Standing:
    """What clearing has, and what the account holds and has paid out, in one currency and minor units."""

    currency: str
    ours_minor: int
    theirs_minor: int

    @property
    def ref(self) -> str:
        """The name of this sum, as a movement has one."""
        return f"{BALANCE}{self.currency} {mode_name(site_is_live())}"


def match(page: list[Movement]) -> list[Booked]:
    """Find what each movement belongs to (at most four queries)."""
    refs = {one.source_ref for one in page if one.source_ref}
    parents = {one.parent_ref for one in page if one.parent_ref}
    groups = {one.key for one in page if one.key}
    payments = Payment.objects.select_related("booking").filter(provider=Provider.STRIPE)
    of_payments = {"payment__provider": Provider.STRIPE, "provider_ref__in": refs}
    refunds = Refund.objects.filter(**of_payments).select_related("payment__booking")
    disputes = Dispute.objects.defer("evidence_pdf").filter(**of_payments).select_related("payment__booking")
    payouts = Payout.objects.filter(
        Q(key__in=groups) | Q(provider_ref__in=parents), method=Payout.Method.STRIPE
    )
    found = _Ours()
    for payment in payments.filter(Q(charge_ref__in=refs - {""}) | Q(provider_ref__in=parents)):
        found.payments |= dict.fromkeys((payment.charge_ref, payment.provider_ref), payment)
    found.refunds = {refund.provider_ref: refund for refund in refunds}
    found.disputes = {dispute.provider_ref: dispute for dispute in disputes}
    for payout in payouts:
        found.payouts |= dict.fromkeys((payout.key, payout.provider_ref), payout)
    return [found.of(movement) for movement in page]


def compare_movements(page: list[Movement]) -> Iterator[tuple[Booked, Difference]]:
    """Yield what differs of a page of movements. What is no payment or transfer of ours is reported by their lists."""
    matched = [one for one in match(page) if not one.movement.is_sweep]
    booked = _in_clearing([key for one in matched for key in one.keys])
    for one in matched:
        if difference := _difference(one, booked):
            yield one, difference


def differences_of(ref: str) -> Difference | None:
    """Look at one movement, or at one currency's sum, again.

    Raises: ProviderError; Unavailable also where the sum cannot be told at this moment.
    """
    if not ref.startswith(BALANCE):
        found = list(compare_movements([stripe_balance().movement(ref)]))
        return found[0][1] if found else None
    if (standings := standings_now()) is None:
        raise Unavailable("the balance cannot be compared at this moment")
    return next((difference for ref_, difference in compare_standings(standings) if ref_ == ref), None)


def payout_of(ref: str) -> Payout | None:
    """Return the payout that a movement belongs to, if to any. Raises: ProviderError."""
    return None if ref.startswith(BALANCE) else match([stripe_balance().movement(ref)])[0].payout


# --- in sum -----------------------------------------------------------------------------------------------------


def standings_now() -> list[Standing] | None:
    """Return how clearing and the account stand in each currency, both without the last ten minutes.

    None where that cannot be told: something moves, or amounts were exchanged for another currency.
    Raises: ProviderError.
    """
    stripe, now = stripe_balance(), clock.now()
    until, soon = now - YOUNG, now + YOUNG
    for _ in range(TRIES):
        before = [movement.ref for movement in stripe.movements(until, soon)]
        held, paid_out = stripe.held(), stripe.paid_out(soon)
        recent = match(list(stripe.movements(until - LATE, soon)))
        young = [one for one in recent if one.movement.at >= until]
        if before == [one.movement.ref for one in young]:
            break
    else:
        _untold("it moves")
        return None
    known = {key for one in recent for key in one.keys}
    fresh = _at_stripe().filter(transaction__created_at__gte=until)
    if not known.issuperset(fresh.values_list("transaction__key", flat=True)):
        _untold("what was booked just now is not in it yet")
        return None
    for one in young:
        if not one.movement.is_sweep:
            held[one.movement.settled_in] -= one.movement.net_minor
    ours = _of_currencies(
        _at_stripe().exclude(transaction__key__in=[key for one in young for key in one.keys])
    )
    if exchanged := ours.keys() - held.keys():
        _untold(f"{', '.join(sorted(exchanged))} becomes another currency there")
        return None
    return [Standing(code, ours.get(code, 0), held[code] + paid_out[code]) for code in sorted(held)]


def compare_standings(standings: list[Standing]) -> Iterator[tuple[str, Difference]]:
    """Yield what differs in sum, as (the sum's name, difference)."""
    for one in standings:
        if one.ours_minor != one.theirs_minor:
            ours = f"clearing {format_minor(one.ours_minor, one.currency)}"
            theirs = f"held and paid out {format_minor(one.theirs_minor, one.currency)}"
            more = one.theirs_minor - one.ours_minor
            yield one.ref, Difference(Kind.MONEY, ours, theirs, IN_SUM, more, one.currency)


def _untold(why: str) -> None:
    log.info("balance_not_compared", why=why)


# --- pieces -----------------------------------------------------------------------------------------------------


@dataclass
class _Ours:
    """Our rows by the provider's references."""

    payments: dict[str, Payment] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    disputes: dict[str, Dispute] = field(default_factory=dict)
    payouts: dict[str, Payout] = field(default_factory=dict)

    def of(self, movement: Movement) -> Booked:
        kind, ref = movement.kind, movement.source_ref
        if kind in CHARGES and (payment := self.payments.get(ref) or self.payments.get(movement.parent_ref)):
            both = (f"capture:{payment.pk}", f"processing-fee:{payment.pk}")
            return Booked(movement, both, payment)
        if kind in REFUNDS and (refund := self.refunds.get(ref)):
            return Booked(movement, (f"{REFUNDS[kind]}:{refund.pk}",), refund.payment)
        if kind == "adjustment" and (dispute := self.disputes.get(ref)):
            is_back = movement.amount_minor > 0
            keys = ("dispute-won",) if is_back else ("dispute", "dispute-fee")
            return Booked(movement, tuple(f"{key}:{dispute.pk}" for key in keys), dispute.payment)
        if kind in TRANSFERS and (payout := self.payouts.get(movement.key or movement.parent_ref)):
            return Booked(movement, (f"{TRANSFERS[kind]}:{payout.pk}",), payout=payout)
        return Booked(movement)


def _difference(one: Booked, booked: dict[str, tuple[str, int]]) -> Difference | None:
    movement = one.movement
    theirs = f"{movement.kind.replace('_', ' ')} {format_minor(movement.own_net_minor, movement.currency)}"
    if not one.is_ours:
        if movement.kind in LISTED or movement.source_ref.startswith(DISPUTES):
            return None
        return Difference(Kind.MONEY, "nothing", theirs, UNBOOKED, movement.own_net_minor, movement.currency)
    entries = [booked[key] for key in one.keys if key in booked]
    ours = sum(amount for _, amount in entries)
    if ours == movement.own_net_minor and {currency for currency, _ in entries} <= {movement.currency}:
        return None
    words = f"clearing {format_minor(ours, entries[0][0] if entries else movement.currency)}"
    more = movement.own_net_minor - ours
    return Difference(Kind.MONEY, words, theirs, ALTERED if entries else MISSED, more, movement.currency)


def _at_stripe() -> QuerySet[LedgerEntry]:
    """Return the entries of what lies in the platform's account at Stripe, in the site's mode."""
    at_stripe = Q(transaction__payment__provider=Provider.STRIPE)
    at_stripe |= Q(transaction__payout__method=Payout.Method.STRIPE)
    return LedgerEntry.objects.filter(at_stripe, account=Account.CLEARING, is_live=site_is_live())


def _in_clearing(keys: list[str]) -> dict[str, tuple[str, int]]:
    """Return what each transaction of the ledger brought to clearing, as (currency, minor units)."""
    rows = _at_stripe().filter(transaction__key__in=keys).order_by()
    sums = rows.values_list("transaction__key", "currency").annotate(Sum("amount_minor"))
    return {key: (currency, amount) for key, currency, amount in sums}


def _of_currencies(rows: QuerySet[LedgerEntry]) -> dict[str, int]:
    return dict(rows.values_list("currency").annotate(Sum("amount_minor")).order_by())
