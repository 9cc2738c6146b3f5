"""Who may see and decide what of a venue: one table of rights, asked by pages, API and services alike."""

from typing import Any

from django.db.models import QuerySet

from rooms.models import Venue, VenueMember

Role = VenueMember.Role

# What each right covers, and whose it is. Staff of the platform have those of STAFF at every venue.
RIGHTS: dict[str, frozenset[Role]] = {
    # Where the venue's money goes.
    "payee": frozenset({Role.OWNER}),
    # The team, who stands behind the venue, and asking for approval.
    "people": frozenset({Role.OWNER}),
    # Refunds, payouts, statements and the other payment settings.
    "money": frozenset({Role.OWNER, Role.MANAGER}),
    # Rooms, prices, closed dates, bulk cancellations.
    "manage": frozenset({Role.OWNER, Role.MANAGER}),
    # Answering requests; a clerk's up to the venue's limit.
    "decide": frozenset(Role),
}
STAFF = frozenset({"people", "money", "manage", "decide"})


def may(user: Any, right: str, venue: Venue) -> bool:
    """Return whether a user has a right of RIGHTS at a venue."""
    if not user.is_authenticated or not user.is_active:
        return False
    if right in STAFF and user.is_platform_staff:
        return True
    return venue.members.filter(user=user, role__in=RIGHTS[right]).exists()


def is_above_clerk(user: Any, venue: Venue, amount_minor: int) -> bool:
    """Return whether an amount of the venue's currency is more than this user, a clerk there, decides about alone."""
    limit = venue.clerk_limit_minor
    if limit is None or amount_minor <= limit or user is None or user.is_platform_staff:
        return False
    return venue.members.filter(user=user, role=Role.CLERK).exists()


def venues_of(user: Any) -> QuerySet[Venue]:
    """Return the venues a user works for; staff of the platform work for all, strangers for none."""
    if not user.is_authenticated or not user.is_active:
        return Venue.objects.none()
    if user.is_platform_staff:
        return Venue.objects.all()
    return Venue.objects.filter(members__user=user)


def may_decide(user: Any, venue: Venue) -> bool:
    """Return whether a user may answer requests of a venue: any member of its team may, and staff."""
    return may(user, "decide", venue)


def may_manage(user: Any, venue: Venue) -> bool:
    """Return whether a user may move a venue's money and close its dates: owners, managers, and staff."""
    return may(user, "money", venue)
