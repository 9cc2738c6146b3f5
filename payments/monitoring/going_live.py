"""From test money to real money: what must have ended before, asked with the test keys in and with the live ones.

Test payments cannot be reached with live keys, so what is still open of them would hang for good.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from bookings.models import Booking
from bookings.states import DEAD, Status
from core import clock
from core.mode import site_is_live
from payments.models import Payment, PaymentOperation, PaymentSettings, Payout, PayoutRun, Provider
from payments.providers.base import ProviderError
from payments.providers.registry import octo_provider
from payments.providers.stripe.connect import stripe_connect

# More would help nobody to read on.
NAMED = 10


@dataclass(frozen=True)
class Obstacle:
    """What keeps the site from going live: how many, the first of them by name, and what to do."""

    what: str
    count: int
    names: tuple[str, ...]
    remedy: str


def obstacles() -> list[Obstacle]:
    """Return what is still open of test money, whichever keys are in."""
    return [
        Obstacle(what, len(names), tuple(names[:NAMED]), remedy) for what, names, remedy in _open() if names
    ]


def wrong_keys() -> list[str]:
    """Return in sentences which keys of the settings a provider refuses; one that cannot be asked counts as such."""
    asked: list[tuple[str, Callable[[], object]]] = []
    if settings.STRIPE_SECRET_KEY:
        asked.append(("Stripe", lambda: stripe_connect().funds()))
    if settings.OCTO_SHOP_ID:
        asked.append(("Octo", lambda: octo_provider(None, is_test=settings.OCTO_TEST).check_keys()))
    return [sentence for name, ask in asked if (sentence := _asked(name, ask))]


def _asked(name: str, ask: Callable[[], object]) -> str:
    try:
        ask()
    except ProviderError as error:
        return f"{name} did not take the keys: {error}"
    return ""


def _open() -> Iterator[tuple[str, list[str], str]]:
    tested = Payment.objects.filter(is_live=False)
    payments = tested.filter(status__in=[Payment.Status.CREATED, Payment.Status.AUTHORIZED]).select_related(
        "booking"
    )
    yield "open test payments", [str(one) for one in payments], "Decline or cancel their bookings, or wait."
    calls = PaymentOperation.objects.filter(payment__is_live=False, state__in=["open", "unknown"])
    yield (
        "calls to providers under way",
        [call.key for call in calls],
        "Wait a minute: they are looked after.",
    )
    paid = tested.filter(booking=OuterRef("pk"), captured_minor__gt=0).exclude(provider=Provider.OFFLINE)
    stays = Booking.objects.filter(Exists(paid), ends_at__gt=clock.now()).exclude(
        Q(status__in=DEAD) | Q(status=Status.COMPLETED)
    )
    yield "stays to come that test money paid", [one.reference for one in stays], "Cancel them in the admin."
    runs = PayoutRun.objects.filter(is_live=False, finished_at=None)
    yield "payout runs under way", [str(run) for run in runs], "Wait a minute: they are looked after."
    payouts = Payout.objects.filter(is_live=False, status__in=Payout.OPEN)
    yield "test payouts under way", [payout.key for payout in payouts], "Mark them as failed in the admin."
    if site_is_live():
        shops = PaymentSettings.objects.filter(octo_account__is_test=True).select_related("venue")
        yield (
            "venues whose own shop was entered in test mode", [row.venue.name for row in shops],
            "Enter its keys again in their payment settings; until then they take no payment.",
        )  # fmt: skip
