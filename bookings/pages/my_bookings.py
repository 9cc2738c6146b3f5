"""A guest's bookings: the list, a booking's page with its live part, cancelling, and the calendar file."""

import datetime as dt
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_http_methods, require_safe

from bookings import ics as calendar_files
from bookings import panels, selectors
from bookings.actors import guest_actor
from bookings.cancellation import ENDING, Terms, can_guest_cancel, terms_of
from bookings.errors import BookingError
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.pages import guest_session
from bookings.pages import links as link_pages
from bookings.pages.forms import CancelForm
from bookings.phrases import guest as guest_phrases
from bookings.phrases import money_back
from bookings.selectors import TABS
from bookings.states import DEAD, Status
from core import clock
from core.web.ratelimit import client_ip, hit
from rooms.pricing.policies import cancellation_rules

PAGE_SIZE = 10
LAST_PAGE = 1000
CONFLICT, UNPROCESSABLE = 409, 422
# Links have 128 bits: nobody guesses one, but machines that try are told to stop.
WRONG_LINKS, WRONG_LINKS_SECONDS = 20, 3600
# How often an open page asks by itself while something is under way.
QUICK_POLL_SECONDS = 5


def private_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page that shows a booking is kept by nobody."""

    @wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> HttpResponse:
        response = view(*args, **kwargs)
        add_never_cache_headers(response)
        return response

    return wrapped


@login_required
@require_safe
@private_page
def my_bookings(request: HttpRequest) -> HttpResponse:
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "upcoming"
    now, number = clock.now(), _page_number(request)
    rows = selectors.bookings_of_guest(request.user, tab, now)
    found = list(rows[(number - 1) * PAGE_SIZE : number * PAGE_SIZE + 1])
    counts = selectors.count_by_tab(request.user, now)
    context = {
        "tabs": [(key, label, counts[key]) for key, label in TABS.items()],
        "tab": tab,
        "bookings": [
            (booking, guest_phrases.next_step(booking), panels.next_url(booking))
            for booking in found[:PAGE_SIZE]
        ],
        "number": number,
        "has_next": len(found) > PAGE_SIZE,
    }
    return render(request, "bookings/list.html", context)


@require_safe
@private_page
def detail(request: HttpRequest, reference: str) -> HttpResponse:
    return detail_page(request, guest_session.booking_or_404(request, reference))


def detail_page(request: HttpRequest, booking: Booking, *, status: int = 200) -> HttpResponse:
    """Return a booking's page; `status` is another where a form on it was refused."""
    return render(request, "bookings/detail.html", _live_context(request, booking), status=status)


@require_safe
@private_page
def live(request: HttpRequest, reference: str) -> HttpResponse:
    """The part of the booking's page that changes; as JSON just its version and status."""
    booking = guest_session.booking_or_404(request, reference)
    context = _live_context(request, booking)
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"version": context["state"], "status": booking.status})
    return render(request, "bookings/_live.html", context)


@require_safe
@private_page
def open_link(request: HttpRequest, reference: str, secret: str) -> HttpResponse:
    """The link of a mail: remembers its secret in the session and goes on to an address without it."""
    booking = selectors.booking_for_guest(reference, secret=secret)
    if booking is None:
        if hit("booking-link", client_ip(request), limit=WRONG_LINKS, seconds=WRONG_LINKS_SECONDS):
            return render(request, "429.html", status=429)
        return link_pages.no_good(request, reference)
    guest_session.remember(request, booking)
    response = redirect(booking)
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def cancel(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask once more, saying what happens to the money; then cancel."""
    booking = guest_session.booking_or_404(request, reference)
    now = clock.now()
    if not can_guest_cancel(booking, now):
        is_over = "over" if booking.status in ENDING else f"{booking.get_status_display().lower()} already"
        messages.info(request, f"This booking is {is_over}.")
        return redirect(booking)
    fee_minor = bookings.cancellation_fee(booking, guest_actor(request.user), now)
    if request.method != "POST":
        return _cancel_page(request, booking, CancelForm(), fee_minor, now)
    form = CancelForm(request.POST)
    if not form.is_valid():
        return _cancel_page(request, booking, form, fee_minor, now, status=UNPROCESSABLE)
    if form.cleaned_data["expected_fee_minor"] != fee_minor:
        form.add_error(None, "What is kept has changed since this page was opened. Please look again.")
        return _cancel_page(request, booking, form, fee_minor, now, status=CONFLICT)
    try:
        bookings.cancel(
            booking_id=booking.pk, actor=guest_actor(request.user), reason=form.cleaned_data["reason"]
        )
    except BookingError as error:
        messages.warning(request, error.message)
    return redirect(booking)


@require_safe
@private_page
def ics(request: HttpRequest, reference: str) -> HttpResponse:
    booking = guest_session.booking_or_404(request, reference)
    method = calendar_files.CANCEL if booking.status in DEAD else calendar_files.PUBLISH
    response = HttpResponse(
        calendar_files.build(booking, method), content_type="text/calendar; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{calendar_files.filename(booking)}"'
    return response


# --- helpers --------------------------------------------------------------------------------------------------


def _live_context(request: HttpRequest, booking: Booking) -> dict[str, Any]:
    collected = panels.collect(booking, panels.GUEST)
    can_book_again = selectors.can_book_again(booking)
    now = clock.now()
    terms = _terms(booking, now)
    return {
        "booking": booking,
        "room": booking.room,
        "venue": booking.venue,
        "step": selectors.next_step(booking),
        "steps": guest_phrases.steps(booking),
        "moments": selectors.timeline(booking),
        "panels": panels.render(collected, request),
        "can_cancel": can_guest_cancel(booking, now),
        "can_book_again": can_book_again,
        "has_calendar_file": booking.status in (Status.CONFIRMED, Status.COMPLETED),
        "rules": cancellation_rules(booking.policy["tiers"]) if booking.policy else [],
        "terms": terms,
        "taken_early_minor": booking.taken_early_minor if terms else 0,
        "card_minor": booking.card_minor if terms else 0,
        # A step of the policy that has passed changes the page, too.
        "state": panels.fingerprint(booking, collected, can_book_again, len(terms.ahead) if terms else 0),
        "poll_seconds": QUICK_POLL_SECONDS if _is_under_way(booking, collected) else "",
    }


def _is_under_way(booking: Booking, collected: list[panels.Panel]) -> bool:
    is_waiting = booking.is_capturing or booking.status == Status.PENDING_PAYMENT
    return is_waiting or any(panel.is_under_way for panel in collected)


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return max(1, min(int(text), LAST_PAGE)) if text.isdecimal() and len(text) < 7 else 1


def _terms(booking: Booking, now: dt.datetime) -> Terms | None:
    """Return what cancelling gives back; None where nothing is paid online, or nothing can be cancelled."""
    pays_online = booking.total_minor and booking.venue.takes_online_payment
    return terms_of(booking, now) if pays_online else None


def _cancel_page(
    request: HttpRequest,
    booking: Booking,
    form: CancelForm,
    fee_minor: int,
    now: dt.datetime,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "booking": booking,
        "room": booking.room,
        "venue": booking.venue,
        "form": form,
        "fee_minor": fee_minor,
        "taken_early_minor": booking.taken_early_minor,
        "money_back": money_back.if_cancelled(booking, fee_minor, money_back.outlook(booking, now)).sentence,
        "terms": _terms(booking, now),
        "notices": [panel.notice for panel in panels.collect(booking, panels.GUEST) if panel.notice],
        "rules": cancellation_rules(booking.policy["tiers"]) if booking.policy else [],
    }
    return render(request, "bookings/cancel.html", context, status=status)
