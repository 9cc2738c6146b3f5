"""Bookings over HTTP: create, list, see, approve, decline, cancel. Joined to /api/v1 by config.api.

Answers are built as plain JSON (the schemas document them).
"""

import datetime as dt
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, JsonResponse
from ninja import Body, Query, Router

from accounts.api_auth import ApiRequest, Caller
from accounts.scopes import BOOKINGS
from bookings import cancellation, links
from bookings.actors import Actor, guest_actor
from bookings.api.access import ANYBODY, GUEST_OR_KNOWN, KNOWN, access_to, guest_or_known, known
from bookings.api.schemas import (
    BookingCreated,
    BookingIn,
    BookingList,
    BookingOut,
    CancelIn,
    CancelOut,
    DeclineIn,
    ListQuery,
)
from bookings.api.serializers import alternatives_json, detail_json, instant, summary_json
from bookings.lifecycle import services as bookings
from bookings.lifecycle import submission
from bookings.lifecycle.submission import GuestDetails
from bookings.limits import proof
from bookings.limits import services as limits
from bookings.limits.proof import ProofNeeded
from bookings.models import Booking
from bookings.pages import guest_session
from bookings.phrases import money_back
from bookings.states import Status
from core import clock
from core.web.answers import private_json
from core.web.problems import FieldError, Problem
from core.web.ratelimit import client_ip
from rooms.api.rooms import room_of_path, session_of_choice
from rooms.availability.occupancy import RoomTaken
from rooms.availability.stays import Stay, stay_of
from rooms.models import Room
from rooms.search.calendar import alternatives
from rooms.team.permissions import venues_of

router = Router(tags=["Bookings"])

LONGEST_KEY = 255
ALTERNATIVES_SECONDS = 2
# How long after a booking was made its secret is told again to who sends the same request.
SECRET_AGAIN = dt.timedelta(minutes=15)
KEY_HEADER = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "schema": {"type": "string", "maxLength": LONGEST_KEY, "pattern": "^[!-~]*$"},
    "description": "Chosen by the client, new for each booking: the same request sent again answers with the first.",
}  # fmt: skip


@router.post(
    "bookings", response={201: BookingCreated}, auth=ANYBODY, summary="Book",
    openapi_extra={"parameters": [KEY_HEADER], "security": [{}], "x-problems": [409]},
)  # fmt: skip
def create_booking(request: ApiRequest, body: BookingIn) -> JsonResponse:
    caller: Caller = request.auth
    key = _submission_key(request, caller, body)
    room = _room(body.room)
    session = session_of_choice(room, body)
    stay = stay_of(
        room,
        check_in=body.check_in,
        check_out=body.check_out,
        start=body.start,
        end=body.end,
        session=session,
    )
    now = clock.now()
    asker = limits.asker_of(caller.user, ip=client_ip(request), references=guest_session.references(request))
    limits.check_rate(asker)
    is_proved = _is_proved(request, body, now)
    try:
        with transaction.atomic():
            limits.queue(asker, body.guest.email)
            booking = bookings.submit(
                room=room, stay=stay, party_size=body.party_size, session=session, message=body.message,
                guest=_guest(body, caller, asker), submission_key=key, actor=guest_actor(caller.user),
                expected_total_minor=body.expected_total_minor, now=now,
            )  # fmt: skip
            limits.check_open(asker, booking)
            limits.check_proof(asker, booking, is_proved=is_proved)
    except ProofNeeded as error:
        proof.send(error.address, now)
        raise
    except RoomTaken as error:
        raise _taken(room, stay, body.party_size) from error
    if booking.created_at == now:
        if request.session.session_key:
            guest_session.remember(request, booking)
        return private_json(_created_json(booking), status=201)
    # Made earlier under the same key, and not now.
    return private_json(
        _replayed_json(request, booking, now), status=201, headers={"Idempotent-Replayed": "true"}
    )


@router.get("bookings", response=BookingList, auth=KNOWN, summary="Your bookings")
def list_bookings(request: ApiRequest, query: Query[ListQuery]) -> JsonResponse:
    """Those of a guest who is logged in; with a token also those of the user's venues. Newest first."""
    rows = _visible_to(request.auth).order_by("-pk")
    if query.status:
        rows = rows.filter(status=query.status)
    if query.venue:
        rows = rows.filter(venue__slug=query.venue)
    if query.after:
        rows = rows.filter(pk__lt=Booking.objects.filter(reference=query.after).values("pk"))
    found = list(rows.select_related("room__venue")[: query.limit + 1])
    page = found[: query.limit]
    following = _next_url(request, page[-1]) if len(found) > len(page) else None
    return private_json({"items": [summary_json(booking) for booking in page], "next": following})


@router.get("bookings/{slug:reference}", response=BookingOut, auth=GUEST_OR_KNOWN, summary="A booking")
def get_booking(request: ApiRequest, reference: str) -> JsonResponse:
    access = access_to(request.auth, reference)
    return private_json(detail_json(access.booking, access.viewer))


@router.post(
    "bookings/{slug:reference}/approve", response=BookingOut, auth=known(BOOKINGS), summary="Say yes to a request",
    openapi_extra={"x-problems": [409]},
)  # fmt: skip
def approve(request: ApiRequest, reference: str) -> JsonResponse:
    """Held money is taken next: the booking is CONFIRMED once it is. Said again, it answers with the first yes."""
    access = access_to(request.auth, reference)
    access.require_host()
    booking = bookings.approve(booking_id=access.booking.pk, actor=access.actor)
    return private_json(detail_json(booking, access.viewer))


@router.post(
    "bookings/{slug:reference}/decline", response=BookingOut, auth=known(BOOKINGS), summary="Say no to a request",
    openapi_extra={"x-problems": [409]},
)  # fmt: skip
def decline(request: ApiRequest, reference: str, body: DeclineIn = Body(DeclineIn())) -> JsonResponse:  # noqa: B008
    """Held money is released. Said again, it answers with the first no."""
    access = access_to(request.auth, reference)
    access.require_host()
    booking = bookings.decline(booking_id=access.booking.pk, actor=access.actor, reason=body.reason)
    return private_json(detail_json(booking, access.viewer))


@router.post(
    "bookings/{slug:reference}/cancel", response=CancelOut, auth=guest_or_known(BOOKINGS), summary="End a booking",
    openapi_extra={"x-problems": [409]},
)  # fmt: skip
def cancel(request: ApiRequest, reference: str, body: CancelIn = Body(CancelIn())) -> JsonResponse:  # noqa: B008
    """A guest may owe what the booking's policy says; the venue's team and staff cancel free of charge."""
    access = access_to(request.auth, reference)
    booking = access.booking
    schedule = cancellation.schedule_of(booking) if booking.status != Status.CANCELLED else ()
    if body.dry_run:
        fee_minor = _fee_if_cancelled(booking, access.actor)
    else:
        booking = bookings.cancel(booking_id=booking.pk, actor=access.actor, reason=body.reason)
        fee_minor = booking.due_minor
    known = money_back.outlook(booking, booking.closed_at or clock.now())
    is_over = booking.status == Status.CANCELLED
    back = (
        money_back.of_ended(booking, known) if is_over else money_back.if_cancelled(booking, fee_minor, known)
    )
    costs = {
        "dry_run": body.dry_run,
        "fee_minor": fee_minor,
        "returned_minor": back.returned_minor,
        "money_back": back.sentence,
        "expected_by": known.expected_by.isoformat() if back.returned_minor and known.expected_by else None,
        "schedule": [
            {"until": instant(step.until), "percent": step.percent, "returned_minor": step.refund_minor}
            for step in schedule
        ],
    }
    return private_json(detail_json(booking, access.viewer) | costs)


# --- helpers --------------------------------------------------------------------------------------------------


def _submission_key(request: ApiRequest, caller: Caller, body: BookingIn) -> str:
    """Return the key of this submission: the client's own, apart for each user or guest. Raises: Problem."""
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        message = f"Use at most {LONGEST_KEY} printable ASCII characters."
        errors = [FieldError("Idempotency-Key", "invalid_key", message)]
        raise Problem(400, "invalid_idempotency_key", message, errors=errors)
    return submission.chosen_key(key, user_id=caller.id, email=body.guest.email, network=client_ip(request))


def _room(path: str) -> Room:
    try:
        return room_of_path(path)
    except Http404 as error:
        errors = [FieldError("room", "room_not_found", "There is no such room.")]
        raise Problem(404, "room_not_found", "There is no such room.", errors=errors) from error


def _guest(body: BookingIn, caller: Caller, asker: limits.Asker) -> GuestDetails:
    """Who logs in books as themselves; a program with a token also books for others, who are then its guests."""
    user = caller.user if caller.user.is_authenticated else None
    if caller.by_token and caller.user.email.lower() != body.guest.email:
        user = None
    return GuestDetails(**body.guest.dict(), user=user, asked_by=asker.key)


def _is_proved(request: ApiRequest, body: BookingIn, now: dt.datetime) -> bool:
    """Tell whether the guest's address is proved, by a code sent along or before. Raises: Problem for a wrong one."""
    if not body.proof:
        return guest_session.has_proved(request, body.guest.email)
    if not proof.is_right(body.guest.email, body.proof, now):
        wrong = FieldError("proof", "invalid", "This is not the code we mailed, or it is too old.")
        raise Problem(422, "invalid", wrong.message, errors=[wrong])
    return True


def _fee_if_cancelled(booking: Booking, actor: Actor) -> int:
    if booking.status == Status.CANCELLED:
        return booking.due_minor
    now = clock.now()
    cancellation.check_may_cancel(booking, actor, now)
    return bookings.cancellation_fee(booking, actor, now)


def _taken(room: Room, stay: Stay, party_size: int) -> Problem:
    detail = "This has just been taken by somebody else. `alternatives` says what is free."
    return Problem(409, RoomTaken.code, detail, alternatives=_alternatives(room, stay, party_size))


def _alternatives(room: Room, stay: Stay, party_size: int) -> dict:
    """Many lose the same race at the same moment; what is free instead is worked out for them once."""
    key = f"alternatives:{room.pk}:{stay.starts_at.timestamp()}:{stay.ends_at.timestamp()}:{party_size}"
    found = cache.get(key)
    if found is None:
        found = alternatives_json(room, alternatives(room, stay, party_size, clock.now()))
        cache.set(key, found, ALTERNATIVES_SECONDS)
    return found


def _created_json(booking: Booking) -> dict[str, Any]:
    return {
        "reference": booking.reference,
        "secret": booking.secret,
        "status": booking.status,
        "total_minor": booking.total_minor,
        "currency": booking.currency,
        "payment_due_at": instant(booking.payment_due_at),
        "decide_by": instant(booking.decide_by),
        "url": settings.SITE_URL + booking.secret_path,
    }


def _replayed_json(request: ApiRequest, booking: Booking, now: dt.datetime) -> dict[str, Any]:
    """The answer to a request sent again: the secret is for those who can have heard it minutes ago.

    To anybody else it goes by mail, to the guest.
    """
    answer = _created_json(booking)
    is_known = (
        bool(request.auth.id)
        or booking.reference in guest_session.references(request)
        or submission.is_from(booking, client_ip(request))
    )
    if is_known and now - booking.created_at < SECRET_AGAIN:
        return answer
    links.send(booking)
    return answer | {"secret": None, "url": settings.SITE_URL + booking.get_absolute_url()}


def _visible_to(caller: Caller) -> QuerySet[Booking]:
    user = caller.user
    if caller.by_token and user.is_platform_staff:
        return Booking.objects.all()
    own = Q(guest=user)
    return Booking.objects.filter(own | Q(venue__in=venues_of(user)) if caller.by_token else own)


def _next_url(request: ApiRequest, last: Booking) -> str:
    query = request.GET.copy()
    query["after"] = last.reference
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
