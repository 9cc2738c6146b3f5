"""Which provider serves a payment, and with whose account.

Stripe is the platform's alone. At Octo a payment keeps the account it was begun with: the venue's own, or the
platform's, which lives in the environment.
"""

from django.conf import settings
from django.urls import reverse

from core.mode import mode_name, site_is_live
from payments.models import Payment, PaymentSettings, Provider, ProviderAccount
from payments.providers import base
from payments.providers.base import Misconfigured
from payments.providers.octo.client import OctoProvider
from payments.providers.octo.wire import OctoAccount
from payments.providers.stripe import client

PROVIDERS: dict[str, type[base.Provider]] = {
    Provider.STRIPE: client.StripeProvider,
    Provider.OCTO: OctoProvider,
}


def provider_for(payment: Payment) -> base.Provider:
    """Return the client that speaks for the account of a payment.

    Raises: Misconfigured when its keys are missing or of another mode, or nobody can be called for it (paid by hand).
    """
    if payment.provider == Provider.STRIPE:
        if payment.is_live != settings.STRIPE_IS_LIVE:
            raise Misconfigured(
                f"begun in {mode_name(payment.is_live)} mode, which this site's key cannot reach"
            )
        return client.platform_account()
    if payment.provider == Provider.OCTO:
        return octo_provider(payment.account, is_test=not payment.is_live)
    raise Misconfigured(f"no provider is called for {payment.provider} payments")


def can_end_checkout(provider: str) -> bool:
    """Return whether a provider's pay page can be ended by us; if not, it ends by its time alone."""
    return PROVIDERS[provider].can_end_checkout if provider in PROVIDERS else False


def octo_provider(account: ProviderAccount | None, *, is_test: bool, hold_minutes: int = 0) -> OctoProvider:
    """Return Octo's client for a venue's account, or the platform's. Raises: Misconfigured without keys."""
    return OctoProvider(octo_account(account, is_test=is_test, hold_minutes=hold_minutes))


def octo_account(account: ProviderAccount | None, *, is_test: bool, hold_minutes: int = 0) -> OctoAccount:
    """Return an account's keys as the adapter takes them; `hold_minutes` 0: what the venue or the platform agreed.

    Raises: Misconfigured without a shop id or a secret.
    """
    keys = account or _platform_keys()
    return OctoAccount(
        shop_id=keys.shop_id,
        secret=keys.secret,
        unique_key=keys.unique_key,
        api_base=settings.OCTO_API_BASE,
        notify_url=settings.SITE_URL + reverse("payments:octo_webhook"),
        is_test=is_test,
        hold_minutes=hold_minutes or hold_minutes_of(account),
        signature_scheme=settings.OCTO_SIGNATURE_SCHEME,
        tsp_id=None if account else settings.OCTO_TSP_ID,
    )


def hold_minutes_of(account: ProviderAccount | None) -> int:
    """Return how long Octo keeps money held for an account."""
    if account is None:
        return settings.OCTO_HOLD_MINUTES
    row = PaymentSettings.objects.filter(venue_id=account.venue_id).values_list(
        "octo_hold_minutes", flat=True
    )
    return row.first() or settings.OCTO_HOLD_MINUTES


def choose_provider(venue_id: int) -> tuple[str, ProviderAccount | None, bool]:
    """Return (provider, account, is live) for a payment of a venue begun now; the payment keeps them.

    A venue whose settings nobody has saved yet is paid through the platform's Stripe. Raises: Misconfigured where the
    venue's own shop was entered in another mode than the site's: test and real money never mix.
    """
    row = PaymentSettings.objects.select_related("octo_account").filter(venue_id=venue_id).first()
    if row is None or row.provider != Provider.OCTO:
        return Provider.STRIPE, None, settings.STRIPE_IS_LIVE
    account = row.octo_account
    if account and account.is_test == site_is_live():
        raise Misconfigured(f"the venue's own shop was entered in {mode_name(not account.is_test)} mode")
    return row.provider, account, not (account.is_test if account else settings.OCTO_TEST)


def _platform_keys() -> ProviderAccount:
    return ProviderAccount(
        shop_id=settings.OCTO_SHOP_ID, secret=settings.OCTO_SECRET, unique_key=settings.OCTO_UNIQUE_KEY
    )
