"""Why a room cannot be sold twice: the only writers of Occupancy and of a session's seats.

The room's row is locked first, so that rivals queue instead of deadlocking; the exclusion constraint has the
last word.
"""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import BigIntegerField, F, Q, QuerySet, Value
from django.db.models.functions import Cast

from core.errors import Refusal
from rooms.availability.stays import Stay, period_of, visit_of
from rooms.models import Closing, Occupancy, Room, Session

Kind = Occupancy.Kind

# What stands in the way of each kind of claim. Outside calendars only report what already is.
CONFLICTS: dict[str, tuple[Kind, ...]] = {
    Kind.BOOKING: tuple(Kind),
    Kind.SESSION: tuple(Kind),
    Kind.BLACKOUT: (Kind.BOOKING, Kind.SESSION),
    Kind.BUSY: (),
}


class RoomTaken(Refusal):
    """The time asked for, or the last seat, has just gone to somebody else."""

    code = "room_taken"

    def __init__(self, message: str = "Somebody was quicker: these dates are gone.") -> None:
        super().__init__(type(self).code, message)


def lock_room(room_id: int) -> Room:
    """Lock a room's row until the transaction ends and return it with its venue and policy.

    FOR NO KEY UPDATE: rows that merely refer to the room can still be written meanwhile.
    """
    rooms = Room.objects.select_for_update(no_key=True, of=("self",))
    return rooms.select_related("venue", "policy").get(pk=room_id)


def lock_rooms(room_ids: Iterable[int]) -> list[Room]:
    """Lock several rooms, in one order for all, and return them with their venue."""
    rooms = Room.objects.select_for_update(no_key=True, of=("self",)).select_related("venue")
    return list(rooms.filter(pk__in=room_ids).order_by("pk"))


def lock_session(session_id: int) -> Session:
    """Lock a session's row until the transaction ends."""
    return Session.objects.select_for_update(no_key=True).get(pk=session_id)


def overlapping(room_id: int, period: DateTimeTZRange) -> QuerySet[Occupancy]:
    """Return what occupies a room in a half-open period.

    The cast lets the GiST index compare both its columns: to PostgreSQL a bare number is an `integer`, which the
    index's `bigint` operators leave to a filter over everybody's rows (at a million rows 0.04 ms against 0.9).
    """
    room = Cast(Value(room_id), BigIntegerField())
    return Occupancy.objects.filter(room_id=room, period__overlap=period)


def rivals(
    room_id: int, kind: str, period: DateTimeTZRange, visit: DateTimeTZRange | None = None
) -> QuerySet[Occupancy]:
    """Return what stands in the way of a claim of `kind`; `visit` is its period without buffers.

    Buffers keep bookings apart. A closing asks only when somebody is there: a buffer may lie in closed time.
    """
    found = overlapping(room_id, period).filter(kind__in=CONFLICTS[kind])
    if kind == Kind.BLACKOUT:
        return found.filter(Q(visit=None) | Q(visit__overlap=period))
    return found.filter(~Q(kind=Kind.BLACKOUT) | Q(period__overlap=visit or period))


def people_in(room_id: int, period: DateTimeTZRange) -> QuerySet[Occupancy]:
    """Return the bookings and sessions of a room that a closing of `period` would meet, in order."""
    return rivals(room_id, Kind.BLACKOUT, period).select_related("session").order_by("period")


def is_free(room: Room, stay: Stay) -> bool:
    """Return whether nothing stands in the way of a stay, buffers included."""
    return not rivals(room.pk, Kind.BOOKING, period_of(room, stay), visit_of(stay)).exists()


def claim(
    *, room_id: int, period: DateTimeTZRange, kind: str = Kind.BOOKING, visit: DateTimeTZRange | None = None,
    session: Session | None = None, reference: str = "", note: str = "", is_locked: bool = False,
) -> Occupancy:  # fmt: skip
    """Take a room's time, half-open and with buffers; `visit` is the part without them, all of it where not given.

    Its owner, by which it is found again, is the booking of `reference` or the `session`. Expects a transaction;
    `is_locked`: the room is locked. Raises: RoomTaken.
    """
    if not is_locked:
        lock_room(room_id)
    if rivals(room_id, kind, period, visit).exists():
        raise RoomTaken
    try:
        with transaction.atomic():
            return Occupancy.objects.create(
                room_id=room_id, period=period, visit=visit, kind=kind, session=session, reference=reference,
                note=note,
            )  # fmt: skip
    except IntegrityError as error:
        raise RoomTaken from error


def release(*, reference: str) -> None:
    """Free whatever a booking had claimed; nothing to free is no error. Expects the room locked."""
    Occupancy.objects.filter(reference=reference, kind=Kind.BOOKING).delete()


def close(
    spans: Iterable[tuple[Room, DateTimeTZRange]], *, note: str = "", closing: Closing | None = None
) -> list[Occupancy]:
    """Close rooms over whatever occupies them: the caller knows that nobody is there, or is being cancelled.

    Expects the rooms locked.
    """
    return Occupancy.objects.bulk_create(
        Occupancy(room=room, period=period, kind=Kind.BLACKOUT, note=note, closing=closing)
        for room, period in spans
    )


def release_session(*, session_id: int) -> None:
    """Free the time of a session that is cancelled or moved. Expects the room locked."""
    Occupancy.objects.filter(session_id=session_id, kind=Kind.SESSION).delete()


def take_seats(*, session_id: int, seats: int) -> None:
    """Take seats of a session. Expects a transaction. Raises: RoomTaken when too few are left."""
    taken = Session.objects.filter(
        pk=session_id, is_cancelled=False, capacity__gte=F("seats_taken") + seats
    ).update(seats_taken=F("seats_taken") + seats)
    if not taken:
        raise RoomTaken


def give_back_seats(*, session_id: int, seats: int) -> None:
    """Give seats back to a session; the caller does so once per booking."""
    Session.objects.filter(pk=session_id).update(seats_taken=F("seats_taken") - seats)
