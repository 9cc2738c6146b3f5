"""Search: which published rooms fit what a guest asks for and are really free then, in one query."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When

from rooms import vacancy, words
from rooms.models import Room, Session
from rooms.stays import FIRST_YEAR, LAST_YEAR, STEP_MINUTES, InvalidStay, Stay, stay_of_hours, stay_of_nights

SORTS = {
    "relevance": "Best match",
    "price": "Price, lowest first",
    "price_desc": "Price, highest first",
    "capacity": "Capacity, largest first",
    "name": "Name",
}
PAGE_SIZE = 12


@dataclass(frozen=True)
class Search:
    """What a guest asks for; every part may be left out.

    `check_in`/`check_out` are dates at each venue; `start`/`end` are wall time of each venue where naive,
    else instants. `price_max_minor` is compared with a room's own price per unit in its venue's currency.
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
    amenities: Sequence[str] = ()
    sort: str = ""
    near: str = ""

    @property
    def has_nights(self) -> bool:
        return self.check_in is not None and self.check_out is not None

    @property
    def has_hours(self) -> bool:
        return self.start is not None and self.end is not None


@dataclass(frozen=True)
class Page:
    """One page of rooms; `number` begins at 1."""

    rooms: list[Room]
    number: int
    has_next: bool


def search(params: Search, now: dt.datetime) -> QuerySet[Room]:
    """Return the published rooms that fit and are free, with venue, photos and, where dated, price rules.

    Raises: InvalidStay for dates or hours that make no sense, by field.
    """
    check(params, now)
    rooms = Room.objects.published().select_related("venue").prefetch_related("photos")
    rooms = _matching(rooms, params)
    asked = words.folded(_clean(params.q)) if params.q.strip() else []
    if asked:
        rooms = words.mentioning(rooms, asked)
    elif params.q.strip():
        rooms = rooms.none()  # nothing but signs
    if params.has_nights or params.has_hours:
        rooms = rooms.filter(_vacant(params, now)).prefetch_related("price_rules")
    return _sorted(rooms, params, asked)


def page_of(rooms: QuerySet[Room], number: int = 1, size: int = PAGE_SIZE) -> Page:
    """Return a page without counting the rest: one row more than shown tells whether there is a next one."""
    number = max(1, min(number, 10_000))
    found = list(rooms[(number - 1) * size : number * size + 1])
    return Page(found[:size], number, len(found) > size)


def stay_in(room: Room, params: Search) -> Stay | None:
    """Return the stay a search means in a room it found, to price it; None for a search without dates."""
    try:
        if room.is_by_night and params.has_nights:
            return stay_of_nights(room, params.check_in, params.check_out)
        if not room.is_by_night and params.has_hours:
            return stay_of_hours(room, params.start, params.end)
    except InvalidStay:
        return None  # a wall time this venue's clocks skip that day
    return None


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
    if params.has_nights and params.check_in < (now - vacancy.FARTHEST_WEST).date():
        raise InvalidStay("check_in", "past", "This date is in the past.")
    if params.has_hours:
        _check_hours(params.start, params.end, now)


def _check_pair(first, last, first_field: str, last_field: str, message: str) -> None:
    if first is None and last is None:
        return
    if first is None:
        raise InvalidStay(first_field, "required", "Choose when it begins, too.")
    if last is None:
        raise InvalidStay(last_field, "required", "Choose when it ends, too.")
    for value, name in ((first, first_field), (last, last_field)):
        if not FIRST_YEAR <= value.year < LAST_YEAR:
            raise InvalidStay(name, "out_of_range", "Choose a date nearer to today.")
    if isinstance(first, dt.datetime) and (first.tzinfo is None) != (last.tzinfo is None):
        raise InvalidStay(last_field, "mixed_zones", "Give both times with an offset, or both without.")
    if last <= first:
        raise InvalidStay(last_field, "not_after_start", message)


def _check_hours(start: dt.datetime, end: dt.datetime, now: dt.datetime) -> None:
    if start.minute % STEP_MINUTES or start.second or start.microsecond:
        raise InvalidStay("start", "off_grid", "Start on the hour or half hour.")
    latest = (
        start.astimezone(dt.UTC) if start.tzinfo else start.replace(tzinfo=dt.UTC) + vacancy.FARTHEST_WEST
    )
    if latest <= now:
        raise InvalidStay("start", "past", "This time is in the past.")
    if end - start > vacancy.LONGEST_HOURS:
        raise InvalidStay("end", "too_long", "Choose a shorter time.")


# --- filters ----------------------------------------------------------------------------------------------


def _matching(rooms: QuerySet[Room], params: Search) -> QuerySet[Room]:
    """Filter by what needs no dates."""
    if params.city:
        rooms = rooms.filter(words.in_city(_clean(params.city)))
    if params.kind:
        rooms = rooms.filter(kind=_clean(params.kind))
    if params.guests is not None:
        # Beyond what the column can hold nothing matches; the database would refuse the number.
        rooms = rooms.filter(capacity__gte=min(params.guests, 32_767))
    if params.price_max_minor is not None:
        rooms = rooms.filter(price_minor__lte=min(params.price_max_minor, 2**63 - 1))
    if params.amenities:
        rooms = rooms.filter(amenities__contains=[_clean(amenity) for amenity in params.amenities])
    return rooms


def _vacant(params: Search, now: dt.datetime) -> Q:
    """Return the condition that a room is free for the nights or for the hours asked."""
    vacant = Q()
    if params.has_nights and params.kind == Room.Kind.WORKSHOP:
        vacant |= _has_session(params, now)
    elif params.has_nights:
        vacant |= vacancy.free_for_nights(params.check_in, params.check_out, now)
    if params.has_hours:
        kinds = [kind for kind in vacancy.HOURLY if params.kind in ("", kind)]
        vacant |= vacancy.free_for_hours(params.start, params.end, now, kinds=kinds)
    return vacant


def _has_session(params: Search, now: dt.datetime) -> Q:
    """Return the condition that a workshop has a session with enough seats between the two dates."""
    starts_on = vacancy.local_date(F("starts_at"), "room__venue__time_zone")
    sessions = Session.objects.alias(date=starts_on).filter(
        room=OuterRef("pk"), is_cancelled=False, starts_at__gt=now, date__gte=params.check_in,
        date__lte=params.check_out, capacity__gte=F("seats_taken") + (params.guests or 1),
    )  # fmt: skip
    return Q(Exists(sessions))


def _sorted(rooms: QuerySet[Room], params: Search, asked: list[str]) -> QuerySet[Room]:
    orders = {
        "price": ["price_minor"],
        "price_desc": ["-price_minor"],
        "capacity": ["-capacity"],
        "name": ["name", "venue__name"],
    }
    order = orders.get(params.sort)
    if order is None:
        order = [*_relevance(params, asked), "venue__name", "name"]
    return rooms.order_by(*order, "pk")


def _relevance(params: Search, asked: list[str]) -> list:
    """Return what ranks best: rooms of the city asked near, then those that bear the words in a name."""
    ranks = []
    if params.near:
        ranks.append(words.in_city(_clean(params.near)))
    if asked:
        ranks.append(words.in_a_name(asked))
    return [
        Case(When(rank, then=Value(0)), default=Value(1), output_field=IntegerField()).asc() for rank in ranks
    ]


def _clean(text: str) -> str:
    """Drop NUL, which PostgreSQL refuses in text."""
    return text.replace("\x00", "")
