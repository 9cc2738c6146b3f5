"""How values of money pages look in the admin: pills, figures, links and raw messages."""

import json
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from bookings.models import Booking
from core.money import format_minor
from payments.models import Payment
from payments.webhooks.masking import masked

TONES = {
    Payment.Status.CREATED: "quiet", Payment.Status.AUTHORIZED: "held", Payment.Status.CAPTURED: "good",
    Payment.Status.VOIDED: "quiet", Payment.Status.FAILED: "bad",
    "pending": "held", "succeeded": "good", "failed": "bad",
    "open": "held", "unknown": "bad", "done": "good", "refused": "bad",
    "waiting": "held", "processed": "good", "ignored": "quiet", "parked": "bad",
}  # fmt: skip


def pill(value: str, text: str) -> SafeString:
    return format_html('<span class="rh-pill rh-{}">{}</span>', TONES.get(value, "quiet"), text)


def figures(amount_minor: int, currency: str) -> SafeString:
    return format_html('<span class="rh-figures">{}</span>', format_minor(amount_minor, currency))


def link_to(booking: Booking) -> SafeString:
    url = reverse("admin:bookings_booking_change", args=[booking.pk])
    return format_html('<a class="rh-link" href="{}">{}</a>', url, booking.reference)


def as_json(value: Any) -> SafeString:
    return format_html(
        '<pre class="rh-raw">{}</pre>', json.dumps(masked(value), indent=2, ensure_ascii=False)
    )
