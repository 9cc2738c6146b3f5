"""Pages of the admin that cancel many bookings: what would happen, the button, and how far it has come."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.admin_tools.confirm import ReasonForm, reason_field
from bookings.actors import member_actor
from bookings.admin.decisions import QUICK_POLL_SECONDS
from bookings.bulk import services as bulk
from bookings.bulk.services import Target
from bookings.errors import BookingError
from bookings.models import BulkCancellation
from bookings.phrases import host as host_phrases
from core import dates
from core.money import format_minor
from rooms.availability import closings
from rooms.models import Room, Session
from rooms.team.permissions import may_manage, venues_of

ROWS = 200


class DatesForm(forms.Form):
    """Which dates of a room are to be closed, as the address names them."""

    first = forms.DateField()
    last = forms.DateField()


def cancel_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """Show what cancelling a session does; its POST begins it."""
    rows = Session.objects.filter(room__venue__in=venues_of(request.user)).select_related("room__venue")
    session = get_object_or_404(rows, pk=session_id)
    return _ask(
        request, Target.of_session(session), title=f"Cancel “{session.title}”?", button="Cancel the session"
    )


def close_dates(request: HttpRequest, room_id: int) -> HttpResponse:
    """Show which bookings lie in the dates of the address; its POST closes the dates and cancels them."""
    rows = Room.objects.filter(venue__in=venues_of(request.user)).select_related("venue")
    room = get_object_or_404(rows, pk=room_id)
    if not may_manage(request.user, room.venue):
        raise PermissionDenied
    dates = DatesForm(request.GET)
    back = HttpResponseRedirect(reverse("admin:rooms_blackout_add"))
    if not dates.is_valid():
        messages.warning(request, "Choose the dates to close first.")
        return back
    try:
        span = closings.span_of_dates(room, dates.cleaned_data["first"], dates.cleaned_data["last"])
    except (ValidationError, OverflowError):
        messages.warning(request, "The last date must not be before the first.")
        return back
    return _ask(
        request, Target(room, *span), title=f"Close {room.name}?", button="Close the dates and cancel"
    )


def _ask(request: HttpRequest, target: Target, *, title: str, button: str) -> HttpResponse:
    if not may_manage(request.user, target.room.venue):
        raise PermissionDenied
    data = request.POST if request.method == "POST" else None
    form = ReasonForm(reason_field("Reason, for the guests to read", most=500), data)
    if form.is_valid() and (begun := _begin(request, target, form.cleaned_data["reason"])):
        return HttpResponseRedirect(_url(begun))
    seen = bulk.preview(target)
    context = {
        **admin.site.each_context(request), "opts": BulkCancellation._meta, "title": title, "button": button,
        "target": target, "when": write_span(target.room, target.starts_at, target.ends_at), "form": form,
        "seen": seen, "rows": [_row(booking) for booking in seen.bookings[:ROWS]], "sums": _written(seen),
    }  # fmt: skip
    return TemplateResponse(
        request, "admin/bookings/bulk/ask.html", context, status=422 if form.is_bound else 200
    )


def _begin(request: HttpRequest, target: Target, reason: str) -> BulkCancellation | None:
    try:
        return bulk.begin(target=target, actor=member_actor(request.user), reason=reason)
    except BookingError as error:
        messages.error(request, error.message)
        return None


def _row(booking: Any) -> dict[str, Any]:
    text, tone = host_phrases.pill(booking)
    return {
        "booking": booking, "pill": text, "tone": tone, "stay": host_phrases.write_stay(booking),
        "url": reverse("admin:bookings_booking_change", args=[booking.pk]),
    }  # fmt: skip


def _written(seen: bulk.Preview) -> list[dict[str, str]]:
    """Return what goes back by currency, in words."""
    return [
        {
            "total": format_minor(one.total_minor, one.currency),
            "refunded": format_minor(one.refunded_minor, one.currency) if one.refunded_minor else "",
            "released": format_minor(one.released_minor, one.currency) if one.released_minor else "",
        }
        for one in seen.sums
    ]


# --- how far it has come ------------------------------------------------------------------------------------------


def progress_page(request: HttpRequest, begun: BulkCancellation) -> HttpResponse:
    """One bulk cancellation; GET only but for the button that tries the failed ones again."""
    if request.method == "POST":
        if not may_manage(request.user, begun.venue):
            raise PermissionDenied
        bulk.try_again(begun.pk)
        return HttpResponseRedirect(_url(begun))
    context = {
        **admin.site.each_context(request), **_progress(begun), "opts": BulkCancellation._meta,
        "title": "Cancelling many bookings", "original": begun,
    }  # fmt: skip
    return TemplateResponse(request, "admin/bookings/bulk/progress.html", context)


def progress_live(request: HttpRequest, begun: BulkCancellation) -> HttpResponse:
    """The changing part of the page, fetched by live.js."""
    return render(request, "admin/bookings/bulk/_progress.html", _progress(begun))


def _progress(begun: BulkCancellation) -> dict[str, Any]:
    seen = bulk.progress(begun)
    items = begun.items.select_related("booking__room", "booking__venue").order_by("pk")[:ROWS]
    return {
        "begun": begun, "seen": seen, "when": write_span(begun.room, begun.starts_at, begun.ends_at),
        "rows": [_row(item.booking) | {"item": item, "is_stuck": _is_stuck(item)} for item in items],
        "state": f"{seen.done}.{seen.failed}.{bool(begun.finished_at)}",
        "poll_seconds": "" if seen.is_over else QUICK_POLL_SECONDS,
    }  # fmt: skip


def _is_stuck(item: Any) -> bool:
    return item.done_at is None and bulk.RETRIES.is_spent(item.attempts)


def write_span(room: Room, starts_at: dt.datetime, ends_at: dt.datetime) -> str:
    """Write a span as the calendar hangs at the venue, and the zone's name as of then."""
    return dates.staff_span_in_zone(starts_at, ends_at, room.venue.time_zone)


def _url(begun: BulkCancellation) -> str:
    return reverse("admin:bookings_bulkcancellation_change", args=[begun.pk])
