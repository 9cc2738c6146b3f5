"""Form widgets that Django's own are too slow or too plain for."""

from functools import lru_cache

from django import forms
from django.forms.renderers import BaseRenderer
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

SELECTED = SafeString(" selected")


class PlainSelect(forms.Select):
    """A select without groups, its options written at once.

    Django renders two templates an option: a page with two lists of half hours spent a quarter of its time there.
    """

    def render(
        self,
        name: str,
        value: object,
        attrs: dict[str, object] | None = None,
        renderer: BaseRenderer | None = None,
    ) -> SafeString:
        pairs = tuple(("" if choice is None else str(choice), str(label)) for choice, label in self.choices)
        whole = flatatt(self.build_attrs({"name": name, **self.attrs}, attrs))
        return format_html("<select{}>{}</select>", whole, _options(pairs, tuple(self.format_value(value))))


@lru_cache(maxsize=256)
def _options(pairs: tuple[tuple[str, str], ...], chosen: tuple[str, ...]) -> SafeString:
    """Write the options; the same lists come again with every page."""
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((choice, SELECTED if choice in chosen else "", label) for choice, label in pairs),
    )
