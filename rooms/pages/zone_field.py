"""A time zone as people name it: a city, a country that has one zone, or the name computers use."""

import functools
from collections import Counter
from typing import Any

from django.core.exceptions import ValidationError
from django.forms.widgets import TextInput
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core import countries, zones
from core.money import CURRENCIES
from core.typed.fields import LineField

EXAMPLE = "Choose a time zone from the list, such as “Paris, France”."


class ListedInput(TextInput):
    """A text field with the browser's own list of proposals, filtered while one types."""

    def render(self, name: str, value: Any, attrs: dict | None = None, renderer: Any = None) -> SafeString:
        list_id = f"{name}-list"
        field = super().render(
            name, value, {**(attrs or {}), "list": list_id, "autocomplete": "off"}, renderer
        )
        options = format_html_join("", '<option value="{}">{}</option>', proposals())
        return format_html('{}<datalist id="{}">{}</datalist>', field, list_id, options)


class TypedZoneField(LineField):
    """Reads what was typed or chosen into the name of a zone. One error, whatever is wrong."""

    widget = ListedInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"error_messages": {"required": EXAMPLE}, **kwargs})

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        if not typed:
            return typed
        name = _readings().get(_folded(typed))
        if name is None:
            raise ValidationError(EXAMPLE, code="unknown_zone")
        return name


def label(name: str, country: str) -> str:
    """Write `Buenos Aires, Argentina`."""
    return f"{zones.city_of(name)}, {country}"


@functools.cache
def proposals() -> tuple[tuple[str, str], ...]:
    """Return (what is written into the field, the name computers use) of every zone in use."""
    return tuple((label(name, country), name) for country, names in zones.offered().items() for name in names)


@functools.cache
def guesses() -> dict[str, Any]:
    """Return what a browser needs to guess by its own zone; read by static/js/venue.js.

    {"zones": {name, old ones too: [country's code, how the field writes it]}, "countries": {code: {"zone": how the
    field writes its first one, "currency": where it is one of ours}}}
    """
    codes = {country: code for code, country in countries.names().items()}
    found: dict[str, list[str]] = {}
    firsts: dict[str, dict[str, str]] = {}
    for country, names in zones.offered().items():
        code = codes[country]
        found |= {name: [code, label(name, country)] for name in names}
        firsts[code] = {"zone": label(names[0], country), "currency": _ours(countries.currency_of(code))}
    old = {name: found[new] for name, new in countries.old_zone_names().items() if new in found}
    return {"zones": old | found, "countries": firsts}


def _ours(currency: str) -> str:
    return currency if currency in CURRENCIES else ""


@functools.cache
def _readings() -> dict[str, str]:
    """Return {folded writing: zone}; a city of two countries, or a country of two zones, says too little."""
    in_use = [name for _label, name in proposals()]
    cities = Counter(zones.city_of(name) for name in in_use)
    found = {_folded(zones.city_of(name)): name for name in in_use if cities[zones.city_of(name)] == 1}
    found |= {_folded(country): names[0] for country, names in zones.offered().items() if len(names) == 1}
    found |= {_folded(old): name for old, name in countries.old_zone_names().items() if name in in_use}
    return (
        found | {_folded(text): name for text, name in proposals()} | {_folded(name): name for name in in_use}
    )


def _folded(text: str) -> str:
    return " ".join(countries.sorting(text).replace("_", " ").split())
