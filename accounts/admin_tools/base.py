"""What all our admin classes share: rows one may not see do not exist, and garbage is refused, not an error."""

import datetime as dt
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest
from django.db import models
from django.db.models import Model, QuerySet
from django.forms import BaseFormSet, DateInput, Media, ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.contrib.filters.forms import RangeDateForm
from unfold.utils import parse_date_str
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.signed_in import person_of
from core.typed.fields import PercentField, WholeField, understood

if TYPE_CHECKING:
    # The theme's classes say too little of themselves; they are Django's, and do more.
    from django.contrib.admin import ModelAdmin
else:
    from unfold.admin import ModelAdmin

# All a list needs beside the theme's own scripts: its filters are plain fields, which every browser helps with.
LIST_MEDIA = Media(js=["admin/js/actions.js"])
# What Django loads on every form for slugs that write themselves.
SLUG_SCRIPTS = ("urlify.js", "prepopulate.js", "xregexp")
# What the filters of a list add to a field's name in the address.
FILTER_SUFFIXES = ("", "__exact", "__id__exact", "__in", "__isnull", "_from", "_to")

# Numbers of every model are typed through the one reader; all our decimals are percentages.
TYPED_NUMBERS = {
    models.IntegerField: {"form_class": WholeField},
    models.BigIntegerField: {"form_class": WholeField},
    models.DecimalField: {"form_class": PercentField, "widget": UnfoldAdminTextInputWidget},
}

# What an admin class shows: `CarefulAdmin[Booking]`.
Row = TypeVar("Row", bound=Model)


class CarefulAdmin(ModelAdmin, Generic[Row]):
    """A ModelAdmin whose lists and pages answer strangers with 404 and probing lookups with 400."""

    actions: tuple[str, ...] = ()
    formfield_overrides = TYPED_NUMBERS
    list_filter_submit = True
    list_per_page = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    view_on_site: Any = False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Row:
        """Return the row, or answer 404: a row out of sight looks like one that never was."""
        obj = super().get_object(request, object_id, from_field)
        if obj is None:
            raise Http404
        return obj

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        _refuse_garbage(request)
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        response = super().changelist_view(request, title | (extra_context or {}))
        context = response.context_data if isinstance(response, TemplateResponse) else None
        if context and "cl" in context:
            context["media"] = LIST_MEDIA
        return response

    @property
    def media(self) -> Media:
        media = super().media
        if self.prepopulated_fields:
            return media
        styles, scripts = media._css, media._js  # type: ignore[attr-defined]  # the stubs leave them out
        js = [path for path in scripts if not any(name in str(path) for name in SLUG_SCRIPTS)]
        return Media(css=styles, js=js)

    def save_related(
        self, request: HttpRequest, form: ModelForm, formsets: list[BaseFormSet], change: bool
    ) -> None:
        """Say how the amounts typed were read: a slip is seen at once."""
        super().save_related(request, form, formsets, change)
        told = [
            line
            for one in (form, *(row for rows in formsets for row in rows.forms))
            for line in understood(one)
        ]
        if told:
            messages.info(request, f"Read as: {'; '.join(told)}.")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        # PostgreSQL takes no NUL; autocomplete, unlike a list's search, lets one through.
        return super().get_search_results(request, queryset, search_term.replace("\x00", ""))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what the list's own filters ask: any other lookup would let rows be probed through relations."""
        names = [_filter_name(item) for item in self.get_list_filter(request)]
        return any(lookup == name + suffix for name in names for suffix in FILTER_SUFFIXES)


class PlatformAdmin(CarefulAdmin[Row]):
    """Rows for platform staff to look at; a subclass says what else they may do."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return request.user.is_staff and person_of(request).is_platform_staff

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        return rows if person_of(request).is_platform_staff else rows.none()


class DaysForm(RangeDateForm):
    """First and last day, as fields that the browser gives a calendar of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # The form in which the browser itself writes and reads a date.
            field.widget = DateInput({**field.widget.attrs, "type": "date"}, format="%Y-%m-%d")


class DaysFilter(RangeDateFilter):
    """A range of days, both included, of an instant in UTC."""

    form_class = DaysForm

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        first, last = self._day("_from"), self._day("_to")
        if first:
            queryset = queryset.filter(**{f"{self.field_path}__gte": _midnight(first)})
        if last:
            queryset = queryset.filter(**{f"{self.field_path}__lt": _midnight(last + dt.timedelta(days=1))})
        return queryset

    def _day(self, end: str) -> dt.date | None:
        """Return the day asked for; what is no date, or no year of ours, filters nothing."""
        day = parse_date_str(str(self.used_parameters.get(self.field_path + end, "")))
        return day if day and 1900 <= day.year <= 2200 else None


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _filter_name(item: Any) -> str:
    if isinstance(item, tuple | list):
        return item[0]
    return item if isinstance(item, str) else item.parameter_name


def _refuse_garbage(request: HttpRequest) -> None:
    if any("\x00" in value for _name, values in request.GET.lists() for value in values):
        raise BadRequest("NUL in the address")
    if not all(value.isdecimal() for value in request.POST.getlist(ACTION_CHECKBOX_NAME)):
        raise BadRequest("not a row's id")
