"""Pages where guests find a room: home, search, the room itself, and its parts that change with the choice."""

import datetime as dt
import re
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import clock
from rooms import availability, policies, selectors
from rooms.forms import ChoiceForm, SearchForm
from rooms.models import Room
from rooms.offers import offer
from rooms.results import featured, home_places, results
from rooms.search import Search
from rooms.stays import FIRST_YEAR, LAST_YEAR, InvalidStay

MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
HOME_PLACES, HOME_ROOMS = 6, 8
# A page number beyond this is a machine's.
LAST_PAGE = 1000


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    cities, rooms = featured()
    context = {
        "form": SearchForm(cities=cities, initial={"kind": Room.Kind.HOTEL}),
        "places": home_places(cities, rooms)[:HOME_PLACES],
        "rooms": rooms[:HOME_ROOMS],
        "today": clock.now().date(),
    }
    return render(request, "rooms/home.html", context)


@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    """Search results; what cannot be understood is said by its field, and nothing is listed."""
    now = clock.now()
    form = SearchForm(request.GET, cities=selectors.cities())
    found, params = None, Search()
    if form.is_valid():
        params = form.params()
        try:
            found = results(params, _page_number(request), now)
        except InvalidStay as error:
            form.refuse(error)
    context = {"form": form, "results": found, "params": params, "today": now.date()}
    return render(request, "rooms/search.html", context)


@require_safe
def detail(request: HttpRequest, venue: str, room: str) -> HttpResponse:
    found, now = _room_or_404(venue, room), clock.now()
    choice = _choice(request, found, now)
    context = {
        "room": found,
        "venue": found.venue,
        "choice": choice,
        "offer": offer(choice) if choice.is_bound and choice.is_valid() else None,
        "rules": policies.cancellation_rules(found.policy.tiers) if found.policy else [],
        "opening": policies.opening_days(found.opening_hours.all()),
        **_when(request, found, choice, now),
    }
    return render(request, "rooms/detail.html", context)


@require_safe
def calendar(request: HttpRequest, venue: str, room: str) -> HttpResponse:
    """The month grid alone, for paging through months."""
    found, now = _room_or_404(venue, room), clock.now()
    context = {"room": found, "venue": found.venue, **_month(request, found, now)}
    return render(request, "rooms/_calendar.html", context)


@require_safe
def slots(request: HttpRequest, venue: str, room: str) -> HttpResponse:
    """The times of one day alone."""
    found, now = _room_or_404(venue, room), clock.now()
    choice = ChoiceForm(found, now=now)
    context = {"room": found, "venue": found.venue, "choice": choice, **_slots(request, found, now)}
    return render(request, "rooms/_slots_swap.html", context)


@require_safe
def quote(request: HttpRequest, venue: str, room: str) -> HttpResponse:
    """The price of a choice alone, or why it is none."""
    found, now = _room_or_404(venue, room), clock.now()
    choice = _choice(request, found, now)
    priced = offer(choice) if choice.is_bound and choice.is_valid() else None
    context = {"room": found, "venue": found.venue, "choice": choice, "offer": priced}
    return render(request, "rooms/_quote.html", context)


# --- helpers --------------------------------------------------------------------------------------------------


def _room_or_404(venue: str, room: str) -> Room:
    try:
        return selectors.room_page(venue, room)
    except Room.DoesNotExist as error:
        raise Http404 from error


def _choice(request: HttpRequest, room: Room, now: dt.datetime) -> ChoiceForm:
    """Return the choice of the address; before anything is chosen an unbound one, which complains of nothing."""
    choice = ChoiceForm(room, request.GET, now=now)
    if choice.has_choice:
        return choice
    return ChoiceForm(room, now=now, initial={"party_size": _guests(request, room)})


def _guests(request: HttpRequest, room: Room) -> int:
    text = request.GET.get("party_size", "")
    fallback = min(2, room.capacity) if room.is_by_night else 1
    return max(1, min(int(text), room.capacity)) if text.isdecimal() and len(text) < 5 else fallback


def _when(request: HttpRequest, room: Room, choice: ChoiceForm, now: dt.datetime) -> dict[str, Any]:
    """Return what the page offers to choose from: a month of nights, a day's times, or the sessions to come."""
    if room.kind == Room.Kind.WORKSHOP:
        return {"sessions": availability.upcoming_sessions(room, now)}
    if room.is_by_night:
        return _month(request, room, now, choice)
    month = _month(request, room, now, choice)
    free = [day.date for week in month["weeks"] for day in week if day.is_free]
    return {**month, **_slots(request, room, now, choice, first_free=min(free, default=None))}


def _month(
    request: HttpRequest, room: Room, now: dt.datetime, choice: ChoiceForm | None = None
) -> dict[str, Any]:
    """Return the month asked for, else that of the choice, else the present one; never one before today's."""
    today = now.astimezone(room.venue.zone).date()
    last = today + dt.timedelta(days=room.booking_window_days)
    first = _asked_month(request) or _chosen_date(room, choice) or today
    first = min(max(first, today), last).replace(day=1)
    following = (first + dt.timedelta(days=32)).replace(day=1)
    return {
        "month": first,
        "weeks": availability.month(room, first.year, first.month, now),
        "previous_month": (first - dt.timedelta(days=1)).replace(day=1) if first > today else None,
        "next_month": following if following <= last else None,
        "today": today,
    }


def _slots(
    request: HttpRequest,
    room: Room,
    now: dt.datetime,
    choice: ChoiceForm | None = None,
    *,
    first_free: dt.date | None = None,
) -> dict[str, Any]:
    """Return the times of the day asked for, else of the choice, else of the first free day."""
    today = now.astimezone(room.venue.zone).date()
    asked = request.GET.get("date") or request.GET.get("day") or ""
    day = _date(asked) or _chosen_date(room, choice) or first_free or today
    day = min(max(day, today), today + dt.timedelta(days=room.booking_window_days))
    return {"day": day, "today": today, "slots": availability.slots(room, day, now)}


def _chosen_date(room: Room, choice: ChoiceForm | None) -> dt.date | None:
    if choice is None or choice.stay is None:
        return None
    return choice.stay.starts_at.astimezone(room.venue.zone).date()


def _asked_month(request: HttpRequest) -> dt.date | None:
    match = MONTH.fullmatch(request.GET.get("month", ""))
    return _date(f"{match[1]}-{match[2]}-01") if match else None


def _date(text: str) -> dt.date | None:
    try:
        date = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return date if FIRST_YEAR <= date.year < LAST_YEAR else None


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return max(1, min(int(text), LAST_PAGE)) if text.isdecimal() and len(text) < 7 else 1
