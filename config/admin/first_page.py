"""The admin's first page: the desk of bookings, and above it the venues and payees somebody must look at."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from accounts.signed_in import person_of
from bookings.admin.decisions import dashboard as desk
from core import clock
from payments.models import PayeeChange
from rooms.models import Venue
from rooms.team import approval
from rooms.team.admin_access import MANAGERS, venue_ids

MOST = 20


@dataclass(frozen=True)
class Row:
    """A line with its link; `pill` says in a word or two what it is about."""

    title: str
    text: str
    url: str
    pill: str


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Return the first page's context: of staff with all venues, of a team with its own."""
    rows = _of_staff() if person_of(request).is_platform_staff else _of_team(request.user)
    return desk(request, context) | {"to_look_at": rows}


def _of_staff() -> list[Row]:
    waiting = [
        Row(venue.name, f"{venue.city}, {venue.get_country_display()}", approval.page_of(venue), "To approve")
        for venue in approval.waiting()[:MOST]
    ]
    since = clock.now() - dt.timedelta(days=settings.PAYEE_CHANGE_HOLD_DAYS)
    changes = PayeeChange.objects.filter(changed_at__gt=since).select_related("venue", "changed_by")
    return waiting + [
        Row(
            change.venue.name,
            f"{change.before or 'nothing'} → {change.after or 'nothing'}, by {change.changed_by}",
            reverse("admin:payments_venuepayments_change", args=[change.venue_id]),
            "New payee",
        )
        for change in changes[:MOST]
    ]


def _of_team(user: Any) -> list[Row]:
    venues = Venue.objects.filter(pk__in=venue_ids(user, MANAGERS)).exclude(status=Venue.Status.APPROVED)
    return [
        Row(
            venue.name,
            venue.status_reason or "Nothing of it is on sale.",
            approval.page_of(venue),
            venue.get_status_display(),
        )
        for venue in venues[:MOST]
    ]
