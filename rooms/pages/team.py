"""Pages of a venue's team: the owner's in the admin, and the one an invitation leads to."""

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminSelectWidget

from accounts.sign_in.stepup import lead_to_proof
from accounts.signed_in import person_of
from core.typed.fields import EmailField
from rooms.models import Venue, VenueMember
from rooms.team import services as team
from rooms.team.permissions import may
from rooms.team.services import TeamError

GONE = 410


class InviteForm(forms.Form):
    email = EmailField(label="E-mail", widget=UnfoldAdminEmailInputWidget())
    role = forms.ChoiceField(
        label="Role", choices=VenueMember.Role.choices, initial="clerk", widget=UnfoldAdminSelectWidget()
    )


def team_page(request: HttpRequest, venue: Venue) -> HttpResponse:
    """The team and its open invitations; an owner's POST says by `act` what is done.

    Who is made an owner may move money: a change asks for a proof of who one is, looking does not.
    """
    is_owner = may(request.user, "people", venue)
    proof = lead_to_proof(request) if is_owner else None
    form = InviteForm()
    if request.method == "POST":
        if not is_owner:
            raise PermissionDenied("Only an owner changes the team.")
        if proof:
            return proof
        form = InviteForm(request.POST if request.POST.get("act") == "invite" else None)
        if not form.is_bound or form.is_valid():
            _act(request, venue, form)
            return HttpResponseRedirect(reverse("admin:rooms_venue_team", args=[venue.pk]))
    context = {
        **admin.site.each_context(request),
        "opts": Venue._meta,
        "title": f"Team of {venue.name}",
        "venue": venue,
        "members": venue.members.select_related("user").order_by("pk"),
        "invitations": team.open_invitations(venue),
        "roles": VenueMember.Role.choices,
        "form": form,
        "is_owner": is_owner,
        "may_change": is_owner and proof is None,
        "proof": proof and proof["Location"],
    }
    return TemplateResponse(request, "admin/rooms/team.html", context)


def _act(request: HttpRequest, venue: Venue, form: InviteForm) -> None:
    by = person_of(request)
    pk, act = request.POST.get("id", ""), request.POST.get("act", "")
    if act != "invite" and not (pk.isdecimal() and len(pk) < 19):
        raise Http404
    try:
        if act == "invite":
            done = f"{team.invite(venue_id=venue.pk, by=by, **form.cleaned_data).email} is invited, by mail."
        elif act == "role" and request.POST.get("role") in VenueMember.Role.values:
            member = team.change_role(venue_id=venue.pk, by=by, member_id=int(pk), role=request.POST["role"])
            done = f"{member.user} is {member.get_role_display().lower()} now."
        elif act == "remove":
            done = f"{team.remove(venue_id=venue.pk, by=by, member_id=int(pk)).user} is off the team."
        elif act == "take-back":
            team.take_back(venue_id=venue.pk, by=by, invitation_id=int(pk))
            done = "The invitation is taken back."
        else:
            raise Http404
    except TeamError as error:
        messages.error(request, f"{error} Nothing was changed.")
    else:
        messages.success(request, done)


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows what one is invited to and uses nothing up; POST of somebody signed in joins the team.

    POST of somebody who is not leads to sign-up with the invited address, which the mail's link has proved: no further
    mail is needed to confirm it.
    """
    found = team.open_invitation(token)
    if found is None:
        return render(request, "rooms/invitation.html", {"invitation": None}, status=GONE)
    if request.method == "POST" and not request.user.is_authenticated:
        get_adapter(request).stash_verified_email(request, found.email)
        return redirect(reverse("account_signup", query={"next": request.path, "email": found.email}))
    if request.method == "POST":
        try:
            team.accept(token=token, user=request.user)
        except TeamError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"Welcome to the team of {found.venue.name}.")
            return redirect("admin:index")
    has_account = EmailAddress.objects.filter(email__iexact=found.email, verified=True).exists()
    context = {"invitation": found, "here": request.path, "has_account": has_account}
    return render(request, "rooms/invitation.html", context)
