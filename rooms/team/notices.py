"""Writes mails about a venue and its team, in the transaction of what they tell; notifications sends them."""

from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db.models import Q

from accounts.models import STAFF_GROUP, User
from rooms.models import Venue, VenueMember, VenueNotice

TO_TEAM, TO_STAFF = "you are on the team of {venue}", "you run Roomhold"


def tell(
    venue: Venue, kind: str, to: Iterable[str], *, subject: str, paragraphs: Sequence[str], action: str, path: str,
    because: str = TO_TEAM,
) -> None:  # fmt: skip
    """Queue a mail to each address, once however it is written; `path` is what its button opens on our site."""
    name = plain(venue.name)
    VenueNotice.objects.bulk_create(
        VenueNotice(
            venue=venue, kind=kind, recipient=address, subject=plain(subject), paragraphs=list(paragraphs),
            because=because.format(venue=name), action=action, link=f"{settings.SITE_URL}{path}",
        )
        for address in once(to)
    )  # fmt: skip


def tell_staff(
    venue: Venue, kind: str, *, subject: str, paragraphs: Sequence[str], action: str, path: str
) -> None:
    """Queue a mail to everybody who runs the platform."""
    tell(
        venue, kind, staff_addresses(), subject=subject, paragraphs=paragraphs, action=action, path=path,
        because=TO_STAFF,
    )  # fmt: skip


def owners_of(venue: Venue) -> list[User]:
    """Return the active owners of a venue."""
    rows = venue.members.filter(role=VenueMember.Role.OWNER, user__is_active=True).select_related("user")
    return [member.user for member in rows.order_by("pk")]


def heads_of(venue: Venue) -> list[str]:
    """Return the venue's own address and those of its owners."""
    return [venue.email, *(owner.email for owner in owners_of(venue))]


def staff_addresses() -> list[str]:
    """Return the addresses of those who run the platform; see User.is_platform_staff."""
    runs_it = Q(is_superuser=True) | Q(groups__name=STAFF_GROUP)
    staff = User.objects.filter(runs_it, is_active=True).order_by("pk").distinct()
    return list(staff.values_list("email", flat=True))


def once(addresses: Iterable[str]) -> list[str]:
    """Return each address once, however it is written; empty ones are none."""
    known: dict[str, str] = {}
    for address in addresses:
        if address:
            known.setdefault(address.casefold(), address)
    return list(known.values())


def plain(text: str, most: int = 200) -> str:
    """Return text on one line, as a subject may hold it."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:most]
