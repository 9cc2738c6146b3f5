"""Mails about venues and their teams, for staff to see what was told to whom, and what did not arrive."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from accounts.admin_tools.base import PlatformAdmin
from rooms.models import VenueNotice

SENT, WAITING, GIVEN_UP = ("good", "Sent"), ("held", "Waiting"), ("bad", "Given up")


@admin.register(VenueNotice)
class VenueNoticeAdmin(PlatformAdmin[VenueNotice]):
    """The link of an unsent mail opens something, and is shown to nobody."""

    list_display = ("status", "what", "recipient", "venue", "attempts", "created_at", "sent_at")
    list_display_links = ("what",)
    search_fields = ("recipient", "venue__name", "subject")
    search_help_text = "Address, venue or subject"
    ordering = ("-pk",)
    fields = (
        "status", "what", "recipient", "venue", "subject", "text", "attempts", "created_at", "sent_at",
        "next_attempt_at", "last_error",
    )  # fmt: skip
    readonly_fields = ("status", "what", "text")

    def get_queryset(self, request: HttpRequest) -> QuerySet[VenueNotice]:
        return super().get_queryset(request).select_related("venue")

    @display(description="State")
    def status(self, notice: VenueNotice) -> SafeString:
        tone, text = SENT if notice.sent_at else WAITING if notice.next_attempt_at else GIVEN_UP
        return format_html('<span class="rh-pill rh-{}">{}</span>', tone, text)

    @display(description="Message", ordering="kind")
    def what(self, notice: VenueNotice) -> str:
        return notice.kind_in_words

    @display(description="Text")
    def text(self, notice: VenueNotice) -> str:
        return "\n".join(map(str, notice.paragraphs))
