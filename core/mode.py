"""Whether this site moves real money. A provider account's mode is its own; whatever has none takes the site's."""

from django.conf import settings


def site_is_live() -> bool:
    """Return whether the site takes real money: by the platform's Stripe key, by Octo's mark where there is none."""
    return settings.STRIPE_IS_LIVE if settings.STRIPE_SECRET_KEY else not settings.OCTO_TEST


def mode_name(is_live: bool) -> str:
    """Return the mode as people read it."""
    return "live" if is_live else "test"
