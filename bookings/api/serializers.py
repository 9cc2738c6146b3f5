"""A booking as JSON, for its guest or for the venue's side."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from bookings import cancellation, panels, selectors
from bookings.models import Booking, BookingEvent
from bookings.panels import HOST
from bookings.phrases import guest as guest_phrases
from core import clock
from rooms.availability.stays import Stay
from rooms.models import Room, Session
from rooms.search.calendar import Alternatives


def instant(moment: dt.datetime | None) -> str | None:
    """Write an instant as ISO 8601 with offset."""
    return moment.isoformat() if moment else None


def summary_json(booking: Booking) -> dict[str, Any]:
    """Return a booking as lists show it (schema BookingSummary); expects room and venue at hand."""
    room, zone = booking.room, ZoneInfo(booking.time_zone)
    venue = room.venue
    return {
        "reference": booking.reference,
        "status": booking.status,
        "version": booking.version,
        "room": {
            "path": room.path, "name": room.name, "venue": venue.slug, "venue_name": venue.name, "kind": room.kind,
        },
        "session": booking.session_id,
        "guest": {"name": booking.guest_name, "email": booking.guest_email, "phone": booking.guest_phone},
        "party_size": booking.party_size,
        "starts_at": booking.starts_at.astimezone(zone).isoformat(),
        "ends_at": booking.ends_at.astimezone(zone).isoformat(),
        "time_zone": booking.time_zone,
        "total_minor": booking.total_minor,
        "due_minor": booking.due_minor,
        "currency": booking.currency,
        "payment_due_at": instant(booking.payment_due_at),
        "decide_by": instant(booking.decide_by),
        "created_at": instant(booking.created_at),
        "updated_at": instant(booking.updated_at),
    }  # fmt: skip


def detail_json(booking: Booking, viewer: str) -> dict[str, Any]:
    """Return a booking whole (schema BookingOut), with what the panels add; `viewer` is "guest" or "host"."""
    added: dict[str, Any] = {}
    for panel in panels.collect(booking, viewer):
        added |= panel.json
    return added | summary_json(booking) | _own_details(booking, viewer)


def alternatives_json(room: Room, found: Alternatives) -> dict[str, list[dict]]:
    """Return what else is free, each entry ready to be sent as a new request."""
    return {
        "stays": [_stay_json(room, stay) for stay in found.stays],
        "sessions": [_session_json(room, session) for session in found.sessions],
        "rooms": [
            {
                "room": other.path, "name": other.name, "price_minor": other.price_minor,
                "currency": other.venue.currency, "url": settings.SITE_URL + other.get_absolute_url(),
            }
            for other in found.rooms
        ],
    }  # fmt: skip


def _own_details(booking: Booking, viewer: str) -> dict[str, Any]:
    step = selectors.next_step(booking)
    events = booking.events.select_related("actor").order_by("version")
    return {
        "message": booking.message,
        "lines": booking.lines,
        "tax_minor": booking.tax_minor,
        "policy": booking.policy,
        "cancellation": cancellation.terms_json(booking, clock.now()),
        "approval": booking.approval,
        "capture": booking.capture,
        "authorized_at": instant(booking.authorized_at),
        "held_until": instant(booking.held_until),
        "paid_at": instant(booking.paid_at),
        "confirmed_at": instant(booking.confirmed_at),
        "closed_at": instant(booking.closed_at),
        "decision": _decision_json(booking, viewer),
        "next_step": {
            "who": step.who, "headline": step.headline, "sentence": step.sentence,
            "deadline": instant(step.deadline),
        },
        "history": [_event_json(booking, event, viewer) for event in events],
        "url": settings.SITE_URL + booking.get_absolute_url(),
    }  # fmt: skip


def _decision_json(booking: Booking, viewer: str) -> dict[str, Any] | None:
    if not booking.decision:
        return None
    # Guests deal with the venue, not with a person of its team.
    by = str(booking.decision_made_by) if viewer == HOST else booking.venue.name
    return {
        "decision": booking.decision,
        "made_at": instant(booking.decision_made_at),
        "made_by": by,
        "reason": booking.decision_reason,
    }


def _event_json(booking: Booking, event: BookingEvent, viewer: str) -> dict[str, Any]:
    told = guest_phrases.moment(booking, event, viewer)
    return {
        "version": event.version,
        "at": instant(event.created_at),
        "verb": event.verb,
        "from_status": event.from_status,
        "to_status": event.to_status,
        "actor_kind": event.actor_kind,
        "actor": told.actor,
        "title": told.title,
        "detail": told.detail,
        "reason": told.quote,
    }


def _stay_json(room: Room, stay: Stay) -> dict[str, str]:
    zone = room.venue.zone
    start, end = stay.starts_at.astimezone(zone), stay.ends_at.astimezone(zone)
    if room.is_by_night:
        return {"check_in": start.date().isoformat(), "check_out": end.date().isoformat()}
    return {"start": start.isoformat(), "end": end.isoformat()}


def _session_json(room: Room, session: Session) -> dict[str, Any]:
    zone = room.venue.zone
    return {
        "session": session.pk, "title": session.title, "seats_left": session.seats_left,
        "starts_at": session.starts_at.astimezone(zone).isoformat(),
        "ends_at": session.ends_at.astimezone(zone).isoformat(),
    }  # fmt: skip
