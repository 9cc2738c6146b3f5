"""A venue's own pages in the admin, team and approval, and the links to them on the venue's page."""

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from accounts.admin_tools.base import CarefulAdmin
from rooms.admin import approval as approval_pages
from rooms.models import Venue
from rooms.pages import team as team_pages

if TYPE_CHECKING:
    # What it is mixed into.
    Desk = CarefulAdmin[Venue]
else:
    Desk = object


class VenueDesk(Desk):
    """Adds them to a ModelAdmin of venues, whose `get_object` says which of them a person may see."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:venue_id>/team/", wrap(self.team_view), name="rooms_venue_team"),
            path("<int:venue_id>/approval/", wrap(self.approval_view), name="rooms_venue_approval"),
            path(
                "<int:venue_id>/approval/<slug:act>/",
                wrap(self.approval_view),
                name="rooms_venue_approval_act",
            ),
        ]
        return own + super().get_urls()

    def team_view(self, request: HttpRequest, venue_id: int) -> HttpResponse:
        """Who works for the venue; its owners change it."""
        return team_pages.team_page(request, self.get_object(request, str(venue_id)))

    @display(description="Members")
    def team(self, venue: Venue) -> SafeString | str:
        url = venue.pk and reverse("admin:rooms_venue_team", args=[venue.pk])
        return format_html('<a class="rh-link" href="{}">Invite, change, remove</a>', url) if url else "–"

    def approval_view(self, request: HttpRequest, venue_id: int, act: str = "") -> HttpResponse:
        """The venue's checklist, and its buttons' POST; to whoever may see the venue."""
        venue = self.get_object(request, str(venue_id))
        if act:
            return approval_pages.approval_act(request, venue, act)
        return approval_pages.approval_page(request, venue)

    @display(description="Approval")
    def approval(self, venue: Venue) -> SafeString | str:
        if not venue.pk:
            return "A new venue is a draft until it is approved."
        url = reverse("admin:rooms_venue_approval", args=[venue.pk])
        return format_html('<a class="rh-link" href="{}">{}</a>', url, venue.get_status_display())
