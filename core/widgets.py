"""Form widgets that Django's own are too slow or too plain for."""

from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

SELECTED = SafeString(" selected")


class PlainSelect(forms.Select):
    """A select without groups, its options written at once.

    Django renders two templates an option: a page with two lists of half hours spent a quarter of its time there.
    """

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        chosen = self.format_value(value)
        pairs = [("" if choice is None else str(choice), label) for choice, label in self.choices]
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((choice, SELECTED if choice in chosen else "", label) for choice, label in pairs),
        )
        whole = flatatt(self.build_attrs({"name": name, **self.attrs}, attrs))
        return format_html("<select{}>{}</select>", whole, options)
