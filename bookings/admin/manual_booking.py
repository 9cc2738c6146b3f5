"""A booking made by hand in the admin: for a guest on the phone, or while payments are down.

It goes the same way as any other: it claims its time, and waits for its payment; one made past the providers is
recorded on its page.
"""

import datetime as dt
import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminSingleTimeWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.signed_in import person_of
from bookings.actors import member_actor
from bookings.errors import BookingError
from bookings.lifecycle import services as bookings
from bookings.lifecycle.submission import GuestDetails
from bookings.models import Booking
from bookings.states import DEAD
from core import clock
from core.typed.fields import EmailField, LineField, PhoneField, WholeField, model_choice
from rooms.availability.occupancy import RoomTaken
from rooms.availability.stays import InvalidStay, Stay, stay_of
from rooms.models import Room, Session
from rooms.team.admin_access import MANAGERS, venue_ids
from rooms.team.permissions import venues_of

# Which of our fields a refused stay is about.
FIELDS = {"check_in": "first_date", "check_out": "last_date", "start": "starts", "end": "ends"}


class ManualForm(forms.Form):
    """Which room, when, and for whom; a room takes the fields its kind is booked by."""

    room = forms.ModelChoiceField(Room.objects.none(), widget=UnfoldAdminSelectWidget())
    session = forms.ModelChoiceField(
        Session.objects.none(),
        required=False,
        label="Session, for a workshop",
        widget=UnfoldAdminSelectWidget(),
    )
    # The browser's own pickers: unfold's need scripts that this page does not load.
    first_date = forms.DateField(
        label="Day, or check-in", required=False, widget=UnfoldAdminSingleDateWidget({"type": "date"})
    )
    last_date = forms.DateField(
        label="Check-out, by the night", required=False, widget=UnfoldAdminSingleDateWidget({"type": "date"})
    )
    starts = forms.TimeField(
        label="From, by the hour", required=False, widget=UnfoldAdminSingleTimeWidget({"type": "time"})
    )
    ends = forms.TimeField(
        label="To, by the hour", required=False, widget=UnfoldAdminSingleTimeWidget({"type": "time"})
    )
    party_size = WholeField(
        label="People", min_value=1, max_value=1000, initial=1, widget=UnfoldAdminIntegerFieldWidget()
    )
    name = LineField(label="Guest's name", max_length=120, widget=UnfoldAdminTextInputWidget())
    email = EmailField(label="Guest's e-mail", widget=UnfoldAdminEmailInputWidget())
    phone = PhoneField(max_length=32, required=False, widget=UnfoldAdminTextInputWidget())
    key = forms.CharField(max_length=64, widget=forms.HiddenInput())

    def __init__(self, data: Any, *, user: Any) -> None:
        super().__init__(data, initial={"key": uuid.uuid4().hex})
        rooms = Room.objects.published().filter(venue__in=venues_of(user))
        if not user.is_platform_staff:
            rooms = rooms.filter(venue__in=venue_ids(user, MANAGERS))
        model_choice(self, "room").queryset = rooms.select_related("venue").order_by("venue__name", "name")
        ahead = Session.objects.filter(is_cancelled=False, starts_at__gt=clock.now(), room__in=rooms)
        model_choice(self, "session").queryset = ahead.select_related("room").order_by("starts_at")

    def take_new_key(self) -> None:
        """Let the form, shown again, make another booking."""
        self.data = {**dict(self.data.items()), "key": uuid.uuid4().hex}

    def stay(self) -> Stay:
        """Return the stay of the fields. Raises: InvalidStay."""
        data = self.cleaned_data
        return stay_of(
            data["room"], check_in=data["first_date"], check_out=data["last_date"], session=data["session"],
            start=_moment(data["first_date"], data["starts"]), end=_moment(data["first_date"], data["ends"]),
        )  # fmt: skip


def _moment(date: dt.date | None, time: dt.time | None) -> dt.datetime | None:
    """Return a wall time at the venue."""
    return dt.datetime.combine(date, time) if date and time else None


def book(request: HttpRequest) -> HttpResponse:
    """Ask what is to be booked; a POST books it and goes to the booking's page."""
    user = person_of(request)
    if not (user.is_platform_staff or venue_ids(user, MANAGERS)):
        raise PermissionDenied
    form = ManualForm(request.POST if request.method == "POST" else None, user=user)
    if form.is_valid() and (booking := _book(form, user)):
        messages.success(request, f"Booked: {booking.reference}. A payment made by hand is recorded below.")
        return HttpResponseRedirect(reverse("admin:bookings_booking_change", args=[booking.pk]))
    context = {
        **admin.site.each_context(request), "title": "Book by hand", "form": form, "opts": Booking._meta,
    }  # fmt: skip
    status = 422 if form.is_bound else 200
    return TemplateResponse(request, "admin/bookings/booking/manual.html", context, status=status)


def _book(form: ManualForm, user: Any) -> Booking | None:
    data = form.cleaned_data
    try:
        booking = bookings.submit(
            room=data["room"], stay=form.stay(), party_size=data["party_size"], session=data["session"],
            guest=GuestDetails(data["name"], data["email"], data["phone"]), actor=member_actor(user),
            submission_key=f"admin:{user.pk}:{data['key']}",
        )  # fmt: skip
        if booking.status not in DEAD:
            return booking
        form.take_new_key()
        was = booking.get_status_display().lower()
        form.add_error(
            None, f"Sent before; that booking ({booking.reference}) is {was}. Send once more for a new one."
        )
    except InvalidStay as error:
        name = FIELDS.get(error.field, error.field)
        form.add_error(name if name in form.fields else None, error.message)
    except RoomTaken:
        form.add_error(None, "This has just been taken by somebody else.")
    except BookingError as error:
        form.add_error(None, error.message)
    return None
