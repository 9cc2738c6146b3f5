"""Forms of the admin for venues and rooms: amounts as people write them, rules as people say them."""

import datetime as dt
from copy import copy
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from core import dates, zones
from core.money import write_amount
from core.typed.fields import model_choice, typed_minor
from core.zones import ZoneChoice
from rooms import sales_modes
from rooms.choices import AMENITIES
from rooms.models import OpeningHours, PriceRule, Room, RoomPhoto, Venue
from rooms.pricing import charge_limits
from rooms.pricing.policies import tiers_in_short
from rooms.team.permissions import may


def amount_field(label: str, *, required: bool = True, help_text: str = "") -> forms.CharField:
    """An amount in major units; turned into minor units once the currency is known."""
    widget = UnfoldAdminTextInputWidget({"inputmode": "decimal", "autocomplete": "off"})
    return forms.CharField(label=label, required=required, max_length=20, help_text=help_text, widget=widget)


class AmountsForm(forms.ModelForm):
    """A model form whose `amounts` {field of the form: field of the model} are typed in major units.

    `amounts_read` tells how: {field: (minor units, currency)}.
    """

    amounts: dict[str, str] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.amounts_read: dict[str, tuple[int, str]] = {}
        currency = self.currency()
        for name, column in self.amounts.items():
            if name not in self.fields:
                continue
            value = getattr(self.instance, column)
            if currency and value is not None:
                self.initial.setdefault(name, write_amount(value, currency))
            if currency:
                self.fields[name].label = f"{self.fields[name].label} ({currency})"

    def currency(self) -> str:
        """Return the currency the amounts are in; empty while the venue is not known."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        for name, column in self.amounts.items():
            if name in cleaned:
                setattr(self.instance, column, self._minor(name, cleaned[name]))
        return cleaned

    def _minor(self, name: str, text: str) -> int | None:
        currency = self.currency()
        if not text or not currency:
            return getattr(self.instance, self.amounts[name]) if text else None
        try:
            amount_minor = typed_minor(text, currency)
        except forms.ValidationError as error:
            self.add_error(name, error)
            return None
        self.amounts_read[name] = (amount_minor, currency)
        return amount_minor


class VenueForm(AmountsForm):
    """`user` is whoever asks: how much a clerk decides alone is an owner's to say."""

    user: Any = None
    amounts = {"clerk_limit": "clerk_limit_minor"}
    clerk_limit = amount_field(
        "A clerk decides up to",
        required=False,
        help_text="Dearer bookings wait for an owner or manager. Empty: no limit.",
    )
    time_zone = zones.ZoneChoice(widget=UnfoldAdminSelect2Widget())

    class Meta:
        model = Venue
        fields = "__all__"
        labels = {"is_published": "Published"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(zone := self.fields.get("time_zone"), ZoneChoice):
            zone.keep(self.instance.time_zone)
        if "clerk_limit" in self.fields and self.instance.pk:
            self.fields["clerk_limit"].disabled = not may(self.user, "people", self.instance)

    def currency(self) -> str:
        return getattr(self, "cleaned_data", {}).get("currency") or self.instance.currency


class WayWidget(UnfoldAdminRadioSelectWidget):
    """The choices of one half of a way to sell; what the venue cannot offer stays visible and cannot be chosen."""

    refused: frozenset[str] = frozenset()

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if value in self.refused and not option["selected"]:
            option["attrs"]["disabled"] = True
            option["label"] = f"{option['label']} (not with this venue's payment provider)"
        return option


APPROVALS = [
    (Room.Approval.AFTER_PAYMENT, "After the money is held: I say yes or no, and only a yes charges"),
    (Room.Approval.BEFORE_PAYMENT, "Before any payment: I say yes or no, then the guest pays"),
    (Room.Approval.NONE, "Nobody: guests book at once"),
]
CAPTURES = [
    (Room.Capture.ON_CONFIRMATION, "When the booking is confirmed"),
    (Room.Capture.AFTER_COMPLETION, "After it took place: held until then"),
]


def policy_label(policy: Any) -> str:
    return f"{policy.name}: {tiers_in_short(policy.tiers)}"


class RoomForm(AmountsForm):
    approval = forms.ChoiceField(
        label="Who says yes to a booking, and when", choices=APPROVALS, widget=WayWidget(),
        initial=Room.Approval.AFTER_PAYMENT,
    )  # fmt: skip
    capture = forms.ChoiceField(
        label="When the guest's money is taken", choices=CAPTURES, widget=WayWidget(),
        initial=Room.Capture.ON_CONFIRMATION,
    )  # fmt: skip
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
        labels = {
            "kind": "What is it?",
            "min_units": "Shortest stay",
            "max_units": "Longest stay",
            "size_m2": "Size in m²",
        }
        help_texts = dict.fromkeys(
            ("min_units", "max_units"), "Nights, hours, appointments or seats, as it is sold"
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("offered", self.instance.is_published)
        if "policy" in self.fields:
            self._offer_policies()
        if self.instance.venue_id and "capture" in self.fields:
            self._refuse_ways(self.instance.venue)

    def currency(self) -> str:
        venue = getattr(self, "cleaned_data", {}).get("venue")
        if venue is None and self.instance.venue_id:
            venue = self.instance.venue
        return venue.currency if venue else ""

    def _offer_policies(self) -> None:
        field = model_choice(self, "policy")
        field.label_from_instance = policy_label  # type: ignore[method-assign,assignment]  # a field that the admin has made
        field.empty_label = "None: everything comes back until the start"
        if self.instance.venue_id and field.queryset is not None:
            field.queryset = field.queryset.filter(venue=self.instance.venue_id)

    def _refuse_ways(self, venue: Venue) -> None:
        """Grey out what the venue's payment provider cannot do, and say why."""
        for name, choices in (("approval", APPROVALS), ("capture", CAPTURES)):
            # The other half as harmless as can be: only this half's own trouble counts.
            harmless = {"approval": Room.Approval.NONE, "capture": Room.Capture.ON_CONFIRMATION}
            found = {
                value: sales_modes.refusals(venue, **(harmless | {name: value})) for value, _label in choices
            }
            refused = {value: reasons for value, reasons in found.items() if reasons}
            self.fields[name].widget.refused = frozenset(refused)
            self.fields[name].help_text = next((reason[name] for reason in refused.values()), "")

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        self.instance.cleaning_fee_minor = self.instance.cleaning_fee_minor or 0
        return cleaned


class HoursForm(forms.ModelForm):
    """One opening. Hours past midnight are asked for twice: a swapped pair looks the same."""

    overnight = forms.BooleanField(
        label="Until the next day", required=False, widget=UnfoldBooleanSwitchWidget(),
        help_text="For hours past midnight, and around the clock",
    )  # fmt: skip

    class Meta:
        model = OpeningHours
        fields = ("weekday", "opens", "closes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial.setdefault("overnight", self._runs_over(self.instance.opens, self.instance.closes))

    @staticmethod
    def _runs_over(opens: dt.time, closes: dt.time) -> bool:
        return dt.time(0) < closes <= opens

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        opens, closes = cleaned.get("opens"), cleaned.get("closes")
        if opens is None or closes is None:
            return cleaned
        runs_over = self._runs_over(opens, closes)
        if runs_over and not cleaned["overnight"]:
            told = dates.guest_hours(opens, closes)
            self.add_error(
                "closes", f"This means {told}. If so, say “Until the next day”; else swap the two."
            )
        elif cleaned["overnight"] and not runs_over:
            self.add_error("overnight", "These hours end on the same day.")
        return cleaned


class PhotoForm(forms.ModelForm):
    class Meta:
        model = RoomPhoto
        fields = ("image", "alt", "position")


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
        labels = {"min_units": "For stays from", "discount_percent": "Discount in percent"}
        help_texts = {"min_units": "So many nights, hours, appointments or seats"}

    def _why_not(self, price_minor: int) -> str:
        """A price at which no stay could be paid online is no price."""
        room = copy(self.instance.room)
        room.price_minor = price_minor
        return charge_limits.why_never(room)

    def currency(self) -> str:
        room = getattr(self.instance, "room", None) if self.instance.room_id else None
        return room.venue.currency if room else ""

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        price_minor = self.instance.price_minor
        if self.instance.room_id and price_minor and (reason := self._why_not(price_minor)):
            self.add_error("price", reason)
        has_price, has_discount = bool(cleaned.get("price")), cleaned.get("discount_percent") is not None
        if has_price == has_discount:
            self.add_error("price", "Give a price or a discount, and not both.")
        if has_discount and not cleaned.get("min_units"):
            self.add_error("min_units", "A discount needs its shortest stay.")
        first, last = cleaned.get("first_date"), cleaned.get("last_date")
        if first and last and last < first:
            self.add_error("last_date", "Not before the first date.")
        return cleaned
