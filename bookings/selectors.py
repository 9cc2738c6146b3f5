"""Reads of bookings for pages, mails, the admin and the API."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Prefetch, Q, QuerySet

from bookings import links
from bookings.models import Booking
from bookings.phrases import guest as guest_phrases
from bookings.phrases import money_back
from bookings.phrases.guest import Moment, NextStep
from bookings.states import DEAD, Status
from core import clock
from rooms.availability.occupancy import is_free
from rooms.availability.stays import InvalidStay, Stay, check_stay, stay_of
from rooms.models import Room, RoomPhoto

S = Status
TABS = {"upcoming": "Upcoming", "awaiting": "Awaiting", "past": "Past", "cancelled": "Cancelled"}


def booking_for_guest(reference: str, *, user: Any = None, secret: str = "") -> Booking | None:
    """Return a booking to its guest, known by login or by the secret of its link; None to anybody else."""
    booking = (
        Booking.objects.select_related("venue", "room__venue", "room__policy", "session")
        .filter(reference=reference)
        .first()
    )
    if booking is None:
        return None
    is_owner = user is not None and user.is_authenticated and booking.guest_id == user.pk
    knows_secret = booking.is_secret(secret) and not links.has_ended(booking)
    return booking if is_owner or knows_secret else None


def bookings_of_guest(user: Any, tab: str = "", now: dt.datetime | None = None) -> QuerySet[Booking]:
    """Return a guest's bookings of a tab (see TABS; all without one), nearest first, each with room and photos."""
    bookings = Booking.objects.filter(guest=user).select_related("venue", "room__venue")
    photos = Prefetch("room__photos", RoomPhoto.objects.order_by("position", "pk"))
    bookings = bookings.knowing_captures().prefetch_related(photos)
    if tab:
        bookings = bookings.filter(_of_tab(tab, now or clock.now()))
    return bookings.order_by("starts_at" if tab == "upcoming" else "-starts_at", "pk")


def count_by_tab(user: Any, now: dt.datetime | None = None) -> dict[str, int]:
    """Return how many bookings each tab of a guest holds (one query)."""
    now = now or clock.now()
    counts = {tab: Count("pk", filter=_of_tab(tab, now)) for tab in TABS}
    return Booking.objects.filter(guest=user).aggregate(**counts)


def _of_tab(tab: str, now: dt.datetime) -> Q:
    return {
        "upcoming": Q(status=S.CONFIRMED, ends_at__gt=now),
        "awaiting": Q(status__in=[S.DRAFT, S.PENDING_PAYMENT, S.PENDING_APPROVAL]),
        "past": Q(status=S.COMPLETED) | Q(status=S.CONFIRMED, ends_at__lte=now),
        "cancelled": Q(status__in=[S.CANCELLED, S.DECLINED, S.EXPIRED]),
    }[tab]


def timeline(booking: Booking, viewer: str = guest_phrases.GUEST) -> list[Moment]:
    """Return what happened to a booking in words, oldest first (one query); `viewer` is "guest" or "host"."""
    events = booking.events.select_related("actor").order_by("version")
    return [guest_phrases.moment(booking, event, viewer) for event in events]


def next_step(booking: Booking) -> NextStep:
    """Return who acts next on a booking, until when, and a sentence to its guest; one that has ended asks payments."""
    known = money_back.outlook(booking, booking.closed_at or clock.now()) if booking.status in DEAD else None
    return guest_phrases.next_step(booking, known or money_back.NOTHING_KNOWN)


def stay_of_booking(booking: Booking) -> Stay:
    """Return a booking's stay as if asked for anew: dates and hours of its own wall clock, on the venue's present one.

    Raises: InvalidStay when the room is sold otherwise now.
    """
    room, zone = booking.room, ZoneInfo(booking.time_zone)
    if booking.room.kind == Room.Kind.WORKSHOP:
        return stay_of(room, session=booking.session)
    walls = [moment.astimezone(zone) for moment in (booking.starts_at, booking.ends_at)]
    if room.is_by_night:
        return stay_of(room, check_in=walls[0].date(), check_out=walls[1].date())
    if booking.time_zone != booking.venue.time_zone:
        walls = [wall.replace(tzinfo=None, fold=0) for wall in walls]
    return stay_of(room, start=walls[0], end=walls[1])


def again_key(booking: Booking) -> str:
    """Return the submission key of booking the same dates again: one click or ten, one new booking."""
    return f"again:{booking.reference}"


def booked_again(booking: Booking) -> Booking:
    """Return the last of the bookings made in place of each other, from this expired one on; itself where none was."""
    rows = Booking.objects.select_related("venue", "room__venue", "session")
    while following := rows.filter(submission_key=again_key(booking)).first():
        booking = following
    return booking


def can_book_again(booking: Booking, now: dt.datetime | None = None) -> bool:
    """Return whether a guest whose booking expired may have the same dates by one click: still ahead, and free."""
    if booking.status != S.EXPIRED or not (booking.room.is_published and booking.venue.is_on_sale):
        return False
    try:
        stay = stay_of_booking(booking)
        check_stay(booking.room, stay, booking.party_size, now or clock.now())
    except InvalidStay:
        return False
    if booking.session:
        return booking.session.seats_left >= booking.party_size and not booking.session.is_cancelled
    return is_free(booking.room, stay)
