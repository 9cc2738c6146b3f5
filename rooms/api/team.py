"""A venue's team over HTTP, for its owners and for staff: seen, invited, changed, removed. Joined to /api/v1 by
config.api. An invitation is accepted by the link in its mail alone.
"""

from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from ninja import Router

from accounts.api_auth import ApiRequest, known
from accounts.scopes import READ, TEAM
from accounts.sign_in.stepup import require_proven_session
from core.web.answers import private_json
from rooms.api.schemas import InvitationIn, InvitationOut, MemberOut, RoleIn, TeamOut
from rooms.models import Invitation, Venue, VenueMember
from rooms.team import services as team
from rooms.team.permissions import may
from rooms.team.services import TeamError

router = Router(tags=["Team"])

PATH = "venues/{slug:venue}/team"
LARGEST_KEY = 2**63


@router.get(PATH, response=TeamOut, auth=known(READ), summary="A venue's team and its open invitations")
def get_team(request: ApiRequest, venue: str) -> JsonResponse:
    found = _venue_or_404(request, venue)
    members = found.members.select_related("user").order_by("pk")
    invitations = team.open_invitations(found)
    return private_json(
        {
            "members": [_member_json(member) for member in members],
            "invitations": [_invitation_json(invitation, found) for invitation in invitations],
        }
    )


@router.post(
    f"{PATH}/invitations", response={201: InvitationOut}, auth=known(TEAM), summary="Invite somebody",
    openapi_extra={"x-problems": [409]},
)  # fmt: skip
def invite(request: ApiRequest, venue: str, body: InvitationIn) -> JsonResponse:
    """The mail has the link; an invitation sent again takes the place of the first."""
    found = _changed(request, venue)
    made = team.invite(venue_id=found.pk, by=request.auth.user, email=body.email, role=body.role)
    return private_json(_invitation_json(made, found), status=201)


@router.delete(
    f"{PATH}/invitations/{{int:invitation_id}}", response={204: None}, auth=known(TEAM),
    summary="Take an invitation back",
)  # fmt: skip
def take_back(request: ApiRequest, venue: str, invitation_id: int) -> HttpResponse:
    found = _changed(request, venue)
    if invitation_id >= LARGEST_KEY or not team.open_invitations(found).filter(pk=invitation_id).exists():
        raise Http404("No such invitation.")
    team.take_back(venue_id=found.pk, by=request.auth.user, invitation_id=invitation_id)
    return HttpResponse(status=204)


@router.patch(
    f"{PATH}/{{int:member_id}}", response=MemberOut, auth=known(TEAM), summary="Change a member's role",
    openapi_extra={"x-problems": [409]},
)  # fmt: skip
def change_role(request: ApiRequest, venue: str, member_id: int, body: RoleIn) -> JsonResponse:
    return private_json(_member_json(_act(request, venue, member_id, team.change_role, role=body.role)))


@router.delete(
    f"{PATH}/{{int:member_id}}", response={204: None}, auth=known(TEAM), summary="Remove a member",
    openapi_extra={"x-problems": [409]},
)  # fmt: skip
def remove(request: ApiRequest, venue: str, member_id: int) -> HttpResponse:
    _act(request, venue, member_id, team.remove)
    return HttpResponse(status=204)


def _act(request: ApiRequest, venue: str, member_id: int, verb: Any, **more: Any) -> Any:
    found = _changed(request, venue)
    if member_id >= LARGEST_KEY:
        raise Http404("No such member.")
    try:
        return verb(venue_id=found.pk, by=request.auth.user, member_id=member_id, **more)
    except TeamError as error:
        if error.code == "no_member":
            raise Http404("No such member.") from error
        raise


def _venue_or_404(request: ApiRequest, slug: str) -> Venue:
    """Return a venue to its owners and to staff. Raises: Http404 to everybody else."""
    venue = Venue.objects.filter(slug=slug).first()
    if venue is None or not may(request.auth.user, "people", venue):
        raise Http404("No such venue.")
    return venue


def _changed(request: ApiRequest, slug: str) -> Venue:
    """The same for what changes the team: who is made an owner may move money. Raises: Http404, Problem 403."""
    venue = _venue_or_404(request, slug)
    require_proven_session(request)
    return venue


def _member_json(member: VenueMember) -> dict[str, Any]:
    user = member.user
    return {
        "id": member.pk, "email": user.email, "name": user.name, "role": member.role, "is_active": user.is_active,
    }  # fmt: skip


def _invitation_json(invitation: Invitation, venue: Venue) -> dict[str, Any]:
    return {
        "id": invitation.pk, "email": invitation.email, "role": invitation.role,
        "invited_by": invitation.invited_by.email,
        "expires_at": invitation.expires_at.astimezone(venue.zone).isoformat(),
    }  # fmt: skip
