"""What the search page and the home page show: rooms with the price of the asked stay, and ways out of nothing."""

import datetime as dt
from dataclasses import dataclass, field, replace
from itertools import groupby

from django.db.models import prefetch_related_objects

from rooms import selectors
from rooms.availability.stays import Stay
from rooms.models import Room, RoomPhoto
from rooms.pages.forms import choice_query
from rooms.pricing.compare import Comparison, Group
from rooms.pricing.quotes import Quote, quote
from rooms.search.calendar import near_stays
from rooms.search.query import Page, Search, find, search, stay_in
from rooms.selectors import City

FEATURED = 8
NEAR_ROOMS, NEAR_STAYS = 3, 2


@dataclass(frozen=True)
class Result:
    """A room found; with dates also its price for them, and the query that chooses them.

    `about` is roughly what that comes to in the currency prices are compared in, where that is another.
    """

    room: Room
    stay: Stay | None = None
    quote: Quote | None = None
    query: str = ""
    about_minor: int | None = None

    @property
    def photo(self) -> RoomPhoto | None:
        return next(iter(self.room.photos.all()), None)


@dataclass(frozen=True)
class Results:
    """A page of results. Where it is empty, `near` are the nearest free dates and `others` rooms that do fit."""

    page: Page
    items: list[Result]
    near: list[Result] = field(default_factory=list)
    others: list[Result] = field(default_factory=list)

    @property
    def groups(self) -> list[tuple[Group, list[Result]]]:
        """The items as they come, those together whose prices were compared with each other."""
        compared = self.page.compared
        if compared is None:
            return [(Group(), self.items)]
        by_group = groupby(self.items, lambda item: compared.group(item.room))
        return [(group, list(items)) for group, items in by_group]


@dataclass(frozen=True)
class Place:
    """A city for the home page, with a picture of one of its rooms."""

    city: City
    photo: RoomPhoto | None


def results(params: Search, number: int, now: dt.datetime) -> Results:
    """Return a page of what fits. Raises: InvalidStay for dates that make no sense."""
    page = find(params, now, number)
    items = [result(room, params, now, page.compared) for room in page.rooms]
    if items or number > 1:
        return Results(page, items)
    taken, others = _fitting_at_other_times(params, now), _free_at_that_time(params, now)
    if not (taken or others):
        others = list(search(Search(kind=params.kind, near=params.city), now)[:NEAR_ROOMS])
    # Together: what both lists show is read once.
    prefetch_related_objects(taken + others, "photos", "price_rules", "opening_hours")
    near = [found for room in taken for found in _nearest(room, params, now)]
    return Results(page, items, near=near, others=[result(room, params, now) for room in others])


def result(room: Room, params: Search, now: dt.datetime, compared: Comparison | None = None) -> Result:
    """Return a room with what the asked stay costs there, as far as dates were asked."""
    stay = stay_in(room, params)
    party_size = params.guests or 1
    currency = room.venue.currency
    if stay is None:
        query = f"party_size={params.guests}" if params.guests else ""
        about = compared.about_minor(room.price_minor, currency) if compared else None
        return Result(room, query=query, about_minor=about)
    price = quote(room, stay, party_size, now=now)
    about = compared.about_minor(price.total_minor, currency) if compared else None
    return Result(room, stay, price, choice_query(room, stay, party_size), about)


def home_places(cities: list[City], rooms: list[Room]) -> list[Place]:
    """Give each city a picture of a featured room there, no two alike as far as their descriptions tell."""
    photos: dict[str, list[RoomPhoto]] = {}
    for room in rooms:
        photos.setdefault(room.venue.city, []).extend(room.photos.all())
    seen: set[str] = set()
    return [Place(city, _unlike(photos.get(city.name, []), seen)) for city in cities]


def _unlike(photos: list[RoomPhoto], seen: set[str]) -> RoomPhoto | None:
    """Return the first picture of something not seen before, else the first; remembers it."""
    chosen = next((photo for photo in photos if _subject(photo) not in seen), None)
    if chosen is None:
        return photos[0] if photos else None
    seen.add(_subject(chosen))
    return chosen


def _subject(photo: RoomPhoto) -> str:
    return " ".join(photo.alt.split()[:3])


def featured() -> tuple[list[City], list[Room]]:
    """Return the cities and some rooms to begin with, rooms of every city among them."""
    cities = selectors.cities()
    return cities, selectors.featured_rooms(max(FEATURED, len(cities)))


def _fitting_at_other_times(params: Search, now: dt.datetime) -> list[Room]:
    """Return rooms that are all that was asked, but taken then; none for a search without dates."""
    if not (params.has_nights or params.has_hours):
        return []
    undated = replace(params, check_in=None, check_out=None, start=None, end=None)
    return list(search(undated, now).prefetch_related(None)[:NEAR_ROOMS])


def _free_at_that_time(params: Search, now: dt.datetime) -> list[Room]:
    """Return rooms free at the asked dates that miss some other wish, those of the asked city first."""
    wider = replace(params, q="", city="", price_max_minor=None, amenities=(), sort="", near=params.city)
    return list(search(wider, now).prefetch_related(None)[:NEAR_ROOMS]) if wider != params else []


def _nearest(room: Room, params: Search, now: dt.datetime) -> list[Result]:
    """Return the nearest free stays of the asked length in a room, with their prices."""
    stay, party_size = stay_in(room, params), params.guests or 1
    if stay is None:
        return []
    near = near_stays(room, stay, party_size, now)[:NEAR_STAYS]
    return [
        Result(room, other, quote(room, other, party_size, now=now), choice_query(room, other, party_size))
        for other in near
    ]
