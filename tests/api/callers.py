"""Programs that call the API, each with its own credential; and bookings in every status for them to act on."""

import datetime as dt
import json
import uuid
from typing import Any

from django.test import Client

from accounts.models import ApiToken, User
from bookings.actors import guest_actor, member_actor
from bookings.lifecycle import services as bookings
from bookings.models import Booking
from bookings.states import Status
from core import clock
from rooms.models import Room
from tests.support import factories

BASE = "/api/v1/"


class Api:
    """A program that talks JSON; `authorization` is its header, `client` a browser whose cookies it shares."""

    def __init__(self, authorization: str = "", client: Client | None = None) -> None:
        self.client = client or Client()
        self.headers = {"Authorization": authorization} if authorization else {}

    def get(self, path: str, query: dict | None = None, **headers: str):
        return self.client.get(BASE + path, query or {}, headers={**self.headers, **headers})

    def post(self, path: str, data: Any = None, *, content_type: str = "application/json", **headers: str):
        body = "" if data is None else data if isinstance(data, str | bytes) else json.dumps(data)
        return self.client.post(
            BASE + path, body, content_type=content_type, headers={**self.headers, **headers}
        )


def choice(room: Room, *, days_ahead: int = 10, nights: int = 2, **fields: Any) -> dict:
    """A request to book a room by the night."""
    check_in = clock.now().astimezone(room.venue.zone).date() + dt.timedelta(days=days_ahead)
    email = f"{uuid.uuid4().hex[:12]}@example.org"
    return {
        "room": room.path,
        "check_in": check_in.isoformat(),
        "check_out": (check_in + dt.timedelta(days=nights)).isoformat(),
        "party_size": 2,
        "guest": {"name": "Ada Guest", "email": email, "phone": "+33 1 23 45 67 89"},
        **fields,
    }


def as_user(user: User) -> Api:
    """A program with a user's token."""
    return Api(f"Bearer {ApiToken.issue(user=user, name='test')[1]}")


def as_guest_of(booking: Booking) -> Api:
    """A program with a booking's secret."""
    return Api(f"Booking {booking.secret}")


def logged_in(user: User, *, checks_csrf: bool = False) -> Api:
    """A browser with the site's login."""
    client = Client(enforce_csrf_checks=checks_csrf)
    client.force_login(user)
    return Api(client=client)


def booking_in(status: str, room: Room, host: User, **fields: Any) -> Booking:
    """A hotel booking brought to `status` by its verbs, as payments, host and clock would."""
    booking = factories.booking(room=room, **fields)
    verbs = WAYS[Status(status)]
    for verb in verbs:
        verb(booking.pk, host)
    booking.refresh_from_db()
    assert booking.status == status
    return booking


def _authorize(pk: int, host: User) -> None:
    bookings.authorize(booking_id=pk, held_until=clock.now() + dt.timedelta(days=7))


def _approve(pk: int, host: User) -> None:
    bookings.approve(booking_id=pk, actor=member_actor(host))


def _decline(pk: int, host: User) -> None:
    bookings.decline(booking_id=pk, actor=member_actor(host), reason="Full")


def _confirm(pk: int, host: User) -> None:
    bookings.confirm(booking_id=pk, paid_at=clock.now())


def _cancel(pk: int, host: User) -> None:
    bookings.cancel(booking_id=pk, actor=guest_actor())


def _expire(pk: int, host: User) -> None:
    bookings.expire(booking_id=pk)


def _complete(pk: int, host: User) -> None:
    bookings.complete(booking_id=pk)


WAYS = {
    Status.PENDING_PAYMENT: (),
    Status.PENDING_APPROVAL: (_authorize,),
    Status.CONFIRMED: (_authorize, _approve, _confirm),
    Status.DECLINED: (_authorize, _decline),
    Status.CANCELLED: (_cancel,),
    Status.EXPIRED: (_expire,),
    Status.COMPLETED: (_authorize, _approve, _confirm, _complete),
}
