"""Random rooms of every kind, in zones whose clocks change, and random wishes at their edges."""

import datetime as dt
import random
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from rooms import services
from rooms.availability import occupancy
from rooms.availability.stays import Stay, period_of, visit_of
from rooms.models import Occupancy, Room, Session
from tests.support import factories

# Each with a date on which its clocks change; the last two know none.
CLOCK_CHANGES = [
    ("Europe/Paris", dt.date(2027, 3, 28)), ("Europe/Paris", dt.date(2027, 10, 31)),
    ("America/New_York", dt.date(2027, 3, 14)), ("America/New_York", dt.date(2027, 11, 7)),
    ("Australia/Lord_Howe", dt.date(2027, 4, 4)), ("Australia/Lord_Howe", dt.date(2027, 10, 3)),
    ("Asia/Kathmandu", dt.date(2027, 6, 1)), ("UTC", dt.date(2027, 2, 1)),
]  # fmt: skip
# (opens, closes) of every day: usual, with a break, past midnight, round the clock from 9, odd, none written.
OPENINGS = [
    [(8, 0, 20, 0)],
    [(9, 0, 13, 0), (14, 0, 18, 0)],
    [(18, 0, 3, 0)],
    [(9, 0, 9, 0)],
    [(8, 20, 12, 40)],
    [],
]
MINUTE, HALF_HOUR, HOUR, DAY = (dt.timedelta(minutes=n) for n in (1, 30, 60, 24 * 60))


@dataclass(frozen=True)
class Wish:
    """What a guest asks of a room: the fields of a choice, as pages and API call them."""

    room: Room
    now: dt.datetime
    party_size: int
    choice: dict = field(default_factory=dict)
    session: Session | None = None


def make_rooms(dice: random.Random, kind: str, count: int) -> list[tuple[Room, dt.datetime]]:
    """Return rooms, each with the instant at which it is asked about, some days around its clock change."""
    rooms = []
    for _ in range(count):
        zone, change = dice.choice(CLOCK_CHANGES)
        now = dt.datetime.combine(change, dt.time(), tzinfo=ZoneInfo(zone)) - DAY * dice.randrange(0, 4)
        now = (now + MINUTE * dice.choice([0, 30, 179, 480, 601, 1_410])).astimezone(dt.UTC)
        room = _room(dice, kind, zone)
        if kind == Room.Kind.WORKSHOP:
            _sessions(dice, room, now)
        else:
            _occupied(dice, room, now)
        rooms.append((room, now))
    return rooms


def _room(dice: random.Random, kind: str, zone: str) -> Room:
    venue = factories.venue(
        time_zone=zone, check_in_time=dt.time(dice.choice([2, 15, 23])), check_out_time=dt.time(dice.choice([2, 11])),
        is_published=dice.random() > 0.04,
    )  # fmt: skip
    least = dice.choice([1, 1, 2, 3])
    room = factories.free_room(
        venue=venue, kind=kind, capacity=4, min_units=least, max_units=least + dice.choice([0, 1, 3]),
        notice_minutes=dice.choice([0, 0, 90, 26 * 60]), booking_window_days=dice.choice([3, 365, 365]),
        buffer_before_minutes=dice.choice([0, 0, 30, 180]), buffer_after_minutes=dice.choice([0, 60, 300]),
        appointment_minutes=dice.choice([60, 50, 20]), is_published=dice.random() > 0.06,
    )  # fmt: skip
    room.opening_hours.all().delete()
    if kind in (Room.Kind.CONFERENCE, Room.Kind.EXPERT):
        for opens, minute, closes, last in dice.choice(OPENINGS):
            factories.opening_hours(room=room, opens=dt.time(opens, minute), closes=dt.time(closes, last))
    return room


def _occupied(dice: random.Random, room: Room, now: dt.datetime) -> None:
    for kind in dice.choices(list(Occupancy.Kind), k=dice.choice([0, 1, 3])):
        start = now.replace(minute=0) + HALF_HOUR * dice.randrange(-10, 48 * 6)
        stay = Stay(start, start + HALF_HOUR * dice.choice([2, 4, 30]), 1)
        is_ours = kind in (Occupancy.Kind.BOOKING, Occupancy.Kind.SESSION)
        visit = visit_of(stay)
        try:
            occupancy.claim(
                room_id=room.pk, kind=kind, period=period_of(room, stay) if is_ours else visit,
                visit=visit if is_ours else None,
            )  # fmt: skip
        except occupancy.RoomTaken:
            continue


def _sessions(dice: random.Random, room: Room, now: dt.datetime) -> None:
    for n in range(6):
        start = now + DAY * n + HALF_HOUR * dice.randrange(-20, 20)
        try:
            made = services.add_session(
                room_id=room.pk, title="Clay", starts_at=start, ends_at=start + HOUR, capacity=3
            )
        except occupancy.RoomTaken:
            continue
        state = {"seats_taken": dice.choice([0, 0, 2, 3]), "is_cancelled": dice.random() < 0.15}
        Session.objects.filter(pk=made.pk).update(**state)


# --- wishes ---------------------------------------------------------------------------------------------------


def wish(dice: random.Random, room: Room, now: dt.datetime) -> Wish:
    """Return a wish near an edge: of what is taken, closed, too soon, too far, or skipped by clocks."""
    party_size = dice.choice([1, 1, 1, 2, 3, 5])
    if room.kind == Room.Kind.WORKSHOP:
        session = dice.choice(list(room.sessions.all()))
        return Wish(room, now, party_size, {"session": session.pk}, session)
    zone = room.venue.zone
    edge = dice.choice(_edges(room, now)) + HALF_HOUR * dice.choice([0, 0, 0, -1, 1, 2, -2, 5, -12])
    least, most = room.min_units, room.max_units
    units = max(1, dice.choice([least] * 5 + [least - 1, most, most, most + 1]))
    if room.is_by_night:
        first = edge.astimezone(zone).date() - dt.timedelta(days=dice.choice([0, 0, 1, units]))
        dates = {"check_in": first, "check_out": first + dt.timedelta(days=units)}
        return Wish(room, now, party_size, dates)
    unit = MINUTE * (room.appointment_minutes if room.kind == Room.Kind.EXPERT else 60)
    start = edge - dice.choice([0, 0, 1]) * unit * units
    end = start + unit * units + dice.choice([0] * 9 + [1]) * HALF_HOUR
    hours = [moment.astimezone(zone) for moment in (start, end)]
    if dice.random() < 0.5:  # as people write them; clocks may skip or repeat these
        wall = hours[0].replace(tzinfo=None)
        hours = [wall, wall + (end - start)]
    return Wish(room, now, party_size, dict(zip(("start", "end"), hours, strict=True)))


def _edges(room: Room, now: dt.datetime) -> list[dt.datetime]:
    zone = room.venue.zone
    local = now.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    far = midnight + DAY * (min(room.booking_window_days, 9) + 1)
    soon = now + MINUTE * room.notice_minutes
    edges = [
        _half_hour(moment) for moment in (now, now + DAY, soon, far.replace(tzinfo=zone).astimezone(dt.UTC))
    ]
    for n in range(5):
        for row in room.opening_hours.all()[:2]:
            for time in (row.opens, row.closes):
                edges.append(dt.datetime.combine((midnight + DAY * n).date(), time, tzinfo=zone))
        edges.append((midnight + DAY * n).replace(hour=2, tzinfo=zone))
    for taken in room.occupancies.all():
        shown: DateTimeTZRange = taken.visit or taken.period
        edges += [taken.period.lower, taken.period.upper, shown.lower, shown.upper]
    return [edge.astimezone(dt.UTC) for edge in edges]


def _half_hour(moment: dt.datetime) -> dt.datetime:
    return moment.replace(minute=moment.minute // 30 * 30, second=0, microsecond=0)
