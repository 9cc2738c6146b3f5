"""Which provider serves a payment."""

from payments.providers import stripe
from payments.providers.base import Provider

PROVIDERS = {"stripe": stripe.platform_account}


def provider_named(name: str) -> Provider:
    """Return the provider's client. Raises: Misconfigured when its keys are missing."""
    return PROVIDERS[name]()
