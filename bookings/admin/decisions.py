"""Pages of the booking desk in the admin: dashboard, a booking's page, and decisions with their confirm step."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.module_loading import import_string

from accounts.signed_in import person_of
from bookings import panels, selectors
from bookings.actors import member_actor
from bookings.admin.decision_forms import Decision, DecisionForm, FeeForm
from bookings.errors import AlreadyDecided, BookingError, DecisionOverdue
from bookings.lifecycle import services as booking_services
from bookings.models import Booking, BookingQuerySet
from bookings.phrases import host as host_phrases
from core import clock, dates
from core.money import format_minor

# One screen of consequences is read; a longer list is not.
MOST_AT_ONCE = 50
# Pusher takes one subscription a channel; beyond so many venues polling is enough.
MOST_CHANNELS = 10
# How often a page looks while something on it is under way.
QUICK_POLL_SECONDS = 2


DECISIONS = {
    decision.verb: decision
    for decision in (
        Decision("approve", "Approve this request?", "Approve", "Approved."),
        Decision(
            "decline", "Decline this request?", "Decline", "Declined.",
            reason="Reason, for the guest to read", reason_required=True, is_grave=True,
        ),
        Decision(
            "cancel", "Cancel this booking?", "Cancel the booking", "Cancelled.",
            reason="Reason, for the guest to read", reason_required=True, is_grave=True,
        ),
        Decision("complete", "Mark as completed?", "Mark completed", "Marked as completed."),
    )
}  # fmt: skip


# --- dashboard ------------------------------------------------------------------------------------------------


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the desk to the admin's index: requests by deadline, today's arrivals, money held."""
    return context | _desk_context(request) | {"title": "Requests", "channels": _channels(request)}


def desk_live(request: HttpRequest) -> HttpResponse:
    """The changing part of the dashboard, fetched by live.js."""
    return render(request, "admin/desk/_live.html", _desk_context(request))


def _desk_context(request: HttpRequest) -> dict[str, Any]:
    now = clock.now()
    rows = list(host_phrases.requests_of(request.user)[: host_phrases.INBOX_ROWS + 1])
    shown = rows[: host_phrases.INBOX_ROWS]
    arrivals, held = host_phrases.arrivals_of(request.user, now), host_phrases.money_held(request.user)
    return {
        "rows": [_row(booking, now) for booking in shown],
        "has_more": len(rows) > len(shown),
        "arrivals": [_row(booking, now) for booking in arrivals],
        "held": held,
        "version": _version([*shown, *arrivals], held),
        "poll_seconds": QUICK_POLL_SECONDS if any(booking.is_capturing for booking in shown) else "",
        "now": now,
    }


def _version(bookings: list[Booking], held: list[host_phrases.Held]) -> str:
    """Return what differs as soon as anything shown does."""
    seen = [f"{booking.pk}.{booking.version}" for booking in bookings]
    return "-".join(seen + [f"{sum_.currency}{sum_.amount_minor}x{sum_.count}" for sum_ in held])


def _row(booking: Booking, now: dt.datetime) -> dict[str, Any]:
    text, tone = host_phrases.pill(booking)
    starts, ends = host_phrases.local_times(booking)
    return {
        "booking": booking,
        "pill": text,
        "tone": tone,
        "stay": host_phrases.write_stay(booking),
        "length": host_phrases.write_length(booking),
        "left": host_phrases.time_left(booking, now),
        "starts": starts,
        "ends": ends,
        "zone": starts.tzinfo,
        "url": _page_url(booking),
    }


def _channels(request: HttpRequest) -> str:
    """Return the Pusher channels of the person's venues; staff poll, for they would need all of them."""
    if person_of(request).is_platform_staff:
        return ""
    from rooms.team.permissions import venues_of

    slugs = venues_of(request.user).order_by("pk").values_list("slug", flat=True)[:MOST_CHANNELS]
    return " ".join(f"private-venue-{slug}" for slug in slugs)


# --- a booking's page -----------------------------------------------------------------------------------------


def booking_page(request: HttpRequest, booking: Booking) -> HttpResponse:
    """A booking with its facts, money and history; GET only, for nothing here is a form."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    context = {
        **admin.site.each_context(request),
        **_page_context(request, booking),
        "title": booking.reference,
        "subtitle": booking.guest_name,
        "opts": Booking._meta,
        "original": booking,
    }
    return TemplateResponse(request, "admin/bookings/booking/page.html", context)


def live(request: HttpRequest, booking: Booking) -> HttpResponse:
    """The changing part of a booking's page, fetched by live.js."""
    return render(request, "admin/bookings/booking/_live.html", _page_context(request, booking))


def _page_context(request: HttpRequest, booking: Booking) -> dict[str, Any]:
    now = clock.now()
    collected = panels.collect(booking, panels.HOST)
    is_moving = booking.is_capturing or any(panel.is_under_way for panel in collected)
    return _row(booking, now) | {
        "now": now,
        "decisions": [_offer(booking, verb) for verb in host_phrases.open_verbs(booking, now)],
        "panels": panels.render(collected, request),
        "timeline": selectors.timeline(booking, panels.HOST),
        "state": panels.fingerprint(booking, collected),
        "poll_seconds": QUICK_POLL_SECONDS if is_moving else "",
    }


def _offer(booking: Booking, verb: str) -> dict[str, Any]:
    return {"decision": DECISIONS[verb], "url": _decision_url(booking, verb)}


# --- decisions ------------------------------------------------------------------------------------------------


def decide(request: HttpRequest, booking: Booking, verb: str) -> HttpResponse:
    """GET says exactly what would happen; POST does it through the booking's verb and goes back to its page."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD, POST"})
    decision = DECISIONS[verb]
    form = _form(request, booking, decision)
    is_valid = request.method == "POST" and (form is None or form.is_valid())
    preview = _preview(form, booking, request.POST) if is_valid and form else {}
    if is_valid and not preview:
        return _do(request, booking, decision, form.arguments() if form else {})
    now = clock.now()
    if request.method != "POST" and verb not in host_phrases.open_verbs(booking, now):
        messages.warning(request, why_not(booking, verb, now))
        return HttpResponseRedirect(_page_url(booking))
    context = {
        **admin.site.each_context(request),
        **_row(booking, now),
        "title": decision.question,
        "decision": decision,
        "consequence": host_phrases.consequence(verb, booking),
        "earned": import_string(settings.BOOKING_EARNINGS)(booking) if verb == "approve" else [],
        "form": form,
        "opts": Booking._meta,
        "original": booking,
        **preview,
    }
    status = 422 if form is not None and form.errors else 200
    return TemplateResponse(request, "admin/bookings/booking/confirm.html", context, status=status)


def _preview(form: DecisionForm, booking: Booking, data: Any) -> dict[str, Any]:
    """Return what a typed fee would do, until somebody has seen it and said yes; "Change" leads back to the form.

    What the booking costs may change in between: then it is shown anew.
    """
    fee_minor = form.arguments().get("fee_minor")
    if "change" in data:
        return {"title": DECISIONS["cancel"].question}
    if fee_minor is None or (
        "confirmed" in data and data.get("seen_minor") in (None, str(booking.due_minor))
    ):
        return {}
    kept, back = (format_minor(sum_, booking.currency) for sum_ in (fee_minor, booking.due_minor - fee_minor))
    return {
        "question": f"Cancel, keep {kept} and give back {back}?",
        "consequence": host_phrases.consequence("cancel", booking, fee_minor=fee_minor),
        "is_preview": True,
        "seen_minor": str(booking.due_minor),
    }


def _form(request: HttpRequest, booking: Booking, decision: Decision) -> DecisionForm | None:
    data = request.POST if request.method == "POST" else None
    if decision.verb == "cancel" and person_of(request).is_platform_staff and booking.due_minor:
        return FeeForm(decision, data, booking=booking)
    return DecisionForm(decision, data) if decision.reason else None


def _do(
    request: HttpRequest, booking: Booking, decision: Decision, arguments: dict[str, Any]
) -> HttpResponse:
    told = host_phrases.consequence(decision.verb, booking, fee_minor=arguments.get("fee_minor") or 0)
    try:
        done = _verb(decision.verb, request.user, **arguments)(booking.pk)
    except BookingError as error:
        messages.error(request, explain(error, booking))
    else:
        if _was_so_before(decision.verb, booking, done, request.user):
            messages.info(request, why_not(done, decision.verb, clock.now()))
        else:
            messages.success(request, f"{decision.done} {outcome(done, told)}")
    return HttpResponseRedirect(_page_url(booking))


def _was_so_before(verb: str, before: Booking, after: Booking, user: Any) -> bool:
    """The same decision again is answered with the first one, which may be a colleague's."""
    if verb in ("approve", "decline"):
        return bool(before.decision) or after.decision_made_by_id != user.pk
    return before.status == after.status


def _verb(
    name: str, user: Any, *, reason: str = "", fee_minor: int | None = None
) -> Callable[[int], Booking]:
    actor = member_actor(user)
    return {
        "approve": lambda pk: booking_services.approve(booking_id=pk, actor=actor),
        "decline": lambda pk: booking_services.decline(booking_id=pk, actor=actor, reason=reason),
        "cancel": lambda pk: booking_services.cancel(
            booking_id=pk, actor=actor, reason=reason, fee_minor=fee_minor
        ),
        "complete": lambda pk: booking_services.complete(booking_id=pk, actor=actor),
    }[name]


def outcome(booking: Booking, told: str) -> str:
    """Say what is under way after a decision; `told` is what the confirm step had said."""
    if booking.is_capturing:
        amount = format_minor(booking.due_minor, booking.currency)
        return f"{amount} is being charged; the booking turns to Confirmed by itself."
    return told


def explain(error: BookingError, booking: Booking) -> str:
    """Say why a decision was refused, with times as they are at the venue."""
    if isinstance(error, AlreadyDecided):
        return f"Already {error.decision} by {error.by} on {_local(error.at, booking)}. Nothing was changed."
    if isinstance(error, DecisionOverdue):
        return f"The time to answer ended on {_local(error.decide_by, booking)}. Nothing was changed."
    return f"{error.message} Nothing was changed."


def why_not(booking: Booking, verb: str, now: dt.datetime) -> str:
    """Say why a decision is not open, before anybody tries."""
    if verb in ("approve", "decline") and booking.decision_made_at:
        decided = booking.get_decision_display().lower()
        when = _local(booking.decision_made_at, booking)
        return f"Already {decided} by {booking.decision_made_by} on {when}."
    if verb == "approve" and booking.is_undecided and booking.decide_by:
        return f"The time to answer ended on {_local(booking.decide_by, booking)}."
    if verb == "cancel" and booking.is_undecided:
        return "This request waits for an answer: approve or decline it."
    if verb == "complete" and now < booking.starts_at:
        return "This booking has not begun yet."
    return f"This booking is {host_phrases.pill(booking)[0].lower()}."


def _local(instant: dt.datetime, booking: Booking) -> str:
    return dates.staff_moment_in_zone(instant, booking.time_zone)


# --- many at once ---------------------------------------------------------------------------------------------


def approve_many(request: HttpRequest, queryset: BookingQuerySet) -> HttpResponse:
    """First a page with each request's consequence; its POST approves them one by one and lists each result."""
    rows = queryset.knowing_captures().order_by(*host_phrases.URGENT_FIRST)
    context = {**admin.site.each_context(request), "opts": Booking._meta, "checkbox": ACTION_CHECKBOX_NAME}
    if request.POST.get("confirmed"):
        results = [_approve_one(request.user, booking) for booking in rows[:MOST_AT_ONCE]]
        count = sum(result["ok"] for result in results)
        context |= {"title": f"{count} of {len(results)} approved", "results": results}
        return TemplateResponse(request, "admin/bookings/booking/approved.html", context)
    now = clock.now()
    chosen = [_candidate(booking, now) for booking in rows[: MOST_AT_ONCE + 1]]
    open_rows = [row for row in chosen[:MOST_AT_ONCE] if row["may"]]
    context |= {
        "title": f"Approve {len(open_rows)} request{'' if len(open_rows) == 1 else 's'}?",
        "rows": open_rows,
        "left_out": [row for row in chosen[:MOST_AT_ONCE] if not row["may"]],
        "most": MOST_AT_ONCE if len(chosen) > MOST_AT_ONCE else 0,
    }
    return TemplateResponse(request, "admin/bookings/booking/approve_many.html", context)


def _candidate(booking: Booking, now: dt.datetime) -> dict[str, Any]:
    may = "approve" in host_phrases.open_verbs(booking, now)
    text = host_phrases.consequence("approve", booking) if may else why_not(booking, "approve", now)
    return _row(booking, now) | {"may": may, "text": text}


def _approve_one(user: Any, booking: Booking) -> dict[str, Any]:
    told = host_phrases.consequence("approve", booking)
    row = _row(booking, clock.now())
    try:
        done = _verb("approve", user)(booking.pk)
    except BookingError as error:
        return row | {"ok": False, "text": explain(error, booking)}
    if done.is_capturing:
        amount = format_minor(done.due_minor, done.currency)
        return row | {
            "ok": True,
            "text": f"{amount} is being charged; confirmed as soon as the bank has answered.",
        }
    return row | {"ok": True, "text": told}


def _page_url(booking: Booking) -> str:
    return reverse("admin:bookings_booking_change", args=[booking.pk])


def _decision_url(booking: Booking, verb: str) -> str:
    return reverse(f"admin:bookings_booking_{verb}", args=[booking.pk])
