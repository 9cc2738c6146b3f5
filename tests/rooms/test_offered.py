"""What is offered is what can be booked: every door is asked the same wishes as `submit`, and has to agree with it.

OFFERED_WISHES (of each kind) and OFFERED_SEED make it longer, or another one; a disagreement prints what to run again.
"""

import datetime as dt
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client

from bookings.errors import NotPublished
from core import clock
from rooms import selectors
from rooms.availability.closings import close
from rooms.availability.occupancy import RoomTaken, claim
from rooms.availability.stays import InvalidStay, Stay, stay_of
from rooms.models import Room, Session, Venue
from rooms.pages.forms import ChoiceForm
from rooms.pages.priced_choice import offer
from rooms.search import calendar
from rooms.search.query import Search, search
from tests.rooms.offered_world import DAY, HOUR, Wish, make_rooms, wish
from tests.support import factories

pytestmark = pytest.mark.django_db

SEED = int(os.environ.get("OFFERED_SEED", 20261130))
WISHES = int(os.environ.get("OFFERED_WISHES", 24))


class Undo(Exception):
    """Takes back what a door was shown."""


@contextmanager
def undone() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
            raise Undo
    except Undo:
        return


# --- what can be booked ---------------------------------------------------------------------------------------


def refusal(asked: Wish) -> str:
    """Book it and take it back; return why it was refused, empty where it was not."""
    try:
        with transaction.atomic():
            room = Room.objects.select_related("venue", "policy").get(pk=asked.room.pk)
            session = Session.objects.filter(pk=asked.choice.get("session"), is_cancelled=False).first()
            stay = stay_of(room, **{**asked.choice, "session": session})
            factories.booking(
                room=room, stay=stay, session=session, party_size=asked.party_size, now=asked.now,
            )  # fmt: skip
            raise Undo
    except Undo:
        return ""
    except InvalidStay as error:
        return error.code
    except (RoomTaken, NotPublished) as error:
        return error.code


# --- the doors: whether each offers a wish; None where it says nothing of such -----------------------------------


def by_search(asked: Wish) -> bool | None:
    wanted = dict(asked.choice)
    if asked.session:
        dates = [local_date(one) for one in asked.room.sessions.all()]
        date = local_date(asked.session)
        if sum(other in (date, date + DAY) for other in dates) > 1:
            return None  # it finds the room by any of these
        wanted = {"check_in": date, "check_out": date + DAY}
    try:
        found = search(Search(kind=asked.room.kind, guests=asked.party_size, **wanted), asked.now)
        return found.filter(pk=asked.room.pk).exists()
    except InvalidStay:
        return False


def local_date(session: Session) -> dt.date:
    return session.starts_at.astimezone(session.room.venue.zone).date()


def by_page(asked: Wish) -> bool:
    try:
        room = selectors.room_page(asked.room.venue.slug, asked.room.slug)
    except Room.DoesNotExist:
        return False
    data = {name: getattr(value, "isoformat", lambda v=value: v)() for name, value in asked.choice.items()}
    choice = ChoiceForm(room, {**data, "party_size": asked.party_size}, now=asked.now)
    return choice.is_valid() and offer(choice, with_others=False).is_free


def by_quote(asked: Wish) -> bool:
    data = {name: getattr(value, "isoformat", lambda v=value: v)() for name, value in asked.choice.items()}
    body = {"room": asked.room.path, "party_size": asked.party_size, **data}
    answer = Client().post("/api/v1/quotes", body, content_type="application/json")
    return answer.status_code == 200 and answer.json()["is_free"]


def by_grid(asked: Wish) -> bool | None:
    """The month, the day's times, or the list of sessions, as the room's page shows them."""
    if asked.room.kind != Room.Kind.WORKSHOP and not (stay := _shortest(asked)):
        return None
    try:
        room = selectors.room_page(asked.room.venue.slug, asked.room.slug)
    except Room.DoesNotExist:
        return False
    if asked.session:
        return asked.session in calendar.upcoming_sessions(room, asked.now, seats=asked.party_size)
    date = stay.starts_at.astimezone(room.venue.zone).date()
    if room.is_by_night:
        (day,) = calendar.days(room, date, date, asked.now)
        return day.can_start and day.is_free
    shown = {slot.starts_at: slot.is_free for slot in calendar.slots(room, date, asked.now)}
    return shown.get(stay.starts_at, None if room.kind == Room.Kind.CONFERENCE else False)


def by_api_grid(asked: Wish) -> bool | None:
    """The same over HTTP."""
    zone = asked.room.venue.zone
    if asked.session:
        if asked.party_size > 1:
            return None
        stay = Stay(asked.session.starts_at, asked.session.ends_at, 1)
    elif not (stay := _shortest(asked)):
        return None
    date = stay.starts_at.astimezone(zone).date()
    span = {"from": date.isoformat(), "to": (date + DAY).isoformat()}
    answer = Client().get(f"/api/v1/rooms/{asked.room.path}/availability", span)
    if answer.status_code != 200:
        return False
    if asked.room.is_by_night:
        (day,) = answer.json()["days"]
        return day["can_start"]
    starts = stay.starts_at.astimezone(zone).isoformat()
    shown = [one for one in answer.json()["slots"] if one["starts_at"] == starts]
    if not shown and asked.room.kind == Room.Kind.CONFERENCE:
        return None
    return any(one["is_free"] and one["session"] == asked.choice.get("session") for one in shown)


def _shortest(asked: Wish) -> Stay | None:
    """Return the stay of a wish for the room's shortest stay: the only one that grids tell of, and for any party."""
    try:
        stay = stay_of(asked.room, **asked.choice)
    except InvalidStay:
        return None
    fits = stay.units == asked.room.min_units and asked.party_size <= asked.room.capacity
    return stay if fits else None


DOORS: dict[str, Callable[[Wish], bool | None]] = {
    "search": by_search, "page": by_page, "quote": by_quote, "grid": by_grid, "API grid": by_api_grid,
}  # fmt: skip


# --- the comparison ---------------------------------------------------------------------------------------------


def _at(asked: Wish, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pages' clock show the instant of a wish."""
    monkeypatch.setattr(clock, "now", lambda: asked.now)


@pytest.mark.parametrize("kind", list(Room.Kind))
def test_every_door_offers_exactly_what_can_be_booked(kind, monkeypatch):
    dice = random.Random(f"{SEED} {kind}")
    rooms = make_rooms(dice, kind, max(WISHES // 4, 6))
    verdicts = {True: 0, False: 0}
    for n in range(WISHES):
        asked = wish(dice, *dice.choice(rooms))
        _at(asked, monkeypatch)
        refused = refusal(asked)
        told = f"wish {n} of OFFERED_SEED={SEED} OFFERED_WISHES={WISHES}: {asked}, {facts(asked.room)}"
        for name, door in DOORS.items():
            offered = door(asked)
            assert offered in (None, not refused), f"{name} says {offered}, submit {refused or 'yes'}: {told}"
        verdicts[not refused] += 1

    assert min(verdicts.values()) >= WISHES // 10, verdicts


def facts(room: Room) -> dict:
    names = ("kind", "min_units", "max_units", "notice_minutes", "booking_window_days", "appointment_minutes")
    return {name: getattr(room, name) for name in names} | {
        "buffers": (room.buffer_before_minutes, room.buffer_after_minutes), "zone": room.venue.time_zone,
        "check_in_out": (room.venue.check_in_time, room.venue.check_out_time),
        "hours": [str(row) for row in room.opening_hours.all()], "taken": [str(row) for row in room.occupancies.all()],
    }  # fmt: skip


# --- what each rule is there for ----------------------------------------------------------------------------------

NOW = dt.datetime(2027, 6, 1, 7, 45, tzinfo=dt.UTC)  # 9:45 of a Tuesday in Paris


def _room(**changes) -> Callable[[Wish], object]:
    return lambda asked: Room.objects.filter(pk=asked.room.pk).update(**changes)


def _taken(kind: str, *, gap: dt.timedelta = dt.timedelta(0)) -> Callable[[Wish], None]:
    """Let something else occupy the time from `gap` after the wish's end (over the wish itself without one) on."""

    def take(asked: Wish) -> None:
        stay = stay_of(asked.room, **asked.choice)
        start = stay.ends_at + gap if gap else stay.starts_at
        claim(room_id=asked.room.pk, kind=kind, period=DateTimeTZRange(start, start + 4 * HOUR, "[)"))

    return take


def _closed_every_year(asked: Wish) -> None:
    """Close the whole venue from the year before on, on the dates that are asked for now."""
    day = stay_of(asked.room, **asked.choice).starts_at.astimezone(asked.room.venue.zone).date()
    before = day.replace(year=day.year - 1)
    close(venue=asked.room.venue, rooms=None, first_date=before, last_date=before, years=3)


def _nothing_taken(asked: Wish) -> None:
    asked.room.occupancies.all().delete()
    asked.room.sessions.update(seats_taken=0)


def _unpublished(asked: Wish) -> None:
    Venue.objects.filter(pk=asked.room.venue_id).update(is_published=False)


def _published(asked: Wish) -> None:
    Venue.objects.filter(pk=asked.room.venue_id).update(is_published=True)


def _cancel(asked: Wish) -> None:
    asked.room.sessions.update(is_cancelled=True)


# Rule: how a wish that could be booked comes to break it alone, and how it is taken away from what a door sees.
Step = Callable[[Wish], object]
RULES: dict[str, tuple[Step, Step]] = {
    "notice": (_room(notice_minutes=9 * 24 * 60), _room(notice_minutes=0)),
    "window": (_room(booking_window_days=2), _room(booking_window_days=90)),
    "least units": (_room(min_units=5, max_units=9), _room(min_units=1)),
    "most units": (_room(min_units=1, max_units=1), _room(max_units=9)),
    "party": (_room(capacity=1), _room(capacity=4)),
    "published": (_unpublished, _published),
    "taken": (_taken("booking"), _nothing_taken),
    "outside calendar": (_taken("busy"), _nothing_taken),
    "closed dates": (_taken("blackout"), _nothing_taken),
    "closed every year": (_closed_every_year, _nothing_taken),
    "turnover": (_taken("busy", gap=HOUR), _room(buffer_after_minutes=0)),
    "opening hours": (
        lambda asked: asked.room.opening_hours.update(closes=dt.time(11)),
        lambda asked: asked.room.opening_hours.update(closes=dt.time(20)),
    ),
    "seats": (lambda asked: asked.room.sessions.update(seats_taken=3), _nothing_taken),
    "cancelled": (_cancel, lambda asked: asked.room.sessions.update(is_cancelled=False)),
}
OF_TIME = {
    "least units",
    "most units",
    "taken",
    "outside calendar",
    "closed dates",
    "closed every year",
    "turnover",
}
OF_ALL = {"notice", "window", "party", "published"}
KEPT = {
    "hotel": OF_ALL | OF_TIME, "conference": OF_ALL | OF_TIME | {"opening hours"},
    "expert": OF_ALL | OF_TIME | {"opening hours"}, "workshop": OF_ALL | {"seats", "cancelled"},
}  # fmt: skip
# A grid tells of the shortest stay, for any party.
UNTOLD_BY_GRIDS = {"least units", "most units", "party"}
CASES = [(kind, rule) for kind, rules in KEPT.items() for rule in sorted(rules)]


def bookable(kind: str) -> Wish:
    """A wish that every door offers: two units, in a room with an hour's turnover after each booking."""
    room = factories.free_room(
        kind=kind, capacity=4, min_units=2 if kind != "workshop" else 1, max_units=4, buffer_after_minutes=120
    )  # fmt: skip
    day = dt.date(2027, 6, 8)
    if kind == "workshop":
        start = dt.datetime.combine(day, dt.time(10), tzinfo=room.venue.zone).astimezone(dt.UTC)
        session = factories.session(room=room, starts_at=start, capacity=4)
        return Wish(room, NOW, 2, {"session": session.pk}, session)
    if kind == "hotel":
        return Wish(room, NOW, 2, {"check_in": day, "check_out": day + 2 * DAY})
    start = dt.datetime.combine(day, dt.time(10))
    return Wish(room, NOW, 2, {"start": start, "end": start + 2 * HOUR})


@pytest.mark.parametrize("kind", list(Room.Kind))
def test_every_door_offers_a_wish_that_breaks_no_rule(kind, monkeypatch):
    asked = bookable(kind)
    _at(asked, monkeypatch)

    assert refusal(asked) == ""
    expected = {name: None if name == "API grid" and kind == "workshop" else True for name in DOORS}
    assert {name: door(asked) for name, door in DOORS.items()} == expected


@pytest.mark.parametrize(("kind", "rule"), CASES)
def test_door_that_neglected_a_rule_would_offer_what_cannot_be_booked(kind, rule, monkeypatch):
    asked, (break_it, neglect) = bookable(kind), RULES[rule]
    _at(asked, monkeypatch)
    break_it(asked)
    asked = replace(asked, room=Room.objects.select_related("venue").get(pk=asked.room.pk))

    assert refusal(asked) != ""
    for name, door in DOORS.items():
        if "grid" in name and rule in UNTOLD_BY_GRIDS:
            continue
        if name == "API grid" and kind == "workshop":
            continue
        assert door(asked) is False, name
        with undone():
            neglect(asked)
            seen = replace(asked, room=Room.objects.select_related("venue").get(pk=asked.room.pk))
            assert door(seen) is True, f"nobody would see that {name} neglects this"
