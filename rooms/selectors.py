"""Reads of rooms for pages and the API."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from core import countries
from rooms.models import Room, Venue


@dataclass(frozen=True)
class City:
    """A city with published rooms."""

    name: str
    country: str
    room_count: int

    @property
    def country_name(self) -> str:
        return countries.names().get(self.country, self.country)


def published_room(venue_slug: str, room_slug: str) -> Room:
    """Return a published room with its venue and policy. Raises: Room.DoesNotExist."""
    rooms = Room.objects.published().select_related("venue", "policy")
    return rooms.get(venue__slug=venue_slug, slug=room_slug)


# What grids and slots are worked out from: every column more costs the quickest answers something.
CALENDAR_FIELDS = (
    *(
        "kind",
        "slug",
        "price_minor",
        "appointment_minutes",
        "notice_minutes",
        "booking_window_days",
        "min_units",
    ),
    *("buffer_before_minutes", "buffer_after_minutes"),
    *(f"venue__{name}" for name in ("slug", "time_zone", "currency", "check_in_time", "check_out_time")),
)


def room_calendar(venue_slug: str, room_slug: str) -> Room:
    """Return a published room with what rooms.availability needs. Raises: Room.DoesNotExist."""
    rooms = Room.objects.published().select_related("venue").only(*CALENDAR_FIELDS)
    return rooms.get(venue__slug=venue_slug, slug=room_slug)


def room_page(venue_slug: str, room_slug: str) -> Room:
    """Return a published room with all its page shows, in four queries. Raises: Room.DoesNotExist."""
    rooms = Room.objects.published().select_related("venue", "policy")
    rooms = rooms.prefetch_related("photos", "price_rules", "opening_hours")
    return rooms.get(venue__slug=venue_slug, slug=room_slug)


def cities() -> list[City]:
    """Return the cities with published rooms, the ones with most rooms first."""
    rows = (
        Venue.objects.on_sale()
        .values("city", "country")
        .annotate(room_count=Count("rooms", filter=Q(rooms__is_published=True)))
        .filter(room_count__gt=0)
        .order_by("-room_count", "city")
    )
    return [City(row["city"], row["country"], row["room_count"]) for row in rows]


def featured_rooms(count: int = 6) -> list[Room]:
    """Return published hotel rooms with photos for the home page, one a venue, cities taking turns."""
    rooms = _with_pictures(Room.objects.published().filter(kind=Room.Kind.HOTEL))
    one_a_venue = rooms.order_by("venue_id", "name", "pk").distinct("venue_id")
    by_city: dict[str, list[Room]] = {}
    for room in one_a_venue:
        by_city.setdefault(room.venue.city, []).append(room)
    turns = sorted(
        (turn, city, room) for city, rooms in by_city.items() for turn, room in enumerate(rooms)
    )  # fmt: skip
    return [room for _turn, _city, room in turns[:count]]


def open_venues() -> QuerySet[Venue]:
    """Return the venues that have a page of their own: those with something on sale."""
    return Venue.objects.filter(pk__in=Room.objects.published().values("venue"))


def rooms_of_venue(venue: Venue) -> QuerySet[Room]:
    """Return a venue's published rooms with their photos and policies."""
    rooms = Room.objects.published().filter(venue=venue).select_related("venue", "policy")
    return rooms.prefetch_related("photos").order_by("kind", "price_minor", "pk")


def _with_pictures(rooms: QuerySet[Room]) -> QuerySet[Room]:
    return rooms.filter(photos__isnull=False).distinct().select_related("venue").prefetch_related("photos")
