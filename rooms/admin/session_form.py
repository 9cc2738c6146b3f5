"""The admin's form of a workshop's session: its time as the clock hangs at the venue, alone or weekly."""

import datetime as dt
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminSingleTimeWidget,
)

from core import clock
from core.typed.fields import WholeField, model_choice
from rooms import sessions
from rooms.admin.forms import AmountsForm, amount_field
from rooms.availability.stays import InvalidStay, Stay, stay_of_session
from rooms.models import Room, Session

# Which of our fields a refused plan is about.
FIELDS = {"start": "starts", "end": "ends"}
TIME_FIELDS = frozenset({"first_date", "starts", "ends", "last_date", "fold"})
WHICH = [("", "They do not"), ("0", "The first time"), ("1", "The second time")]


def _date_field(label: str, **more: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=UnfoldAdminSingleDateWidget(), **more)


def _time_field(label: str) -> forms.TimeField:
    return forms.TimeField(label=label, widget=UnfoldAdminSingleTimeWidget(format="%H:%M"))


class SessionForm(AmountsForm):
    """`planned` holds the times of a valid form: one, or one a week; nothing is written here."""

    amounts = {"price": "price_minor"}

    first_date = _date_field("Date")
    starts = _time_field("From")
    ends = _time_field("Until")
    last_date = _date_field("Ends on", required=False, help_text="Only where it ends on another date")
    fold = forms.ChoiceField(
        label="Where clocks go back over these times, which is meant", choices=WHICH, required=False,
        widget=UnfoldAdminRadioSelectWidget(),
    )  # fmt: skip
    price = amount_field("Price of a seat", required=False, help_text="Empty: the room's own price")
    count = WholeField(
        label="Repeat weekly: how many dates", required=False, min_value=1, max_value=sessions.MOST_SESSIONS,
        widget=UnfoldAdminIntegerFieldWidget(), help_text="The first among them; empty: this date alone",
    )  # fmt: skip
    until = _date_field("Or weekly up to", required=False, help_text="This date included")

    class Meta:
        model = Session
        fields = ("room", "title", "capacity")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.planned: list[Stay] = []
        field = model_choice(self, "room") if "room" in self.fields else None
        if field and field.queryset is not None:
            field.queryset = field.queryset.filter(kind=Room.Kind.WORKSHOP)
        if self.instance.pk:
            self.initial = {**times_of(self.instance), **self.initial}

    def currency(self) -> str:
        room = self._room()
        return room.venue.currency if room else ""

    def _room(self) -> Room | None:
        if self.instance.pk:
            return self.instance.room
        return getattr(self, "cleaned_data", {}).get("room")

    def clean(self) -> dict[str, Any]:
        cleaned, room = super().clean(), self._room()
        if self.errors or room is None:
            return cleaned
        before = self._time()
        try:
            self.planned = self._plan(room, cleaned)
        except InvalidStay as error:
            name = FIELDS.get(error.field, error.field)
            self.add_error("fold" if error.code == "ambiguous_time" else name, error.message)
            return cleaned
        self.instance.starts_at, self.instance.ends_at = self.planned[0].starts_at, self.planned[0].ends_at
        self._check(room, is_moved=self._time() != before)
        return cleaned

    def _time(self) -> tuple[dt.datetime | None, dt.datetime | None]:
        return self.instance.starts_at, self.instance.ends_at

    def _plan(self, room: Room, cleaned: dict[str, Any]) -> list[Stay]:
        if self.instance.pk and TIME_FIELDS.isdisjoint(self.changed_data):
            return [stay_of_session(self.instance)]
        start = dt.datetime.combine(cleaned["first_date"], cleaned["starts"])
        end = dt.datetime.combine(cleaned.get("last_date") or cleaned["first_date"], cleaned["ends"])
        fold = int(cleaned["fold"]) if cleaned.get("fold") else None
        # One that has begun may still get another title or more seats.
        now = clock.now() if not self.instance.pk else dt.datetime.min.replace(tzinfo=dt.UTC)
        weekly = {"count": cleaned.get("count"), "until": cleaned.get("until")}
        return sessions.plan(room, start, end, now=now, fold=fold, **weekly)

    def _check(self, room: Room, *, is_moved: bool) -> None:
        """Say what adding or changing would refuse; who is quicker than this look is refused by the claim."""
        if self.cleaned_data["capacity"] > room.capacity:
            self.add_error("capacity", f"From 1 to {room.capacity} seats.")
        if not self.instance.pk:
            if found := sessions.clashes(room, self.planned):
                self.add_error("first_date", sessions.write_clashes(room, found))
            return
        if self.cleaned_data["capacity"] < self.instance.seats_taken:
            self.add_error("capacity", f"{self.instance.seats_taken} seats are taken: not fewer than that.")
        if refused := sessions.refusal(self.instance, is_moved=is_moved, now=clock.now()):
            self.add_error("starts" if is_moved else None, refused.message)
        elif is_moved and (found := sessions.clashes(room, self.planned, own=self.instance)):
            self.add_error("first_date", sessions.write_clashes(room, found))


def times_of(session: Session, *, weeks_later: int = 0) -> dict[str, Any]:
    """Return a session's time as the form's fields, some weeks later by the wall clock."""
    zone, shift = session.room.venue.zone, dt.timedelta(weeks=weeks_later)
    starts, ends = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
    is_ambiguous = any(
        moment.replace(fold=1).utcoffset() != moment.replace(fold=0).utcoffset() for moment in (starts, ends)
    )
    return {
        "first_date": starts.date() + shift, "starts": starts.time(), "ends": ends.time(),
        "last_date": ends.date() + shift if ends.date() != starts.date() else None,
        "fold": str(max(starts.fold, ends.fold)) if is_ambiguous and not shift else "",
    }  # fmt: skip


def copy_of(session: Session) -> dict[str, Any]:
    """Return the fields of another session like this one, a week later."""
    return times_of(session, weeks_later=1) | {
        "room": session.room_id, "title": session.title, "capacity": session.capacity,
    }  # fmt: skip
