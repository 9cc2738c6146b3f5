"""Rooms over HTTP: search, facts, availability, quotes. Open to everyone; joined to /api/v1 by config.api.

Answers are built as plain JSON (the schemas document them): checking every field again would cost more than
the database does.
"""

import datetime as dt
import re
from collections.abc import Callable

from django.http import Http404, HttpRequest, JsonResponse
from ninja import Query, Router

from core import clock
from rooms import selectors
from rooms.api.schemas import (
    AvailabilityOut,
    AvailabilityQuery,
    QuoteIn,
    QuoteOut,
    RoomDetail,
    RoomList,
    SearchQuery,
)
from rooms.availability import occupancy
from rooms.availability.stays import FIRST_YEAR, LAST_YEAR, InvalidStay, Stay, check_stay, stay_of
from rooms.models import Room, RoomPhoto, Session
from rooms.pricing import charge_limits, policies
from rooms.pricing.compare import Comparison
from rooms.pricing.quotes import quote
from rooms.search import calendar
from rooms.search.query import Search, find, stay_in

router = Router(tags=["Rooms"])

ROOM_PATH = re.compile(r"([-\w]{1,80})/([-\w]{1,80})", re.ASCII)
USUAL_DAYS = 31
MOST_NIGHTS, MOST_SLOT_DAYS = 184, 31


@router.get("rooms", response=RoomList, summary="Search rooms that are really free")
def list_rooms(request: HttpRequest, query: Query[SearchQuery]) -> JsonResponse:
    params, now = query.as_search(), clock.now()
    page = find(params, now, query.page)
    items = [{**room_json(request, room), "total_minor": _total(room, params, now)} for room in page.rooms]
    return JsonResponse(
        {
            "items": items,
            "next": _next_url(request, page.number) if page.has_next else None,
            "total": page.total,
            "compared": _compared_json(page.compared),
        }
    )


@router.get("rooms/{slug:venue}/{slug:room}", response=RoomDetail, summary="A room's facts")
def get_room(request: HttpRequest, venue: str, room: str) -> JsonResponse:
    found = _found(selectors.room_page, venue, room)
    return JsonResponse({**room_json(request, found), **_details(found)})


@router.get(
    "rooms/{slug:venue}/{slug:room}/availability",
    response=AvailabilityOut,
    by_alias=True,
    summary="Free nights or slots",
)
def get_availability(
    request: HttpRequest, venue: str, room: str, query: Query[AvailabilityQuery]
) -> JsonResponse:
    found = _found(selectors.room_calendar, venue, room)
    now = clock.now()
    first = query.first or now.astimezone(found.venue.zone).date()
    end = query.end or _checked(first, "from") + dt.timedelta(days=USUAL_DAYS)
    _check_span(found, first, end)
    return JsonResponse(_availability(found, first, end, now))


@router.post("quotes", response=QuoteOut, summary="The price of a choice, line by line")
def post_quote(request: HttpRequest, body: QuoteIn) -> JsonResponse:
    room = room_of_path(body.room)
    stay = stay_of_choice(room, body)
    now = clock.now()
    check_stay(room, stay, body.party_size, now)
    price = quote(room, stay, body.party_size, now=now, session=session_of_choice(room, body))
    charge_limits.check(room, price)
    zone = room.venue.zone
    return JsonResponse(
        {
            "room": room.path,
            "starts_at": stay.starts_at.astimezone(zone).isoformat(),
            "ends_at": stay.ends_at.astimezone(zone).isoformat(),
            "units": price.units,
            "lines": price.as_lines(),
            "total_minor": price.total_minor,
            "tax_minor": price.tax_minor,
            "currency": price.currency,
            "held_today_minor": price.held_today_minor,
            "charged_today_minor": price.charged_today_minor,
            "capture": price.capture,
            "cancellation": _cancellation(room, stay, price.total_minor),
            "is_free": _is_free(room, stay, body),
        }
    )


# --- for other apps' endpoints ----------------------------------------------------------------------------


def room_of_path(path: str) -> Room:
    """Return the published room of a `venue/room` path. Raises: Http404."""
    match = ROOM_PATH.fullmatch(path)
    if match is None:
        raise Http404("No such room.")
    return _found(selectors.published_room, *match.groups())


def stay_of_choice(room: Room, choice: QuoteIn) -> Stay:
    """Return the stay of a request's dates, hours or session. Raises: InvalidStay."""
    return stay_of(
        room,
        check_in=choice.check_in,
        check_out=choice.check_out,
        start=choice.start,
        end=choice.end,
        session=session_of_choice(room, choice),
    )


def session_of_choice(room: Room, choice: QuoteIn) -> Session | None:
    """Return the session a request names; one of another room or a cancelled one is no session."""
    if choice.session is None or not 0 < choice.session < 2**63:
        return None
    return Session.objects.filter(room=room, is_cancelled=False, pk=choice.session).first()


def room_json(request: HttpRequest, room: Room) -> dict:
    """Return a room as lists and other endpoints show it (schema RoomOut)."""
    venue = room.venue
    return {
        "path": room.path,
        "name": room.name,
        "kind": room.kind,
        "unit": room.unit,
        "venue": {
            "slug": venue.slug, "name": venue.name, "city": venue.city, "country": venue.country,
            "address": venue.address, "time_zone": venue.time_zone, "currency": venue.currency,
        },
        "description": room.description,
        "capacity": room.capacity,
        "size_m2": room.size_m2,
        "amenities": room.amenities,
        "price_minor": room.price_minor,
        "currency": venue.currency,
        "approval": room.approval,
        "photos": [_photo_json(request, photo) for photo in room.photos.all()],
        "url": request.build_absolute_uri(room.get_absolute_url()),
    }  # fmt: skip


# --- helpers ----------------------------------------------------------------------------------------------


def _found(select: Callable[[str, str], Room], venue_slug: str, room_slug: str) -> Room:
    try:
        return select(venue_slug, room_slug)
    except Room.DoesNotExist as error:
        raise Http404("No such room.") from error


def _photo_json(request: HttpRequest, photo: RoomPhoto) -> dict:
    url = request.build_absolute_uri(photo.image.url)
    return {"url": url, "alt": photo.alt, "width": photo.width, "height": photo.height}


def _details(room: Room) -> dict:
    is_expert = room.kind == Room.Kind.EXPERT
    venue = room.venue
    is_workshop = room.kind == Room.Kind.WORKSHOP
    sessions = calendar.upcoming_sessions(room, clock.now()) if is_workshop else []
    return {
        "cleaning_fee_minor": room.cleaning_fee_minor,
        "min_units": room.min_units,
        "max_units": room.max_units,
        "appointment_minutes": room.appointment_minutes if is_expert else None,
        "notice_minutes": room.notice_minutes,
        "booking_window_days": room.booking_window_days,
        "check_in_time": f"{venue.check_in_time:%H:%M}" if room.is_by_night else None,
        "check_out_time": f"{venue.check_out_time:%H:%M}" if room.is_by_night else None,
        "cancellation": policies.cancellation_rules(room.tiers),
        "opening_hours": [
            {"weekday": row.weekday, "opens": f"{row.opens:%H:%M}", "closes": f"{row.closes:%H:%M}"}
            for row in room.opening_hours.all()
        ],
        "sessions": [
            {
                "id": session.pk, "title": session.title, "seats_left": session.seats_left,
                "starts_at": session.starts_at.astimezone(venue.zone).isoformat(),
                "ends_at": session.ends_at.astimezone(venue.zone).isoformat(),
            }
            for session in sessions
        ],
    }  # fmt: skip


def _availability(room: Room, first: dt.date, end: dt.date, now: dt.datetime) -> dict:
    last = end - dt.timedelta(days=1)
    zone = room.venue.zone
    days = calendar.days(room, first, last, now) if room.is_by_night else []
    slots = calendar.slots_between(room, first, last, now)
    return {
        "room": room.path,
        "unit": room.unit,
        "time_zone": room.venue.time_zone,
        "currency": room.venue.currency,
        "from": first.isoformat(),
        "to": end.isoformat(),
        "is_free": bool(days or slots)
        and all(day.is_free for day in days)
        and all(slot.is_free for slot in slots),
        "days": [
            {
                "date": day.date.isoformat(),
                "is_free": day.is_free,
                "can_start": day.can_start,
                "state": day.state,
                "price_minor": day.price_minor,
            }
            for day in days
        ],
        "slots": [
            {
                "starts_at": slot.starts_at.astimezone(zone).isoformat(),
                "ends_at": slot.ends_at.astimezone(zone).isoformat(),
                "is_free": slot.is_free,
                "session": slot.session.pk if slot.session else None,
            }
            for slot in slots
        ],
    }


def _check_span(room: Room, first: dt.date, end: dt.date) -> None:
    _checked(first, "from")
    if _checked(end, "to") <= first:
        raise InvalidStay("to", "not_after_start", "`to` must be after `from`; it is not included.")
    most = MOST_NIGHTS if room.is_by_night else MOST_SLOT_DAYS
    if (end - first).days > most:
        raise InvalidStay("to", "too_long", f"At most {most} days at once.")


def _checked(date: dt.date, field: str) -> dt.date:
    if not FIRST_YEAR <= date.year < LAST_YEAR:
        raise InvalidStay(field, "out_of_range", "Choose a date nearer to today.")
    return date


def _is_free(room: Room, stay: Stay, choice: QuoteIn) -> bool:
    if session := session_of_choice(room, choice):
        return session.seats_left >= choice.party_size
    return occupancy.is_free(room, stay)


def _cancellation(room: Room, stay: Stay, total_minor: int) -> dict:
    schedule = policies.refund_schedule(room.tiers, starts_at=stay.starts_at, amount_minor=total_minor)
    return {
        "policy": room.policy.name if room.policy else "",
        "rules": policies.cancellation_rules(room.tiers),
        "schedule": policies.schedule_json(schedule, room.venue.zone),
    }


def _total(room: Room, params: Search, now: dt.datetime) -> int | None:
    stay = stay_in(room, params)
    return quote(room, stay, params.guests or 1, now=now).total_minor if stay else None


def _compared_json(compared: Comparison | None) -> dict | None:
    if compared is None:
        return None
    as_of = compared.rates.as_of
    return {"currency": compared.currency, "rates_as_of": as_of.isoformat() if as_of else None}


def _next_url(request: HttpRequest, number: int) -> str:
    query = request.GET.copy()
    query["page"] = str(number + 1)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
