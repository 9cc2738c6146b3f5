"""Form fields for what people type: numbers read by core.money, words by core.typed.text, none by Django alone.

Django takes `1_000`, other scripts' digits, and `1.000` for 1; here what may be two numbers is refused. It also
takes a name that nobody sees, or that reads backwards.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from django import forms
from django.db.models import Model

from core.money import (
    AmbiguousAmount,
    InvalidAmount,
    NegativeAmount,
    format_minor,
    read_amount,
    read_decimal,
    read_percent,
    read_whole,
)
from core.typed.addresses import read_email
from core.typed.phones import read_phone
from core.typed.text import InvalidText, many_lines, one_line

Number = TypeVar("Number", int, Decimal)


def typed_minor(text: str, currency: str, *, negative: str = "Not less than zero.") -> int:
    """Return the minor units of an amount typed into a form; `negative` is what is said of one below zero.

    Raises: ValidationError.
    """
    try:
        return read_amount(text, currency)
    except NegativeAmount as error:
        raise forms.ValidationError(negative, code="min_value") from error
    except InvalidAmount as error:
        raise forms.ValidationError(str(error), code="invalid") from error


class WholeField(forms.IntegerField):
    """A whole number: digits alone, their threes at most grouped by spaces."""

    def to_python(self, value: object) -> int | None:
        return None if value in self.empty_values else _typed(self, value, read_whole)


class DecimalField(forms.DecimalField):
    """A number of no currency with at most `decimal_places` decimals."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, object]:
        # A box for numbers would drop a comma before anybody could read it.
        return {"inputmode": "decimal", "autocomplete": "off"}

    def to_python(  # type: ignore[override]  # Django's own DecimalField is an IntegerField, too
        self, value: object
    ) -> Decimal | None:
        return None if value in self.empty_values else _typed(self, value, self._read)

    def _read(self, text: str) -> Decimal:
        return read_decimal(text, self.decimal_places or 0)


class PercentField(DecimalField):
    """A percentage from 0 to 100."""

    default_error_messages = {"invalid": "A percentage from 0 to 100, with at most 2 decimals."}

    def _read(self, text: str) -> Decimal:
        return read_percent(text)


def _typed(field: forms.IntegerField, value: object, read: Callable[[str], Number]) -> Number:
    """Read what was typed. Raises: ValidationError, in the field's own words unless two numbers may be meant."""
    try:
        return read(str(value))
    except AmbiguousAmount as error:
        raise forms.ValidationError(str(error), code="invalid") from error
    except NegativeAmount as error:
        if field.min_value is not None:
            return read("0") - 1  # whatever it is, the validator says how low one may go
        raise forms.ValidationError(field.error_messages["invalid"], code="invalid") from error
    except InvalidAmount as error:
        raise forms.ValidationError(field.error_messages["invalid"], code="invalid") from error


def typed_text(text: str, read: Callable[[str], str], longest: int | None = None) -> str:
    """Return a text as it is kept; one that is too long, or holds a NUL, is left to Django to refuse.

    Raises: ValidationError.
    """
    if (longest and len(text) > longest) or "\0" in text:
        return text
    try:
        return read(text)
    except InvalidText as error:
        raise forms.ValidationError(str(error), code=error.code) from error


class _Words(forms.CharField):
    """A text field whose `read` says what is kept of what was typed."""

    read: Callable[[str], str]

    def to_python(self, value: object) -> str | None:
        text = super().to_python(value)
        return typed_text(text, type(self).read, self.max_length) if text else text


class LineField(_Words):
    """A name, a title, a label: one line."""

    read = staticmethod(one_line)


class ProseField(_Words):
    """A text of lines."""

    read = staticmethod(many_lines)
    widget = forms.Textarea


class PhoneField(_Words):
    read = staticmethod(read_phone)


class EmailField(_Words):
    read = staticmethod(read_email)
    widget = forms.EmailInput


def choice_field(form: forms.BaseForm, name: str) -> forms.ChoiceField:
    """Return a form's field that offers choices. Raises: TypeError for another one."""
    field = form.fields[name]
    if not isinstance(field, forms.ChoiceField):
        raise TypeError(f"{name} offers no choices")
    return field


def model_choice(form: forms.BaseForm, name: str) -> "forms.ModelChoiceField[Model]":
    """Return a form's field that offers rows. Raises: TypeError for another one."""
    field = form.fields[name]
    if not isinstance(field, forms.ModelChoiceField):
        raise TypeError(f"{name} offers no rows")
    return field


def understood(form: forms.BaseForm) -> list[str]:
    """Return what was read of the amounts and percentages changed in a valid form, as `Price: €45.50`.

    A form with amounts tells them in its `amounts_read`, {field: (minor units, currency)}.
    """
    amounts = getattr(form, "amounts_read", {})
    told = []
    for name in form.changed_data:
        if name in amounts:
            told.append(f"{_label(form, name)}: {format_minor(*amounts[name])}")
        elif isinstance(form.fields[name], PercentField) and form.cleaned_data.get(name) is not None:
            told.append(f"{_label(form, name)}: {form.cleaned_data[name].normalize():f}%")
    return told


def _label(form: forms.BaseForm, name: str) -> str:
    """Return a field's label without its unit: `Price (EUR)` is `Price`."""
    return str(form.fields[name].label).split(" (")[0]
