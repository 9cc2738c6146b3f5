"""Stripe's balance of the platform's account: every movement, what it holds, and what has left it for our bank."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from payments.providers.stripe.client import StripeProvider, platform_account
from payments.providers.stripe.reading import in_currency, instant

if TYPE_CHECKING:
    import stripe

# What moves money between Stripe and our own bank: none of it is a guest's or a venue's.
SWEEPS = ("payout", "payout_cancel", "payout_failure")
# From when a list of everything begins: no account is older.
BEGINNING = dt.datetime(2011, 1, 1, tzinfo=dt.UTC)
SHOWN = ["data.source"]


@dataclass(frozen=True)
class Movement:
    """One balance transaction. `amount_minor` and `fee_minor` are in `currency`, that of what it belongs to;
    `net_minor` is in `settled_in`, the account's, as the balance counts it. Positive is what came.

    `source_ref` names the charge, refund, dispute, transfer or reversal it belongs to, `parent_ref` the payment intent
    or the transfer behind that, `key` our own key of a transfer.
    """

    ref: str
    kind: str
    amount_minor: int
    fee_minor: int
    currency: str
    net_minor: int
    settled_in: str
    at: dt.datetime
    source_ref: str = ""
    parent_ref: str = ""
    key: str = ""

    @property
    def is_sweep(self) -> bool:
        return self.kind in SWEEPS

    @property
    def own_net_minor(self) -> int:
        """What it brought, in the currency of what it belongs to."""
        return self.amount_minor - self.fee_minor


class StripeBalance:
    """Reads the balance. Every call is refused within a transaction; raises: Unavailable, Misconfigured."""

    def __init__(self, account: StripeProvider) -> None:
        self.account = account

    def movements(self, since: dt.datetime, until: dt.datetime) -> Iterator[Movement]:
        """Yield every movement made in [since, until), newest first, a page at a time."""
        listing = self.account.client.v1.balance_transactions.list
        yield from map(_read, self.account.listed(listing, since, until, expand=SHOWN))

    def movement(self, ref: str) -> Movement:
        """Return one movement. Raises: Declined where Stripe knows none of that name."""
        return _read(
            self.account.call(
                lambda client: client.v1.balance_transactions.retrieve(ref, {"expand": ["source"]})
            )
        )

    def held(self) -> Counter[str]:
        """Return what the balance holds, available or not yet, in minor units by ISO currency."""
        found = self.account.call(lambda client: client.v1.balance.retrieve())
        held: Counter[str] = Counter()
        for ready in found.available:
            held[ready.currency.upper()] += ready.amount
        for early in found.pending:
            held[early.currency.upper()] += early.amount
        return held

    def paid_out(self, until: dt.datetime) -> Counter[str]:
        """Return what ever left for our own bank before `until`, in minor units by ISO currency."""
        listing = self.account.client.v1.balance_transactions.list
        gone: Counter[str] = Counter()
        for kind in SWEEPS:
            for movement in self.account.listed(listing, BEGINNING, until, type=kind):
                gone[movement.currency.upper()] -= movement.net
        return gone


def stripe_balance() -> StripeBalance:
    """Return the balance of the platform's account. Raises: Misconfigured without a key."""
    return StripeBalance(platform_account())


def _read(movement: "stripe.BalanceTransaction") -> Movement:
    given = movement.source
    source = None if given is None or isinstance(given, str) else given
    currency = getattr(source, "currency", None) or movement.currency
    return Movement(
        ref=movement.id,
        kind=movement.type,
        amount_minor=_own_amount(movement, source, currency),
        fee_minor=in_currency(movement.fee, movement, currency),
        currency=currency.upper(),
        net_minor=movement.net,
        settled_in=movement.currency.upper(),
        at=instant(movement.created),
        source_ref=given if isinstance(given, str) else _ref(movement, "source"),
        parent_ref=_ref(source, "payment_intent") or _ref(source, "transfer"),
        key=getattr(source, "transfer_group", None) or "",
    )


def _own_amount(movement: "stripe.BalanceTransaction", source: object, currency: str) -> int:
    """Return the amount as it was charged, refunded or disputed: converted and back it may be a unit off."""
    if movement.currency == currency or source is None:
        return in_currency(movement.amount, movement, currency)
    whole = getattr(source, "amount_captured", None)
    amount = int(getattr(source, "amount", 0) if whole is None else whole)
    return -amount if movement.amount < 0 else amount


def _ref(source: object, name: str) -> str:
    """Return an id, or that of an object sent whole."""
    value = getattr(source, name, None)
    return str(getattr(value, "id", value) or "")
