"""How mails write amounts and what other people typed: pure functions."""

import re
import unicodedata

from bookings import wording
from bookings.models import Booking
from core.dates import full_date

# Mail programs turn bare addresses into links; a blank in the right place leaves the text readable and dead.
LINK_LIKE = re.compile(r"(?<=[\w-])([.。．])(?=[^\W\d_]{2})|(?<=\w)(:)(?=//)")


def plain(text: str, limit: int = 120) -> str:
    """Bring what somebody typed onto one line without control characters, cut at `limit` characters."""
    visible = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    line = " ".join(visible.split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def inert(text: str, limit: int = 120) -> str:
    """The same, and nothing in it can become a link in a mail program."""
    return LINK_LIKE.sub(lambda found: f"{found.group(0)} ", plain(text, limit))


def money_back(booking: Booking) -> str:
    """Say what happens to the money of a booking that has ended, and when a hold leaves the statement."""
    said = wording.money_back(booking)
    has_hold = booking.total_minor and booking.authorized_at and not booking.paid_at and not booking.due_minor
    if not has_hold or booking.taken_early_minor:
        return said
    if booking.held_until is None:
        return f"{said} Banks usually drop the hold from the statement within a few days."
    return f"{said} The hold leaves your statement by {full_date(booking.held_until, booking.time_zone)} at the latest."
