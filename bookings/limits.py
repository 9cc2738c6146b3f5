"""How much one asker may keep open and ask for: against rooms hoarded, and against machines that book in bulk.

Everything counts against who asked, never against the address that was typed: nobody has proved that it is theirs.
An account asks as itself; anybody else as their network, and as their session where it knows of bookings.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.crypto import salted_hmac

from bookings.errors import BookingError
from bookings.models import Booking
from bookings.states import Status
from core import clock
from core.ratelimit import hit

HOUR = 3600
# Far more than anybody books for themselves; declined cards and second thoughts included.
BOOKINGS_PER_ACCOUNT_HOUR = 30


@dataclass(frozen=True)
class Limit:
    """How many bookings of one kind may be open at once: of a visitor, and of an account; and what to say then."""

    visitor: int
    account: int
    sentence: str


# A request waits for its host, and is nothing its guest could pay: an assistant may well ask for ten rooms.
LIMITS = {
    "unpaid": Limit(
        5, 5, "You already keep {count} rooms with unpaid bookings. Pay or cancel one of them first."
    ),
    "request": Limit(
        5, 20, "{count} of your requests wait for their hosts. Wait for an answer, or cancel one."
    ),
    "free": Limit(5, 20, "You already have {count} free bookings ahead. Cancel one of them first."),
}
MAX_OPEN_HOLDS = LIMITS["unpaid"].visitor


class TooManyRequests(BookingError):
    """Asked too often; `retry_after` in seconds."""

    code = "too_many_requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many bookings in a short time. Please wait a little and try again.")
        self.retry_after = retry_after


@dataclass(frozen=True)
class Asker:
    """Who asks for a booking: `account` is a user's key or empty, `references` what their session knows."""

    account: str
    ip: str
    references: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What is stored with a booking to count by: it names nobody to who reads it. Empty where none counts."""
        if self.account:
            return _digest(f"account:{self.account}")
        return _digest(f"network:{self.ip}") if settings.HOLDS_PER_NETWORK else ""


def asker_of(user: Any, *, ip: str, references: Iterable[str] = ()) -> Asker:
    """Return who asks: `ip` as core.ratelimit.client_ip has it."""
    return Asker(str(user.pk) if user.is_authenticated else "", ip, tuple(references))


def check_rate(asker: Asker) -> None:
    """Count one more booking of this asker and of its network. Raises: TooManyRequests."""
    wait = hit("booking-ip", asker.ip, limit=settings.BOOKINGS_PER_IP_HOUR, seconds=HOUR)
    if asker.account:
        wait = wait or hit("booking-account", asker.account, limit=BOOKINGS_PER_ACCOUNT_HOUR, seconds=HOUR)
    if wait:
        raise TooManyRequests(wait)


def queue(asker: Asker) -> None:
    """Let rivals of the same asker wait for each other until the transaction ends, so that `check_open` holds.

    The asker is locked before any room, so lock orders never cross.
    """
    if asker.key:
        lock = int.from_bytes(bytes.fromhex(asker.key[:16]), signed=True)
        with connection.cursor() as cursor:
            cursor.execute(QUEUE, [lock])


def check_open(asker: Asker, booking: Booking) -> None:
    """Refuse a booking just submitted where its asker keeps as many of its kind open already.

    Expects the transaction that submitted it, which the refusal rolls back.
    Raises: BookingError with code `too_many_holds`.
    """
    if (kind := kind_of(booking)) is None:
        return
    limit = LIMITS[kind]
    own, of_key = _count_open(kind, asker, booking)
    is_crowd = not asker.account and of_key >= settings.HOLDS_PER_NETWORK > 0
    if own >= (limit.account if asker.account else limit.visitor) or is_crowd:
        raise BookingError(limit.sentence.format(count=max(own, of_key)), code="too_many_holds")


def kind_of(booking: Booking) -> str | None:
    """Return which limit an open booking counts against; None once money is held or nothing is kept."""
    if booking.authorized_at is not None:
        return None
    if booking.status == Status.CONFIRMED:
        return "free" if not booking.total_minor else None
    return {Status.PENDING_PAYMENT: "unpaid", Status.PENDING_APPROVAL: "request"}.get(booking.status)


def _digest(text: str) -> str:
    return salted_hmac("bookings.limits", text, algorithm="sha256").hexdigest()[:32]


def _count_open(kind: str, asker: Asker, but: Booking) -> tuple[int, int]:
    """Return how many are open of this asker as one person, and of its key: of all who share a network."""
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT[kind],
            {
                "key": asker.key, "is_account": bool(asker.account), "references": list(asker.references),
                "but": but.pk, "now": clock.now(),
            },
        )  # fmt: skip
        return cursor.fetchone()


QUEUE = "SELECT pg_advisory_xact_lock(%s)"
IS_OPEN = {
    "unpaid": "status = 'PENDING_PAYMENT'",
    "request": "status = 'PENDING_APPROVAL'",
    "free": "status = 'CONFIRMED' AND total_minor = 0",
}
COUNT = {
    kind: f"""
        SELECT count(*) FILTER (WHERE %(is_account)s OR reference = ANY(%(references)s::text[])),
               count(*) FILTER (WHERE asked_by = %(key)s)
        FROM bookings_booking
        WHERE {is_open} AND authorized_at IS NULL AND ends_at > %(now)s AND id <> %(but)s
          AND (reference = ANY(%(references)s::text[]) OR asked_by = NULLIF(%(key)s, ''))
    """  # noqa: S608 - of the table above
    for kind, is_open in IS_OPEN.items()
}
