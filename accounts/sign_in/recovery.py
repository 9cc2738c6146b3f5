"""Taking away the second factor of somebody who lost app, key and recovery codes: by two of staff, never by one."""

import datetime as dt

import structlog
from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts.models import SecondFactorReset, User
from accounts.services import sign_out_everywhere
from accounts.sign_in import second_factor
from core import clock
from core.errors import Refusal

log = structlog.get_logger(__name__)

# What one asked the other confirms while both remember whom they spoke to.
LIFETIME = dt.timedelta(hours=24)


class ResetRefused(Refusal):
    """A person may not ask or confirm; the message says why."""

    def __init__(self, message: str) -> None:
        super().__init__("reset_refused", message)


def waiting(user: User) -> SecondFactorReset | None:
    """Return what waits for a second of staff to confirm."""
    rows = user.second_factor_resets.select_related("asked_by").filter(
        confirmed_at=None, asked_at__gt=clock.now() - LIFETIME
    )
    return rows.order_by("-pk").first()


@transaction.atomic
def ask(*, user: User, by: User, reason: str) -> SecondFactorReset:
    """Ask for a reset; nothing is taken away yet. Raises: ResetRefused."""
    _check(user, by)
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if waiting(user):
        raise ResetRefused("Somebody has asked already; it waits for another of staff to confirm.")
    reset = SecondFactorReset.objects.create(user=user, asked_by=by, reason=reason)
    log.info("second_factor_reset_asked", user_id=user.pk, by=by.pk)
    return reset


@transaction.atomic
def confirm(*, user: User, by: User) -> SecondFactorReset:
    """Take every second factor away, end sessions and tokens. Raises: ResetRefused."""
    _check(user, by)
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    reset = waiting(user)
    if reset is None:
        raise ResetRefused("Nobody has asked for it within a day.")
    if reset.asked_by_id == by.pk:
        raise ResetRefused("You asked for it: another of staff must confirm.")
    reset.confirmed_by, reset.confirmed_at = by, clock.now()
    reset.save(update_fields=["confirmed_by", "confirmed_at"])
    Authenticator.objects.filter(user=user).delete()
    sign_out_everywhere(user=user, end_tokens=True)
    log.info("second_factor_reset", user_id=user.pk, asked_by=reset.asked_by_id, confirmed_by=by.pk)
    return reset


def _check(user: User, by: User) -> None:
    if not by.is_platform_staff:
        raise ResetRefused("Only staff may do this.")
    if user.pk == by.pk:
        raise ResetRefused("Nobody resets their own second factor here.")
    if not second_factor.has_one(user):
        raise ResetRefused("This person has no second factor.")
