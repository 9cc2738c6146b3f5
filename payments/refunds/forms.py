"""Forms for money given back or received by hand; amounts are typed in major units."""

import datetime as dt
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from accounts.admin_tools.confirm import reason_field
from core import clock
from core.money import format_minor, write_amount
from core.typed.fields import LineField, typed_minor
from payments.models import OfflinePayment
from rooms.admin.forms import amount_field

# A date of the bank's, not of the moon's.
OLDEST_DAYS = 400
NOT_NOTHING = "More than nothing."


class AmountForm(forms.Form):
    """A form with one amount, from more than nothing up to `most_minor` of `currency`.

    Cleaned, `amount` is in minor units.
    """

    amount = amount_field("Amount")

    def __init__(self, data: Any = None, *, currency: str, most_minor: int, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.currency, self.most_minor = currency, most_minor
        self.fields["amount"].label = f"Amount ({currency})"
        self.fields["amount"].initial = write_amount(most_minor, currency)

    def clean_amount(self) -> int:
        amount_minor = typed_minor(self.cleaned_data["amount"], self.currency, negative=NOT_NOTHING)
        if amount_minor <= 0:
            raise forms.ValidationError(NOT_NOTHING)
        if amount_minor > self.most_minor:
            raise forms.ValidationError(f"At most {format_minor(self.most_minor, self.currency)}.")
        return amount_minor


class RefundForm(AmountForm):
    """What goes back to a guest, and why."""

    reason = reason_field("Reason, for the guest to read", most=500)
    as_credit = forms.BooleanField(
        label="As a credit for later bookings, not to the card", required=False, widget=UnfoldBooleanWidget()
    )
    key = forms.CharField(max_length=64, widget=forms.HiddenInput(), required=False)


class OfflineForm(AmountForm):
    """Money that came in past the providers."""

    method = forms.ChoiceField(choices=OfflinePayment.Method, widget=UnfoldAdminSelectWidget())
    reference = LineField(
        label="Receipt or transfer number", max_length=64, widget=UnfoldAdminTextInputWidget()
    )
    received_date = forms.DateField(label="Received on", widget=UnfoldAdminSingleDateWidget({"type": "date"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["received_date"].initial = clock.now().date()

    def clean_received_date(self) -> dt.date:
        return _plausible(self.cleaned_data["received_date"])


class SolveForm(forms.Form):
    """Why a failed refund is dealt with so."""

    reason = reason_field("Reason", most=500)


class HandForm(SolveForm):
    """A refund that staff paid back themselves."""

    reason = reason_field("How it was paid back, for the guest to read", most=500)
    reference = LineField(label="Transfer number", max_length=64, widget=UnfoldAdminTextInputWidget())
    paid_date = forms.DateField(label="Paid on", widget=UnfoldAdminSingleDateWidget({"type": "date"}))
    field_order = ("reference", "paid_date", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["paid_date"].initial = clock.now().date()

    def clean_paid_date(self) -> dt.date:
        return _plausible(self.cleaned_data["paid_date"])


def _plausible(date: dt.date) -> dt.date:
    today = clock.now().date()
    if not today - dt.timedelta(days=OLDEST_DAYS) <= date <= today + dt.timedelta(days=1):
        raise forms.ValidationError("A date of the last year, not ahead of today.")
    return date
