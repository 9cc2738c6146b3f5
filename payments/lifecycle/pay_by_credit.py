"""A guest pays with a credit on the payment step: an open pay page is ended first, so that nothing is paid twice."""

from bookings.actors import Actor
from bookings.models import Booking
from payments.credits import services as credits
from payments.credits.services import CreditRefused
from payments.lifecycle import services as lifecycle
from payments.models import Payment
from payments.providers.base import ProviderError

PAGE_OPEN = "Your payment page is still open. Finish there, or try again once it has closed."


def pay(*, booking_id: int, code: str, actor: Actor) -> Payment:
    """Use a credit for a booking that waits for its payment. Raises: CreditRefused, InvalidTransition."""
    close_page(booking_id)
    return credits.use(booking_id=booking_id, code=code, actor=actor)


def close_page(booking_id: int) -> None:
    """End the pay page a guest has left open, and look what came of it. Raises: CreditRefused while it stays open."""
    payment = Booking.objects.get(pk=booking_id).payments.filter(status=Payment.Status.CREATED).first()
    try:
        is_over = payment is None or lifecycle.end_checkout(payment)
    except ProviderError as error:
        raise CreditRefused(PAGE_OPEN) from error
    if not is_over:
        raise CreditRefused(PAGE_OPEN)
