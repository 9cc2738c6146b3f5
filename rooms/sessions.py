"""A workshop's dates: planned in the venue's wall time, looked at for clashes, then added all or none, and changed."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypedDict

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction

from core.errors import Refusal
from rooms import services
from rooms.availability import occupancy
from rooms.availability.stays import InvalidStay, Stay, instant_of_wall, period_of, visit_of, write_date
from rooms.models import Occupancy, Room, Session

log = structlog.get_logger(__name__)

ONE_WEEK = dt.timedelta(weeks=1)
# A year of weekly dates; more at once is a slip of the finger.
MOST_SESSIONS = 53
LONGEST = dt.timedelta(days=14)

IN_THE_WAY: dict[str, str] = {
    Occupancy.Kind.BOOKING: "a booking",
    Occupancy.Kind.SESSION: "the session “{}”",
    Occupancy.Kind.BLACKOUT: "closed dates",
    Occupancy.Kind.BUSY: "an outside calendar",
}


class SessionRefused(Refusal):
    """A session that cannot be changed so; the message has the way out."""


@dataclass(frozen=True)
class Clash:
    """A planned date that cannot be, and what is in its way, in words."""

    stay: Stay
    what: str


# --- planning -------------------------------------------------------------------------------------------------


def plan(
    room: Room, start: dt.datetime, end: dt.datetime, *, now: dt.datetime, count: int | None = None,
    until: dt.date | None = None, fold: int | None = None,
) -> list[Stay]:  # fmt: skip
    """Return the times of a session, or of a weekly run of `count`, or of one up to and including a local date.

    Naive moments are wall time of the venue and stay so from week to week, whatever clocks do; where one comes
    twice, `fold` says which is meant (0 the first). Raises: InvalidStay, by start, end, count or until.
    """
    zone = room.venue.zone
    walls = [moment.astimezone(zone) if moment.tzinfo else moment for moment in (start, end)]
    folds = [moment.fold if moment.tzinfo else fold for moment in walls]
    naive = [moment.replace(tzinfo=None, fold=0) for moment in walls]
    stays = []
    for week in range(_weeks(naive[0].date(), count, until)):
        starts_at, ends_at = (
            instant_of_wall(wall + ONE_WEEK * week, zone, field, fold=meant)
            for wall, field, meant in zip(naive, ("start", "end"), folds, strict=True)
        )
        stays.append(_checked(Stay(starts_at, ends_at, 1), now))
    return stays


def _weeks(first: dt.date, count: int | None, until: dt.date | None) -> int:
    if count is not None and until is not None:
        raise InvalidStay("until", "ambiguous", "Give how many dates, or the last date, and not both.")
    if until is not None:
        if until < first:
            raise InvalidStay("until", "not_after_start", "Not before the first date.")
        count = (until - first) // ONE_WEEK + 1
    count = 1 if count is None else count
    if not 1 <= count <= MOST_SESSIONS:
        field = "count" if until is None else "until"
        raise InvalidStay(field, "too_many", f"From 1 to {MOST_SESSIONS} dates at once.")
    return count


def _checked(stay: Stay, now: dt.datetime) -> Stay:
    if stay.ends_at <= stay.starts_at:
        raise InvalidStay("end", "not_after_start", "The end must be after the start.")
    if stay.ends_at - stay.starts_at > LONGEST:
        raise InvalidStay("end", "too_long", f"At most {LONGEST.days} days.")
    if stay.starts_at <= now:
        raise InvalidStay("start", "past", "This is in the past.")
    return stay


def clashes(room: Room, stays: Sequence[Stay], *, own: Session | None = None) -> list[Clash]:
    """Return which of the planned times cannot be, in order; `own` is the session that is being moved."""
    found = [Clash(stay, what) for stay in stays if (what := _in_the_way(room, stay, own))]
    if not found:
        found = [
            Clash(later, "the date before it, with the turnover between them")
            for earlier, later in pairwise(stays)
            if period_of(room, earlier).upper > period_of(room, later).lower
        ]
    return found


def _in_the_way(room: Room, stay: Stay, own: Session | None) -> str:
    rivals = occupancy.rivals(room.pk, Occupancy.Kind.SESSION, period_of(room, stay), visit_of(stay))
    if own is not None:
        rivals = rivals.exclude(session=own.pk)
    rival = rivals.select_related("session__room__venue").order_by("period").first()
    return IN_THE_WAY[rival.kind].format(rival.session or "") if rival else ""


def write_clashes(room: Room, found: Sequence[Clash]) -> str:
    """Write what is in the way of which dates."""
    zone = room.venue.zone
    told = [f"{write_date(one.stay.starts_at.astimezone(zone).date())}: {one.what}" for one in found]
    return f"Nothing is added, as something is in the way. {'. '.join(told)}."


# --- verbs ----------------------------------------------------------------------------------------------------


@transaction.atomic
class SessionFacts(TypedDict):
    """What all sessions of a run share; `price_minor` None: the room's."""

    title: str
    capacity: int
    price_minor: int | None


def add_run(
    *, room: Room, stays: Sequence[Stay], title: str, capacity: int, price_minor: int | None = None
) -> list[Session]:
    """Offer seats at each of the times, or at none. Raises: RoomTaken, ValidationError."""
    if room.kind != Room.Kind.WORKSHOP:
        raise ValidationError({"room": "Only workshops have sessions."})
    return [
        services.add_session(
            room_id=room.pk, title=title, starts_at=stay.starts_at, ends_at=stay.ends_at, capacity=capacity,
            price_minor=price_minor,
        )
        for stay in stays
    ]  # fmt: skip


@transaction.atomic
def change(*, session_id: int, now: dt.datetime, **changes: Any) -> Session:
    """Change `title`, `capacity`, `price_minor` or the time (`starts_at`, `ends_at`) of a session still to come.

    The price is that of seats sold from now on. Raises: SessionRefused when it is cancelled, over, or its time would
    change under those who booked; RoomTaken; ValidationError, by field.
    """
    known = Session.objects.only("room_id").get(pk=session_id)
    room = occupancy.lock_room(known.room_id)
    session = occupancy.lock_session(session_id)
    before = (session.starts_at, session.ends_at)
    for name, value in changes.items():
        setattr(session, name, value)
    is_moved = (session.starts_at, session.ends_at) != before
    if refused := refusal(session, is_moved=is_moved, now=now):
        raise refused
    services.check_session(room, session)
    session.save(update_fields=["title", "capacity", "price_minor", "starts_at", "ends_at"])
    if is_moved:
        occupancy.release_session(session_id=session.pk)
        services.claim_for(session, room)
    log.info("session_changed", session_id=session.pk, fields=sorted(changes), is_moved=is_moved)
    return session


def refusal(session: Session, *, is_moved: bool, now: dt.datetime) -> SessionRefused | None:
    """Return why a session cannot be changed, if so."""
    if session.is_cancelled:
        return SessionRefused("session_cancelled", "This session is cancelled: copy it to offer it anew.")
    if session.ends_at <= now:
        return SessionRefused("session_over", "This session is over: copy it to offer it anew.")
    if is_moved and session.seats_taken:
        seats = f"{session.seats_taken} seat{'' if session.seats_taken == 1 else 's'}"
        return SessionRefused(
            "session_booked",
            f"{seats} taken: the time stays as it was sold. To hold it at another time, cancel the session, which "
            "gives everybody their money back, and copy it.",
        )
    return None


@transaction.atomic
def withdraw(*, session_id: int) -> None:
    """Take a session nobody booked off the offer. Raises: SessionRefused when somebody has."""
    known = Session.objects.only("room_id").get(pk=session_id)
    occupancy.lock_room(known.room_id)
    session = occupancy.lock_session(session_id)
    if session.seats_taken and not session.is_cancelled:
        raise SessionRefused(
            "session_booked",
            "Somebody has booked this session: cancel it with a reason for the guests to read.",
        )
    services.cancel_session(session_id=session_id)
