"""Payment pages of guests, and the provider's webhook."""

import json
import time

import structlog
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from bookings.errors import BookingError
from bookings.pages.guest_session import booking_or_404
from payments.lifecycle import refresh, selectors
from payments.lifecycle import services as lifecycle
from payments.phrases import UNAVAILABLE
from payments.providers.base import ProviderError
from payments.providers.stripe.client import verify_signature
from payments.webhooks import octo as octo_inbox
from payments.webhooks import services as webhooks

log = structlog.get_logger(__name__)


@require_POST
def pay(request: HttpRequest, reference: str) -> HttpResponse:
    """Send the guest to the provider's pay page; where that cannot be opened, back to the booking, which is kept."""
    booking = booking_or_404(request, reference)
    try:
        return HttpResponseRedirect(lifecycle.start_checkout(booking.pk).url)
    except BookingError as error:
        messages.warning(request, error.message)
    except ProviderError as error:
        log.warning("checkout_unavailable", booking=reference, code=error.code)
        # Once the call has ended, the booking's page says so by itself.
        if not selectors.is_unavailable(selectors.money_of(booking)):
            messages.error(
                request,
                f"{UNAVAILABLE}. Your room stays kept; we will mail you a link as soon as it works again.",
            )
    return redirect(booking)


@require_GET
def back(request: HttpRequest, reference: str) -> HttpResponse:
    """The provider's return page: looks at the provider and shows what is true; the address proves nothing."""
    try:
        booking = booking_or_404(request, reference)
    except Http404:
        return _elsewhere(request, reference)
    booking = refresh.verify(booking.pk)
    money = selectors.money_of(booking)
    word, message = selectors.outcome(booking, money)
    context = {"booking": booking, "money": money, "outcome": word, "message": message}
    return render(request, "payments/result.html", context)


def _elsewhere(request: HttpRequest, reference: str) -> HttpResponse:
    """Say to a browser that knows nothing of the booking where to look: the same whether or not there is one."""
    response = render(request, "payments/elsewhere.html", {"reference": reference})
    add_never_cache_headers(response)
    return response


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Check the signature over the raw bytes, keep the message, answer; a worker does the rest."""
    body = _body(request)
    if body is None:
        return HttpResponse(status=413)
    header = request.headers.get("Stripe-Signature", "")
    if not verify_signature(body, header, settings.STRIPE_WEBHOOK_SECRETS, now=time.time()):
        log.warning("webhook_refused", provider="stripe", reason="signature")
        return HttpResponse(status=400)
    event = _event(body)
    if event is None:
        log.warning("webhook_refused", provider="stripe", reason="not an event")
        return HttpResponse(status=400)
    webhooks.receive(provider="stripe", event=event)
    return HttpResponse(status=200)


@csrf_exempt
@require_POST
def octo_webhook(request: HttpRequest) -> HttpResponse:
    """Check the signature with the key of the payment's account, keep the message, answer; a worker does the rest.

    The answer never decides about held money: that is done by calls of ours alone.
    """
    body = _body(request)
    if body is None:
        return HttpResponse(status=413)
    if not (callback := octo_inbox.genuine_callback(body)):
        return HttpResponse(status=400)
    event = {"id": callback.event_id, "type": callback.type, **callback.payload}
    webhooks.receive(provider="octo", event=event)
    return JsonResponse({})


def _body(request: HttpRequest) -> bytes | None:
    """Return the raw body, None where it is larger than any provider's message."""
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        length = 0
    if length > settings.MAX_WEBHOOK_BYTES:
        return None
    body = request.read(settings.MAX_WEBHOOK_BYTES + 1)
    return body if len(body) <= settings.MAX_WEBHOOK_BYTES else None


def _event(body: bytes) -> dict | None:
    try:
        event = json.loads(body)
    except ValueError:
        return None
    if not isinstance(event, dict) or event.get("object") != "event":
        return None
    is_whole = all(
        isinstance(event.get(name), str) and 0 < len(event[name]) <= 255 for name in ("id", "type")
    )
    # PostgreSQL's JSON holds no NUL.
    return event if is_whole and b"\\u0000" not in body else None
