"""How much one guest may ask for: against rooms hoarded unpaid, and against machines that book in bulk."""

import hashlib
from collections.abc import Iterable

from django.conf import settings
from django.db import connection

from bookings.errors import BookingError
from core.ratelimit import hit

MAX_OPEN_HOLDS = 5
HOUR = 3600
# Far more than anybody books for themselves; declined cards and second thoughts included.
BOOKINGS_PER_EMAIL_HOUR = 30


class TooManyRequests(BookingError):
    """Asked too often; `retry_after` in seconds."""

    code = "too_many_requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many bookings in a short time. Please wait a little and try again.")
        self.retry_after = retry_after


def check_rate(*, ip: str, email: str) -> None:
    """Count one more booking of this address and this e-mail. Raises: TooManyRequests."""
    email = email.strip().lower()
    wait = hit("booking-ip", ip, limit=settings.BOOKINGS_PER_IP_HOUR, seconds=HOUR)
    wait = wait or hit("booking-email", email, limit=BOOKINGS_PER_EMAIL_HOUR, seconds=HOUR)
    if wait:
        raise TooManyRequests(wait)


def check_open_holds(email: str, *, references: Iterable[str] = (), submission_key: str = "") -> None:
    """Refuse a guest who already keeps MAX_OPEN_HOLDS rooms with unpaid bookings.

    Within a transaction that goes on to submit, rivals of the same e-mail wait for each other, so that the rule
    holds against many requests at once; outside one it is only a look. `references` are bookings known to be of
    the same guest; the booking of `submission_key` (this very form, sent before) does not count.

    Raises: BookingError with code `too_many_holds`.
    """
    digest = hashlib.sha256(f"holds:{email.strip().lower()}".encode(errors="replace")).digest()
    lock = int.from_bytes(digest[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute(LOCK_AND_COUNT, [lock, email.strip(), list(references), submission_key])
        (count,) = cursor.fetchone()
    if count >= MAX_OPEN_HOLDS:
        raise BookingError(
            f"You already keep {count} rooms with unpaid bookings. Pay or cancel one of them first.",
            code="too_many_holds",
        )


# One round trip, as it comes with every booking. The guest is locked before any room, so lock orders never cross;
# the count is a statement of its own, so it sees what a rival wrote before the lock was had.
LOCK_AND_COUNT = """
    SELECT pg_advisory_xact_lock(%s);
    SELECT count(*) FROM bookings_booking
    WHERE status IN ('PENDING_PAYMENT', 'PENDING_APPROVAL') AND authorized_at IS NULL
      AND (upper(guest_email) = upper(%s) OR reference = ANY(%s::text[])) AND submission_key <> %s
"""
