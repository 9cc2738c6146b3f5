"""Where a person works, on their page for staff; see settings.PERSON_PANELS."""

from django.urls import reverse

from accounts.admin.person_page import Row, Share
from accounts.people import Person
from rooms.models import VenueMember


def venues_share(person: Person) -> Share:
    """The venues whose team the person is in (one query)."""
    members = VenueMember.objects.filter(user=person.user).select_related("venue").order_by("venue__name")
    rows = [
        Row(
            reverse("admin:rooms_venue_change", args=[member.venue_id]),
            member.venue.name,
            f"{member.venue.city}, {member.venue.get_status_display()}",
            member.get_role_display(),
        )
        for member in members
    ]
    return Share("Works for", rows, empty="In no venue's team.")
