"""Closed dates in the admin: closed in one form, listed by room, opened again one by one or all together."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from core import dates
from core.typed import bounds
from rooms.admin.closing_form import BlackoutForm
from rooms.admin.rooms import ManagedAdmin
from rooms.availability import closings
from rooms.models import Blackout, Closing, Occupancy, Room
from rooms.team.admin_access import OwnRowsFilter, choices_of


@admin.register(Blackout)
class BlackoutAdmin(ManagedAdmin[Blackout]):
    """Dates closed by hand. What bookings and sessions occupy is nobody's to edit, and not shown here."""

    venue_path = "room__venue"
    form = BlackoutForm
    list_display = ("room", "closed", "note", "together")
    list_filter = (("room__venue", OwnRowsFilter),)
    list_select_related = ("room__venue",)
    search_fields = ("room__name", "note")
    fields = ("venue", "rooms", "first_date", "last_date", "years", "note")
    shown = ("room", "closed", "note", "together", "created_at")
    ordering = ("-period",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Blackout]:
        blackouts = super().get_queryset(request).filter(kind=Occupancy.Kind.BLACKOUT)
        return blackouts.select_related("room__venue", "closing")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_change_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Blackout | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Blackout | None = None) -> bool:
        return super().has_change_permission(request, obj)

    def get_fields(self, request: HttpRequest, obj: Blackout | None = None) -> tuple[Any, ...]:
        return self.shown if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Blackout | None = None) -> tuple[str, ...]:
        return self.shown if obj else ()

    def get_form(
        self, request: HttpRequest, obj: Blackout | None = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm]:
        """A class of its own for each request, which knows whose venues and rooms may be chosen."""
        form = super().get_form(request, obj, change, **kwargs)
        assert issubclass(form, BlackoutForm)
        form.venues = choices_of(self.admin_site, Room._meta.get_field("venue"), request)
        form.offered_rooms = choices_of(
            self.admin_site, Blackout._meta.get_field("room"), request
        ).select_related("venue")
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A host's only venue is chosen already."""
        venues = list(choices_of(self.admin_site, Room._meta.get_field("venue"), request)[:2])
        only = {"venue": venues[0]} if len(venues) == 1 else {}
        return only | super().get_changeform_initial_data(request)

    def save_model(self, request: HttpRequest, obj: Blackout, form: ModelForm, change: bool) -> None:
        """Nothing is left to save: the form's check was the claim itself."""

    def log_addition(self, request: HttpRequest, obj: Blackout, message: Any) -> Any:
        return super().log_addition(request, obj, message) if obj.pk else None

    def response_add(
        self, request: HttpRequest, obj: Blackout, post_url_continue: str | None = None
    ) -> HttpResponse:
        closing = obj.closing
        assert closing is not None  # the form has made it
        count = closing.occupancies.values("room").distinct().count()
        if count == closing.years == 1:
            return super().response_add(request, obj, post_url_continue)
        rooms = "1 room is" if count == 1 else f"{count} rooms are"
        messages.success(request, f"{rooms} closed on {closings.write(closing)}.")
        return HttpResponseRedirect(reverse("admin:rooms_blackout_changelist"))

    def delete_model(self, request: HttpRequest, obj: Blackout) -> None:
        closings.reopen_dates(blackout_id=obj.pk)

    # --- closed together, opened together

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = path("<int:pk>/reopen/", wrap(self.reopen_view), name="rooms_blackout_reopen")
        return [own, *super().get_urls()]

    def reopen_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, and on POST open again, all that was closed together with a row."""
        blackout = self.get_object(request, str(pk))
        closing = blackout.closing
        if closing is None or not self.has_delete_permission(request, blackout):
            raise Http404
        back = reverse("admin:rooms_blackout_changelist")
        if request.method == "POST":
            closings.reopen(closing_id=closing.pk)
            messages.success(request, f"Open again: {closings.write(closing)}.")
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request), "title": "Open these dates again?", "opts": self.opts,
            "closing": closing, "when": closings.write(closing), "back_url": back,
            "rooms": list(Room.objects.filter(occupancies__closing=closing).distinct().order_by("name")),
            "asked": {"is_grave": False, "button": "Open all again"},
            "consequence": "Guests can book all of these dates at once. Dates closed twice stay closed.",
        }  # fmt: skip
        return TemplateResponse(request, "admin/rooms/reopen.html", context)

    # --- columns

    @display(description="Closed", ordering="period")
    def closed(self, blackout: Blackout) -> SafeString:
        period, zone = blackout.period, blackout.room.venue.time_zone
        text = dates.staff_span_in_zone(*bounds.ends(period), zone)
        return format_html('<span class="rh-figures">{}</span>', text)

    @display(description="Closed together")
    def together(self, blackout: Blackout) -> SafeString | str:
        closing: Closing | None = blackout.closing
        if closing is None or (closing.years == 1 and not closing.is_whole_venue):
            return "–"
        what = "All rooms, " if closing.is_whole_venue else ""
        url = reverse("admin:rooms_blackout_reopen", args=[blackout.pk])
        text = f"{what}{closings.write(closing)}"
        return format_html('{}. <a class="rh-link" href="{}">Open all again…</a>', text, url)
