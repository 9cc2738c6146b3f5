"""Whether Stripe would pay a venue's account: asked there, kept with the settings, told to host and staff.

Asked once the account was entered, every night, when Stripe says that it changed, and before each run.
"""

import datetime as dt

import structlog
from django.db.models import Q, QuerySet

from core import clock
from payments.models import PaymentSettings
from payments.providers.base import ProviderError
from payments.providers.stripe.connect import stripe_connect

log = structlog.get_logger(__name__)

NIGHTLY = dt.timedelta(days=1)
# What was asked so lately holds for a run.
FRESH = dt.timedelta(hours=1)


def look(settings_pk: int) -> str:
    """Ask Stripe about the account that a venue's payouts go to; keep and return what is wrong with it, or nothing.

    Raises: Unavailable, Misconfigured; nothing is kept then.
    """
    row = by_stripe().filter(pk=settings_pk).select_related("venue").first()
    if row is None:
        return ""
    problem = stripe_connect().why_not_payable(row.stripe_account_ref)[:200]
    # The owner may have entered another account meanwhile: that one is asked about by itself.
    same = PaymentSettings.objects.filter(pk=row.pk, stripe_account_ref=row.stripe_account_ref)
    same.update(stripe_account_problem=problem, stripe_account_checked_at=clock.now())
    if problem != row.stripe_account_problem:
        tell = log.error if problem else log.info
        tell("payee_account", venue=row.venue.slug, account=row.stripe_account_ref, problem=problem)
    return problem


def look_before_run(venue_id: int) -> None:
    """Ask unless it was asked a moment ago; where Stripe does not answer, what is known already counts."""
    stale = by_stripe().filter(_asked_before(clock.now() - FRESH), venue_id=venue_id)
    for pk in stale.values_list("pk", flat=True):
        try:
            look(pk)
        except ProviderError as error:
            log.warning("payee_account_not_asked", venue_id=venue_id, error=str(error))


def due() -> QuerySet[PaymentSettings]:
    """Return the settings whose account was never asked about, or not since yesterday."""
    return (
        by_stripe().filter(_asked_before(clock.now() - NIGHTLY)).order_by("stripe_account_checked_at", "pk")
    )


def by_stripe() -> QuerySet[PaymentSettings]:
    """Return the settings of venues that are paid by Stripe."""
    rows = PaymentSettings.objects.filter(payout_method=PaymentSettings.Method.STRIPE)
    return rows.exclude(stripe_account_ref="")


def _asked_before(moment: dt.datetime) -> Q:
    return Q(stripe_account_checked_at=None) | Q(stripe_account_checked_at__lte=moment)
