"""What a visitor's session knows of bookings: the secrets of their links, and a form half filled in."""

from django.http import Http404, HttpRequest

from bookings.models import Booking
from bookings.selectors import booking_for_guest

SECRETS, KEPT, PROVED = "booking_secrets", "booking_form", "proved_addresses"
# A visitor's newest bookings; older ones open by the links in their mails.
MOST_SECRETS = 50
MOST_PROVED = 10


def remember(request: HttpRequest, booking: Booking) -> None:
    """Let this visitor open the booking without its link from now on."""
    secrets = request.session.get(SECRETS, {})
    secrets.pop(booking.reference, None)
    secrets[booking.reference] = booking.secret
    request.session[SECRETS] = dict(list(secrets.items())[-MOST_SECRETS:])


def references(request: HttpRequest) -> list[str]:
    """Return the bookings this visitor made or opened without an account."""
    return list(request.session.get(SECRETS, {}))


def booking_or_404(request: HttpRequest, reference: str) -> Booking:
    """Return a booking to its guest. Raises: Http404 to anybody else, whether or not there is such a booking."""
    secret = request.session.get(SECRETS, {}).get(reference, "")
    booking = booking_for_guest(reference, user=request.user, secret=secret)
    if booking is None:
        raise Http404
    return booking


def remember_proof(request: HttpRequest, address: str) -> None:
    """Let this visitor book on under an address they have proved."""
    request.session[PROVED] = [*request.session.get(PROVED, []), address.lower()][-MOST_PROVED:]


def has_proved(request: HttpRequest, address: str) -> bool:
    return address.lower() in request.session.get(PROVED, [])


def keep_form(request: HttpRequest, typed: dict[str, str]) -> None:
    """Keep what was typed for the next book form this visitor opens."""
    request.session[KEPT] = typed


def kept_form(request: HttpRequest) -> dict[str, str]:
    return request.session.get(KEPT, {})


def drop_form(request: HttpRequest) -> None:
    request.session.pop(KEPT, None)
