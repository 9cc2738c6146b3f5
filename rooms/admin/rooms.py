"""What hosts manage in the admin: venues, rooms with photos, prices and hours, policies."""

import datetime as dt
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.forms import BaseFormSet, ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.admin import StackedInline, TabularInline
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import display

from accounts.admin_tools.base import Row
from accounts.models import User
from accounts.signed_in import person_of
from core import clock
from core.money import exponent, format_minor
from rooms import sales_modes, services
from rooms.admin import mode_preview
from rooms.admin.forms import HoursForm, PhotoForm, PriceRuleForm, RoomForm, VenueForm
from rooms.admin.policy_form import PolicyForm
from rooms.admin.room_checklist import checklist
from rooms.admin.venue_desk import VenueDesk
from rooms.availability import closings, opening
from rooms.models import CancellationPolicy, OpeningHours, PriceRule, Room, RoomPhoto, Venue, VenueMember
from rooms.pricing import policies
from rooms.team import notices
from rooms.team import services as team
from rooms.team.admin_access import MANAGERS, OwnRowsFilter, ScopedInline, VenueScopedAdmin, choices_of
from rooms.team.owners import MemberFormSet

# The example of a policy's page starts so far ahead that every tier of a usual policy lies before it.
EXAMPLE_AHEAD = dt.timedelta(days=14)


# What a new room begins with, of the ready-made ones.
USUAL_POLICY = "Flexible"


class ManagedAdmin(VenueScopedAdmin[Row]):
    """Rows that owners and managers of a venue, and staff, see and edit."""

    edit_roles = MANAGERS
    staff_may_edit = True


class MemberInline(ScopedInline, TabularInline):
    """The team. Staff change it; a host who looked people up by address would learn who has an account."""

    model = VenueMember
    formset = MemberFormSet
    autocomplete_fields = ("user",)
    readonly_fields = ("person",)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        # A host may not open other people's accounts: names without links.
        return ("user" if person_of(request).is_platform_staff else "person", "role")

    @display(description="Person")
    def person(self, member: VenueMember) -> str:
        return str(member.user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[VenueMember]:
        return super().get_queryset(request).select_related("user", "venue")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return person_of(request).is_platform_staff

    has_add_permission = has_delete_permission = has_change_permission


@admin.register(Venue)
class VenueAdmin(VenueDesk, ManagedAdmin[Venue]):
    venue_path = ""
    form = VenueForm
    list_display = ("name", "status", "city", "currency", "time_zone", "answer_hours", "is_published")
    list_filter = (
        ("status", ChoicesDropdownFilter), ("is_published", BooleanRadioFilter), ("country", ChoicesDropdownFilter)
    )  # fmt: skip
    search_fields = ("name", "city", "slug")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (MemberInline,)
    fieldsets = (
        (None, {"fields": ("name", "slug", "description", ("approval", "is_published"))}),
        ("Where", {"fields": ("address", ("city", "country"), "time_zone", ("email", "phone"))}),
        ("Team", {"fields": ("team", "clerk_limit")}),
        ("Times", {"fields": ("answer_hours", ("check_in_time", "check_out_time"))}),
        (
            "Money",
            {
                "fields": (
                    ("currency", "tax_percent"),
                    "platform_fee_percent",
                    ("takes_online_payment", "hold_limit_minutes"),
                )
            },
        ),
    )
    # What the platform agrees with a venue is not the host's to change.
    platform_fields = ("slug", "platform_fee_percent")
    # Prices are kept in minor units of the currency; the rest is written by the payment settings.
    fixed_fields = ("currency", "takes_online_payment", "hold_limit_minutes")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return person_of(request).is_platform_staff

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Venue | None = None) -> tuple[str, ...]:
        if obj is None:
            return ("approval", "team")
        if person_of(request).is_platform_staff:
            return ("approval", "team", *self.fixed_fields)
        return ("approval", "team", *self.platform_fields, *self.fixed_fields)

    def get_form(
        self, request: HttpRequest, obj: Venue | None = None, change: bool = False, **kwargs: Any
    ) -> type:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"user": request.user})

    def get_prepopulated_fields(self, request: HttpRequest, obj: Venue | None = None) -> dict:
        return {} if obj else self.prepopulated_fields

    def save_model(self, request: HttpRequest, obj: Venue, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            services.add_ready_made_policies(obj)

    def save_formset(self, request: HttpRequest, form: ModelForm, formset: BaseFormSet, change: bool) -> None:
        owners_before = notices.owners_of(form.instance)
        super().save_formset(request, form, formset, change)
        if change and formset.has_changed():
            team.tell_changed_by_staff(form.instance, request.user, owners_before)
        # Whoever is in a team may enter the admin.
        User.objects.filter(memberships__venue=form.instance, is_staff=False).update(is_staff=True)


class PhotoInline(ScopedInline, TabularInline):
    model = RoomPhoto
    form = PhotoForm
    tab = True


class HoursInline(ScopedInline, TabularInline):
    model = OpeningHours
    form = HoursForm
    fields = ("weekday", "opens", "closes", "overnight")
    tab = True


class PriceRuleInline(ScopedInline, StackedInline):
    model = PriceRule
    form = PriceRuleForm
    fields = ("name", ("first_date", "last_date"), "weekdays", ("price", "discount_percent", "min_units"))
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[PriceRule]:
        return super().get_queryset(request).select_related("room__venue")


@admin.register(Room)
class RoomAdmin(ManagedAdmin[Room]):
    class Media:
        css = {"all": ["css/admin_rooms.css"]}

    form = RoomForm
    list_display = ("name", "venue", "kind", "price_text", "way", "offered")
    list_filter = (
        ("venue", OwnRowsFilter),
        ("kind", ChoicesDropdownFilter),
        ("is_published", BooleanRadioFilter),
    )
    list_select_related = ("venue",)
    search_fields = ("name", "slug", "venue__name")
    # Its address in the site is made of the name, and stays.
    first_facts = ("kind", "venue", "name", "description", "offered")
    facts = ("to_do", "venue", ("name", "slug"), "kind", "description", "offered")
    fieldsets = (
        ("Facts", {"fields": (("capacity", "size_m2"), "amenities")}),
        ("Price", {"fields": (("price", "cleaning_fee"), "policy")}),
        (
            "How it is sold",
            {
                "fields": ("approval", "capture", "step_by_step"),
                "description": "Choose, and read below what your guests and you will see.",
            },
        ),
        (
            "When it may be booked",
            {
                "fields": (
                    ("min_units", "max_units"),
                    ("notice_minutes", "booking_window_days"),
                    ("buffer_before_minutes", "buffer_after_minutes"),
                    "appointment_minutes",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        return super().get_queryset(request).select_related("venue")

    def get_inlines(self, request: HttpRequest, obj: Room | None) -> tuple[type, ...]:
        # Prices need the room's currency: photos, hours and prices come once the room is there.
        return (PhotoInline, HoursInline, PriceRuleInline) if obj else ()

    def get_readonly_fields(self, request: HttpRequest, obj: Room | None = None) -> tuple[str, ...]:
        return ("to_do", "venue", "slug", "kind", "step_by_step") if obj else ("step_by_step",)

    def get_fieldsets(self, request: HttpRequest, obj: Room | None = None) -> list[tuple]:
        return [(None, {"fields": self.facts if obj else self.first_facts}), *self.fieldsets]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A host's only venue is chosen already, with its gentlest policy."""
        venues = list(choices_of(self.admin_site, Room._meta.get_field("venue"), request)[:2])
        if len(venues) != 1:
            return super().get_changeform_initial_data(request)
        policy = venues[0].policies.filter(name=USUAL_POLICY).first()
        return {"venue": venues[0], "policy": policy} | super().get_changeform_initial_data(request)

    def save_model(self, request: HttpRequest, obj: Room, form: ModelForm, change: bool) -> None:
        if not change:
            obj.slug = services.room_slug(obj.name, obj.venue)
        super().save_model(request, obj, form, change)
        if not change:
            closings.close_new_room(obj)

    def response_add(
        self, request: HttpRequest, obj: Room, post_url_continue: str | None = None
    ) -> HttpResponse:
        """On to what the room still needs: photos, hours and prices stand on its page."""
        if "_addanother" in request.POST or obj.is_published:
            return super().response_add(request, obj, post_url_continue)
        messages.success(
            request, f"{obj.name} is saved. Below stands what it needs before guests can find it."
        )
        return HttpResponseRedirect(reverse("admin:rooms_room_change", args=[obj.pk]))

    @display(description="Before guests can find it")
    def to_do(self, room: Room) -> SafeString | str:
        return checklist(room)

    def view_on_site(self, room: Room) -> str | None:
        return room.get_absolute_url() if room.is_published and room.venue.is_on_sale else None

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: list, change: bool) -> None:
        """Offer or withdraw the room last, when its photos and hours are saved."""
        super().save_related(request, form, formsets, change)
        room, offered = form.instance, form.cleaned_data["offered"]
        if not offered and room.is_published:
            services.withdraw_room(room_id=room.pk)
        if offered:
            self._publish(request, room)

    def _publish(self, request: HttpRequest, room: Room) -> None:
        try:
            services.publish_room(room_id=room.pk)
        except ValidationError as error:
            if room.is_published:
                services.withdraw_room(room_id=room.pk)
            for message in error.messages:
                messages.warning(request, f"Not offered to guests yet: {message}")

    @display(description="Price", ordering="price_minor")
    def price_text(self, room: Room) -> str:
        return f"{format_minor(room.price_minor, room.venue.currency)} / {room.unit}"

    @display(description="How it is sold", ordering="approval")
    def way(self, room: Room) -> str:
        return sales_modes.way_name(room)

    @display(description="Offered", ordering="is_published", boolean=True)
    def offered(self, room: Room) -> bool:
        return room.is_published

    @display(description="Step by step")
    def step_by_step(self, room: Room) -> SafeString:
        """Every way to sell; the style sheet shows the one whose radio buttons are chosen, as they are chosen."""
        walks = mode_preview.walks(room)
        now = (room.approval, room.capture)
        return render_to_string("admin/rooms/way_preview.html", {"walks": walks, "now": now})


@admin.register(CancellationPolicy)
class CancellationPolicyAdmin(ManagedAdmin[CancellationPolicy]):
    form = PolicyForm
    list_display = ("name", "venue", "tiers_in_words")
    list_filter = (("venue", OwnRowsFilter),)
    list_select_related = ("venue",)
    search_fields = ("name",)
    ordering = ("venue__name", "name")
    fields = ("venue", "name", "tiers", "in_words")

    class Media:
        css = {"all": ["css/admin_rooms.css"]}

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("venue", "in_words") if obj else ("in_words",)

    @display(description="What comes back")
    def tiers_in_words(self, policy: CancellationPolicy) -> str:
        words = policies.tiers_in_short(policy.tiers)
        return words[:1].upper() + words[1:]

    @display(description="In words, as saved")
    def in_words(self, policy: CancellationPolicy) -> SafeString | str:
        """The rules as guests read them, and what they mean for one booking two weeks ahead."""
        if not policy.pk:
            return "Guests read the rules here once they are saved."
        venue = policy.venue
        starts_at = opening.instant(clock.now().date() + EXAMPLE_AHEAD, venue.check_in_time, venue.zone)
        amount_minor = 200 * 10 ** exponent(venue.currency)
        context = {
            "rules": policies.cancellation_rules(policy.tiers), "currency": venue.currency,
            "amount_minor": amount_minor, "starts_at": starts_at, "zone": venue.time_zone,
            "schedule": policies.refund_schedule(policy.tiers, starts_at=starts_at, amount_minor=amount_minor),
        }  # fmt: skip
        return render_to_string("admin/rooms/policy_preview.html", context)
