"""Bulk cancellations in the admin: for owners and managers of a venue, and for staff."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from unfold.decorators import display

from bookings.admin import bulk_pages
from bookings.bulk import services as bulk
from bookings.models import BulkCancellation
from rooms.team.admin_access import MANAGERS, OwnRowsFilter, ReadOnlyAdmin


@admin.register(BulkCancellation)
class BulkCancellationAdmin(ReadOnlyAdmin[BulkCancellation]):
    """Each with how far it has come; begun from a session's row, or where closed dates hold bookings."""

    view_roles = MANAGERS
    list_display = ("what", "span", "done", "reason", "created_at", "finished_at")
    list_display_links = ("what",)
    list_filter = (("venue", OwnRowsFilter),)
    search_fields = ("room__name", "reason")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkCancellation]:
        return super().get_queryset(request).select_related("room__venue", "venue", "session")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path(
                "session/<int:session_id>/",
                wrap(bulk_pages.cancel_session),
                name="bookings_bulkcancellation_session",
            ),
            path(
                "close/<int:room_id>/", wrap(bulk_pages.close_dates), name="bookings_bulkcancellation_close"
            ),
            path("<int:bulk_id>/live/", wrap(self.live), name="bookings_bulkcancellation_live"),
        ]
        return own + super().get_urls()

    def live(self, request: HttpRequest, bulk_id: int) -> HttpResponse:
        return bulk_pages.progress_live(request, self.get_object(request, str(bulk_id)))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        """How far it has come: a page to look at, not a form."""
        return bulk_pages.progress_page(request, self.get_object(request, object_id))

    @display(description="What")
    def what(self, begun: BulkCancellation) -> str:
        return begun.session.title if begun.session else f"{begun.room.name}, dates closed"

    @display(description="When", ordering="starts_at")
    def span(self, begun: BulkCancellation) -> str:
        return bulk_pages.write_span(begun.room, begun.starts_at, begun.ends_at)

    @display(description="Cancelled")
    def done(self, begun: BulkCancellation) -> str:
        seen = bulk.progress(begun)
        return f"{seen.done} of {seen.total}" + (f", {seen.failed} failed" if seen.failed else "")
