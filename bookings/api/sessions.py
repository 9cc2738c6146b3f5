"""A workshop's sessions over HTTP: listed, added (weekly too), changed, withdrawn, cancelled whole. Joined to
/api/v1 by config.api.
"""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, JsonResponse
from ninja import Body, Query, Router

from accounts.api_auth import ApiRequest
from accounts.scopes import BOOKINGS
from bookings.actors import member_actor
from bookings.api.access import KNOWN, known
from bookings.api.schemas import (
    ManagedSession,
    SessionCancelIn,
    SessionCancelOut,
    SessionChangeIn,
    SessionCreated,
    SessionIn,
    SessionList,
    SessionQuery,
)
from bookings.bulk import services as bulk
from bookings.bulk.services import Preview, Target
from bookings.models import BulkCancellation
from core import clock
from core.web.answers import private_json
from core.web.problems import FieldError, Problem
from rooms import sessions
from rooms.availability.occupancy import RoomTaken
from rooms.availability.stays import InvalidStay, Stay
from rooms.models import Room, Session
from rooms.team.permissions import may_manage, venues_of

router = Router(tags=["Sessions"])

PAGE_SIZE = 50
OF_A_ROOM = "venues/{slug:venue}/rooms/{slug:room}/sessions"
# What requests call the fields of a plan.
NAMES = {"start": "starts_at", "end": "ends_at"}


@router.get(OF_A_ROOM, response=SessionList, auth=KNOWN, summary="A workshop's sessions")
def list_sessions(request: ApiRequest, venue: str, room: str, query: Query[SessionQuery]) -> JsonResponse:
    """Sessions that end from now on, or from `since`, soonest first, the cancelled among them."""
    found = _room_or_404(request, venue, room)
    rows: QuerySet[Session] = found.sessions.filter(ends_at__gte=query.since or clock.now())
    at = (query.page - 1) * PAGE_SIZE
    shown = list(rows.order_by("starts_at", "pk")[at : at + PAGE_SIZE + 1])
    following = f"{request.path}?page={query.page + 1}" if len(shown) > PAGE_SIZE else None
    if following and query.since:
        following += f"&since={query.since.isoformat().replace('+', '%2B')}"
    items = [_session_json(session, found) for session in shown[:PAGE_SIZE]]
    url = request.build_absolute_uri(following) if following else None
    return private_json({"items": items, "next": url})


@router.post(
    OF_A_ROOM, response={200: SessionCreated, 201: SessionCreated}, auth=known(BOOKINGS),
    summary="Add a session, or one a week", openapi_extra={"x-problems": [409]},
)  # fmt: skip
def add_sessions(request: ApiRequest, venue: str, room: str, body: SessionIn) -> JsonResponse:
    """All of a weekly run are added, or none; `dry_run` tells the dates and adds none."""
    found = _room_or_404(request, venue, room)
    if found.kind != Room.Kind.WORKSHOP:
        raise Problem(409, "not_a_workshop", "Only workshops have sessions.")
    weekly = {"count": body.count, "until": body.until}
    stays = _plan(found, body.starts_at, body.ends_at, now=clock.now(), **weekly)
    facts: sessions.SessionFacts = {
        "title": body.title,
        "capacity": body.capacity or found.capacity,
        "price_minor": body.price_minor,
    }
    if clashes := sessions.clashes(found, stays):
        raise _clash(found, clashes)
    if body.dry_run:
        planned = [
            Session(room=found, starts_at=one.starts_at, ends_at=one.ends_at, **facts) for one in stays
        ]
        return private_json(_created(planned, found), status=200)
    try:
        made = sessions.add_run(room=found, stays=stays, **facts)
    except RoomTaken as error:
        raise _clash(found, sessions.clashes(found, stays)) from error
    except ValidationError as error:
        raise _invalid(error) from error
    return private_json(_created(made, found), status=201)


@router.get("sessions/{int:session_id}", response=ManagedSession, auth=KNOWN, summary="A session")
def get_session(request: ApiRequest, session_id: int) -> JsonResponse:
    session = _session_or_404(request, session_id)
    return private_json(_session_json(session, session.room))


@router.patch(
    "sessions/{int:session_id}", response=ManagedSession, auth=known(BOOKINGS), summary="Change a session",
    openapi_extra={"x-problems": [409]},
)  # fmt: skip
def change_session(request: ApiRequest, session_id: int, body: SessionChangeIn) -> JsonResponse:
    """Only what is sent changes. The time stays as it was sold once a seat is taken."""
    session = _session_or_404(request, session_id)
    changes = {
        name: value for name, value in body.dict(exclude_unset=True).items() if name not in NAMES.values()
    }
    if None in (changes.get("title", ""), changes.get("capacity", 0)):
        raise Problem(422, "invalid", "A session has a title and seats: leave out what does not change.")
    now = clock.now()
    try:
        changes |= _moved(session, body, now)
        changed = sessions.change(session_id=session.pk, now=now, **changes)
    except RoomTaken as error:
        stay = Stay(changes["starts_at"], changes["ends_at"], 1)
        raise _clash(session.room, sessions.clashes(session.room, [stay], own=session)) from error
    except ValidationError as error:
        raise _invalid(error) from error
    return private_json(_session_json(changed, session.room))


@router.delete(
    "sessions/{int:session_id}", response={204: None}, auth=known(BOOKINGS), summary="Withdraw a session nobody booked",
    openapi_extra={"x-problems": [409]},
)  # fmt: skip
def delete_session(request: ApiRequest, session_id: int) -> HttpResponse:
    """With bookings it is refused: `POST sessions/{id}/cancel` gives everybody their money back."""
    session = _session_or_404(request, session_id)
    try:
        sessions.withdraw(session_id=session.pk)
    except sessions.SessionRefused as error:
        raise Problem(409, error.code, str(error), cancel_url=f"{request.path}/cancel") from error
    return HttpResponse(status=204)


@router.post(
    "sessions/{int:session_id}/cancel", response=SessionCancelOut, auth=known(BOOKINGS), summary="Cancel a session",
    openapi_extra={"x-problems": [409]},
)  # fmt: skip
def cancel_session(
    request: ApiRequest,
    session_id: int,
    body: SessionCancelIn = Body(SessionCancelIn()),  # noqa: B008
) -> JsonResponse:
    """Every guest gets all of their money back, in the background; asked again it tells how far that has come.

    With `dry_run` it says how many bookings and how much money, and does nothing.
    """
    session = _session_or_404(request, session_id)
    target = Target.of_session(session)
    seen = bulk.preview(target)
    begun = BulkCancellation.objects.filter(session=session).first()
    if body.dry_run:
        return private_json(_answer(session, seen, begun, dry_run=True))
    if not body.reason and begun is None:
        message = "Say why, for the guests to read."
        raise Problem(422, "invalid", message, errors=[FieldError("reason", "reason_required", message)])
    begun = bulk.begin(target=target, actor=member_actor(request.auth.user), reason=body.reason)
    return private_json(_answer(session, seen, begun, dry_run=False))


def _session_or_404(request: ApiRequest, session_id: int) -> Session:
    """Return a session to its venue's owner and managers, and to staff. Raises: Http404 to everybody else."""
    rows = Session.objects.select_related("room__venue")
    session = rows.filter(pk=session_id).first() if session_id < 2**63 else None
    user = request.auth.user
    if session is None or not may_manage(user, session.room.venue):
        raise Http404("No such session.")
    request.auth.require_hosts_door()
    return session


def _room_or_404(request: ApiRequest, venue: str, room: str) -> Room:
    """Return a room to its venue's owner and managers, and to staff; offered to guests or not. Raises: Http404."""
    user = request.auth.user
    rows = Room.objects.select_related("venue").filter(venue__in=venues_of(user))
    found = rows.filter(venue__slug=venue, slug=room).first()
    if found is None or not may_manage(user, found.venue):
        raise Http404("No such room.")
    return found


def _plan(room: Room, start: dt.datetime, end: dt.datetime, **more: Any) -> list[Stay]:
    """Return the times asked for. Raises: InvalidStay by the request's own fields."""
    try:
        return sessions.plan(room, start, end, **more)
    except InvalidStay as error:
        raise InvalidStay(NAMES.get(error.field, error.field), error.code, error.message) from error


def _moved(session: Session, body: SessionChangeIn, now: dt.datetime) -> dict[str, dt.datetime]:
    """Return the time a change asks for; a half that is not sent stays."""
    if body.starts_at is None and body.ends_at is None:
        return {}
    start, end = body.starts_at or session.starts_at, body.ends_at or session.ends_at
    (stay,) = _plan(session.room, start, end, now=now)
    return {"starts_at": stay.starts_at, "ends_at": stay.ends_at}


def _session_json(session: Session, room: Room) -> dict[str, Any]:
    zone = room.venue.zone
    return {
        "id": session.pk, "room": room.path, "title": session.title,
        "starts_at": session.starts_at.astimezone(zone).isoformat(),
        "ends_at": session.ends_at.astimezone(zone).isoformat(),
        "capacity": session.capacity, "seats_taken": session.seats_taken, "seats_left": session.seats_left,
        "price_minor": room.price_minor if session.price_minor is None else session.price_minor,
        "has_own_price": session.price_minor is not None, "currency": room.venue.currency,
        "is_cancelled": session.is_cancelled,
    }  # fmt: skip


def _created(made: list[Session], room: Room) -> dict[str, Any]:
    items = [_session_json(session, room) for session in made]
    return {**items[0], "items": items}


def _clash(room: Room, found: list[sessions.Clash]) -> Problem:
    zone = room.venue.zone
    clashes = [
        {"starts_at": one.stay.starts_at.astimezone(zone).isoformat(), "what": one.what} for one in found
    ]
    return Problem(409, "room_taken", sessions.write_clashes(room, found), clashes=clashes)


def _invalid(error: ValidationError) -> Problem:
    errors = [FieldError(name, "invalid", told[0]) for name, told in error.message_dict.items()]
    return Problem(422, "invalid", errors[0].message, errors=errors)


def _answer(session: Session, seen: Preview, begun: BulkCancellation | None, *, dry_run: bool) -> dict:
    done = bulk.progress(begun) if begun else None
    return {
        "session": session.pk,
        "title": session.title,
        "dry_run": dry_run,
        "is_cancelled": begun is not None,
        "bookings": seen.count,
        "sums": [
            {
                "currency": one.currency, "refunded_minor": one.refunded_minor,
                "released_minor": one.released_minor, "total_minor": one.total_minor,
            }
            for one in seen.sums
        ],
        "progress": {"total": done.total, "done": done.done, "failed": done.failed} if done else None,
    }  # fmt: skip
