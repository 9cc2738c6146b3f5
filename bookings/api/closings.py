"""Closed dates over HTTP: of some rooms of a venue or all, once or every year. Joined to /api/v1 by config.api."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from ninja import Query, Router

from accounts.api_auth import ApiRequest
from accounts.scopes import BOOKINGS
from bookings.api.access import KNOWN, known
from bookings.api.closing_schemas import ClosingIn, ClosingList, ClosingOut, ClosingQuery
from core.web.answers import private_json
from core.web.problems import FieldError, Problem
from rooms.availability import closings
from rooms.availability.closings import DatesTaken, InTheWay
from rooms.models import Closing, Occupancy, Room, Venue
from rooms.team.permissions import may_manage, venues_of

router = Router(tags=["Closed dates"])

PAGE_SIZE = 50


@router.get(
    "venues/{slug:venue}/closings", response=ClosingList, auth=KNOWN, summary="Closed dates of a venue"
)
def list_closings(request: ApiRequest, venue: str, query: Query[ClosingQuery]) -> JsonResponse:
    """What was closed at once, by its first date."""
    found = _venue_or_404(request, venue)
    at = (query.page - 1) * PAGE_SIZE
    rows = found.closings.order_by("first_date", "pk")[at : at + PAGE_SIZE + 1]
    following = f"{request.path}?page={query.page + 1}" if len(rows) > PAGE_SIZE else None
    url = request.build_absolute_uri(following) if following else None
    rooms = _rooms_of(rows[:PAGE_SIZE])
    items = [_json(closing, found, rooms.get(closing.pk, [])) for closing in rows[:PAGE_SIZE]]
    return private_json({"items": items, "next": url})


@router.post(
    "venues/{slug:venue}/closings", response={201: ClosingOut}, auth=known(BOOKINGS), summary="Close dates",
    openapi_extra={"x-problems": [409]},
)  # fmt: skip
def add_closing(request: ApiRequest, venue: str, body: ClosingIn) -> JsonResponse:
    """All rooms on all dates, or nothing: who is in the way is told room by room, by booking and session."""
    found = _venue_or_404(request, venue)
    rooms = None if body.rooms is None else _rooms(found, body.rooms)
    chosen = body.dict(include={"first_date", "last_date", "years", "note"})
    try:
        closing = closings.close(venue=found, rooms=rooms, **chosen)
    except DatesTaken as error:
        raise _taken(error) from error
    except ValidationError as error:
        errors = [FieldError(name, "invalid", told[0]) for name, told in error.message_dict.items()]
        raise Problem(422, "invalid", errors[0].message, errors=errors) from error
    return private_json(_json(closing, found, _rooms_of([closing]).get(closing.pk, [])), status=201)


@router.delete(
    "closings/{int:closing_id}", response={204: None}, auth=known(BOOKINGS), summary="Open closed dates again"
)
def delete_closing(request: ApiRequest, closing_id: int) -> HttpResponse:
    """All that was closed at once opens again: every room, every year."""
    rows = Closing.objects.select_related("venue")
    closing = rows.filter(pk=closing_id).first() if closing_id < 2**63 else None
    if closing is None or not may_manage(request.auth.user, closing.venue):
        raise Http404("No such closing.")
    request.auth.require_hosts_door()
    closings.reopen(closing_id=closing.pk)
    return HttpResponse(status=204)


def _venue_or_404(request: ApiRequest, slug: str) -> Venue:
    """Return a venue to its owner and managers, and to staff. Raises: Http404 to everybody else."""
    venue = venues_of(request.auth.user).filter(slug=slug).first()
    if venue is None or not may_manage(request.auth.user, venue):
        raise Http404("No such venue.")
    request.auth.require_hosts_door()
    return venue


def _rooms(venue: Venue, slugs: list[str]) -> list[Room]:
    rooms = list(venue.rooms.filter(slug__in=slugs))
    if unknown := sorted(set(slugs) - {room.slug for room in rooms}):
        message = f"This venue has no room {', '.join(unknown)}."
        raise Problem(422, "invalid", message, errors=[FieldError("rooms", "unknown_room", message)])
    return rooms


def _rooms_of(rows: Iterable[Closing]) -> dict[int, list[str]]:
    """Return which rooms are closed by which closing, as venue/room, in one query."""
    taken = Occupancy.objects.filter(closing__in=[closing.pk for closing in rows]).order_by()
    names = taken.values_list("closing_id", "room__venue__slug", "room__slug").distinct()
    found: dict[int, list[str]] = {}
    for closing_id, venue, room in sorted(names):
        found.setdefault(closing_id, []).append(f"{venue}/{room}")
    return found


def _json(closing: Closing, venue: Venue, rooms: list[str]) -> dict[str, Any]:
    return {
        "id": closing.pk, "venue": venue.slug, "is_whole_venue": closing.is_whole_venue, "rooms": rooms,
        "first_date": closing.first_date.isoformat(), "last_date": closing.last_date.isoformat(),
        "years": closing.years, "note": closing.note,
    }  # fmt: skip


def _taken(error: DatesTaken) -> Problem:
    message = "Nothing is closed: somebody is there on these dates."
    return Problem(409, "room_taken", message, in_the_way=[_told(one) for one in error.found])


def _told(one: InTheWay) -> dict[str, Any]:
    return {
        "room": one.room.path,
        "first_date": one.first_date.isoformat(),
        "last_date": one.last_date.isoformat(),
        "bookings": [taken.reference for taken in one.people if taken.reference],
        "sessions": [taken.session_id for taken in one.people if taken.session_id],
    }
