"""Forms of the admin for venues and rooms: amounts as people write them, rules as people say them."""

import datetime as dt
import itertools
import zoneinfo
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from core.money import InvalidAmount, exponent, to_decimal, to_minor
from rooms import photos, services
from rooms.models import Blackout, CancellationPolicy, OpeningHours, PriceRule, Room, RoomPhoto, Venue
from rooms.occupancy import RoomTaken
from rooms.places import AMENITIES

MOST_DAYS_CLOSED = 366


def amount_field(label: str, *, required: bool = True, help_text: str = "") -> forms.CharField:
    """An amount in major units; turned into minor units once the currency is known."""
    widget = UnfoldAdminTextInputWidget({"inputmode": "decimal", "autocomplete": "off"})
    return forms.CharField(label=label, required=required, max_length=20, help_text=help_text, widget=widget)


class AmountsForm(forms.ModelForm):
    """A model form whose `amounts` {field of the form: field of the model} are typed in major units."""

    amounts: dict[str, str] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currency = self.currency()
        for name, column in self.amounts.items():
            if name not in self.fields:
                continue
            value = getattr(self.instance, column)
            if currency and value is not None:
                self.initial.setdefault(name, str(to_decimal(value, currency)))
            if currency:
                self.fields[name].label = f"{self.fields[name].label} ({currency})"

    def currency(self) -> str:
        """Return the currency the amounts are in; empty while the venue is not known."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name, column in self.amounts.items():
            if name in cleaned:
                setattr(self.instance, column, self._minor(name, cleaned[name]))
        return cleaned

    def _minor(self, name: str, text: str) -> int | None:
        currency = self.currency()
        if not text or not currency:
            return getattr(self.instance, self.amounts[name]) if text else None
        try:
            amount_minor = to_minor(text.strip().replace(",", ""), currency)
        except InvalidAmount:
            decimals = exponent(currency)
            self.add_error(name, f"An amount in {currency}, with at most {decimals} decimals.")
            return None
        if amount_minor < 0:
            self.add_error(name, "Not less than zero.")
            return None
        return amount_minor


class VenueForm(forms.ModelForm):
    time_zone = forms.ChoiceField(
        choices=lambda: [(name, name) for name in sorted(zoneinfo.available_timezones())],
        widget=UnfoldAdminSelect2Widget(),
    )

    class Meta:
        model = Venue
        fields = "__all__"


class RoomForm(AmountsForm):
    amounts = {"price": "price_minor", "cleaning_fee": "cleaning_fee_minor"}

    price = amount_field("Price", help_text="Per night, hour, appointment or seat")
    cleaning_fee = amount_field("Cleaning fee", required=False, help_text="Once a booking")
    amenities = forms.MultipleChoiceField(
        choices=list(AMENITIES.items()), required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget()
    )
    offered = forms.BooleanField(
        label="Offered to guests", required=False, widget=UnfoldBooleanSwitchWidget(),
        help_text="A room needs a description and a photo before guests can find it.",
    )  # fmt: skip

    class Meta:
        model = Room
        exclude = ("price_minor", "cleaning_fee_minor", "is_published")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("offered", self.instance.is_published)
        if "policy" in self.fields and self.instance.venue_id:
            policies = self.fields["policy"].queryset.filter(venue=self.instance.venue_id)
            self.fields["policy"].queryset = policies

    def currency(self) -> str:
        venue = getattr(self, "cleaned_data", {}).get("venue")
        if venue is None and self.instance.venue_id:
            venue = self.instance.venue
        return venue.currency if venue else ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self.instance.cleaning_fee_minor = self.instance.cleaning_fee_minor or 0
        approval, capture = cleaned.get("approval"), cleaned.get("capture")
        if capture == Room.Capture.AFTER_COMPLETION and approval not in (None, Room.Approval.NONE):
            self.add_error(
                "capture", "Charging afterwards goes with rooms that are booked at once, without approval."
            )
        return cleaned


class PhotoForm(forms.ModelForm):
    class Meta:
        model = RoomPhoto
        fields = ("image", "alt", "position")

    def clean_image(self) -> Any:
        image = self.cleaned_data["image"]
        return photos.cleaned(image) if isinstance(image, UploadedFile) else image


class PriceRuleForm(AmountsForm):
    amounts = {"price": "price_minor"}

    price = amount_field("Price", required=False, help_text="Instead of the room's own")
    weekdays = forms.TypedMultipleChoiceField(
        choices=OpeningHours.Weekday.choices, coerce=int, required=False, empty_value=[],
        widget=UnfoldAdminCheckboxSelectMultipleWidget(), help_text="None: every day",
    )  # fmt: skip

    class Meta:
        model = PriceRule
        fields = ("name", "weekdays", "first_date", "last_date", "price", "min_units", "discount_percent")

    def currency(self) -> str:
        room = getattr(self.instance, "room", None) if self.instance.room_id else None
        return room.venue.currency if room else ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        has_price, has_discount = bool(cleaned.get("price")), cleaned.get("discount_percent") is not None
        if has_price == has_discount:
            self.add_error("price", "Give a price or a discount, and not both.")
        if has_discount and not cleaned.get("min_units"):
            self.add_error("min_units", "A discount needs its shortest stay.")
        first, last = cleaned.get("first_date"), cleaned.get("last_date")
        if first and last and last < first:
            self.add_error("last_date", "Not before the first date.")
        return cleaned


class PolicyForm(forms.ModelForm):
    """Tiers are written one a line: `48 h: 100 %`."""

    tiers_text = forms.CharField(
        label="What comes back", required=False, max_length=500, widget=UnfoldAdminTextareaWidget({"rows": 4}),
        help_text=(
            "One line a tier, hours before the start and per cent returned, for example “48: 100” and “24: 50”. "
            "Below the last tier nothing comes back; without tiers everything does, until the start."
        ),
    )  # fmt: skip

    class Meta:
        model = CancellationPolicy
        fields = ("venue", "name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tiers: Iterable[dict[str, int]] = self.instance.tiers or []
        self.initial.setdefault(
            "tiers_text", "\n".join(f"{tier['hours']}: {tier['percent']}" for tier in tiers)
        )

    def clean_tiers_text(self) -> list[dict[str, int]]:
        lines = [line for line in self.cleaned_data["tiers_text"].splitlines() if line.strip()]
        tiers = sorted((_tier(line) for line in lines), key=lambda tier: -tier["hours"])
        if len({tier["hours"] for tier in tiers}) < len(tiers):
            raise ValidationError("Each number of hours once.")
        if any(later["percent"] > earlier["percent"] for earlier, later in itertools.pairwise(tiers)):
            raise ValidationError("Who cancels later cannot get more back.")
        self.instance.tiers = tiers
        return tiers


def _tier(line: str) -> dict[str, int]:
    hours, _colon, percent = line.replace("h", "").replace("%", "").partition(":")
    hours, percent = hours.strip(), percent.strip()
    if not (hours.isdecimal() and percent.isdecimal() and int(hours) <= 8760 and int(percent) <= 100):
        raise ValidationError("%(line)s is not hours: per cent.", params={"line": f"“{line.strip()[:40]}”"})
    return {"hours": int(hours), "percent": int(percent)}


class BlackoutForm(forms.ModelForm):
    """Dates on which a room is closed, as the calendar hangs at the venue; both are included."""

    first_date = forms.DateField(label="Closed from", widget=UnfoldAdminSingleDateWidget())
    last_date = forms.DateField(label="Up to and including", widget=UnfoldAdminSingleDateWidget())

    class Meta:
        model = Blackout
        fields = ("room", "note")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        first, last = cleaned.get("first_date"), cleaned.get("last_date")
        if first and last and last < first:
            self.add_error("last_date", "Not before the first date.")
        elif first and last and last - first >= dt.timedelta(days=MOST_DAYS_CLOSED):
            self.add_error("last_date", "At most a year at a time.")
        elif first and not 2000 <= first.year <= 2199:
            self.add_error("first_date", "A year between 2000 and 2199.")
        return cleaned

    def _post_clean(self) -> None:
        """Close the dates here, in the admin's transaction: only the claim itself knows whether they are free."""
        if self.errors:
            return
        chosen = {name: self.cleaned_data[name] for name in ("room", "first_date", "last_date", "note")}
        try:
            self.instance = Blackout.objects.get(pk=services.close_dates(**chosen).pk)
        except RoomTaken:
            self.add_error(
                "first_date", "A booking lies in these dates. Cancel it first, or leave its dates open."
            )
