"""The admin on a phone: what one taps is large enough, what one reads stands out, in light and in dark."""

from typing import Any

import pytest
from playwright.sync_api import Page

from bookings.models import Booking
from rooms.models import Room, Venue
from tests.e2e.people import PHONE
from tests.support import factories
from tests.support.admin_pages import url
from tests.support.admin_world import request_of

pytestmark = pytest.mark.django_db(transaction=True)

SMALLEST_PX = 24
TEXT_CONTRAST, ICON_CONTRAST = 4.5, 3.0
PAGE_ROWS = 50

# Whatever is tapped, by its own box: a label around it does not make a box easier to see.
TARGETS = """Array.from(document.querySelectorAll(
    "input[type=checkbox], input[type=radio], button, a[role=button], [data-target], #searchbar"
)).filter(one => one.checkVisibility({visibilityProperty: true, opacityProperty: true})).map(one => {
    const box = one.getBoundingClientRect();
    return {what: one.outerHTML.slice(0, 160), width: box.width, height: box.height};
}).filter(one => one.width > 1 && one.height > 1)"""

# Colors as the screen gets them: painted on a canvas, over every background below them.
CONTRASTS = """(selector) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
    const paint = colors => {
        canvas.clearRect(0, 0, 1, 1);
        for (const color of colors) { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); }
        return Array.from(canvas.getImageData(0, 0, 1, 1).data).slice(0, 3);
    };
    const light = ([r, g, b]) => [r, g, b].map(part => part / 255)
        .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
    return Array.from(document.querySelectorAll(selector))
        .filter(one => one.checkVisibility({visibilityProperty: true, opacityProperty: true}))
        .filter(one => one.getBoundingClientRect().width > 1 && !one.closest("[disabled]"))
        .filter(one => Array.from(one.childNodes).some(node => node.nodeType === 3 && node.data.trim()))
        .map(one => {
            const below = [];
            for (let at = one; at; at = at.parentElement) below.unshift(getComputedStyle(at).backgroundColor);
            const [ink, paper] = [paint(["white", ...below, getComputedStyle(one).color]), paint(["white", ...below])];
            const [high, low] = [light(ink), light(paper)].sort((a, b) => b - a);
            return {what: one.outerHTML.slice(0, 160), contrast: (high + 0.05) / (low + 0.05)};
        });
}"""
ICONS = ".material-symbols-outlined"
WORDS = "body *:not(.material-symbols-outlined, script, style, option, title)"


def fill() -> dict[str, str]:
    """Make enough for two pages of bookings; return the pages to walk."""
    room = factories.room(venue=factories.venue(name="Canal Hotel"), name="Canal view")
    booking = request_of(room)
    copies = [
        Booking(**{
            field.attname: getattr(booking, field.attname)
            for field in Booking._meta.concrete_fields
            if field.attname not in ("id", "reference", "submission_key", "guest_phone_digits")
        } | {"reference": f"RHPAGE{n:04d}", "status": "EXPIRED", "submission_key": f"page-{n}"})
        for n in range(PAGE_ROWS + 2)
    ]  # fmt: skip
    Booking.objects.bulk_create(copies)
    return {
        "first page": "/admin/",
        "bookings": url(Booking, "changelist"),
        "second page of bookings": f"{url(Booking, 'changelist')}?p=2",
        "a booking": url(Booking, "change", booking.pk),
        "rooms": url(Room, "changelist"),
        "a room": url(Room, "change", room.pk),
        "a venue": url(Venue, "change", room.venue_id),
        "closing dates": "/admin/rooms/blackout/add/",
        "payments": "/admin/payments/payment/",
        "people": "/admin/accounts/user/",
        "a person": f"/admin/accounts/user/{factories.user().pk}/change/",
        "money": "/admin/money/",
    }


def small_targets(page: Page) -> list[dict[str, Any]]:
    found = page.evaluate(TARGETS)
    return [one for one in found if min(one["width"], one["height"]) < SMALLEST_PX]


def faint(page: Page, selector: str, least: float) -> list[dict[str, Any]]:
    return [one for one in page.evaluate(CONTRASTS, selector) if one["contrast"] < least]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_of_the_admin_on_a_phone_can_be_tapped_and_read(new_context, live_server, client, scheme):
    pages, staff = fill(), factories.staff()
    client.force_login(staff)
    context = new_context(**PHONE, color_scheme=scheme)
    context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    page = context.new_page()

    found: dict[str, Any] = {}
    for name, path in pages.items():
        answer = page.goto(f"{live_server.url}{path}", wait_until="networkidle")
        assert answer and answer.status == 200, name
        assert page.evaluate("document.documentElement.classList.contains('dark')") == (scheme == "dark")
        wrong = small_targets(page) + faint(page, ICONS, ICON_CONTRAST) + faint(page, WORDS, TEXT_CONTRAST)
        found |= {f"{name}: {one.pop('what')}": one for one in wrong}

    assert not found, "\n".join(f"{what}: {told}" for what, told in found.items())
