"""Proof that an address is whose who asks: a code mailed to it, asked for before a visitor's third unproved booking.

Nothing is stored: the code is worked out of the address and the time, so it is the same for half an hour, and good for
as long again. Whoever is signed in has proved an address already.
"""

import datetime as dt
import hashlib
import hmac

from django.conf import settings
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string

from bookings.errors import BookingError
from core.web.ratelimit import hit

WINDOW = dt.timedelta(minutes=30)
DIGITS = 8
DAY, HOUR = 24 * 3600, 3600
# A mail may be lost once or twice; more would fill a stranger's mailbox.
MAILS_A_DAY = 3
TRIES_AN_HOUR = 10


class ProofNeeded(BookingError):
    """This visitor keeps as many bookings open as go without proof; `address` is what is to be proved."""

    code = "proof_needed"

    def __init__(self, address: str, kept: int) -> None:
        super().__init__(
            f"{kept} bookings that nobody has confirmed are open already. To go on, type the code we mail to {address} "
            f"({MAILS_A_DAY} a day at most), or sign in."
        )
        self.address = address


def send(address: str, now: dt.datetime) -> None:
    """Mail the code of this half hour to an address, unless it has had enough of them today."""
    if not hit("proof-mail", address, limit=MAILS_A_DAY, seconds=DAY):
        import_string(settings.BOOKING_PROOF_MAIL)(address, _code(address, now))


def is_right(address: str, code: str, now: dt.datetime) -> bool:
    """Return whether this code was mailed to this address; too many tries in an hour are as good as wrong ones."""
    if hit("proof-try", address, limit=TRIES_AN_HOUR, seconds=HOUR):
        return False
    typed = "".join(sign for sign in code if sign.isdecimal())
    return any(constant_time_compare(typed, _code(address, when)) for when in (now, now - WINDOW))


def _code(address: str, when: dt.datetime) -> str:
    window = int(when.timestamp() // WINDOW.total_seconds())
    message = f"booking-proof:{address.lower()}:{window}".encode()
    made = hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).digest()
    return f"{int.from_bytes(made[:8]) % 10**DIGITS:0{DIGITS}d}"
