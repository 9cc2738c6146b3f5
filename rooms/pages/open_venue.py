"""The page where somebody with an account opens a venue and so becomes a host."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.signed_in import person_of
from core.typed.fields import choice_field
from rooms import services
from rooms.models import Venue
from rooms.pages.zone_field import TypedZoneField, guesses

UNPROCESSABLE = 422


class OpenVenueForm(forms.ModelForm):
    """What a venue needs to exist; the rest has sensible values and is set in the admin."""

    time_zone = TypedZoneField(
        help_text="Type a city or a country. Check-in times and opening hours are meant in it."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("country", "currency"):
            field = choice_field(self, name)
            field.choices = [("", "Choose one"), *list(field.widget.choices)[1:]]

    class Meta:
        model = Venue
        fields = (
            "name",
            "description",
            "address",
            "city",
            "country",
            "time_zone",
            "currency",
            "email",
            "phone",
        )
        widgets = {"description": forms.Textarea({"rows": 4})}
        labels = {"name": "Name of your venue", "email": "E-mail for requests"}
        help_texts = {
            "name": "A hotel, a conference house, a practice, a studio.",
            "currency": "All its prices are in it; it cannot be changed once there are bookings.",
            "email": "Requests are announced to it, and to every member of your team.",
        }


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def open_venue(request: HttpRequest) -> HttpResponse:
    """Open a venue, a draft yet, and go on to what it needs before it sells."""
    person = person_of(request)
    initial: dict[str, Any] = {"email": person.email, "phone": person.phone}
    form = OpenVenueForm(request.POST or None, initial=initial)
    if request.method != "POST" or not form.is_valid():
        status = UNPROCESSABLE if request.method == "POST" else 200
        return render(request, "rooms/open_venue.html", {"form": form, "guesses": guesses()}, status=status)
    venue = services.open_venue(user=request.user, venue=form.save(commit=False))
    messages.success(request, f"{venue.name} is here as a draft. Complete the list, and ask for approval.")
    return redirect("admin:rooms_venue_approval", venue.pk)
