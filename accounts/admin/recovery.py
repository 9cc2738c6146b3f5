"""The admin's page that takes a second factor away: the first of staff asks, another confirms."""

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.models import User
from accounts.sign_in import recovery, stepup
from accounts.signed_in import person_of
from core.typed.fields import LineField

UNPROCESSABLE = 422


class AskForm(forms.Form):
    reason = LineField(label="How you know who they are", max_length=200, widget=UnfoldAdminTextInputWidget())


def second_factor_page(request: HttpRequest, person: User) -> HttpResponse:
    """GET says what would happen; POST asks for it or, of another of staff, does it."""
    if not person_of(request).is_platform_staff:
        raise PermissionDenied
    if way := stepup.lead_to_proof(request):
        return way
    waiting = recovery.waiting(person)
    form = None if waiting else AskForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and (form is None or form.is_valid()):
        return _do(request, person, form)
    context = {
        **admin.site.each_context(request),
        "title": "Reset the second factor",
        "person": person,
        "waiting": waiting,
        "is_mine": waiting is not None and waiting.asked_by_id == request.user.pk,
        "form": form,
        "back_url": _page(person),
        "opts": User._meta,
        "original": person,
    }
    status = UNPROCESSABLE if form is not None and form.is_bound else 200
    return TemplateResponse(request, "admin/accounts/second_factor.html", context, status=status)


def _do(request: HttpRequest, person: User, form: AskForm | None) -> HttpResponse:
    try:
        if form is not None:
            recovery.ask(user=person, by=person_of(request), reason=form.cleaned_data["reason"])
            _note(request, person, f"Asked to reset the second factor: {form.cleaned_data['reason']}")
            messages.success(request, "Asked. Another of staff must confirm within a day.")
        else:
            recovery.confirm(user=person, by=person_of(request))
            _note(request, person, "Confirmed: the second factor is reset")
            _tell(person)
            messages.success(request, "The second factor is taken away; sessions and tokens are ended.")
    except recovery.ResetRefused as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(_page(person))


def _note(request: HttpRequest, person: User, message: str) -> None:
    LogEntry.objects.log_actions(person_of(request).pk, [person], CHANGE, message, single_object=True)


def _tell(person: User) -> None:
    for address in EmailAddress.objects.filter(user=person, verified=True):
        get_adapter().send_mail("account/email/second_factor_reset", address.email, {"user": person})


def _page(person: User) -> str:
    return reverse("admin:accounts_user_change", args=[person.pk])
