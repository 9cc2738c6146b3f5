"""Verbs of hosts that write: opening a venue, publishing a room, adding a session."""

import datetime as dt
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.text import slugify

from rooms.availability import occupancy
from rooms.availability.stays import period_of, stay_of_session, visit_of
from rooms.models import CancellationPolicy, Occupancy, Room, Session, Venue, VenueMember
from rooms.pricing import charge_limits
from rooms.pricing.policies import READY_MADE

log = structlog.get_logger(__name__)


@transaction.atomic
def open_venue(*, user: Any, venue: Venue) -> Venue:
    """Save a new venue with a slug of its own and make `user` its owner, who may enter the admin from now on.

    It starts with the ready-made cancellation policies, for its rooms to choose from.
    """
    venue.slug = _free_slug(venue.name, "venue", Venue.objects.all())
    venue.clerk_limit_minor = settings.CLERK_LIMIT_MINOR[venue.currency]
    venue.save()
    add_ready_made_policies(venue)
    VenueMember.objects.create(venue=venue, user=user, role=VenueMember.Role.OWNER)
    if not user.is_staff:
        user.is_staff = True
        user.save(update_fields=["is_staff"])
    log.info("venue_opened", venue=venue.slug)
    return venue


def add_ready_made_policies(venue: Venue) -> None:
    """Give a venue the ready-made cancellation policies it lacks; one of the same name stays as it is."""
    policies = [CancellationPolicy(venue=venue, name=name, tiers=tiers) for name, tiers in READY_MADE.items()]
    CancellationPolicy.objects.bulk_create(policies, ignore_conflicts=True)


def room_slug(name: str, venue: Venue) -> str:
    """Return an address for a new room of a venue, made of its name, that no other room of it has."""
    return _free_slug(name, "room", venue.rooms.all())


def _free_slug(name: str, fallback: str, taken: QuerySet) -> str:
    stem = slugify(name)[:60] or fallback
    slug, n = stem, 1
    while taken.filter(slug=slug).exists():
        n += 1
        slug = f"{stem}-{n}"
    return slug


@transaction.atomic
def publish_room(*, room_id: int) -> Room:
    """Offer a room to guests; publishing a published room changes nothing.

    Raises: ValidationError, by field, saying what is missing.
    """
    room = occupancy.lock_room(room_id)
    errors = missing_for_publication(room)
    if errors:
        raise ValidationError(errors)
    room.full_clean()
    room.is_published = True
    room.save(update_fields=["is_published"])
    log.info("room_published", room=room.path)
    return room


@transaction.atomic
def withdraw_room(*, room_id: int) -> Room:
    """Stop offering a room; bookings made stay."""
    room = occupancy.lock_room(room_id)
    room.is_published = False
    room.save(update_fields=["is_published"])
    log.info("room_withdrawn", room=room.path)
    return room


def missing_for_publication(room: Room) -> dict[str, str]:
    """Return what a room lacks to be offered, as {field: sentence}."""
    errors = {}
    if not room.description.strip():
        errors["description"] = "Describe the room, so that guests know what they book."
    if not room.photos.exists():
        errors["photos"] = "Add at least one photo."
    by_hours = room.unit in (Room.Unit.HOUR, Room.Unit.APPOINTMENT)
    if by_hours and not room.opening_hours.exists():
        errors["opening_hours"] = "Say when the room is open."
    if reason := charge_limits.why_never(room):
        errors["price_minor"] = reason
    if room.price_minor and room.approval == Room.Approval.NONE and not room.venue.takes_online_payment:
        errors["approval"] = "Without online payment a room with a price needs your approval."
    return errors


@transaction.atomic
def add_session(
    *, room_id: int, title: str, starts_at: dt.datetime, ends_at: dt.datetime, capacity: int,
    price_minor: int | None = None,
) -> Session:  # fmt: skip
    """Offer seats in a workshop at a time, which nothing else may occupy; without a price at the room's own.

    Raises: RoomTaken; ValidationError when it ends before it begins or seats more than the room does.
    """
    room = occupancy.lock_room(room_id)
    session = Session(
        room=room, title=title.strip(), starts_at=starts_at, ends_at=ends_at, capacity=capacity,
        price_minor=price_minor,
    )  # fmt: skip
    check_session(room, session)
    session.save()
    claim_for(session, room)
    log.info("session_added", room=room.path, session_id=session.pk)
    return session


def check_session(room: Room, session: Session) -> None:
    """Check what a session is to become. Raises: ValidationError, by field."""
    errors = {}
    if not session.title.strip():
        errors["title"] = "Give it a title."
    if session.ends_at <= session.starts_at:
        errors["ends_at"] = "The end must be after the start."
    if not 0 < session.capacity <= room.capacity:
        errors["capacity"] = f"From 1 to {room.capacity} seats."
    elif session.capacity < session.seats_taken:
        errors["capacity"] = f"{session.seats_taken} seats are taken: not fewer than that."
    if errors:
        raise ValidationError(errors)


def claim_for(session: Session, room: Room) -> None:
    """Take the time of a session in its room, which is locked. Raises: RoomTaken."""
    stay = stay_of_session(session)
    occupancy.claim(
        room_id=room.pk, period=period_of(room, stay), visit=visit_of(stay), kind=Occupancy.Kind.SESSION,
        session=session, note=session.title, is_locked=True,
    )  # fmt: skip


def cancel_session(*, session_id: int) -> Session:
    """Take a session off the offer and free its room's time; its bookings are the caller's to cancel.

    Expects a transaction and the room locked. A cancelled one stays so.
    """
    session = occupancy.lock_session(session_id)
    if not session.is_cancelled:
        session.is_cancelled = True
        session.save(update_fields=["is_cancelled"])
        occupancy.release_session(session_id=session_id)
        log.info("session_cancelled", session_id=session_id)
    return session
