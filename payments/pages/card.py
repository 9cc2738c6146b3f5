"""The card form on our own page: Stripe's elements, where a deployment prefers them to Stripe's hosted page.

The fields live in frames of Stripe's; card numbers reach neither this page's script nor our server.
"""

from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from bookings.pages.guest_session import booking_or_404
from payments.lifecycle import selectors
from payments.models import Payment
from payments.phrases import DECLINE_MESSAGES, DEFAULT_MESSAGE

STRIPE_JS = "https://js.stripe.com/v3/"
# What Stripe's script needs of a page's policy, by Stripe's documentation of Content Security Policy.
STRIPE_SOURCES = {
    "script-src": ["https://js.stripe.com", "https://*.js.stripe.com"],
    "frame-src": ["https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com"],
    "connect-src": ["https://api.stripe.com"],
}


def script_url() -> str:
    """Return the address of Stripe's browser script, or of its stand-in."""
    return settings.STRIPE_JS_URL or STRIPE_JS


def sources() -> dict[str, list[str]]:
    """Return what the page's policy must let in besides ourselves."""
    if not settings.STRIPE_JS_URL:
        return STRIPE_SOURCES
    address = urlsplit(settings.STRIPE_JS_URL)
    return {directive: [f"{address.scheme}://{address.netloc}"] for directive in STRIPE_SOURCES}


@require_GET
def card(request: HttpRequest, reference: str) -> HttpResponseBase:
    """Show the card form of the open payment; without one, the booking says what there is to do."""
    booking = booking_or_404(request, reference)
    payment = booking.payments.filter(status=Payment.Status.CREATED).exclude(client_secret="").first()
    if payment is None or not selectors.can_pay(booking):
        return redirect(booking)
    context = {
        "booking": booking,
        "payment": payment,
        "script_url": script_url(),
        "publishable_key": settings.STRIPE_PUBLISHABLE_KEY,
        "return_url": settings.SITE_URL + reverse("payments:return", args=[reference]),
        "messages_by_code": DECLINE_MESSAGES | {"": DEFAULT_MESSAGE},
    }
    response = render(request, "payments/card.html", context)
    return csp_update(sources())(lambda _: response)(request)
