"""Who may see and decide what of a venue."""

from typing import Any

from django.db.models import QuerySet

from rooms.models import Venue, VenueMember


def venues_of(user: Any) -> QuerySet[Venue]:
    """Return the venues a user works for; staff of the platform work for all, strangers for none."""
    if not user.is_authenticated or not user.is_active:
        return Venue.objects.none()
    if user.is_platform_staff:
        return Venue.objects.all()
    return Venue.objects.filter(members__user=user)


def may_decide(user: Any, venue: Venue) -> bool:
    """Return whether a user may answer requests of a venue: any member of its team may, and staff."""
    return venues_of(user).filter(pk=venue.pk).exists()


def may_manage(user: Any, venue: Venue) -> bool:
    """Return whether a user may move a venue's money and close its dates: owners, managers, and staff."""
    if not user.is_authenticated or not user.is_active:
        return False
    roles = (VenueMember.Role.OWNER, VenueMember.Role.MANAGER)
    return user.is_platform_staff or venue.members.filter(user=user, role__in=roles).exists()
