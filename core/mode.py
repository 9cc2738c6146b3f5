"""Whether this site moves real money. A provider account's mode is its own; whatever has none takes the site's."""

from django.conf import settings
from django.core.checks import CheckMessage, Info
from django.core.exceptions import ImproperlyConfigured

TEST_MODE = "Test mode: no real money moves."


def site_is_live() -> bool:
    """Return whether the site takes real money: by the platform's Stripe key, by Octo's mark where there is none."""
    return settings.STRIPE_IS_LIVE if settings.STRIPE_SECRET_KEY else not settings.OCTO_TEST


def mode_name(is_live: bool) -> str:
    """Return the mode as people read it."""
    return "live" if is_live else "test"


def refuse_unwanted(*, stripe_key: str, is_stripe_live: bool, is_octo_test: bool, may_test: bool) -> None:
    """Refuse to start with two modes at once, or with test money where nobody asked for it.

    Raises: ImproperlyConfigured.
    """
    if stripe_key and is_stripe_live == is_octo_test:
        raise ImproperlyConfigured(
            f"One site, one mode: STRIPE_SECRET_KEY is a {mode_name(is_stripe_live)} key, OCTO_TEST says "
            f"{mode_name(not is_octo_test)}. Leave OCTO_TEST empty to follow Stripe's key."
        )
    is_test = not is_stripe_live if stripe_key else is_octo_test
    if is_test and not may_test:
        raise ImproperlyConfigured(
            "These are test keys: guests would pay nothing. Put the live keys in, or set ALLOW_TEST_MODE=true to run "
            "with test money."
        )


def check_mode(**_options: object) -> list[CheckMessage]:
    """Let `check --deploy` say the mode aloud."""
    what = (
        "live: real money moves"
        if site_is_live()
        else "test: no real money moves, and every page and mail says so"
    )
    return [Info(f"The site's mode is {what}.", id="core.I001")]
