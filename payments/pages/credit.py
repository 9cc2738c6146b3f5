"""A guest pays with a credit's code on the payment step."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from bookings.actors import guest_actor
from bookings.errors import BookingError
from bookings.models import Booking
from bookings.pages.guest_session import booking_or_404
from bookings.pages.my_bookings import detail_page, private_page
from core.money import format_minor
from core.web.ratelimit import hit
from payments.lifecycle import pay_by_credit, selectors

CODES_PER_MINUTE = 10
LONGEST_CODE = 40


class CreditRequest(HttpRequest):
    """A request that typed a code; `refused_credit` is what the panel of the booking's page shows by the field."""

    refused_credit: dict[str, str]


@require_POST
@private_page
def use_credit(request: CreditRequest, reference: str) -> HttpResponse:
    """Pay what the credit covers, and go back to the booking, where the rest can be paid."""
    booking = booking_or_404(request, reference)
    code = request.POST.get("code", "").replace("\0", "")[:LONGEST_CODE]
    if hit("credit", reference, limit=CODES_PER_MINUTE, seconds=60):
        return _refused(
            request, booking, code, "Too many codes were tried. Please wait a minute.", status=429
        )
    try:
        payment = pay_by_credit.pay(booking_id=booking.pk, code=code, actor=guest_actor(request.user))
    except BookingError as error:
        return _refused(request, booking_or_404(request, reference), code, error.message, status=422)
    amount = format_minor(payment.captured_minor, payment.currency)
    messages.success(request, f"{amount} is paid with your credit.")
    return redirect(booking)


def _refused(
    request: CreditRequest, booking: Booking, code: str, message: str, *, status: int
) -> HttpResponse:
    """Show the booking's page again, with the message by the field and the code still in it."""
    if not selectors.can_pay(booking):
        # The field is gone.
        messages.error(request, message)
        return redirect(booking)
    request.refused_credit = {"code": code, "message": message}
    return detail_page(request, booking, status=status)
