"""A venue's own page: what it is, where it lies, and what it sells."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from rooms import selectors
from rooms.models import Venue
from rooms.pricing import policies

# A page; a larger house is searched by its name.
MOST_ROOMS = 60


@require_safe
def venue_page(request: HttpRequest, venue: str) -> HttpResponse:
    try:
        found = selectors.open_venues().get(slug=venue)
    except Venue.DoesNotExist as error:
        raise Http404 from error
    rooms = list(selectors.rooms_of_venue(found)[: MOST_ROOMS + 1])
    used = {room.policy.pk: room.policy for room in rooms if room.policy}
    context = {
        "venue": found,
        "rooms": rooms[:MOST_ROOMS],
        "has_more": len(rooms) > MOST_ROOMS,
        "rules": [(policy.name, policies.cancellation_rules(policy.tiers)) for policy in used.values()],
    }
    return render(request, "rooms/venue.html", context)
