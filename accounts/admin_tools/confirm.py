"""Pages of staff that ask before they do something: one question, its consequence, a reason where one is needed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.signed_in import person_of
from core.typed.fields import ProseField


@dataclass(frozen=True)
class Question:
    """What a confirm page asks. `reason` is the label of the field for one; empty where none is needed."""

    title: str
    consequence: str
    button: str
    back_url: str
    facts: list[tuple[str, Any]] = field(default_factory=list)
    reason: str = ""
    is_grave: bool = False


def reason_field(label: str, *, most: int, is_required: bool = True, is_focused: bool = False) -> ProseField:
    """Return a field for a reason of up to `most` characters."""
    attrs = {"rows": 3, "autofocus": True} if is_focused else {"rows": 3}
    widget = UnfoldAdminTextareaWidget(attrs)
    return ProseField(label=label, max_length=most, required=is_required, widget=widget)


class ReasonForm(forms.Form):
    """Why something is done, kept with it; `field` is a `reason_field`."""

    reason = ProseField()  # its place before the fields of a subclass

    def __init__(self, field: ProseField, data: Any = None) -> None:
        super().__init__(data)
        self.fields["reason"] = field


def staff_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuse a page to everybody but platform staff."""

    def checked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not person_of(request).is_platform_staff:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked


def asked(request: HttpRequest, question: Question, do: Callable[[str], HttpResponse]) -> HttpResponse:
    """GET asks; POST calls `do` with the reason given, or asks again where it is missing."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD, POST"})
    data = request.POST if request.method == "POST" else None
    form = ReasonForm(reason_field(question.reason, most=200), data) if question.reason else None
    if request.method == "POST" and (form is None or form.is_valid()):
        return do(form.cleaned_data["reason"] if form else "")
    context = {**admin.site.each_context(request), "title": question.title, "asked": question, "form": form}
    status = 422 if form is not None and form.is_bound else 200
    return TemplateResponse(request, "admin/payments/confirm.html", context, status=status)


def note(request: HttpRequest, row: Model, message: str) -> None:
    """Write into the row's history who did what."""
    LogEntry.objects.create(
        user_id=person_of(request).pk,
        content_type=ContentType.objects.get_for_model(row),
        object_id=str(row.pk),
        object_repr=str(row)[:200],
        action_flag=CHANGE,
        change_message=message,
    )
