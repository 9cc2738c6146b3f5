"""A guest pays with a credit's code on the payment step."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from bookings.actors import guest_actor
from bookings.errors import BookingError
from bookings.visits import booking_or_404
from core.money import format_minor
from core.ratelimit import hit
from payments import paying_by_credit

CODES_PER_MINUTE = 10
LONGEST_CODE = 40


@require_POST
def use_credit(request: HttpRequest, reference: str) -> HttpResponse:
    """Pay what the credit covers, and go back to the booking, where the rest can be paid."""
    booking = booking_or_404(request, reference)
    if hit("credit", reference, limit=CODES_PER_MINUTE, seconds=60):
        messages.error(request, "Too many codes were tried. Please wait a minute.")
        return redirect(booking)
    code = request.POST.get("code", "").replace("\0", "")[:LONGEST_CODE]
    try:
        payment = paying_by_credit.pay(booking_id=booking.pk, code=code, actor=guest_actor(request.user))
    except BookingError as error:
        messages.error(request, error.message)
    else:
        amount = format_minor(payment.captured_minor, payment.currency)
        messages.success(request, f"{amount} is paid with your credit.")
    return redirect(booking)
