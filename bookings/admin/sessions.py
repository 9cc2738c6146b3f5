"""A workshop's sessions in the admin: added, repeated weekly, copied, changed, and the way to cancel one whole."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.decorators import display

from bookings.admin.bulk_pages import write_span
from core import clock
from core.errors import Refusal
from core.money import format_minor, to_decimal
from rooms import sessions
from rooms.admin.rooms import ManagedAdmin
from rooms.admin.session_form import SessionForm, copy_of
from rooms.models import Session
from rooms.team.admin_access import OwnRowsFilter

# What of a page of dates is ours, and not to be sent on.
OWN_NAMES = ("csrfmiddlewaretoken", "confirmed")


@admin.register(Session)
class SessionAdmin(ManagedAdmin[Session]):
    """All or none of a weekly run are added, after a page that lists its dates."""

    venue_path = "room__venue"
    form = SessionForm
    list_display = ("title", "room", "when", "seats", "price_text", "ways")
    list_filter = (("room__venue", OwnRowsFilter),)
    list_select_related = ("room__venue",)
    search_fields = ("title", "room__name")
    ordering = ("-starts_at",)
    TIME = (("first_date", "starts", "ends"), "last_date", "fold")
    ADDING = (
        (None, {"fields": ("room", "title", ("capacity", "price"))}),
        ("When, as the clock hangs at the venue", {"fields": TIME}),
        ("Every week", {"fields": (("count", "until"),)}),
    )
    CHANGING = (
        (None, {"fields": ("title", ("capacity", "price"))}),
        ("When, as the clock hangs at the venue", {"fields": TIME}),
        ("As it is", {"fields": ("room", "when", "seats", "ways")}),
    )
    readonly_fields = ("when", "seats", "ways")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        return super().get_queryset(request).select_related("room__venue")

    def has_delete_permission(self, request: HttpRequest, obj: Session | None = None) -> bool:
        """Sessions are cancelled: bookings and mails go on telling of them."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Session | None = None) -> tuple:
        return self.CHANGING if obj else self.ADDING

    def get_readonly_fields(self, request: HttpRequest, obj: Session | None = None) -> tuple[str, ...]:
        return ("room", *self.readonly_fields) if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Start from the address, or from the session that is copied."""
        copied = request.GET.get("copy", "")
        if not copied.isascii() or not copied.isdecimal() or len(copied) > 18:
            return super().get_changeform_initial_data(request)
        source = self.editable(request).filter(pk=int(copied)).first()
        if source is None:
            return {}
        price = source.price_minor
        currency = source.room.venue.currency
        return copy_of(source) | ({} if price is None else {"price": str(to_decimal(price, currency))})

    # --- adding and changing

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        if request.method == "POST" and "confirmed" not in request.POST and self.has_add_permission(request):
            form = self.get_form(request)(request.POST)
            if isinstance(form, SessionForm) and form.is_valid() and len(form.planned) > 1:
                return self._ask(request, form)
        try:
            return super().add_view(request, form_url, extra_context)
        except Refusal:
            # Somebody was quicker than the form's look; it looks again and says who.
            return super().add_view(request, form_url, extra_context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        try:
            return super().change_view(request, object_id, form_url, extra_context)
        except Refusal:
            return super().change_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Session, form: ModelForm, change: bool) -> None:
        facts: sessions.SessionFacts = {
            "title": obj.title,
            "capacity": obj.capacity,
            "price_minor": obj.price_minor,
        }
        if change:
            times = {"starts_at": obj.starts_at, "ends_at": obj.ends_at}
            sessions.change(session_id=obj.pk, now=clock.now(), **facts, **times)
            return
        assert isinstance(form, SessionForm)
        made = sessions.add_run(room=obj.room, stays=form.planned, **facts)
        obj.pk, obj._state.adding = made[0].pk, False
        if len(made) > 1:
            messages.success(request, f"{len(made)} sessions were added.")

    def _ask(self, request: HttpRequest, form: SessionForm) -> HttpResponse:
        """List the dates of a weekly run, before any is added."""
        room, sent = form.cleaned_data["room"], request.POST
        again = urlencode(
            {name: str(value) for name, value in sent.items() if name not in OWN_NAMES and value}
        )
        price = form.instance.price_minor
        context = {
            **self.admin_site.each_context(request), "title": f"Add {len(form.planned)} sessions?", "opts": self.opts,
            "session": form.instance, "room": room,
            "price": format_minor(room.price_minor if price is None else price, room.venue.currency),
            "dates": [write_span(room, stay.starts_at, stay.ends_at) for stay in form.planned],
            "sent": [(name, value) for name, value in sent.items() if name not in OWN_NAMES],
            "edit_url": f"{reverse('admin:rooms_session_add')}?{again}",
        }  # fmt: skip
        return TemplateResponse(request, "admin/rooms/session_run.html", context)

    # --- columns

    @display(description="When, at the venue", ordering="starts_at")
    def when(self, session: Session) -> str:
        return write_span(session.room, session.starts_at, session.ends_at)

    @display(description="Seats taken")
    def seats(self, session: Session) -> str:
        return f"{session.seats_taken} of {session.capacity}"

    @display(description="Price of a seat")
    def price_text(self, session: Session) -> str:
        price = session.room.price_minor if session.price_minor is None else session.price_minor
        return format_minor(price, session.room.venue.currency)

    @display(description="Copy, cancel")
    def ways(self, session: Session) -> SafeString:
        copy = format_html(
            '<a class="rh-link" href="{}?copy={}">Copy…</a>', reverse("admin:rooms_session_add"), session.pk
        )
        if session.is_cancelled:
            return format_html("Cancelled. {}", copy)
        if session.ends_at <= clock.now():
            return format_html("Took place. {}", copy)
        url = reverse("admin:bookings_bulkcancellation_session", args=[session.pk])
        return format_html('{} <a class="rh-link" href="{}">Cancel the session…</a>', copy, url)
