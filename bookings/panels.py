"""What other apps add to a booking's pages, admin and API; settings.BOOKING_PANELS names who."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString

from bookings.models import Booking

GUEST, HOST = "guest", "host"


@dataclass(frozen=True)
class Panel:
    """One app's share of a booking's page.

    `template` is rendered with `context`, the fields of `json` join the API's answer. What `is_under_way` changes
    by itself within seconds, often without an event of the booking: an open page asks again soon. `notice` is what a
    guest has to know before cancelling.
    """

    name: str
    template: str
    context: dict[str, Any] = field(default_factory=dict)
    json: dict[str, Any] = field(default_factory=dict)
    is_under_way: bool = False
    notice: str = ""


@dataclass(frozen=True)
class RenderedPanel:
    name: str
    html: SafeString


def collect(booking: Booking, viewer: str) -> list[Panel]:
    """Ask every app named in settings.BOOKING_PANELS for its panel; `viewer` is "guest" or "host"."""
    sources: Iterable[Callable[[Booking, str], Panel]] = map(import_string, settings.BOOKING_PANELS)
    return [source(booking, viewer) for source in sources]


def render(collected: Iterable[Panel], request: HttpRequest | None = None) -> list[RenderedPanel]:
    """Render panels that were collected before."""
    return [
        RenderedPanel(panel.name, render_to_string(panel.template, panel.context, request))
        for panel in collected
    ]


def fingerprint(booking: Booking, collected: Iterable[Panel], *more: object) -> str:
    """Return a word that changes whenever a page with these panels has something else to say."""
    facts = [
        (panel.json, [value for value in panel.context.values() if isinstance(value, str | bool)])
        for panel in collected
    ]
    return f"{booking.version}-{hashlib.sha256(repr((facts, more)).encode()).hexdigest()[:12]}"


def next_url(booking: Booking) -> str:
    """Return the address whose POST is the guest's next step, paying for one; empty where there is none (no query)."""
    source: Callable[[Booking], str] = import_string(settings.BOOKING_NEXT_URL)
    return source(booking)
