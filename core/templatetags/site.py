"""Small things every page's template needs."""

import datetime as dt
from functools import cache

from django import template
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from core import clock, mode
from core.web.icons import ICONS

register = template.Library()


@register.simple_tag
@cache
def icon(name: str, css_class: str = "") -> SafeString:
    """`{% icon "clock" %}`: an icon of core.web.icons beside its text; screen readers skip it."""
    return format_html(
        '<svg class="icon {}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>',
        css_class,
        mark_safe(ICONS[name]),  # noqa: S308 - our own constant
    )


@register.simple_tag
def test_mode() -> str:
    """The sentence every page and mail of a site in test mode says; nothing where money is real."""
    return "" if mode.site_is_live() else mode.TEST_MODE


@register.simple_tag
def server_now() -> str:
    """The instant the page was made, for countdowns that must not trust the visitor's clock."""
    return clock.now().isoformat()


@register.filter
def without(query: QueryDict, names: str) -> str:
    """The query string without parameters (`"day,end"`), or without one value (`"amenities=wifi"`); never a page."""
    left = query.copy()
    left.pop("page", None)
    name, has_value, value = names.partition("=")
    if has_value:
        left.setlist(name, [other for other in left.getlist(name) if other != value])
        return left.urlencode()
    for name in names.split(","):
        left.pop(name, None)
    return left.urlencode()


@register.filter
def plural_of(count: int, word: str) -> str:
    """`{{ 3|plural_of:"guest" }}` → `3 guests`."""
    return f"{count} {word}{'' if count == 1 else 's'}"


@register.filter
def timesince_exact(start: dt.datetime, end: dt.datetime) -> str:
    """`{{ start|timesince_exact:end }}` → `45 minutes`, `1 hour`, `2 hours 30 minutes`: real time, not wall time."""
    return duration(round((end.astimezone(dt.UTC) - start.astimezone(dt.UTC)) / dt.timedelta(minutes=1)))


@register.filter
def duration(minutes: int) -> str:
    """`{{ 60|duration }}` → `1 hour`."""
    hours, rest = divmod(minutes, 60)
    parts = [plural_of(hours, "hour")] if hours else []
    return " ".join([*parts, plural_of(rest, "minute")] if rest or not parts else parts)
