"""Lets a browser into the private Pusher channels of the bookings and venues it may see."""

import re
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from bookings.models import Booking
from bookings.selectors import booking_for_guest
from notifications.channels import pusher
from rooms.team.permissions import venues_of

SOCKET_ID = re.compile(r"[0-9]{1,20}\.[0-9]{1,20}")
VENUE_CHANNEL = re.compile(r"private-venue-([-\w]{1,80})", re.ASCII)
BOOKING_CHANNEL = re.compile(r"private-booking-([A-Z0-9]{1,16})")


@never_cache
@require_POST
def pusher_auth(request: HttpRequest) -> JsonResponse:
    """Sign a socket into one channel: by who asks, never by the channel's name. Anything else is 403."""
    channel, socket_id = request.POST.get("channel_name", ""), request.POST.get("socket_id", "")
    if not (pusher.is_on() and SOCKET_ID.fullmatch(socket_id) and _may_listen(request, channel)):
        return JsonResponse({"error": "forbidden"}, status=403)
    return JsonResponse(pusher.sign(channel, socket_id))


def _may_listen(request: HttpRequest, channel: str) -> bool:
    if found := VENUE_CHANNEL.fullmatch(channel):
        return _sees_venue(request.user, found[1])
    if found := BOOKING_CHANNEL.fullmatch(channel):
        return _sees_booking(request, found[1])
    return False


def _sees_venue(user: Any, slug: str) -> bool:
    return user.is_authenticated and venues_of(user).filter(slug=slug).exists()


def _sees_booking(request: HttpRequest, reference: str) -> bool:
    secrets = request.session.get("booking_secrets", {})
    if booking_for_guest(reference, user=request.user, secret=secrets.get(reference, "")):
        return True
    if not request.user.is_authenticated:
        return False
    return Booking.objects.filter(reference=reference, venue__in=venues_of(request.user)).exists()
