"""Stripe Connect: money moved from the platform's balance to a venue's connected account."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from payments.providers.base import Declined, Misconfigured
from payments.providers.stripe.client import StripeProvider, platform_account

if TYPE_CHECKING:
    import stripe
    from stripe.params import TransferCreateParams


@dataclass(frozen=True)
class Transfer:
    """A transfer as Stripe knows it; `reversed_minor` is what was taken back since, `key` our payout's."""

    ref: str
    amount_minor: int
    currency: str
    destination: str
    reversed_minor: int = 0
    key: str = ""


@dataclass(frozen=True)
class Funds:
    """What the platform's balance at Stripe could pay: minor units by ISO currency, and who empties it.

    `interval`: daily, weekly, monthly, or manual, where only the platform itself moves its money.
    """

    interval: str
    available: dict[str, int]

    @property
    def is_emptied(self) -> bool:
        return self.interval != "manual"


class StripeConnect:
    """Makes and finds transfers. Every call is refused within a transaction and raises the provider's three errors."""

    def __init__(self, account: StripeProvider) -> None:
        self.account = account

    def transfer(
        self, *, amount_minor: int, currency: str, destination: str, group: str, key: str
    ) -> Transfer:
        """Move money to a connected account; `key` is the idempotency key, `group` what it is found by.

        Raises: Declined (no such account, not enabled, balance too small), Unavailable, Misconfigured.
        """
        params: TransferCreateParams = {
            "amount": amount_minor,
            "currency": currency.lower(),
            "destination": destination,
            "transfer_group": group,
            "metadata": {"payout": group},
        }
        made = self.account.call(lambda client: client.v1.transfers.create(params, {"idempotency_key": key}))
        return _read(made)

    def find(self, *, key: str) -> Transfer | None:
        """Return the transfer of the payout `key`, if there is one. Raises: Unavailable, Misconfigured."""
        found = self.account.call(
            lambda client: client.v1.transfers.list({"transfer_group": key, "limit": 2})
        )
        return _read(found.data[0]) if found.data else None

    def funds(self) -> Funds:
        """Read the platform's own payout schedule and balance. Raises: Unavailable, Misconfigured."""
        own = self.account.call(lambda client: client.v1.accounts.retrieve_current())
        balance = self.account.call(lambda client: client.v1.balance.retrieve())
        payouts = own.settings.payouts if own.settings else None
        schedule = payouts.schedule if payouts else None
        return Funds(
            interval=schedule.interval if schedule else "",
            available={one.currency.upper(): one.amount for one in balance.available},
        )

    def why_not_payable(self, destination: str) -> str:
        """Return in a sentence why a connected account cannot be paid, or nothing.

        Raises: Unavailable, Misconfigured.
        """
        try:
            account = self.account.call(lambda client: client.v1.accounts.retrieve(destination))
        except (Declined, Misconfigured) as error:
            # Stripe answers 403 for an account that is somebody else's, 404 for one it never had.
            if error.code in ("account_invalid", "resource_missing"):
                return "Stripe knows no such account connected to this platform."
            raise
        if getattr(account.capabilities, "transfers", None) != "active":
            return "Stripe does not let this account be paid yet: its owner has to finish signing up there."
        return (
            ""
            if account.payouts_enabled
            else "Stripe has stopped paying this account out: its owner must see to it."
        )

    def made(self, since: dt.datetime, until: dt.datetime) -> Iterator[Transfer]:
        """Yield every transfer made in [since, until), newest first, a page at a time. Raises as all calls do."""
        yield from map(_read, self.account.listed(self.account.client.v1.transfers.list, since, until))


def stripe_connect() -> StripeConnect:
    """Return the platform's Connect. Raises: Misconfigured without a key."""
    return StripeConnect(platform_account())


def _read(transfer: "stripe.Transfer") -> Transfer:
    whom = transfer.destination
    return Transfer(
        ref=transfer.id,
        amount_minor=transfer.amount,
        currency=transfer.currency.upper(),
        destination=whom if isinstance(whom, str) else whom.id if whom else "",
        reversed_minor=transfer.amount_reversed,
        key=transfer.transfer_group or "",
    )
