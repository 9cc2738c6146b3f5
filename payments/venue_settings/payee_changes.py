"""A change of where a venue's money goes: whose right it is, its history, and whom it is told.

It may be a thief's, so it is told to every address an owner has or had a short time ago, and holds payouts
(payments.payouts.holds) while somebody may still object.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts.former_addresses import verified_addresses
from core import clock, dates
from payments.models import PayeeChange, PaymentSettings, Provider
from rooms.models import Venue
from rooms.team import notices
from rooms.team.permissions import may

log = structlog.get_logger(__name__)

Values = Mapping[str, Any]

# What decides where money goes: payouts by the first five; what guests pay, by a shop of the venue's own.
PAYEE_FIELDS = (
    "payout_method", "account_holder", "bank_account", "bank_code", "stripe_account_ref",
    "octo_shop_id", "octo_secret", "octo_unique_key",
)  # fmt: skip
OWNERS_ALONE = "Only an owner of the venue changes where its money goes."

SEE_SETTINGS = "See the payment settings"


class PayeeNotProven(Exception):
    """Whoever changes a payee must have proved lately who they are."""


def payee_fields(before: Values, wanted: Values) -> list[str]:
    """Return the names of what changes where money goes; the provider counts where the venue has a shop of its own."""
    has_shop = before["octo_shop_id"] or wanted["octo_shop_id"]
    names = (*PAYEE_FIELDS, "provider") if has_shop else PAYEE_FIELDS
    return [name for name in names if before[name] != wanted[name]]


def check(venue: Venue, user: Any, *, is_proven: bool) -> None:
    """Raises: PermissionDenied where the user is no owner; PayeeNotProven."""
    if not may(user, "payee", venue):
        raise PermissionDenied(OWNERS_ALONE)
    if not is_proven:
        raise PayeeNotProven


def note(venue: Venue, user: Any, labels: list[str], before: Values, wanted: Values) -> PayeeChange:
    """Write the history's row, raise the alarm, and tell everybody concerned. Expects the change's transaction."""
    change = PayeeChange.objects.create(
        venue=venue, changed_by=user, fields=labels, before=where(before), after=where(wanted)
    )
    log.warning("payee_changed", venue=venue.slug, user=user.pk, fields=labels)
    _tell(change)
    return change


def where(values: Values) -> str:
    """Say where money goes by the ends of its accounts: `bank …2606`, `Stripe …G8h1, Octo shop …4711`."""
    if values["payout_method"] == PaymentSettings.Method.STRIPE:
        parts = [f"Stripe …{values['stripe_account_ref'][-4:]}"]
    else:
        parts = [f"bank …{values['bank_account'][-4:]}"] if values["bank_account"] else []
    if values["octo_shop_id"] and values["provider"] == Provider.OCTO:
        parts.append(f"Octo shop …{str(values['octo_shop_id'])[-4:]}")
    return ", ".join(parts)


def _tell(change: PayeeChange) -> None:
    venue = change.venue
    until = change.changed_at + dt.timedelta(days=settings.PAYEE_CHANGE_HOLD_DAYS)
    paragraphs = [
        f"{change.changed_by} changed where the money of {venue.name} goes: from {change.before or 'nothing'} to "
        f"{change.after or 'nothing'} ({', '.join(change.fields)}).",
        f"Payouts wait until {dates.staff_moment_in_zone(until, venue.time_zone)}.",
        "If nobody of you did this, answer to us at once, and change your password.",
    ]
    subject = f"Where the money of {venue.name} goes was changed"
    path = reverse("admin:payments_venuepayments_change", args=[venue.pk])
    owners = notices.owners_of(venue)
    addresses = [venue.email, *verified_addresses(owners, clock.now())]
    notices.tell(
        venue,
        "payee_changed",
        addresses,
        path=path,
        subject=subject,
        paragraphs=paragraphs,
        action=SEE_SETTINGS,
    )
    notices.tell_staff(
        venue, "payee_changed", path=path, subject=subject, paragraphs=paragraphs, action=SEE_SETTINGS
    )
