"""What guests fill in to find a room, and to choose when: dates, hours, an appointment or a session."""

import datetime as dt
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings

from core import dates, zones
from core.money import CURRENCIES, to_minor
from core.typed.fields import DecimalField, LineField, WholeField, choice_field
from core.web.widgets import PlainSelect
from rooms.availability.stays import InvalidStay, Stay, check_stay, stay_of, unit_length
from rooms.choices import AMENITIES
from rooms.models import Room, Session
from rooms.pricing import charge_limits
from rooms.pricing.quotes import Quote, quote
from rooms.search.query import SORTS, Search
from rooms.selectors import City

HOURLY = (Room.Kind.CONFERENCE, Room.Kind.EXPERT)
KINDS = [
    ("", "Everything"),
    (Room.Kind.HOTEL, "Hotels"),
    (Room.Kind.CONFERENCE, "Meeting rooms"),
    (Room.Kind.EXPERT, "Experts"),
    (Room.Kind.WORKSHOP, "Workshops"),
]
# The usual order needs no word in the address.
SORT_CHOICES = [
    ("", SORTS["relevance"]),
    *((key, label) for key, label in SORTS.items() if key != "relevance"),
]
HALF_HOURS = [dt.time(n // 2, n % 2 * 30) for n in range(48)]
MIDNIGHT = dt.time(0)
MOST_GUESTS = 1000
LONGEST_MOMENT = 40
LIMITS = {
    "min_value": "At least %(limit_value)s.",
    "max_value": "At most %(limit_value)s.",
    "invalid": "This is not a number.",
}


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self, attrs: dict | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class DateField(forms.DateField):
    """A calendar date as browsers send it."""

    widget = DateInput
    input_formats = ["%Y-%m-%d"]
    default_error_messages = {"invalid": "This is not a date."}


class MomentField(forms.CharField):
    """An ISO 8601 moment; without an offset it stays naive and means wall time of the venue."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_MOMENT, **kwargs)

    def to_python(self, value: Any) -> Any:
        """Return the instant or wall time; None for none."""
        text = super().to_python(value)
        if not text or len(text) > LONGEST_MOMENT:
            return None
        try:
            return zones.check_offset(dt.datetime.fromisoformat(text))
        except ValueError as error:
            raise forms.ValidationError("This is not a time.", code="invalid") from error

    def run_validators(self, value: Any) -> None:
        """What could be read as a moment is one; the rest has failed before."""


def _time_choices(label: str) -> list[tuple[str, str]]:
    return [("", label), *((f"{time:%H:%M}", dates.guest_time(time)) for time in HALF_HOURS)]


def _time_field(label: str, empty: str) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, choices=_time_choices(empty), coerce=dt.time.fromisoformat, empty_value=None, required=False,
        widget=PlainSelect,
    )  # fmt: skip


class SearchForm(forms.Form):
    """The search, from the address bar: every field may be empty, so every address can be shared."""

    q = LineField(
        label="Words", max_length=100, required=False,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Name, view, neighborhood"}),
    )  # fmt: skip
    city = LineField(label="City", max_length=80, required=False, widget=PlainSelect)
    kind = forms.ChoiceField(label="What", choices=KINDS, required=False, widget=forms.RadioSelect)
    check_in = DateField(label="Check-in", required=False)
    check_out = DateField(label="Check-out", required=False)
    day = DateField(label="Day", required=False)
    start_time = _time_field("From", "Start")
    end_time = _time_field("Until", "End")
    guests = WholeField(
        label="Guests", min_value=1, max_value=MOST_GUESTS, required=False, error_messages=LIMITS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "placeholder": "Any"}),
    )  # fmt: skip
    price_max = DecimalField(
        label="Price up to", min_value=0, max_digits=11, decimal_places=2, required=False, error_messages=LIMITS,
        widget=forms.TextInput(attrs={"placeholder": "No limit"}),
        help_text="Per night, hour or seat.",
    )  # fmt: skip
    currency = forms.ChoiceField(label="Prices in", required=False, widget=PlainSelect)
    amenities = forms.MultipleChoiceField(
        label="Amenities",
        choices=list(AMENITIES.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    sort = forms.ChoiceField(label="Sort by", choices=SORT_CHOICES, required=False, widget=PlainSelect)

    def __init__(self, data: Any = None, *, cities: Iterable[City] = (), **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        names, usual = [city.name for city in cities], settings.DEFAULT_CURRENCY
        asked = self.data.get("city", "") if self.is_bound else ""
        if asked and asked not in names:
            names.append(asked[:80])
        choice_field(self, "currency").choices = [("", usual), *((code, code) for code in CURRENCIES)]
        # The site's own currency needs no word in the address, and is understood with one.
        self.fields["currency"].widget.choices = [
            ("", usual), *((code, code) for code in CURRENCIES if code != usual)
        ]  # fmt: skip
        self.fields["city"].widget.choices = [("", "Anywhere"), *((name, name) for name in names)]

    def clean_sort(self) -> str:
        return self.cleaned_data["sort"] or "relevance"

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        data["currency"] = data.get("currency") or settings.DEFAULT_CURRENCY
        if self.is_hourly and data.get("day"):
            for name in ("start_time", "end_time"):
                if data.get(name) is None and name not in self.errors:
                    self.add_error(name, "Choose a time.")
        return data

    @property
    def is_hourly(self) -> bool:
        return self.cleaned_data.get("kind") in HOURLY

    def refuse(self, error: InvalidStay) -> None:
        """Say by the right field why the dates make no sense."""
        names = {"start": "start_time", "end": "end_time"}
        field = names.get(error.field, error.field)
        self.add_error(field if field in self.fields else None, error.message)

    def params(self) -> Search:
        """Return the search; expects a valid form."""
        data = self.cleaned_data
        price_max = data["price_max"]
        return Search(
            q=data["q"], city=data["city"], kind=data["kind"], guests=data["guests"],
            price_max_minor=to_minor(price_max, data["currency"]) if price_max is not None else None,
            currency=data["currency"], amenities=tuple(data["amenities"]), sort=data["sort"], **self._dates(),
        )  # fmt: skip

    def _dates(self) -> dict[str, Any]:
        data = self.cleaned_data
        if not self.is_hourly:
            return {"check_in": data["check_in"], "check_out": data["check_out"]}
        if data["day"] is None or data["start_time"] is None or data["end_time"] is None:
            return {}
        start = dt.datetime.combine(data["day"], data["start_time"])
        end = dt.datetime.combine(data["day"], data["end_time"])
        is_next_day = data["end_time"] == MIDNIGHT and data["day"] < dt.date.max
        return {"start": start, "end": end + dt.timedelta(days=1) if is_next_day else end}


class ChoiceForm(forms.Form):
    """When, and for how many: the part of a booking that decides its price. Only the room's own fields stay."""

    check_in = DateField(label="Check-in", required=False)
    check_out = DateField(label="Check-out", required=False)
    start = MomentField(label="Start", required=False)
    end = MomentField(label="End", required=False)
    hours = WholeField(
        label="Hours", min_value=1, max_value=336, required=False, error_messages=LIMITS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )  # fmt: skip
    session = WholeField(label="Session", min_value=1, max_value=2**63 - 1, required=False)
    party_size = WholeField(
        label="Guests", min_value=1, max_value=MOST_GUESTS, error_messages=LIMITS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )  # fmt: skip

    FIELDS = {
        Room.Kind.HOTEL: {"check_in", "check_out", "party_size"},
        Room.Kind.CONFERENCE: {"start", "end", "hours", "party_size"},
        Room.Kind.EXPERT: {"start", "end", "party_size"},
        Room.Kind.WORKSHOP: {"session", "party_size"},
    }

    def __init__(self, room: Room, data: Any = None, *, now: dt.datetime, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.room, self.now = room, now
        self.stay: Stay | None = None
        self.chosen_session: Session | None = None
        for name in set(self.fields) - self.FIELDS[Room.Kind(room.kind)]:
            del self.fields[name]
        guests = self.fields["party_size"]
        guests.initial = min(2, room.capacity) if room.is_by_night else 1
        guests.widget.attrs.update(min=1, max=room.capacity)
        what = "Seats" if room.kind == Room.Kind.WORKSHOP else "Guests"
        guests.label = f"{what} (up to {room.capacity})"
        if "hours" in self.fields:
            self.fields["hours"].label = f"Hours ({room.min_units} to {room.max_units})"
            self.fields["hours"].initial = room.min_units
            self.fields["hours"].widget.attrs.update(min=room.min_units, max=room.max_units)

    @property
    def has_choice(self) -> bool:
        """True once somebody has chosen when, well or badly."""
        return any(self.data.get(name) for name in ("check_in", "check_out", "start", "session"))

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        if self.errors:
            return data
        try:
            self.chosen_session = self._session(data.get("session"))
            dates = {name: data.get(name) for name in ("check_in", "check_out", "start")}
            self.stay = stay_of(self.room, **dates, end=self._end(data), session=self.chosen_session)
            check_stay(self.room, self.chosen_stay, data["party_size"], self.now)
            charge_limits.check(self.room, self._price(data["party_size"]))
        except InvalidStay as error:
            self.refuse(error)
        return data

    @property
    def chosen_stay(self) -> Stay:
        """The stay of a valid form. Raises: ValueError for another."""
        if self.stay is None:
            raise ValueError("no stay was chosen")
        return self.stay

    def _price(self, party_size: int) -> Quote:
        return quote(self.room, self.chosen_stay, party_size, now=self.now, session=self.chosen_session)

    def refuse(self, error: InvalidStay) -> None:
        """Say by the right field why a stay is not allowed."""
        field = "hours" if error.field == "end" and self.data.get("hours") else error.field
        self.add_error(field if field in self.fields else None, error.message)

    def query(self) -> str:
        """Return the choice as a query string; expects a valid form."""
        return choice_query(self.room, self.chosen_stay, self.cleaned_data["party_size"], self.chosen_session)

    def _session(self, number: int | None) -> Session | None:
        if number is None:
            return None
        return Session.objects.filter(room=self.room, is_cancelled=False, pk=number).first()

    def _end(self, data: dict[str, Any]) -> dt.datetime | None:
        """Return the end: as given, or so many hours (one appointment) after the start, in real time."""
        start = data.get("start")
        if data.get("end") is not None or start is None:
            return data.get("end")
        count = data.get("hours") or self.room.min_units
        if start.tzinfo is None:
            start = start.replace(tzinfo=self.room.venue.zone)
        try:
            return start.astimezone(dt.UTC) + unit_length(self.room) * count
        except OverflowError as error:
            raise InvalidStay("start", "out_of_range", "Choose a date nearer to today.") from error


def choice_query(room: Room, stay: Stay, party_size: int, session: Session | None = None) -> str:
    """Return a choice as the query string that room and book pages read."""
    return urlencode(choice_fields(room, stay, party_size, session))


def choice_fields(
    room: Room, stay: Stay, party_size: int, session: Session | None = None
) -> dict[str, str | int]:
    """Return a choice as form fields: dates of nights, exact moments of hours, or the session."""
    zone = room.venue.zone
    starts, ends = stay.starts_at.astimezone(zone), stay.ends_at.astimezone(zone)
    if session is not None:
        return {"session": session.pk, "party_size": party_size}
    if room.is_by_night:
        dates = {"check_in": starts.date().isoformat(), "check_out": ends.date().isoformat()}
        return {**dates, "party_size": party_size}
    return {"start": starts.isoformat(), "end": ends.isoformat(), "party_size": party_size}


def wall_query(room: Room, stay: Stay, party_size: int) -> str:
    """Return the same wall time for rooms elsewhere, where it may be another instant."""
    fields = choice_fields(room, stay, party_size)
    for name in {"start", "end"} & fields.keys():
        fields[name] = dt.datetime.fromisoformat(str(fields[name])).replace(tzinfo=None).isoformat()
    return urlencode(fields)
