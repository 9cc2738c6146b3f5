"""The admin's form of closed dates: a venue, its rooms or all of them, once or every year."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminSingleDateWidget,
)

from core import dates
from core.typed import bounds
from core.typed.fields import WholeField, model_choice
from rooms.availability import closings
from rooms.availability.closings import DatesTaken, InTheWay
from rooms.models import Blackout, Closing, Occupancy, Room, Venue

# A longer list is told by its number.
MOST_TOLD = 20


def _date_field(label: str) -> forms.DateField:
    return forms.DateField(label=label, widget=UnfoldAdminSingleDateWidget())


class BlackoutForm(forms.ModelForm):
    """Dates on which rooms are closed, as the calendar hangs at the venue; both are included.

    A valid form has closed them: only the claim itself knows whether they are free. `closing` is what it wrote.
    """

    # What the person at the form may close; set by the admin.
    venues: QuerySet[Venue] = Venue.objects.none()
    offered_rooms: QuerySet[Room] = Room.objects.none()

    venue = forms.ModelChoiceField(
        Venue.objects.none(), required=False, widget=UnfoldAdminSelect2Widget(),
        help_text="All its rooms are closed, those added later too, unless you choose some below",
    )  # fmt: skip
    rooms = forms.ModelMultipleChoiceField(
        Room.objects.none(), required=False, label="Only these rooms",
        widget=AutocompleteSelectMultiple(Blackout._meta.get_field("room"), admin.site),
    )  # fmt: skip
    first_date = _date_field("Closed from")
    last_date = _date_field("Up to and including")
    years = WholeField(
        label="Every year, how many years", min_value=1, max_value=closings.MOST_YEARS, initial=1,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="1: this time only. February 29 is the last day of February in other years",
    )  # fmt: skip

    class Meta:
        model = Blackout
        fields = ("note",)
        labels = {"note": "Reason, for your team"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.closing: Closing | None = None
        if "venue" in self.fields:
            model_choice(self, "venue").queryset = self.venues
            model_choice(self, "rooms").queryset = self.offered_rooms

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        rooms, venue = list(cleaned.get("rooms") or ()), cleaned.get("venue")
        if venue is None and rooms:
            venue = rooms[0].venue
        if venue is not None and any(room.venue_id != venue.pk for room in rooms):
            self.add_error("rooms", "Choose rooms of one venue, the one above.")
        elif venue is None and not {"venue", "rooms"} & set(self.errors):
            self.add_error("venue", "Choose a venue, or some of its rooms.")
        return cleaned | {"rooms": rooms, "venue": venue}

    def _post_clean(self) -> None:
        """Close the dates here, in the admin's transaction."""
        if self.errors:
            return
        chosen = {
            name: self.cleaned_data[name] for name in ("venue", "first_date", "last_date", "years", "note")
        }
        try:
            self.closing = closings.close(rooms=self.cleaned_data["rooms"] or None, **chosen)
        except DatesTaken as error:
            self.add_error("first_date", write_in_the_way(error.found))
        except ValidationError as error:
            self.add_error(None, error)
        else:
            self.instance = self._first()

    def _first(self) -> Blackout:
        """The row the admin goes on with; a venue without rooms closes those to come, and has none yet."""
        first = Blackout.objects.filter(closing=self.closing).order_by("period", "pk").first()
        return first or Blackout(closing=self.closing, kind=Occupancy.Kind.BLACKOUT)


def write_in_the_way(found: list[InTheWay]) -> SafeString:
    """Write who is where, room by room, each with the way to cancel them and close."""
    rows = format_html_join("", "<li>{}</li>", ((_write_room(one),) for one in found[:MOST_TOLD]))
    more = f" … and {len(found) - MOST_TOLD} more." if len(found) > MOST_TOLD else ""
    return format_html(
        "Nothing is closed: bookings lie in these dates. Leave them open, or cancel them room by room."
        '<ul class="rh-in-the-way">{}</ul>{}',
        rows, more,
    )  # fmt: skip


def _write_room(one: InTheWay) -> SafeString:
    zone = one.room.venue.time_zone
    people = ", ".join(_write_who(taken, zone) for taken in one.people[:MOST_TOLD])
    address = reverse("admin:bookings_bulkcancellation_close", args=[one.room.pk])
    return format_html(
        '{}: {}. <a class="rh-link" href="{}?first={}&amp;last={}">See, cancel and close {}</a>',
        one.room.name, people, address, one.first_date.isoformat(), one.last_date.isoformat(),
        _write_dates(one.first_date, one.last_date),
    )  # fmt: skip


def _write_dates(first: dates.Moment, last: dates.Moment, zone: str = dates.UTC) -> str:
    is_one_day = dates.full_date(first, zone) == dates.full_date(last, zone)
    return dates.full_date(first, zone) if is_one_day else dates.date_span(first, last, zone)


def _write_who(taken: Occupancy, zone: str) -> str:
    who = f"“{taken.session.title}”" if taken.session else taken.reference
    visit = taken.visit or taken.period
    return f"{who} ({_write_dates(*bounds.ends(visit), zone)})"
