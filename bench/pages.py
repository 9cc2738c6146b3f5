"""How many queries a page takes, and whether more rows mean more of them.

Each page is asked for twice: about a venue with one room, one picture and one booking, and about one with many of each.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from bench.load import LoadError

FEW, MANY = 1, 12
DAYS_AHEAD = 40


@dataclass(frozen=True)
class Page:
    """What is asked for; `{venue}`, `{room}`, `{reference}`, `{pk}` and the dates differ between few and many."""

    name: str
    address: str
    viewer: str = ""


@dataclass(frozen=True)
class Count:
    """Queries a page took with few rows and with many."""

    name: str
    few: int
    many: int

    @property
    def grows(self) -> bool:
        return self.many > self.few


PAGES = (
    Page("home", "/"),
    Page("search, nights", "/rooms/?kind=hotel&q={venue}&check_in={check_in}&check_out={check_out}&guests=1"),
    Page("search, no dates", "/rooms/?q={venue}"),
    Page("search, nothing fits", "/rooms/?q={venue}+{venue}x&check_in={check_in}&check_out={check_out}"),
    Page("room", "/rooms/{venue}/{room}/"),
    Page(
        "room, dates chosen", "/rooms/{venue}/{room}/?check_in={check_in}&check_out={check_out}&party_size=1"
    ),
    Page("room's calendar", "/rooms/{venue}/{room}/calendar/"),
    Page(
        "price of a choice",
        "/rooms/{venue}/{room}/quote/?check_in={check_in}&check_out={check_out}&party_size=1",
    ),
    Page(
        "book", "/rooms/{venue}/{room}/book/?check_in={check_in}&check_out={check_out}&party_size=1", "guest"
    ),
    Page("guest's bookings", "/bookings/?tab=awaiting", "guest"),
    Page("booking", "/bookings/{reference}/", "guest"),
    Page("booking, live part", "/bookings/{reference}/live/", "guest"),
    Page("admin, start", "/admin/", "host"),
    Page("admin, bookings", "/admin/bookings/booking/", "host"),
    Page("admin, booking", "/admin/bookings/booking/{pk}/change/", "host"),
    Page("admin, rooms", "/admin/rooms/room/", "host"),
    Page("API, rooms", "/api/v1/rooms?kind=hotel&q={venue}&check_in={check_in}&check_out={check_out}"),
    Page("API, room", "/api/v1/rooms/{venue}/{room}"),
    Page("API, availability", "/api/v1/rooms/{venue}/{room}/availability?from={check_in}"),
    Page("API, bookings", "/api/v1/bookings", "guest"),
    Page("API, booking", "/api/v1/bookings/{reference}", "guest"),
)


def counts() -> list[Count]:
    """Return the counts of every page. Expects Django set up on a database that may be written to.

    Raises: LoadError for a page that does not answer 200.
    """
    from core import clock

    check_in = clock.now().date() + dt.timedelta(DAYS_AHEAD)
    sides = [_Side("counted-few", FEW, check_in), _Side("counted-many", MANY, check_in)]
    return [Count(page.name, *(side.count(page) for side in sides)) for page in PAGES]


class _Side:
    """A venue with so many rooms and bookings, its host, a guest, and their browsers."""

    def __init__(self, slug: str, size: int, check_in: dt.date) -> None:
        from django.test import Client

        venue, rooms = _venue(slug, size)
        people = {
            "guest": _person(f"{slug}-guest@example.org"),
            "host": _host(f"{slug}-host@example.org", venue),
        }
        bookings = [_booking(rooms[0], people["guest"], check_in + dt.timedelta(7 + n)) for n in range(size)]
        self._values = {
            "venue": slug, "room": rooms[0].slug, "reference": bookings[0].reference, "pk": bookings[0].pk,
            "check_in": check_in, "check_out": check_in + dt.timedelta(2),
        }  # fmt: skip
        self._browsers = {
            viewer: Client(raise_request_exception=False, SERVER_NAME="127.0.0.1") for viewer in ("", *people)
        }
        for viewer, person in people.items():
            self._browsers[viewer].force_login(person)

    def count(self, page: Page) -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        address, browser = page.address.format(**self._values), self._browsers[page.viewer]
        browser.get(address)  # what is cached per process is not the page's
        with CaptureQueriesContext(connection) as captured:
            response = browser.get(address)
        if response.status_code != 200:
            raise LoadError(f"{page.name}: {address} answered {response.status_code}")
        return len(captured)


def _venue(slug: str, size: int) -> tuple[Any, list[Any]]:
    from rooms.models import CancellationPolicy, Room, RoomPhoto, Venue

    venue = Venue.objects.create(
        name=slug, slug=slug, address="1 Station Road", city="Paris", country="FR", time_zone="Europe/Paris",
        currency="EUR", check_in_time=dt.time(15), check_out_time=dt.time(11), status="approved",
    )  # fmt: skip
    tiers = [{"hours": 24 * (size - n), "percent": 100 - n} for n in range(size)]
    policy = CancellationPolicy.objects.create(venue=venue, name="Flexible", tiers=tiers)
    rooms = [
        Room.objects.create(
            venue=venue, name=f"Room {n}", slug=f"room-{n}", kind=Room.Kind.HOTEL, capacity=2, price_minor=9000,
            policy=policy, is_published=True, amenities=["wifi"],
        )
        for n in range(size)
    ]  # fmt: skip
    RoomPhoto.objects.bulk_create(
        RoomPhoto(room=room, image=f"rooms/{slug}.jpg", width=1200, height=800, alt="The room", position=n)
        for room in rooms for n in range(size)
    )  # fmt: skip
    _price_rules(rooms, size)
    return venue, rooms


def _price_rules(rooms: list[Any], size: int) -> None:
    from rooms.models import PriceRule

    PriceRule.objects.bulk_create(
        PriceRule(room=room, name=f"Rule {n}", weekdays=[n % 7], price_minor=9000 + n)
        for room in rooms
        for n in range(size)
    )


def _person(email: str, **fields: Any) -> Any:
    from allauth.account.models import EmailAddress

    from accounts.models import User

    person = User.objects.create_user(email, **fields)
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    return person


def _host(email: str, venue: Any) -> Any:
    from rooms.models import VenueMember

    host = _person(email, is_staff=True)
    VenueMember.objects.create(venue=venue, user=host, role=VenueMember.Role.OWNER)
    return host


def _booking(room: Any, guest: Any, check_in: dt.date) -> Any:
    from bookings.actors import guest_actor
    from bookings.lifecycle import services as booking_services
    from bookings.lifecycle.submission import GuestDetails
    from rooms.availability.stays import stay_of_nights

    return booking_services.submit(
        room=room, stay=stay_of_nights(room, check_in, check_in + dt.timedelta(1)), party_size=1,
        guest=GuestDetails(name="Guest", email=guest.email, user=guest), submission_key=uuid.uuid4().hex,
        actor=guest_actor(guest),
    )  # fmt: skip
