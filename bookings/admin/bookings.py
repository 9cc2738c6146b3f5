"""The booking desk in the admin: lists and pages to look at; decisions go through bookings.lifecycle.services."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import DateField, DateTimeField, F, Func, QuerySet
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display

from accounts.admin_tools.base import DaysFilter, PlatformAdmin
from bookings.admin import decisions, manual_booking
from bookings.models import Booking, BookingQuerySet, EventReceipt
from bookings.pages import links as link_pages
from bookings.phrases import host as host_phrases
from bookings.search import found
from core import clock, dates
from core.money import format_minor
from core.typed.phones import Digits
from rooms.team.admin_access import EVERYBODY, MANAGERS, OwnRowsFilter, ReadOnlyAdmin


class DeskFilter(DropdownFilter):
    title = "desk"
    parameter_name = "desk"

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[tuple[str, str], ...]:
        return (("undecided", "Waiting for an answer"), ("capturing", "Being charged"))

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        chosen = {"undecided": host_phrases.UNDECIDED, "capturing": host_phrases.CAPTURING}.get(
            self.value() or ""
        )
        return queryset.filter(chosen) if chosen else queryset


class LocalDaysFilter(DaysFilter):
    """Days as the calendar hangs at the venue."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "arrival"

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        first, last = self._day("_from"), self._day("_to")
        local = Func(F("time_zone"), F(self.field_path), function="timezone", output_field=DateTimeField())
        queryset = queryset.alias(local_day=Cast(local, DateField()))
        if first:
            queryset = queryset.filter(local_day__gte=first)
        return queryset.filter(local_day__lte=last) if last else queryset


@admin.register(Booking)
class BookingAdmin(ReadOnlyAdmin[Booking]):
    """Every member of a venue's team sees its bookings and decides; nothing is edited by hand."""

    view_roles = EVERYBODY
    list_display = ("state", "who", "place", "stay", "amount", "answer_within")
    list_display_links = ("who",)
    list_filter = (
        DeskFilter,
        ("status", ChoicesDropdownFilter),
        ("venue", OwnRowsFilter),
        ("starts_at", LocalDaysFilter),
    )
    search_fields = ("reference", "guest_name", "guest_email")
    search_help_text = "Name, reference, phone, amount, card"
    ordering = host_phrases.URGENT_FIRST
    actions = ("approve_selected",)
    actions_list = ("book_by_hand",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Booking]:
        return super().get_queryset(request).select_related("venue", "room", "decision_made_by")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Booking], search_term: str
    ) -> tuple[QuerySet[Booking], bool]:
        term = search_term.replace("\x00", "")
        return queryset.alias(guest_phone_digits=Digits("guest_phone")).filter(found(term)), False

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [path("desk/", wrap(decisions.desk_live), name="bookings_booking_desk")]
        own.append(path("by-hand/", wrap(manual_booking.book), name="bookings_booking_manual"))
        for name in ("live", *decisions.DECISIONS):
            view = wrap(self._on_booking(name))
            own.append(path(f"<int:booking_id>/{name}/", view, name=f"bookings_booking_{name}"))
        renew = wrap(self._renew_link)
        own.append(path("<int:booking_id>/new-link/", renew, name="bookings_booking_new_link"))
        return own + super().get_urls()

    def _renew_link(self, request: HttpRequest, booking_id: int) -> HttpResponse:
        return link_pages.renew_in_admin(request, self.get_object(request, str(booking_id)))

    def _on_booking(self, name: str) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, booking_id: int) -> HttpResponse:
            booking = self.get_object(request, str(booking_id))
            if name == "live":
                return decisions.live(request, booking)
            return decisions.decide(request, booking, name)

        return view

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        """The booking's page: to look at and to decide from, not a form."""
        return decisions.booking_page(request, self.get_object(request, object_id))

    def has_manage_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.permits(request, obj, MANAGERS)

    @action(description="Book by hand", url_path="book-by-hand", permissions=["manage"])
    def book_by_hand(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:bookings_booking_manual"))

    @admin.action(description="Approve…", permissions=["view"])
    def approve_selected(self, request: HttpRequest, queryset: BookingQuerySet) -> HttpResponse:
        return decisions.approve_many(request, queryset)

    # --- columns

    @display(description="Status", ordering="status")
    def state(self, booking: Booking) -> SafeString:
        text, tone = host_phrases.pill(booking)
        return format_html('<span class="rh-pill rh-{}">{}</span>', tone, text)

    @display(description="Guest", ordering="guest_name")
    def who(self, booking: Booking) -> SafeString:
        return _two_lines(booking.guest_name, booking.reference)

    @display(description="Room", ordering="room__name")
    def place(self, booking: Booking) -> SafeString:
        return _two_lines(booking.room.name, booking.venue.name)

    @display(description="Dates", ordering="starts_at")
    def stay(self, booking: Booking) -> SafeString:
        zone = dates.zone_name(booking.time_zone, booking.starts_at, booking.ends_at)
        return _two_lines(host_phrases.write_stay(booking), f"{host_phrases.write_length(booking)}, {zone}")

    @display(description="Amount", ordering="total_minor")
    def amount(self, booking: Booking) -> SafeString:
        return format_html(
            '<span class="rh-figures">{}</span>', format_minor(booking.total_minor, booking.currency)
        )

    @display(description="Time to answer", ordering="decide_by")
    def answer_within(self, booking: Booking) -> SafeString | str:
        left = host_phrases.time_left(booking, clock.now())
        return (
            format_html('<span class="rh-left rh-left-{}">{}</span>', left.tone, left.text) if left else "–"
        )


def _two_lines(main: str, second: str) -> SafeString:
    return format_html('<span class="rh-two"><b>{}</b><small>{}</small></span>', main, second)


class DoneFilter(DropdownFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[tuple[str, str], ...]:
        return (("parked", "Given up: staff must look"), ("open", "On their way"), ("done", "Done"))

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "parked":
            return queryset.filter(parked_at__isnull=False)
        if self.value() == "open":
            return queryset.filter(done_at__isnull=True, parked_at__isnull=True)
        return queryset.filter(done_at__isnull=False) if self.value() == "done" else queryset


@admin.register(EventReceipt)
class EventReceiptAdmin(PlatformAdmin[EventReceipt]):
    """Who has heard of which event; a receipt whose handler failed eight times waits here for staff."""

    list_display = ("event", "booking", "subscriber", "attempts", "done_at", "parked_at")
    list_filter = (DoneFilter,)
    list_select_related = ("event__booking",)
    search_fields = ("event__booking__reference",)
    ordering = ("-pk",)

    def booking(self, receipt: EventReceipt) -> str:
        return receipt.event.booking.reference
