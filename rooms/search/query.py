"""Search: which published rooms fit what a guest asks for and are really free then, page by page."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from django.conf import settings
from django.db.models import (
    Case,
    Count,
    F,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
    Window,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import RowNumber

from rooms.availability.stays import (
    FIRST_YEAR,
    LAST_YEAR,
    STEP_MINUTES,
    InvalidStay,
    Stay,
    stay_of_hours,
    stay_of_nights,
)
from rooms.models import Room
from rooms.pricing.compare import Comparison, comparison
from rooms.search import free_rooms, words
from rooms.search.stay_prices import total_of_hours, total_of_nights

SORTS = {
    "relevance": "Best match",
    "price": "Price, lowest first",
    "price_desc": "Price, highest first",
    "capacity": "Capacity, largest first",
    "name": "Name",
}
PRICE_SORTS = ("price", "price_desc")
PAGE_SIZE = 12

# A pair is of two dates or of two instants.
Ends = TypeVar("Ends", dt.date, dt.datetime)


@dataclass(frozen=True)
class Search:
    """What a guest asks for; every part may be left out.

    `check_in`/`check_out` are dates at each venue; `start`/`end` are wall time of each venue where naive,
    else instants. `price_max_minor` is in `currency` (empty: the site's) and compared with a room's own price per unit.
    `near` only sorts: rooms of that city come first.
    """

    q: str = ""
    city: str = ""
    kind: str = ""
    check_in: dt.date | None = None
    check_out: dt.date | None = None
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    guests: int | None = None
    price_max_minor: int | None = None
    currency: str = ""
    amenities: Sequence[str] = ()
    sort: str = ""
    near: str = ""

    @property
    def nights(self) -> tuple[dt.date, dt.date] | None:
        if self.check_in is None or self.check_out is None:
            return None
        return self.check_in, self.check_out

    @property
    def hours(self) -> tuple[dt.datetime, dt.datetime] | None:
        return None if self.start is None or self.end is None else (self.start, self.end)

    @property
    def has_nights(self) -> bool:
        return self.nights is not None

    @property
    def has_hours(self) -> bool:
        return self.hours is not None

    @property
    def is_by_price(self) -> bool:
        return self.sort in PRICE_SORTS

    @property
    def compares_stays(self) -> bool:
        """True where prices are those of the wanted stay, since every room found is asked for one and the same."""
        return self.has_nights != self.has_hours and self.kind != Room.Kind.WORKSHOP


@dataclass(frozen=True)
class Page:
    """One page of the `total` rooms found; `number` begins at 1. `compared` is how prices were, where they were."""

    rooms: Sequence[Room]
    number: int
    total: int
    size: int = PAGE_SIZE
    compared: Comparison | None = None

    @property
    def has_next(self) -> bool:
        return self.number * self.size < self.total

    @property
    def last(self) -> int:
        """The number of the last page; 1 where nothing was found."""
        return max(1, -(-self.total // self.size))

    @property
    def numbers(self) -> list[int | None]:
        """The pages to link to: the first, the last and those around this one; None stands for what is left out."""
        near = range(self.number - 1, self.number + 2)
        shown = sorted({1, self.last, *(number for number in near if 1 <= number <= self.last)})
        links: list[int | None] = []
        before = 0
        for number in shown:
            if before and number > before + 1:
                links.append(number - 1 if number == before + 2 else None)
            links.append(number)
            before = number
        return links


def compared(params: Search, now: dt.datetime) -> Comparison | None:
    """Return how a search compares prices; None for one that does not."""
    if not params.is_by_price and params.price_max_minor is None:
        return None
    by_kind = params.is_by_price and not params.kind and not params.compares_stays
    return comparison(params.currency or settings.DEFAULT_CURRENCY, now, by_kind=by_kind)


def find(params: Search, now: dt.datetime, number: int = 1, size: int = PAGE_SIZE) -> Page:
    """Return a page of what fits; by price, the wanted stay's is compared where there is one, else that of a unit.

    Raises: InvalidStay for dates or hours that make no sense, by field.
    """
    prices = compared(params, now)
    return replace(page_of(search(params, now, prices), number, size), compared=prices)


def search(params: Search, now: dt.datetime, prices: Comparison | None = None) -> QuerySet[Room]:
    """Return the published rooms that fit and are free, with venue, photos and, where dated, price rules.

    Raises: InvalidStay for dates or hours that make no sense, by field.
    """
    check(params, now)
    prices = prices or compared(params, now)
    rooms: QuerySet[Room] = Room.objects.published().select_related("venue").prefetch_related("photos")
    rooms = _matching(rooms, params, prices)
    asked = words.folded(_clean(params.q)) if params.q.strip() else []
    if asked:
        rooms = words.mentioning(rooms, asked)
    elif params.q.strip():
        rooms = rooms.none()  # nothing but signs
    if params.has_nights or params.has_hours:
        rooms = rooms.filter(_vacant(params, now)).prefetch_related("price_rules")
    return _sorted(rooms, params, asked, prices)


def page_of(rooms: QuerySet[Room], number: int = 1, size: int = PAGE_SIZE) -> Page:
    """Return a page with the total of all, counted in the same query."""
    number = _within(number)
    first = (number - 1) * size
    found = list(rooms.annotate(total=Window(Count("pk")))[first : first + size])
    if found or number == 1:
        return Page(found, number, found[0].total if found else 0, size)
    return Page(found, number, rooms.count(), size)  # behind the last page


def stay_in(room: Room, params: Search) -> Stay | None:
    """Return the stay a search means in a room it found, to price it; None for a search without dates."""
    try:
        if room.is_by_night and params.nights:
            return stay_of_nights(room, *params.nights)
        if not room.is_by_night and params.hours:
            return stay_of_hours(room, *params.hours)
    except InvalidStay:
        return None  # a wall time this venue's clocks skip that day
    return None


def _within(number: int) -> int:
    return max(1, min(number, 10_000))


# --- what makes no sense ----------------------------------------------------------------------------------


def check(params: Search, now: dt.datetime) -> None:
    """Refuse dates or hours that are incomplete, reversed, past everywhere, or not how the kind is booked."""
    _check_pair(
        params.check_in, params.check_out, "check_in", "check_out", "Check-out must be after check-in."
    )
    _check_pair(params.start, params.end, "start", "end", "The end must be after the start.")
    if params.has_nights and params.kind in (Room.Kind.CONFERENCE, Room.Kind.EXPERT):
        raise InvalidStay("start", "wrong_unit", "These are booked by the hour: choose a day and hours.")
    if params.has_hours and params.kind in (Room.Kind.HOTEL, Room.Kind.WORKSHOP):
        raise InvalidStay("check_in", "wrong_unit", "These are booked by date: choose dates.")
    if params.nights and params.nights[0] < free_rooms.first_night_anywhere(now):
        raise InvalidStay("check_in", "past", "This date is in the past.")
    if params.hours:
        _check_hours(*params.hours, params.kind, now)


def _check_pair(
    first: Ends | None, last: Ends | None, first_field: str, last_field: str, message: str
) -> None:
    if first is None and last is None:
        return
    if first is None:
        raise InvalidStay(first_field, "required", "Choose when it begins, too.")
    if last is None:
        raise InvalidStay(last_field, "required", "Choose when it ends, too.")
    for value, name in ((first, first_field), (last, last_field)):
        if not FIRST_YEAR <= value.year < LAST_YEAR:
            raise InvalidStay(name, "out_of_range", "Choose a date nearer to today.")
    zones = {value.tzinfo is None for value in (first, last) if isinstance(value, dt.datetime)}
    if len(zones) > 1:
        raise InvalidStay(last_field, "mixed_zones", "Give both times with an offset, or both without.")
    if last <= first:
        raise InvalidStay(last_field, "not_after_start", message)


def _check_hours(start: dt.datetime, end: dt.datetime, kind: str, now: dt.datetime) -> None:
    is_off_grid = start.minute % STEP_MINUTES or start.second or start.microsecond
    if is_off_grid and kind != Room.Kind.EXPERT:
        raise InvalidStay("start", "off_grid", "Start on the hour or half hour.")
    latest = (
        start.astimezone(dt.UTC) if start.tzinfo else start.replace(tzinfo=dt.UTC) + free_rooms.FARTHEST_WEST
    )
    if latest <= now:
        raise InvalidStay("start", "past", "This time is in the past.")
    if end - start > free_rooms.LONGEST_HOURS:
        raise InvalidStay("end", "too_long", "Choose a shorter time.")


# --- filters ----------------------------------------------------------------------------------------------


def _matching(rooms: QuerySet[Room], params: Search, prices: Comparison | None) -> QuerySet[Room]:
    """Filter by what needs no dates."""
    if params.city:
        rooms = rooms.filter(words.in_city(_clean(params.city)))
    if params.kind:
        rooms = rooms.filter(kind=_clean(params.kind))
    if params.guests is not None:
        # Beyond what the column can hold nothing matches; the database would refuse the number.
        rooms = rooms.filter(capacity__gte=min(params.guests, 32_767))
    if params.price_max_minor is not None and prices is not None:
        rooms = rooms.filter(prices.within(params.price_max_minor))
    if params.amenities:
        rooms = rooms.filter(amenities__contains=[_clean(amenity) for amenity in params.amenities])
    return rooms


def _vacant(params: Search, now: dt.datetime) -> Q:
    """Return the condition that a room is free for the nights or for the hours asked."""
    vacant = Q()
    if params.nights and params.kind == Room.Kind.WORKSHOP:
        vacant |= free_rooms.has_session(*params.nights, params.guests or 1, now)
    elif params.nights:
        vacant |= free_rooms.free_for_nights(*params.nights, now)
    if params.hours:
        kinds = [kind for kind in free_rooms.HOURLY if params.kind in ("", kind)]
        vacant |= free_rooms.free_for_hours(*params.hours, now, kinds=kinds)
    return vacant


def _sorted(
    rooms: QuerySet[Room], params: Search, asked: list[str], prices: Comparison | None
) -> QuerySet[Room]:
    orders = {"capacity": ["-capacity"], "name": ["name", "venue__name"]}
    if params.is_by_price and prices is not None:
        order = prices.order(_price(params), descending=params.sort == "price_desc")
    else:
        order = orders.get(params.sort) or _best_match(params, asked)
    return rooms.order_by(*order, "pk")


def _price(params: Search) -> Combinable:
    """Return what is compared of a room: the price of the wanted stay, else that of a unit."""
    if params.compares_stays and params.nights:
        return total_of_nights(*params.nights)
    if params.compares_stays and params.hours:
        return total_of_hours(*params.hours)
    return F("price_minor")


def _best_match(params: Search, asked: list[str]) -> list:
    """Return the usual order: the city asked near and the words in a name first, then rooms that are not much larger
    than the party, then a room of each venue in turn, in the order they were listed."""
    ranks = []
    if params.near:
        ranks.append(words.in_city(_clean(params.near)))
    if asked:
        ranks.append(words.in_a_name(asked))
    order = [
        Case(When(rank, then=Value(0)), default=Value(1), output_field=IntegerField()).asc() for rank in ranks
    ]
    fit = ["capacity"] if params.guests else []
    return [*order, *fit, Window(RowNumber(), partition_by="venue_id", order_by="pk").asc()]


def _clean(text: str) -> str:
    """Drop NUL, which PostgreSQL refuses in text."""
    return text.replace("\x00", "")
