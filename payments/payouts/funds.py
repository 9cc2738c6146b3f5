"""Whether the platform's balance at Stripe can pay what is set aside for venues: read before each run, told to staff.

Stripe pays a new account out to its bank every day, and turns each currency without a bank account of its own into
another; transfers to venues then find nothing. Facts: Stripe's documentation of payout schedules and settlement.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info
from django.db.models import Sum

from core.money import format_minor
from payments.models import PaymentSettings, Payout
from payments.providers.base import ProviderError
from payments.providers.stripe.connect import stripe_connect

log = structlog.get_logger(__name__)

EMPTIED = (
    "Stripe pays the platform's balance out by itself ({interval}), so transfers to venues will find no money. "
    "Set payouts to manual in Stripe's dashboard, under Settings › Payouts."
)
SHORT = (
    "{wanted} is set aside for transfers, and the balance at Stripe has {available}. What it does not cover waits and "
    "is tried again; a currency without a bank account of its own at Stripe never gathers there."
)
UNREAD = "Stripe could not be asked for schedule and balance: {reason}"


def read() -> dict[str, Any]:
    """Return what a run keeps: {"interval", "available": {currency: minor}}, or {"unread": why}; {} where no venue is
    paid by Stripe. Never raises for a provider that does not answer: the transfers themselves wait for it.
    """
    by_stripe = PaymentSettings.objects.filter(payout_method=PaymentSettings.Method.STRIPE)
    if not settings.STRIPE_SECRET_KEY or not by_stripe.exists():
        return {}
    try:
        found = stripe_connect().funds()
    except ProviderError as error:
        log.warning("payout_funds_unread", error=str(error))
        return {"unread": str(error) or type(error).__name__}
    return {"interval": found.interval, "available": found.available}


def set_aside() -> dict[str, int]:
    """Return what waits to be transferred, in minor units by currency."""
    rows = Payout.objects.filter(method=Payout.Method.STRIPE, status__in=Payout.OPEN)
    return dict(rows.values_list("currency").annotate(Sum("amount_minor")).order_by())


def warnings(funds: Mapping[str, Any], wanted: Mapping[str, int]) -> list[str]:
    """Return in sentences what keeps transfers of `wanted` (minor units by currency) from being covered."""
    if not funds:
        return []
    if "unread" in funds:
        return [UNREAD.format(reason=funds["unread"])]
    found = [] if funds["interval"] == "manual" else [EMPTIED.format(interval=funds["interval"])]
    for currency, amount in sorted(wanted.items()):
        available = funds["available"].get(currency, 0)
        if amount > available:
            found.append(
                SHORT.format(
                    wanted=format_minor(amount, currency), available=format_minor(available, currency)
                )
            )
    return found


def alarm(funds: Mapping[str, Any], wanted: Mapping[str, int]) -> None:
    """Log each warning as an error, so that whoever is on call hears of it before venues do."""
    for sentence in warnings(funds, wanted):
        log.error("payout_funds", warning=sentence)


def check_schedule(**_options: Any) -> list[CheckMessage]:
    """Fail `check --deploy` where Stripe empties the balance that venues are to be paid from."""
    if not settings.STRIPE_SECRET_KEY:
        return []
    try:
        found = stripe_connect().funds()
    except ProviderError as error:
        return [Info(UNREAD.format(reason=str(error) or type(error).__name__), id="payments.I001")]
    return [Error(EMPTIED.format(interval=found.interval), id="payments.E001")] if found.is_emptied else []
