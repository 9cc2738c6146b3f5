"""Rows for tests, as plain functions: each makes one thing, fills in what the test leaves open, saves it.

`room(kind="hotel", price_minor=12_000)` is a published hotel room of a new venue in Paris;
`room(venue=some_venue, kind="conference")` is open every day from 08:00 to 20:00;
`booking(room=some_room, nights=2)` is submitted through bookings.lifecycle.services.
"""

import datetime as dt
import io
import itertools
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.core.files.base import ContentFile
from PIL import Image

from accounts.models import STAFF_GROUP, User
from bookings.actors import guest_actor
from bookings.lifecycle import services as booking_services
from bookings.lifecycle.submission import GuestDetails
from bookings.models import Booking
from core import clock
from core.models import ExchangeRate
from rooms.availability.stays import Stay, stay_of_hours, stay_of_nights, stay_of_session
from rooms.models import (
    CancellationPolicy,
    OpeningHours,
    PriceRule,
    Room,
    RoomPhoto,
    Session,
    Venue,
    VenueMember,
)

PASSWORD = "correct horse battery staple"
ZONE = ZoneInfo("Europe/Paris")  # of every venue whose test names no other

_numbers = itertools.count(1)

# How each kind is sold, as design.md's table has it.
WAYS = {
    Room.Kind.HOTEL: {"approval": Room.Approval.AFTER_PAYMENT, "capture": Room.Capture.ON_CONFIRMATION},
    Room.Kind.CONFERENCE: {"approval": Room.Approval.BEFORE_PAYMENT, "capture": Room.Capture.ON_CONFIRMATION},
    Room.Kind.EXPERT: {"approval": Room.Approval.NONE, "capture": Room.Capture.AFTER_COMPLETION},
    Room.Kind.WORKSHOP: {"approval": Room.Approval.NONE, "capture": Room.Capture.ON_CONFIRMATION},
}


def user(*, email: str = "", password: str = PASSWORD, **fields: Any) -> User:
    """A user with a verified e-mail address who can log in with `password`."""
    from allauth.account.models import EmailAddress

    email = email or f"person{next(_numbers)}@example.org"
    made = User.objects.create_user(email, password, **fields)
    EmailAddress.objects.create(user=made, email=made.email, verified=True, primary=True)
    return made


def host(*, venue: Venue, role: str = VenueMember.Role.OWNER, **fields: Any) -> User:
    """A user who is a member of `venue` and may enter the admin."""
    made = user(is_staff=True, **fields)
    member(venue=venue, user=made, role=role)
    return made


def staff(**fields: Any) -> User:
    """A user who runs the platform."""
    from django.contrib.auth.models import Group

    made = user(is_staff=True, **fields)
    made.groups.add(Group.objects.get_or_create(name=STAFF_GROUP)[0])
    return made


def member(*, venue: Venue, user: User, role: str = VenueMember.Role.OWNER) -> VenueMember:
    return VenueMember.objects.create(venue=venue, user=user, role=role)


def venue(**fields: Any) -> Venue:
    """A published, approved venue in Paris that takes euros."""
    n = next(_numbers)
    defaults = {
        "name": f"Venue {n}", "slug": f"venue-{n}", "address": "1 Rue de la Paix", "city": "Paris",
        "country": "FR", "time_zone": ZONE.key, "currency": "EUR", "email": f"desk{n}@example.org",
        "check_in_time": dt.time(15), "check_out_time": dt.time(11), "status": Venue.Status.APPROVED,
    }  # fmt: skip
    return Venue.objects.create(**{**defaults, **fields})


_venue = venue  # functions below have arguments of these names


def room(*, venue: Venue | None = None, kind: str = Room.Kind.HOTEL, **fields: Any) -> Room:
    """A published room, sold the way its kind is; those by the hour or appointment open 08:00-20:00."""
    n = next(_numbers)
    defaults = {
        "name": f"Room {n}", "slug": f"room-{n}", "capacity": 2, "price_minor": 10_000, "is_published": True,
        "description": "A quiet room.", **WAYS[Room.Kind(kind)],
    }  # fmt: skip
    made = Room.objects.create(venue=venue or _venue(), kind=kind, **{**defaults, **fields})
    if kind in (Room.Kind.CONFERENCE, Room.Kind.EXPERT):
        opening_hours(room=made)
    return made


_room = room


def unsaved_room(
    *,
    kind: str = Room.Kind.HOTEL,
    venue: dict | None = None,
    rules: Sequence[PriceRule] = (),
    opening: Sequence[OpeningHours] = (),
    **fields: Any,
) -> Room:
    """A room for pure functions: in memory only, with its venue, price rules and opening hours at hand."""
    place = {
        "name": "Hotel", "slug": "hotel", "city": "Paris", "country": "FR", "time_zone": "Europe/Paris",
        "currency": "EUR", "check_in_time": dt.time(15), "check_out_time": dt.time(11),
    }  # fmt: skip
    defaults = {"name": "Room", "slug": "room", "capacity": 2, "price_minor": 10_000, **WAYS[Room.Kind(kind)]}
    made = Room(pk=1, kind=kind, venue=Venue(pk=1, **{**place, **(venue or {})}), **{**defaults, **fields})
    vars(made)["_prefetched_objects_cache"] = {"price_rules": list(rules), "opening_hours": list(opening)}
    return made


def free_room(**fields: Any) -> Room:
    """A room that costs nothing and is confirmed at once."""
    way = {"price_minor": 0, "approval": Room.Approval.NONE, "capture": Room.Capture.ON_CONFIRMATION}
    return room(**{**way, **fields})


def opening_hours(
    *,
    room: Room,
    weekdays: range | list[int] = range(7),
    opens: dt.time = dt.time(8),
    closes: dt.time = dt.time(20),
) -> list[OpeningHours]:
    rows = [OpeningHours(room=room, weekday=day, opens=opens, closes=closes) for day in weekdays]
    return OpeningHours.objects.bulk_create(rows)


def photo(*, room: Room, **fields: Any) -> RoomPhoto:
    """A tiny real JPEG."""
    data = io.BytesIO()
    Image.new("RGB", (12, 8), "#d9c7b0").save(data, "JPEG")
    file = ContentFile(data.getvalue(), name="room.jpg")
    return RoomPhoto.objects.create(room=room, image=file, **{"alt": "A room", **fields})


def price_rule(*, room: Room, **fields: Any) -> PriceRule:
    return PriceRule.objects.create(room=room, **{"name": f"Rule {next(_numbers)}", **fields})


def policy(*, venue: Venue, **fields: Any) -> CancellationPolicy:
    defaults = {"name": f"Policy {next(_numbers)}", "tiers": [{"hours": 48, "percent": 100}]}
    return CancellationPolicy.objects.create(venue=venue, **{**defaults, **fields})


def session(*, room: Room, starts_at: dt.datetime | None = None, **fields: Any) -> Session:
    """A two-hour session, a week from now unless told otherwise."""
    starts_at = starts_at or clock.now().replace(minute=0, second=0, microsecond=0) + dt.timedelta(days=7)
    defaults = {"title": "Session", "ends_at": starts_at + dt.timedelta(hours=2), "capacity": 10}
    return Session.objects.create(room=room, starts_at=starts_at, **{**defaults, **fields})


def stay(room: Room, *, days_ahead: int = 10, units: int = 1, now: dt.datetime | None = None) -> Stay:
    """A stay some days ahead: nights, or hours (appointments) from 10:00 in the venue's zone."""
    date = (now or clock.now()).astimezone(room.venue.zone).date() + dt.timedelta(days=days_ahead)
    if room.is_by_night:
        return stay_of_nights(room, date, date + dt.timedelta(days=units))
    start = dt.datetime.combine(date, dt.time(10))
    minutes = room.appointment_minutes if room.unit == Room.Unit.APPOINTMENT else 60
    return stay_of_hours(room, start, start + dt.timedelta(minutes=minutes * units))


_stay = stay


def guest_details(*, user: User | None = None, **fields: Any) -> GuestDetails:
    email = user.email if user else f"guest{next(_numbers)}@example.org"
    defaults = {"name": "Ada Guest", "email": email, "phone": "+33 1 23 45 67 89", "user": user}
    return GuestDetails(**{**defaults, **fields})


def booking(
    *,
    room: Room | None = None,
    nights: int = 1,
    days_ahead: int = 10,
    stay: Stay | None = None,
    session: Session | None = None,
    party_size: int = 1,
    user: User | None = None,
    guest: GuestDetails | None = None,
    now: dt.datetime | None = None,
    **submission: Any,
) -> Booking:
    """A booking submitted through bookings.lifecycle.services: PENDING_PAYMENT for a paid hotel room, and so on.

    `nights` counts hours or appointments where the room is let so.
    """
    room = room or _room()
    if session is not None:
        stay = stay_of_session(session)
    return booking_services.submit(
        room=room,
        stay=stay or _stay(room, days_ahead=days_ahead, units=nights, now=now),
        party_size=party_size,
        session=session,
        guest=guest or guest_details(user=user),
        actor=guest_actor(user),
        now=now,
        **{"submission_key": uuid.uuid4().hex, **submission},
    )


def rates(as_of: dt.date | None = None, **per_euro: str) -> None:
    """Exchange rates of a day, today when left out: `rates(USD="1.25")`."""
    as_of = as_of or clock.now().date()
    ExchangeRate.objects.bulk_create(
        ExchangeRate(currency=currency, per_base=Decimal(rate), as_of=as_of, source="Test")
        for currency, rate in per_euro.items()
    )
