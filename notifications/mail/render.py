"""From a message and a booking to a finished mail: subject, text and HTML of the same paragraphs.

The paragraphs are rendered once as plain text, and the HTML layout holds the same, escaped: nothing anybody
typed can become markup, and the two versions always say the same.
"""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template import Context, Engine
from django.template.loader import render_to_string
from django.urls import reverse

from bookings.models import Booking, BookingEvent
from bookings.phrases import money_back
from bookings.phrases.host import write_length
from bookings.states import DEAD, Status
from core import clock, dates
from core.money import format_minor
from notifications.mail.catalog import GUEST, GUEST_TAIL, HOSTS, STAFF, TEAM, Message
from notifications.mail.phrases import inert
from notifications.mail.recipients import reply_address
from rooms import sales_modes
from rooms.models import Room

FOLDER = "notifications/mail"
QUOTE_LIMIT = 1000
SUBJECT_LIMIT = 60
# The site's colors, as mail programs need them.
BARS = {"held": "#e7a02c", "good": "#17653a", "bad": "#a02d1b", "quiet": "#0d5b4c"}
# Why somebody who is no guest gets a mail: its last lines.
REASONS = {
    HOSTS: "you are on the team of {venue}",
    TEAM: "you are on the team of {venue}, or run Roomhold",
    STAFF: "you run Roomhold",
}
BLANK_LINES = re.compile(r"\n\s*\n")


@dataclass(frozen=True)
class Letter:
    """A mail's subject and its two bodies."""

    subject: str
    text: str
    html: str


def write(message: Message, booking: Booking, event: BookingEvent) -> Letter:
    """Write a message about a booking, whose venue and room should be loaded, as it stands now."""
    facts = facts_of(booking, event, is_for_guest=message.audience == GUEST)
    paragraphs = _paragraphs(message.name, facts)
    context = {
        "heading": message.heading,
        "bar": BARS[message.tone],
        "reference": booking.reference,
        "greeting": f"Hello {facts['guest']}," if message.audience == GUEST else "Hello,",
        "paragraphs": paragraphs,
        "preview": paragraphs[0],
        "quote": _quote(message, booking, event),
        "rows": _rows(message, booking, facts),
        "action": message.action,
        "link": guest_link(booking) if message.audience == GUEST else host_link(booking),
        "is_for_guest": message.audience == GUEST,
        "because": REASONS.get(message.audience, "").format(venue=facts["venue"]),
        "venue": facts["venue"],
        "guest": facts["guest"],
        "venue_phone": inert(booking.venue.phone, 40),
        "may_answer": bool(reply_address(message, booking)),
        "site_url": settings.SITE_URL,
    }
    return Letter(
        subject=subject_of(message, booking, facts),
        text=as_text(context),
        html=render_to_string(f"{FOLDER}/layout.html", context),
    )


def subject_of(message: Message, booking: Booking, facts: dict[str, Any]) -> str:
    """Write what to do or what happened, which room, and when; after what a guest's subject always begins with."""
    parts = {
        "act": message.act.format(**facts),
        "what": inert(booking.session.title if booking.session else booking.room.name, SUBJECT_LIMIT),
        "date": dates.guest_date(booking.starts_at, booking.time_zone),
        "size": write_length(booking),
        "reference": booking.reference,
    }
    return (message.subject + (GUEST_TAIL if message.audience == GUEST else "")).format(**parts)


def guest_link(booking: Booking) -> str:
    """Return the secret link of a booking's page: a guest without an account has no other way in."""
    return f"{settings.SITE_URL}{booking.secret_path}"


def host_link(booking: Booking) -> str:
    """Return the request's page in the admin."""
    return f"{settings.SITE_URL}{reverse('admin:bookings_booking_change', args=[booking.pk])}"


def facts_of(booking: Booking, event: BookingEvent, *, is_for_guest: bool) -> dict[str, Any]:
    """Return what subject and paragraphs may speak of; whatever people typed is on one line and inert.

    Instants are written as guests read them, or as hosts and staff do.
    """
    zone, venue = booking.time_zone, booking.venue
    taken_minor = booking.taken_early_minor
    write_moment = dates.full_moment_in_zone if is_for_guest else dates.staff_moment_in_zone

    def moment(instant: dt.datetime | None) -> str:
        return write_moment(instant, zone) if instant else ""

    def soon(instant: dt.datetime | None) -> str:
        return dates.deadline(instant, zone, is_for_guest=is_for_guest) if instant else ""

    return {
        "reference": booking.reference,
        "guest": inert(booking.guest_name, 80) or "guest",
        "room": inert(booking.room.name),
        "venue": inert(venue.name),
        "place": inert(f"{venue.address}, {venue.city}, {venue.get_country_display()}", 240),
        "starts": moment(booking.starts_at),
        "ends": moment(booking.ends_at),
        "first_day": dates.full_date(booking.starts_at, zone),
        "total": format_minor(booking.total_minor, booking.currency),
        **_parts(booking),
        "pay_by": moment(booking.payment_due_at),
        "decide_by": moment(booking.decide_by),
        "pay_by_soon": soon(booking.payment_due_at),
        "decide_by_soon": soon(booking.decide_by),
        "held_until": dates.full_date(booking.held_until, zone) if booking.held_until else "",
        "money_back": _money_back(booking),
        "is_free": booking.total_minor == 0,
        "is_paid": booking.paid_at is not None,
        "is_held": booking.authorized_at is not None and booking.paid_at is None,
        "taken": format_minor(taken_minor, booking.currency) if taken_minor else "",
        "is_taken_after": booking.capture == Room.Capture.AFTER_COMPLETION,
        "visit": sales_modes.visit_word(booking.room),
        "is_by_night": booking.room.is_by_night,
        "was_approved": booking.is_approved,
        "by_guest": event.actor_kind == BookingEvent.Actor.GUEST,
        "by_host": event.actor_kind == BookingEvent.Actor.HOST,
        "from_status": event.from_status,
        **_refund_facts(booking, event),
        **_case_facts(booking, event),
        "answer_by": moment(_instant(event.data.get("due_by", ""))),
        **_ending_facts(booking, event),
    }


def _money_back(booking: Booking) -> str:
    """Say what becomes of the money of a booking that has ended, as its page does."""
    if booking.status not in DEAD:
        return ""
    known = money_back.outlook(booking, booking.closed_at or clock.now())
    return money_back.of_ended(booking, known).sentence


def _parts(booking: Booking) -> dict[str, Any]:
    """Return what of the price is a card's, and what came without one: a credit, or money paid by hand."""
    paid_minor = booking.without_card_minor
    return {
        "on_card": format_minor(booking.card_minor, booking.currency),
        "is_on_card": booking.card_minor > 0,
        "without_card": format_minor(paid_minor, booking.currency) if paid_minor else "",
    }


def _refund_facts(booking: Booking, event: BookingEvent) -> dict[str, Any]:
    """Return what an event knows of money given back: amount, the provider's id, the days it should arrive."""
    data = event.data
    amount = data.get("refund_minor", data.get("amount_minor", 0))
    return {
        "amount": format_minor(amount, booking.currency),
        "stays": format_minor(data.get("due_minor", booking.due_minor), booking.currency),
        "refund_id": inert(data.get("refund", "")) if data.get("channel") == "provider" else "",
        "bank_reference": inert(data.get("bank_reference", "")),
        "channel": data.get("channel", ""),
        "shown_by": money_back.shown_by(_day(data.get("expected_by", ""))),
    }


def _instant(text: str) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def _ending_facts(booking: Booking, event: BookingEvent) -> dict[str, str]:
    """Return how subjects name an ending: by whom, or why."""
    by = {BookingEvent.Actor.GUEST: " by you", BookingEvent.Actor.HOST: " by the host"}
    was_unpaid = event.from_status == Status.PENDING_PAYMENT
    return {
        "cancelled_by": f"Cancelled{by.get(BookingEvent.Actor(event.actor_kind), '')}",
        "ended": "Not paid in time" if was_unpaid else "Request expired",
    }


def _case_facts(booking: Booking, event: BookingEvent) -> dict[str, Any]:
    """Return what an event knows of a dispute, or of what was done at the provider."""
    twice, left = (event.data.get(name, 0) for name in ("twice_minor", "left_twice_minor"))
    return {
        "given": _given_back(event.data.get("given", {}), booking.currency),
        "twice": format_minor(twice, booking.currency) if twice else "",
        "left_twice": format_minor(left, booking.currency) if left else "",
        "case": "Inquiry" if event.data.get("is_inquiry") else "Dispute",
        "is_inquiry": bool(event.data.get("is_inquiry")),
        "was_done": event.verb.removeprefix("external_"),
    }


# How money went back, by the word an event has for it.
WAYS_BACK = {"provider": "the way it was paid", "credit": "as a credit", "hand": "by hand"}


def _given_back(by_channel: dict[str, int], currency: str) -> str:
    parts = [f"{format_minor(minor, currency)} {WAYS_BACK[name]}" for name, minor in by_channel.items()]
    return " and ".join(parts)


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _paragraphs(name: str, facts: dict[str, Any]) -> list[str]:
    text = _written(f"{FOLDER}/{name}.txt", facts)
    return [" ".join(part.split()) for part in BLANK_LINES.split(text) if part.strip()]


def _quote(message: Message, booking: Booking, event: BookingEvent) -> dict[str, str] | None:
    typed = {"message": booking.message, "reason": event.reason}.get(message.quotes, "")
    text = inert(typed, QUOTE_LIMIT)
    if not text:
        return None
    by_guest = message.quotes == "message" or event.actor_kind == BookingEvent.Actor.GUEST
    if by_guest:
        who = "You" if message.audience == GUEST else "The guest"
    else:
        who = "The host" if event.actor_kind == BookingEvent.Actor.HOST else "Roomhold"
    return {"who": f"{who} wrote:", "text": text}


def _rows(message: Message, booking: Booking, facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the table of facts every mail carries."""
    first, last = ("Check-in", "Check-out") if facts["is_by_night"] else ("Starts", "Ends")
    rows = [("Booking", booking.reference), ("Room", f"{facts['room']}, {facts['venue']}")]
    if message.audience == GUEST:
        rows.append(("Address", facts["place"]))
    else:
        rows.append(("Guest", facts["guest"]))
    if message.audience == GUEST and booking.status in (Status.CONFIRMED, Status.COMPLETED):
        # An address is no text anybody may choose freely: it was checked to be one.
        reached = [inert(booking.venue.phone, 40), booking.venue.email]
        rows.append(("Reach the venue", " · ".join(filter(None, reached))))
    people = "Guests" if message.audience == GUEST else "People"
    rows += [(first, facts["starts"]), (last, facts["ends"]), (people, str(booking.party_size))]
    if not facts["is_free"]:
        rows.append(("Total", facts["total"]))
    if facts["refund_id"]:
        rows += [("Refund", facts["amount"]), ("Refund number", facts["refund_id"])]
    if facts["bank_reference"]:
        rows.append(("For your bank", facts["bank_reference"]))
    return rows


def as_text(context: dict[str, Any]) -> str:
    """Return a mail's plain version of the same facts as its HTML."""
    text = _written(f"{FOLDER}/layout.txt", context)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _written(template: str, facts: dict[str, Any]) -> str:
    """Render plain text: nothing is escaped."""
    return Engine.get_default().get_template(template).render(Context(facts, autoescape=False))
