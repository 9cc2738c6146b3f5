"""Pages about a booking's link: a new one for its guest, its host or staff, and the way back in with an old one."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_POST

from bookings import links
from bookings.actors import guest_actor, member_actor
from bookings.models import Booking
from core.web.ratelimit import client_ip, hit

ASKED, ASKED_SECONDS = 10, 3600


def no_good(request: HttpRequest, reference: str) -> HttpResponse:
    """What a link that opens nothing leads to: the same for an ended one, a wrong one and no booking at all."""
    response = render(request, "bookings/link_no_good.html", {"reference": reference}, status=404)
    add_never_cache_headers(response)
    return response


@require_POST
def new_link(request: HttpRequest, reference: str) -> HttpResponse:
    """A guest who is logged in gets a new link and ends the old ones; to anybody else the link goes by mail."""
    own = _own(request, reference)
    if own is not None:
        links.renew(booking_id=own.pk, actor=guest_actor(request.user))
        messages.success(
            request, f"A new link is on its way to {own.guest_email}. Older links open nothing now."
        )
        return redirect(own)
    if hit("link-asked", client_ip(request), limit=ASKED, seconds=ASKED_SECONDS):
        return render(request, "429.html", status=429)
    links.send_if_there_is(reference)
    return render(request, "bookings/link_asked.html", {"reference": reference})


def renew_in_admin(request: HttpRequest, booking: Booking) -> HttpResponse:
    """The button of a booking's page in the admin."""
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    links.renew(booking_id=booking.pk, actor=member_actor(request.user))
    messages.success(request, "The guest is mailed a new link. Older links open nothing now.")
    return redirect(reverse("admin:bookings_booking_change", args=[booking.pk]))


def _own(request: HttpRequest, reference: str) -> Booking | None:
    if not request.user.is_authenticated:
        return None
    return Booking.objects.filter(reference=reference, guest=request.user).first()
