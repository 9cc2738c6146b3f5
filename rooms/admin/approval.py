"""A venue's way to approval in the admin: its checklist, who stands behind it, and the buttons of host and staff."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.signed_in import person_of
from rooms.models import Venue, VenueIdentity
from rooms.team import approval
from rooms.team.approval import ApprovalError
from rooms.team.permissions import may

Status = Venue.Status
UNPROCESSABLE = 422


class IdentityForm(forms.ModelForm):
    """Who stands behind a venue; a private person has no registration number, everybody else needs one."""

    class Meta:
        model = VenueIdentity
        fields = ("kind", "legal_name", "registration_number", "legal_address", "person_name")
        widgets = {
            "kind": UnfoldAdminSelectWidget, "legal_name": UnfoldAdminTextInputWidget,
            "registration_number": UnfoldAdminTextInputWidget,
            "legal_address": UnfoldAdminTextareaWidget({"rows": 3}), "person_name": UnfoldAdminTextInputWidget,
        }  # fmt: skip

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        kind = cleaned.get("kind")
        if kind and kind != VenueIdentity.Kind.PERSON and not cleaned.get("registration_number"):
            self.add_error("registration_number", "Needed, but for a private person.")
        return cleaned


@dataclass(frozen=True)
class Act:
    """A button: what it does, from which status, by whom (staff or the host), and whether it needs a reason."""

    label: str
    status: str
    is_staffs: bool
    verb: Callable[..., Venue]
    done: str
    needs_reason: bool = False


ACTS = {
    "ask": Act("Ask for approval", Status.DRAFT, False, approval.ask, "Staff look at your venue now."),
    "approve": Act("Approve", Status.WAITING, True, approval.approve, "Approved: it sells from now on."),
    "send-back": Act("Send back", Status.WAITING, True, approval.send_back, "Sent back, with your reason.", True),
    "suspend": Act("Suspend", Status.APPROVED, True, approval.suspend, "Suspended: sales and payouts stop.", True),
    "lift": Act("Lift the suspension", Status.SUSPENDED, True, approval.lift, "It sells again."),
}  # fmt: skip


def approval_page(request: HttpRequest, venue: Venue) -> HttpResponse:
    """GET shows the checklist and the buttons; POST saves who stands behind the venue (owners alone)."""
    known = VenueIdentity.objects.filter(venue=venue).first() or VenueIdentity(venue=venue)
    may_edit = may(request.user, "people", venue)
    form = IdentityForm(request.POST if request.method == "POST" else None, instance=known)
    if request.method == "POST":
        if not may_edit:
            raise PermissionDenied("Only an owner says who stands behind a venue.")
        if form.is_valid():
            form.save()
            _note(request, venue)
            return HttpResponseRedirect(approval.page_of(venue))
    if not may_edit:
        for field in form.fields.values():
            field.disabled = True
    return _page(request, venue, form, may_edit=may_edit)


def approval_act(request: HttpRequest, venue: Venue, act: str) -> HttpResponse:
    """POST does what a button says, or says why not, and leads back to the checklist."""
    if act not in ACTS:
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    chosen = ACTS[act]
    if not chosen.is_staffs and not may(request.user, "people", venue):
        raise PermissionDenied("Only an owner asks for approval.")
    who = {"by": request.user} if chosen.is_staffs else {"user": request.user}
    reason = {"reason": request.POST.get("reason", "")} if chosen.needs_reason else {}
    try:
        chosen.verb(venue_id=venue.pk, **who, **reason)
    except ApprovalError as error:
        messages.error(request, f"{error} Nothing was changed.")
    else:
        messages.success(request, chosen.done)
    return HttpResponseRedirect(approval.page_of(venue))


def _page(request: HttpRequest, venue: Venue, form: IdentityForm, *, may_edit: bool) -> HttpResponse:
    checks = approval.checklist(venue)
    is_staff = person_of(request).is_platform_staff
    acts = {
        name: act
        for name, act in ACTS.items()
        if act.status == venue.status and (is_staff if act.is_staffs else may_edit)
    }
    context = {
        **admin.site.each_context(request),
        "opts": Venue._meta,
        "title": f"Approval of {venue.name}",
        "venue": venue,
        "checks": checks,
        "is_whole": all(check.is_done for check in checks),
        "form": form,
        "may_edit": may_edit,
        "acts": acts,
    }
    status = UNPROCESSABLE if form.errors else 200
    return TemplateResponse(request, "admin/rooms/approval.html", context, status=status)


def _note(request: HttpRequest, venue: Venue) -> None:
    messages.success(request, "Saved.")
    text = "Changed who stands behind the venue."
    LogEntry.objects.log_actions(
        person_of(request).pk, [venue], CHANGE, change_message=text, single_object=True
    )
