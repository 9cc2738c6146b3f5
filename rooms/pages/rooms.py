"""Pages where guests find a room: home, search, the room itself, and its parts that change with the choice."""

import datetime as dt
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode, urlsplit

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_htmx.http import replace_url
from django_htmx.middleware import HtmxDetails

from core import clock
from rooms import selectors
from rooms.availability.stays import InvalidStay
from rooms.models import Room
from rooms.pages import chooser
from rooms.pages.forms import ChoiceForm, SearchForm
from rooms.pages.priced_choice import offer
from rooms.pages.results import featured, home_places, results
from rooms.pricing import policies
from rooms.search.query import Search

CHOICE = ("check_in", "check_out", "start", "end", "hours", "session", "party_size")
HOME_PLACES, HOME_ROOMS = 6, 8
# A page number beyond this is a machine's.
LAST_PAGE = 1000


class PartRequest(HttpRequest):
    """A request of a part of a page, as htmx sends it."""

    htmx: HtmxDetails


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
        **chooser.offered(request.GET, found, choice, now),
        **_kept(request.GET),
    }
    return render(request, "rooms/detail.html", context)


@require_safe
def calendar(request: PartRequest, venue: str, room: str) -> HttpResponse:
    """The month grid alone, for paging through months."""
    found, now = _room_or_404(venue, room), clock.now()
    asked = _address(request)
    asked.update({"month": request.GET.get("month", "")})
    context = {"room": found, "venue": found.venue, **chooser.months(asked, found, now), **_kept(asked)}
    return _at(found, asked, render(request, "rooms/_calendar.html", context))


@require_safe
def slots(request: PartRequest, venue: str, room: str) -> HttpResponse:
    """The times of one day alone."""
    found, now = _room_or_404(venue, room), clock.now()
    choice = ChoiceForm(found, now=now)
    asked = {**_only(_address(request), ("hours", "party_size")), "day": _asked_day(request)}
    context = {"room": found, "venue": found.venue, "choice": choice, **_kept(asked)}
    context |= chooser.slots(asked, found, now)
    if request.htmx.trigger == "day-form":
        context |= chooser.months(asked, found, now)  # the calendar follows the day
    return _at(found, asked, render(request, "rooms/_slots_swap.html", context))


@require_safe
def quote(request: HttpRequest, venue: str, room: str) -> HttpResponse:
    """The price of a choice alone, or why it is none."""
    found, now = _room_or_404(venue, room), clock.now()
    choice = _choice(request, found, now)
    priced = offer(choice) if choice.is_bound and choice.is_valid() else None
    context = {"room": found, "venue": found.venue, "choice": choice, "offer": priced}
    return _at(found, _only(request.GET, CHOICE), render(request, "rooms/_quote.html", context))


# --- the address holds the choice ---------------------------------------------------------------------------


def _at(room: Room, asked: Mapping[str, str], response: HttpResponse) -> HttpResponse:
    """Let the browser show the room's address with what is chosen, so that reload and bookmark keep it."""
    query = urlencode({name: value for name, value in asked.items() if value})
    return replace_url(response, f"{room.get_absolute_url()}{'?' if query else ''}{query}")


def _address(request: PartRequest) -> dict[str, str]:
    """Return what the address of the page around a part holds; nothing for a part asked for alone."""
    query = urlsplit(request.htmx.current_url or "").query if request.htmx else ""
    return _only(QueryDict(query), (*CHOICE, "day", "month"))


def _kept(asked: Mapping[str, str]) -> dict[str, str]:
    """Return queries for links that change only the month, or only the day, of what is asked."""
    return {
        "kept": urlencode(_only(asked, (*CHOICE, "day"))),
        "kept_with_day": urlencode(_only(asked, ("hours", "party_size"))),
    }


def _only(asked: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: value for name in names if (value := asked.get(name))}


def _asked_day(request: HttpRequest) -> str:
    return request.GET.get("date") or request.GET.get("day") or ""


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
    hours = request.GET.get("hours", "")
    initial = {"party_size": _guests(request, room)}
    if hours.isdecimal() and len(hours) < 4:
        initial["hours"] = max(room.min_units, min(int(hours), room.max_units))
    return ChoiceForm(room, now=now, initial=initial)


def _guests(request: HttpRequest, room: Room) -> int:
    text = request.GET.get("party_size", "")
    fallback = min(2, room.capacity) if room.is_by_night else 1
    return max(1, min(int(text), room.capacity)) if text.isdecimal() and len(text) < 5 else fallback


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return max(1, min(int(text), LAST_PAGE)) if text.isdecimal() and len(text) < 7 else 1
