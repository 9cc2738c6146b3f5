"""Puts the catalog into the database: venues, rooms, prices, hours, sessions and their pictures. Safe to repeat."""

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.text import slugify

from accounts.models import User
from core import clock
from core.models import ExchangeRate
from rooms import services, sessions
from rooms.availability.stays import Stay
from rooms.demo import catalog, pictures
from rooms.demo.canvas import HEIGHT, WIDTH
from rooms.demo.catalog import RoomEntry, VenueEntry
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
from rooms.photos import draw_missing

Say = Callable[[str], None]

WEEKEND = [4, 5]  # the nights of Friday and Saturday
SEASON = ((6, 15), (9, 15))
# Prices are rounded to what a host would write on a card.
STEPS = {"UZS": 1_000_000}
LONG_STAY_NIGHTS, LONG_STAY_PERCENT = 7, 10
WEEKS_AHEAD = 6
RATES = {"USD": Decimal("1.1625"), "GBP": Decimal("0.8764"), "UZS": Decimal("13850")}


def plant_venues(people: dict[str, User], say: Say) -> None:
    """Make what is missing of the catalog; a venue that exists is left as its host has it."""
    entries = catalog.venues()
    known = set(Venue.objects.values_list("slug", flat=True))
    missing = [entry for entry in entries if entry.facts["slug"] not in known]
    for entry in missing:
        _plant_venue(entry, people)
    rooms = sum(len(entry.rooms) for entry in entries)
    say(f"{len(entries)} venues, {rooms} rooms ({len(missing)} venues new)")
    for entry in entries:
        _plant_sessions(entry)


def plant_rates(say: Say) -> None:
    """Store today's exchange rates, near the real ones of 2026: the demo has no feed of them."""
    today = clock.now().date()
    for currency, per_base in RATES.items():
        ExchangeRate.objects.get_or_create(
            currency=currency, as_of=today, defaults={"per_base": per_base, "source": "Demo"}
        )
    say(f"exchange rates of {today}")


def plant_pictures(say: Say) -> None:
    """Draw the pictures that are not in the store, and their smaller ones."""
    wanted = {
        picture.name: picture
        for entry in catalog.venues()
        for room in entry.rooms
        for picture in room.pictures
    }
    missing = [picture for name, picture in wanted.items() if not default_storage.exists(name)]
    if not missing:
        say(f"{len(wanted)} pictures are there")
    for number, (picture, data) in enumerate(pictures.draw_all(missing), 1):
        default_storage.save(picture.name, ContentFile(data))
        if number % 40 == 0 or number == len(missing):
            say(f"{number} of {len(missing)} pictures drawn")
    if drawn := draw_missing():
        say(f"smaller ones of {drawn} pictures drawn")


@transaction.atomic
def _plant_venue(entry: VenueEntry, people: dict[str, User]) -> None:
    venue = Venue.objects.create(status=Venue.Status.APPROVED, **entry.facts)
    VenueMember.objects.bulk_create(
        VenueMember(venue=venue, user=people[email], role=role) for email, role in entry.roles.items()
    )
    services.add_ready_made_policies(venue)
    policies = {policy.name: policy for policy in venue.policies.all()}
    for room_entry in entry.rooms:
        _plant_room(entry, venue, room_entry, policies)


def _plant_room(
    entry: VenueEntry, venue: Venue, room_entry: RoomEntry, policies: dict[str, CancellationPolicy]
) -> None:
    room = Room.objects.create(
        venue=venue,
        name=room_entry.name,
        slug=slugify(room_entry.name),
        policy=policies.get(room_entry.policy),
        **room_entry.facts,
    )
    shots = zip(room_entry.pictures, room_entry.alts, strict=True)
    RoomPhoto.objects.bulk_create(
        RoomPhoto(room=room, image=picture.name, width=WIDTH, height=HEIGHT, alt=alt, position=position)
        for position, (picture, alt) in enumerate(shots)
    )
    OpeningHours.objects.bulk_create(
        OpeningHours(room=room, weekday=day, opens=entry.opens, closes=entry.closes) for day in entry.days
    )
    PriceRule.objects.bulk_create(_price_rules(entry, room))
    services.publish_room(room_id=room.pk)


def _price_rules(entry: VenueEntry, room: Room) -> Iterable[PriceRule]:
    if entry.weekend_percent:
        yield PriceRule(
            room=room,
            name="Weekend",
            weekdays=WEEKEND,
            price_minor=_raised(room, entry, entry.weekend_percent),
        )
    if entry.season_percent:
        for year in (clock.now().year, clock.now().year + 1):
            yield PriceRule(
                room=room,
                name=f"Summer {year}",
                first_date=dt.date(year, *SEASON[0]),
                last_date=dt.date(year, *SEASON[1]),
                price_minor=_raised(room, entry, entry.season_percent),
            )
    if room.is_by_night and room.max_units >= LONG_STAY_NIGHTS:
        yield PriceRule(
            room=room, name="A week or longer", min_units=LONG_STAY_NIGHTS, discount_percent=LONG_STAY_PERCENT
        )


def _raised(room: Room, entry: VenueEntry, percent: int) -> int:
    step = STEPS.get(entry.facts["currency"], 100)
    return room.price_minor * (100 + percent) // 100 // step * step


def _plant_sessions(entry: VenueEntry) -> None:
    """Offer the weekly sessions of the coming weeks that are not offered yet."""
    for room_entry in entry.rooms:
        if not room_entry.sessions:
            continue
        room = Room.objects.select_related("venue").get(
            venue__slug=entry.facts["slug"], slug=slugify(room_entry.name)
        )
        offered = set(Session.objects.filter(room=room).values_list("starts_at", flat=True))
        missing = [stay for stay in _weekly(room, room_entry.sessions) if stay.starts_at not in offered]
        sessions.add_run(room=room, stays=missing, title=room_entry.sessions["title"], capacity=room.capacity)


def _weekly(room: Room, weekly: dict) -> list[Stay]:
    now = clock.now()
    today = now.astimezone(room.venue.zone).date()
    first = today + dt.timedelta(days=(weekly["weekday"] - today.weekday() - 1) % 7 + 1)
    start = dt.datetime.combine(first, dt.time.fromisoformat(weekly["at"]))
    end = start + dt.timedelta(hours=weekly["hours"])
    return sessions.plan(room, start, end, now=now, count=WEEKS_AHEAD)
