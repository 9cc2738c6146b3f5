"""The form of a venue's payment settings: what is secret is typed in, and never comes out again."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from core.money import write_amount
from core.typed.fields import LineField, PercentField, WholeField, typed_minor
from payments.models import PaymentSettings, VenuePayments
from payments.venue_settings import services as venue_settings
from payments.venue_settings.payee_changes import OWNERS_ALONE, PAYEE_FIELDS, payee_fields
from payments.venue_settings.services import AGREED, FIELDS, InvalidSettings
from rooms.team.permissions import may

# Keys typed blind: left empty, they stay as they are.
BLIND = ("octo_secret", "octo_unique_key")


def _text(name: str, **more: Any) -> LineField:
    attrs = {"autocomplete": "off", "spellcheck": "false", **more.pop("attrs", {})}
    options = {"label": FIELDS[name], "required": False, "max_length": 140, **more}
    return LineField(widget=UnfoldAdminTextInputWidget(attrs), **options)


def _number(name: str, **more: Any) -> WholeField:
    return WholeField(label=FIELDS[name], widget=UnfoldAdminIntegerFieldWidget(), **more)


def _choice(name: str, choices: Any, widget: type = UnfoldAdminSelectWidget) -> forms.ChoiceField:
    return forms.ChoiceField(label=FIELDS[name], choices=choices, widget=widget())


def _key(name: str) -> forms.CharField:
    widget = UnfoldAdminPasswordWidget({"autocomplete": "new-password"})
    return forms.CharField(label=FIELDS[name], required=False, max_length=200, widget=widget)


class PaymentSettingsForm(forms.ModelForm):
    """`user` is whoever asks: what the platform agrees with a venue is disabled for hosts, whatever they send.

    `may_move_payee`: an owner who has proved lately who they are. For others what decides where the money goes is
    disabled, too, and sent all the same it is refused by its field.
    """

    user: Any = None
    may_move_payee = False

    takes_online_payment = forms.BooleanField(
        label="Guests pay online", required=False, widget=UnfoldBooleanSwitchWidget(),
        help_text="Off: guests book without paying here.",
    )  # fmt: skip
    provider = _choice(
        "provider",
        [
            ("stripe", "Stripe: cards, held up to 7 days"),
            ("octo", "Octo: Uzcard, Humo, cards"),
        ],
        UnfoldAdminRadioSelectWidget,
    )
    octo_shop_id = WholeField(
        label="Octo shop id", required=False, widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Of a shop of your own at Octo. Empty: guests pay to the platform's shop.",
    )  # fmt: skip
    octo_secret = _key("octo_secret")
    octo_unique_key = _key("octo_unique_key")
    octo_hold_minutes = _number(
        "octo_hold_minutes",
        help_text="As agreed with Octo for your own shop; 30 unless your contract says more.",
    )
    payout_method = _choice("payout_method", PaymentSettings.Method.choices, UnfoldAdminRadioSelectWidget)
    account_holder = _text("account_holder")
    bank_account = _text("bank_account", max_length=64, help_text="An IBAN, or an Uzbek account of 20 digits")
    bank_code = _text("bank_code", max_length=16, help_text="BIC, or the 5 digits of an Uzbek bank's MFO")
    stripe_account_ref = _text(
        "stripe_account_ref", max_length=64, help_text="The connected account that payouts go to: acct_…"
    )
    payout_minimum = _text(
        "payout_minimum_minor", max_length=20, required=True, attrs={"inputmode": "decimal"},
        help_text="What is less waits for the next run.",
    )  # fmt: skip
    payout_delay_hours = _number(
        "payout_delay_hours", help_text="Hours after the start of a stay before it is paid out"
    )
    processing_fee_bearer = _choice("processing_fee_bearer", PaymentSettings.FeeBearer.choices)
    platform_fee_percent = PercentField(
        label="Platform fee (%)", required=False, max_digits=5, decimal_places=2,
        widget=UnfoldAdminTextInputWidget(),
    )  # fmt: skip

    class Meta:
        model = VenuePayments
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.amounts_read: dict[str, tuple[int, str]] = {}
        venue = self.instance
        self.before = venue_settings.values_of(venue, venue_settings.settings_of(venue))
        for name, value in self.before.items():
            if name in self.fields and name not in BLIND:
                self.initial[name] = venue_settings.shown(name, value)
        self.initial["payout_minimum"] = write_amount(self.before["payout_minimum_minor"], venue.currency)
        minimum = self.fields["payout_minimum"]
        minimum.label = f"{minimum.label} ({venue.currency})"
        self.fields[
            "platform_fee_percent"
        ].help_text = f"Empty: the platform's own, now {venue.fee_percent} %"
        for name in BLIND:
            self.fields[name].help_text = self._kept(name)
        for name in AGREED:
            self.fields[name].disabled = not self.user.is_platform_staff
        for name in PAYEE_FIELDS:
            self.fields[name].disabled = not self.may_move_payee

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        self._refuse_payee()
        if self.errors:
            return cleaned
        changes = {name: cleaned[name] for name in self.before if name in cleaned}
        for name in BLIND:
            if not changes[name]:
                del changes[name]
        changes["payout_minimum_minor"] = self._minimum()
        if self.errors:
            return cleaned
        try:
            wanted = venue_settings.check(
                self.instance, venue_settings.merged(self.instance, self.before, changes)
            )
            if not self.may_move_payee and payee_fields(self.before, wanted):
                self._refuse("provider")
        except InvalidSettings as error:
            for name, message in error.errors.items():
                self.add_error("payout_minimum" if name == "payout_minimum_minor" else name, message)
        self.changes = changes
        return cleaned

    def _refuse_payee(self) -> None:
        """Refuse what was typed where the page had nothing to type into."""
        if self.may_move_payee:
            return
        for name in PAYEE_FIELDS:
            sent = str(self.data.get(name, "")).strip()
            if name in self.data and sent != str(self.initial.get(name) or ""):
                self._refuse(name)

    def _refuse(self, name: str) -> None:
        """Raises: PermissionDenied to whoever is no owner; to an owner it is an error of the field."""
        if not may(self.user, "payee", self.instance):
            raise PermissionDenied(OWNERS_ALONE)
        self.add_error(name, "Confirm that it is you first: see above. Nothing was saved.")

    def _minimum(self) -> int:
        currency = self.instance.currency
        try:
            minimum_minor = typed_minor(self.cleaned_data["payout_minimum"], currency)
        except forms.ValidationError as error:
            self.add_error("payout_minimum", error)
            return 0
        self.amounts_read["payout_minimum"] = (minimum_minor, currency)
        return minimum_minor

    def _kept(self, name: str) -> str:
        kept = venue_settings.shown(name, self.before[name])
        return f"Kept: {kept}. Left empty, it stays." if kept else "Not set."
