"""The addresses people had: who took an account over is not the only one to hear what is done with it."""

import datetime as dt
from collections.abc import Collection
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Model, QuerySet
from django.db.models.signals import post_delete

from accounts.models import FormerAddress, User

# As long as a change of somebody's address may be a thief's.
KEPT = dt.timedelta(days=30)


def verified_addresses(people: Collection[User], now: dt.datetime) -> list[str]:
    """Return every address these people have verified, and any that was taken from them within 30 days of `now`."""
    known = EmailAddress.objects.filter(user__in=people, verified=True).order_by("user_id", "-primary", "pk")
    former = FormerAddress.objects.filter(user__in=people, replaced_at__gt=now - KEPT).order_by("pk")
    return [*known.values_list("email", flat=True), *former.values_list("email", flat=True)]


def connect() -> None:
    """Remember each verified address that is removed, by whatever door."""
    post_delete.connect(_remember, sender=EmailAddress, dispatch_uid="accounts.former_addresses")


def _remember(instance: EmailAddress, origin: Model | QuerySet | None = None, **_: Any) -> None:
    # With the person everything of theirs goes.
    is_with_person = getattr(origin, "model", type(origin)) is User
    if instance.verified and not is_with_person:
        FormerAddress.objects.create(user_id=instance.user_id, email=instance.email)
