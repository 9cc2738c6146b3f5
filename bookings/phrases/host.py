"""What a venue's desk looks at: requests to answer, arrivals, money held; and what a decision does to the money."""

import datetime as dt
import zoneinfo
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, OrderBy, Q, QuerySet, Sum, When

from bookings.models import Booking
from bookings.states import Status, allows
from core import dates
from core.money import format_minor
from rooms import sales_modes
from rooms.availability.stays import count_units
from rooms.models import Room

INBOX_ROWS = 25
ARRIVAL_ROWS = 50
# Wall dates differ by up to 26 h around the world: wide enough for "today" in every zone.
ARRIVAL_WINDOW = dt.timedelta(hours=26)
SOON = dt.timedelta(hours=2)

TONES = {
    Status.DRAFT: "quiet", Status.PENDING_PAYMENT: "quiet", Status.PENDING_APPROVAL: "held",
    Status.CONFIRMED: "good", Status.COMPLETED: "quiet", Status.DECLINED: "bad", Status.CANCELLED: "bad",
    Status.EXPIRED: "bad",
}  # fmt: skip

UNDECIDED = Q(status=Status.PENDING_APPROVAL, decision="")
CAPTURING = Q(status=Status.PENDING_APPROVAL) & ~Q(decision="")

# Undecided requests first, the most urgent on top; then the newest.
URGENT_FIRST: tuple[OrderBy | str, ...] = (
    Case(When(UNDECIDED, then=F("decide_by"))).asc(nulls_last=True), "-created_at", "-pk",
)  # fmt: skip


@dataclass(frozen=True)
class Held:
    """Money held for bookings that are not charged yet, in minor units of one currency."""

    currency: str
    amount_minor: int
    count: int


@dataclass(frozen=True)
class TimeLeft:
    """How long a host may still answer; `tone` is quiet, soon or over."""

    text: str
    tone: str


def requests_of(user: Any) -> QuerySet[Booking]:
    """Return what a member or staff must answer or see through: undecided by deadline, then those being charged."""
    rows = Booking.objects.of_venues_of(user).filter(UNDECIDED | CAPTURING)
    return rows.select_related("venue", "room").order_by(*URGENT_FIRST)


def undecided_count(user: Any) -> int:
    """Return how many requests wait for an answer (one query)."""
    return Booking.objects.of_venues_of(user).filter(UNDECIDED).count()


def arrivals_of(user: Any, now: dt.datetime) -> list[Booking]:
    """Return the confirmed bookings that begin today, as the calendar hangs at each venue."""
    rows = (
        Booking.objects.of_venues_of(user)
        .filter(
            status=Status.CONFIRMED,
            starts_at__gt=now - ARRIVAL_WINDOW,
            starts_at__lt=now + ARRIVAL_WINDOW,
        )
        .select_related("venue", "room")
        .order_by("starts_at", "pk")
    )
    return [row for row in rows if _is_today(row, now)][:ARRIVAL_ROWS]


def _is_today(booking: Booking, now: dt.datetime) -> bool:
    zone = zoneinfo.ZoneInfo(booking.time_zone)
    return booking.starts_at.astimezone(zone).date() == now.astimezone(zone).date()


def money_held(user: Any) -> list[Held]:
    """Return the money held and not taken, by currency (one query)."""
    held = Booking.objects.of_venues_of(user).filter(
        status__in=[Status.PENDING_APPROVAL, Status.CONFIRMED],
        authorized_at__isnull=False,
        paid_at__isnull=True,
    )
    rows = held.values_list("currency").annotate(Sum("due_minor"), Count("pk")).order_by("currency")
    return [Held(*row) for row in rows]


# --- in words -------------------------------------------------------------------------------------------------


def pill(booking: Booking) -> tuple[str, str]:
    """Return a booking's state in one or two words, and its tone: held, good, bad or quiet."""
    if booking.is_undecided:
        return "To decide", "held"
    if booking.is_capturing:
        return "Capturing…", "held"
    return booking.get_status_display(), TONES[Status(booking.status)]


def time_left(booking: Booking, now: dt.datetime) -> TimeLeft | None:
    """Return how long an undecided request may still be answered; None where nothing is to be decided."""
    if not booking.is_undecided or booking.decide_by is None:
        return None
    left = booking.decide_by - now
    if left <= dt.timedelta(0):
        return TimeLeft("time is over", "over")
    return TimeLeft(f"{write_span(left)} left", "soon" if left <= SOON else "quiet")


def write_span(span: dt.timedelta) -> str:
    """Write a length of time in its two largest units: `2 d 3 h`, `5 h 12 min`, `40 min`."""
    minutes = int(span.total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else "less than a minute"


def write_stay(booking: Booking) -> str:
    """Write the dates in the venue's zone: `Nov 30 – Dec 2, 2026`, or `Nov 30, 2026, 10:00–12:00`."""
    write = dates.date_span if booking.room.is_by_night else dates.staff_span
    return write(booking.starts_at, booking.ends_at, booking.time_zone)


def write_length(booking: Booking) -> str:
    """Write `2 nights`, `3 hours`, `1 appointment`, or `4 seats`."""
    starts, ends = local_times(booking)
    if booking.room.is_by_night:
        return count_units((ends.date() - starts.date()).days, Room.Unit.NIGHT)
    if booking.session_id:
        return count_units(booking.party_size, Room.Unit.SEAT)
    if booking.room.unit == Room.Unit.APPOINTMENT:
        length = dt.timedelta(minutes=booking.room.appointment_minutes)
        return count_units(
            max(round((booking.ends_at - booking.starts_at) / length), 1), Room.Unit.APPOINTMENT
        )
    hours, rest = divmod(booking.ends_at - booking.starts_at, dt.timedelta(hours=1))
    return write_span(booking.ends_at - booking.starts_at) if rest else count_units(hours, Room.Unit.HOUR)


def local_times(booking: Booking) -> tuple[dt.datetime, dt.datetime]:
    """Return start and end as wall times of the venue when it was booked."""
    zone = zoneinfo.ZoneInfo(booking.time_zone)
    return booking.starts_at.astimezone(zone), booking.ends_at.astimezone(zone)


# --- what a person may do, and what it does to the money ------------------------------------------------------


def open_verbs(booking: Booking, now: dt.datetime) -> list[str]:
    """Return the verbs a member may use now, the main one first: approve, decline, complete, cancel."""
    verbs = []
    if booking.is_undecided and (booking.decide_by is None or now <= booking.decide_by):
        verbs.append("approve")
    if booking.is_undecided:
        verbs.append("decline")
    if allows("complete", booking.status) and now >= booking.starts_at:
        verbs.append("complete")
    if allows("cancel", booking.status) and not booking.is_undecided:
        verbs.append("cancel")
    return verbs


def consequence(verb: str, booking: Booking, *, fee_minor: int = 0) -> str:
    """Say what happens to the money if a member or staff does `verb` now; their cancelling costs the guest nothing,
    unless staff keep a fee by hand.
    """
    if verb == "approve":
        return _approved(booking)
    if verb == "complete":
        return _completed(booking)
    return _given_back(booking, fee_minor)


def _approved(booking: Booking) -> str:
    total = format_minor(booking.due_minor, booking.currency)
    if not booking.total_minor:
        return "There is nothing to pay: the booking is confirmed at once."
    if not booking.venue.takes_online_payment:
        return f"The booking is confirmed at once. {total} is paid at the venue; nothing is charged here."
    is_taken_after = booking.capture == Room.Capture.AFTER_COMPLETION
    after = f"after the {sales_modes.visit_word(booking.room)}"
    if booking.approval == Room.Approval.BEFORE_PAYMENT and is_taken_after:
        return f"The guest is asked to have {total} held on a card. It is charged only {after}."
    if booking.approval == Room.Approval.BEFORE_PAYMENT:
        return f"The guest is asked to pay {total}. Nothing is charged until the guest does."
    if taken_minor := booking.taken_early_minor:
        taken = format_minor(taken_minor, booking.currency)
        return f"{taken} was taken from the guest's card already; nothing more is charged."
    if is_taken_after:
        held = format_minor(booking.card_minor, booking.currency)
        return (
            f"The booking is confirmed at once. {held} stays held on the guest's card and is charged {after}."
        )
    if held_minor := booking.card_minor:
        return f"{format_minor(held_minor, booking.currency)} will be charged to the guest's card now."
    return f"{total} is paid already; nothing more is charged."


def _given_back(booking: Booking, fee_minor: int) -> str:
    if fee_minor:
        fee = format_minor(fee_minor, booking.currency)
        rest = format_minor(booking.due_minor - fee_minor, booking.currency)
        return f"{fee} is kept; {rest} goes back to the guest."
    amount = format_minor(booking.due_minor, booking.currency)
    if booking.paid_at and booking.due_minor:
        return f"{amount} will be returned to the guest's card, in full."
    if booking.is_capturing and booking.authorized_at:
        return f"The charge of {amount} is under way; all of it goes back to the guest's card."
    if taken_minor := booking.taken_early_minor:
        return f"The {format_minor(taken_minor, booking.currency)} taken from the guest's card is refunded in full."
    if booking.authorized_at and booking.due_minor:
        return _let_go(booking)
    return "Nothing was paid, and nothing is charged."


def _let_go(booking: Booking) -> str:
    """Say what becomes of a hold, and of what was paid without a card."""
    held_minor, paid_minor = booking.card_minor, booking.without_card_minor
    held = f"The hold of {format_minor(held_minor, booking.currency)} will be released; nothing is charged."
    paid = f"{format_minor(paid_minor, booking.currency)} paid without a card goes back to the guest."
    return " ".join([*([held] if held_minor else []), *([paid] if paid_minor else [])])


def _completed(booking: Booking) -> str:
    if booking.capture == Room.Capture.AFTER_COMPLETION and booking.authorized_at and not booking.paid_at:
        return f"{format_minor(booking.card_minor, booking.currency)} will be charged to the guest's card soon after."
    return "Nothing changes about the money."
