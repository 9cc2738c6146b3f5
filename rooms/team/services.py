"""A venue's team: owners invite by e-mail, change roles and remove members; there is always an owner left.

An invitation is a token in a mail, of which only the digest is kept; looking at its page uses nothing up.
"""

import datetime as dt
import hashlib
import secrets
from typing import Any

import structlog
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from core import clock
from core.errors import Refusal
from rooms.models import Invitation, Venue, VenueMember
from rooms.team import notices, owners
from rooms.team.permissions import may

log = structlog.get_logger(__name__)

LASTS = dt.timedelta(days=7)
# Enough for any team; a stolen session must not mail the world.
MOST_OPEN = 20


class TeamError(Refusal):
    """What a team's verb refuses."""


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


@transaction.atomic
def invite(*, venue_id: int, by: Any, email: str, role: str) -> Invitation:
    """Send somebody an invitation, in place of an open one to the same address. Raises: PermissionDenied, TeamError."""
    venue = _locked(venue_id, by)
    now = clock.now()
    rows = Invitation.objects.filter(venue=venue)
    rows.filter(email__iexact=email, accepted_at=None).delete()
    if rows.filter(accepted_at=None, expires_at__gt=now).count() >= MOST_OPEN:
        raise TeamError("too_many_invitations", "Too many invitations are open: wait, or take one back.")
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        venue=venue, email=email, role=role, digest=digest_of(token), invited_by=by, expires_at=now + LASTS
    )
    notices.tell(
        venue, "invitation", [email], subject=f"You are invited to the team of {venue.name}",
        paragraphs=[
            f"{by} invites you to work for {venue.name} on Roomhold, as {invitation.get_role_display().lower()}.",
            f"The invitation ends in {LASTS.days} days and works once. If you expected none, do nothing.",
        ],
        action="Look at the invitation", path=reverse("rooms:invitation", args=[token]),
        because="somebody of {venue} typed this address",
    )  # fmt: skip
    _note(venue, by, f"Invited {email} as {role}.")
    return invitation


@transaction.atomic
def take_back(*, venue_id: int, by: Any, invitation_id: int) -> None:
    """End an open invitation; one that is gone changes nothing. Raises: PermissionDenied."""
    venue = _locked(venue_id, by)
    gone = Invitation.objects.filter(venue=venue, pk=invitation_id, accepted_at=None).first()
    if gone:
        gone.delete()
        _note(venue, by, f"Took the invitation of {gone.email} back.")


def open_invitations(venue: Venue) -> QuerySet[Invitation]:
    """Return the invitations that may still be accepted, oldest first."""
    rows = venue.invitations.filter(accepted_at=None, expires_at__gt=clock.now())
    return rows.select_related("invited_by").order_by("pk")


def open_invitation(token: str) -> Invitation | None:
    """Return the invitation of a token, while it may be accepted."""
    rows = Invitation.objects.filter(accepted_at=None, expires_at__gt=clock.now(), invited_by__is_active=True)
    return rows.select_related("venue", "invited_by").filter(digest=digest_of(token)).first()


@transaction.atomic
def accept(*, token: str, user: Any) -> VenueMember:
    """Make a user a member, once. Raises: TeamError (used, over, taken back; its sender no owner any more)."""
    gone = TeamError("no_invitation", "This invitation is used, over, or was taken back.")
    asked = open_invitation(token)
    if asked is None:
        raise gone
    venue = Venue.objects.select_for_update(no_key=True).get(pk=asked.venue_id)
    found = Invitation.objects.filter(pk=asked.pk, accepted_at=None).first()
    if found is None or not may(found.invited_by, "people", venue):
        raise gone
    if venue.members.filter(user=user).exists():
        raise TeamError("member_already", "You are on this team already.")
    member = VenueMember.objects.create(venue=venue, user=user, role=found.role)
    found.accepted_at, found.accepted_by = clock.now(), user
    found.save(update_fields=["accepted_at", "accepted_by"])
    if not user.is_staff:
        user.is_staff = True
        user.save(update_fields=["is_staff"])
    _note(venue, user, f"Joined as {found.role}, invited by {found.invited_by}.")
    _tell_owners(venue, f"{user} joined the team of {venue.name} as {member.get_role_display().lower()}.")
    return member


@transaction.atomic
def change_role(*, venue_id: int, by: Any, member_id: int, role: str) -> VenueMember:
    """Give a member another role. Raises: PermissionDenied, TeamError (no such member, the last owner)."""
    venue = _locked(venue_id, by)
    member = _member(venue, member_id)
    if member.role == role:
        return member
    _check_last_owner(member)
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    _note(venue, by, f"{member.user}: {before} → {role}.")
    _tell_owners(
        venue, f"{by} made {member.user} {role} of {venue.name} ({before} before).", member.user.email
    )
    return member


@transaction.atomic
def remove(*, venue_id: int, by: Any, member_id: int) -> VenueMember:
    """Take a member off the team, at once, and return who it was.

    Raises: PermissionDenied, TeamError (no such member, the last owner).
    """
    venue = _locked(venue_id, by)
    member = _member(venue, member_id)
    _check_last_owner(member)
    member.delete()
    _note(venue, by, f"Removed {member.user} ({member.role}).")
    _tell_owners(venue, f"{by} took {member.user} off the team of {venue.name}.", member.user.email)
    return member


def tell_changed_by_staff(venue: Venue, by: Any, owners_before: list[Any]) -> None:
    """Tell the owners of before and of now that staff changed the team, and how it stands.

    Expects the change's transaction.
    """
    members = venue.members.select_related("user").order_by("pk")
    stands = "; ".join(f"{member.user.email}, {member.get_role_display().lower()}" for member in members)
    text = f"{by} of Roomhold changed the team of {venue.name}. It is now: {stands or 'nobody'}."
    _tell_owners(venue, text, *(owner.email for owner in owners_before))
    log.info("team_changed", venue=venue.slug, by=by.pk)


# --- steps ------------------------------------------------------------------------------------------------------


def _locked(venue_id: int, by: Any) -> Venue:
    venue = Venue.objects.select_for_update(no_key=True).get(pk=venue_id)
    if not may(by, "people", venue):
        raise PermissionDenied("Only an owner changes the team.")
    return venue


def _member(venue: Venue, member_id: int) -> VenueMember:
    member = venue.members.filter(pk=member_id).select_related("user").first()
    if member is None:
        raise TeamError("no_member", "There is no such member.")
    return member


def _check_last_owner(member: VenueMember) -> None:
    if owners.is_last_owner(member):
        raise TeamError("last_owner", owners.LAST_OWNER)


def _note(venue: Venue, by: Any, text: str) -> None:
    LogEntry.objects.log_actions(by.pk, [venue], CHANGE, change_message=text, single_object=True)
    log.info("team_changed", venue=venue.slug, by=by.pk)


def _tell_owners(venue: Venue, text: str, *more: str) -> None:
    notices.tell(
        venue, "team_changed", [*(owner.email for owner in notices.owners_of(venue)), *more],
        subject=f"The team of {venue.name} changed", paragraphs=[text], action="See the venue",
        path=reverse("admin:rooms_venue_team", args=[venue.pk]),
    )  # fmt: skip
