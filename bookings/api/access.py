"""Who may see a booking through the API, and as what: its guest, or the venue's side."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import Http404
from ninja.security.base import AuthBase

from accounts.api_auth import Anyone, BearerToken, BookingSecret, Caller, SiteLogin, known
from accounts.scopes import BOOKINGS, READ
from bookings.actors import Actor, guest_actor, member_actor
from bookings.models import Booking
from bookings.panels import GUEST, HOST
from bookings.selectors import booking_for_guest
from rooms.team.permissions import may_decide


def guest_or_known(scope: str) -> tuple[AuthBase, ...]:
    """As `known`, and a booking's guest by its secret."""
    return (BearerToken(scope), BookingSecret(), SiteLogin(scope))


# For what only reads; whatever writes names the scope it needs.
KNOWN, GUEST_OR_KNOWN = known(READ), guest_or_known(READ)
ANYBODY = (*known(BOOKINGS), Anyone())


@dataclass(frozen=True)
class Access:
    """A booking as its caller may see it; members of the venue's team and staff are `is_host`."""

    booking: Booking
    caller: Caller
    is_host: bool

    @property
    def viewer(self) -> str:
        return HOST if self.is_host else GUEST

    @property
    def actor(self) -> Actor:
        return member_actor(self.caller.user) if self.is_host else guest_actor(self.caller.user)

    def require_host(self) -> None:
        """Raises: PermissionDenied to the booking's guest."""
        if not self.is_host:
            raise PermissionDenied("Only the venue's team may do this.")


def access_to(caller: Caller, reference: str) -> Access:
    """Return the booking to its guest, its venue's team and staff.

    Raises: Http404 to everybody else, no matter whether there is such a booking.
    """
    if caller.secret:
        booking, is_host = booking_for_guest(reference, secret=caller.secret), False
    else:
        rows = Booking.objects.select_related("venue", "room__venue", "room__policy", "session")
        booking = rows.filter(reference=reference).first()
        is_host = booking is not None and may_decide(caller.user, booking.venue)
        if booking is not None and not is_host and booking.guest_id != caller.user.pk:
            booking = None
    if booking is None:
        raise Http404("No such booking.")
    if is_host:
        caller.require_hosts_door()
    return Access(booking, caller, is_host)
