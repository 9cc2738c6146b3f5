"""A venue's balance over HTTP, for its owners and managers and for staff. Joined to /api/v1 by config.api."""

import datetime as dt
from dataclasses import asdict

from django.http import JsonResponse
from ninja import Field, Router, Schema

from accounts.api_auth import ApiRequest
from bookings.api.access import KNOWN
from core import clock
from core.web.answers import private_json
from payments.api.settings import venue_or_404
from payments.payouts.balance import balance_of

router = Router(tags=["Payments"])


class BalanceOut(Schema):
    """Minor units of `currency`; available, pending and frozen add up to `owed_minor`."""

    currency: str
    owed_minor: int
    available_minor: int = Field(
        description="Due at the next payout; below zero where more was taken back than earned"
    )
    pending_minor: int = Field(description="Of stays not begun, or begun too lately to be paid out yet")
    frozen_minor: int = Field(description="Of bookings with an open dispute")
    in_transit_minor: int = Field(description="Set aside for payouts under way")
    paid_out_minor: int = Field(description="Arrived so far")
    own_shop_minor: int = Field(
        description="Taken by the venue's own shop, never by the platform: the venue owes the fee of it"
    )


class BalancesOut(Schema):
    venue: str
    as_of: dt.datetime
    balances: list[BalanceOut] = Field(description="One a currency, the venue's own first")


@router.get(
    "venues/{slug:venue}/balance", response=BalancesOut, auth=KNOWN, summary="What a venue is owed and was paid"
)  # fmt: skip
def get_balance(request: ApiRequest, venue: str) -> JsonResponse:
    """Worked out of the ledger as it is now."""
    row = venue_or_404(request.auth, venue)
    as_of = clock.now()
    balances = [asdict(one) | {"owed_minor": one.owed_minor} for one in balance_of(row)]
    return private_json({"venue": row.slug, "as_of": as_of.isoformat(), "balances": balances})
