"""Messages sent and waiting, and sending one again."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from notifications.models import Delivery
from notifications.services import resend
from rooms.team.admin_access import OwnRowsFilter, ReadOnlyAdmin

TONES = {"queued": "held", "sent": "good", "skipped": "quiet", "parked": "bad"}
# A slip on "select all" must not mail a venue's guests of a year.
MOST_AT_ONCE = 50


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin[Delivery]):
    venue_path = "event__booking__venue"
    list_display = ("status", "what", "recipient", "booking_link", "attempts", "created_at", "sent_at")
    list_display_links = ("what",)
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("channel", ChoicesDropdownFilter),
        ("event__booking__venue", OwnRowsFilter),
    )
    search_fields = ("recipient", "event__booking__reference", "message")
    search_help_text = "Address, booking or message"
    ordering = ("-pk",)
    actions = ("send_again",)
    fields = (
        "status", "what", "channel", "recipient", "booking_link", "message_id", "attempts",
        "created_at", "sent_at", "next_attempt_at", "last_error",
    )  # fmt: skip
    readonly_fields = ("status", "what", "booking_link")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).select_related("event__booking")

    @admin.action(description="Send again", permissions=["view"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        ids = list(queryset.order_by("pk").values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
        if len(ids) > MOST_AT_ONCE:
            self.message_user(request, f"At most {MOST_AT_ONCE} at once; nothing was sent.", messages.ERROR)
            return
        for delivery_id in ids:
            resend(delivery_id=delivery_id)
        self.message_user(request, f"{len(ids)} queued to be sent again.", messages.SUCCESS)

    @display(description="State", ordering="state")
    def status(self, delivery: Delivery) -> SafeString:
        tone = TONES.get(delivery.state, "quiet")
        return format_html('<span class="rh-pill rh-{}">{}</span>', tone, delivery.get_state_display())

    @display(description="Message", ordering="message")
    def what(self, delivery: Delivery) -> str:
        return delivery.message.replace("_", " ").capitalize()

    @display(description="Booking")
    def booking_link(self, delivery: Delivery) -> SafeString:
        booking = delivery.event.booking
        url = reverse("admin:bookings_booking_change", args=[booking.pk])
        return format_html('<a class="rh-link" href="{}">{}</a>', url, booking.reference)
