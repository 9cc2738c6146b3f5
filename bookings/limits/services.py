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
from bookings.limits.proof import ProofNeeded
from bookings.models import Booking
from bookings.states import Status
from core import clock
from core.web.ratelimit import hit

HOUR = 3600


@dataclass(frozen=True)
class Limit:
    """How many bookings of one kind may be open at once, by settings: of a visitor, and of an account.

    `sentence` is what to say then.
    """

    visitor: str
    account: str
    sentence: str

    def of(self, asker: "Asker") -> int:
        """Return how many this asker may keep; 0 is no limit."""
        return getattr(settings, self.account if asker.account else self.visitor)


# A request waits for its host, and is nothing its guest could pay: an assistant may well ask for ten rooms.
LIMITS = {
    "unpaid": Limit(
        "OPEN_UNPAID",
        "OPEN_UNPAID",
        "You already keep {count} rooms with unpaid bookings. Pay or cancel one of them first.",
    ),
    "request": Limit(
        "OPEN_REQUESTS",
        "OPEN_REQUESTS_ACCOUNT",
        "{count} of your requests wait for their hosts. Wait for an answer, or cancel one.",
    ),
    "free": Limit(
        "OPEN_FREE",
        "OPEN_FREE_ACCOUNT",
        "You already have {count} free bookings ahead. Cancel one of them first.",
    ),
}


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
    """Return who asks: `ip` as core.web.ratelimit.client_ip has it."""
    return Asker(str(user.pk) if user.is_authenticated else "", ip, tuple(references))


def check_rate(asker: Asker) -> None:
    """Count one more booking of this asker and of its network. Raises: TooManyRequests."""
    wait = hit("booking-ip", asker.ip, limit=settings.BOOKINGS_PER_IP_HOUR, seconds=HOUR)
    if asker.account:
        wait = wait or hit(
            "booking-account", asker.account, limit=settings.BOOKINGS_PER_ACCOUNT_HOUR, seconds=HOUR
        )
    if wait:
        raise TooManyRequests(wait)


def queue(asker: Asker, address: str = "") -> None:
    """Let rivals of the same asker wait for each other until the transaction ends, so that the checks below hold.

    So do visitors who type the same `address`. The asker is locked before the address, and both before any room, so
    lock orders never cross.
    """
    is_typed = address and settings.UNPROVED_HOLDS and not asker.account
    keys = [asker.key, _digest(f"address:{address.lower()}") if is_typed else ""]
    with connection.cursor() as cursor:
        for key in filter(None, keys):
            cursor.execute(QUEUE, [int.from_bytes(bytes.fromhex(key[:16]), signed=True)])


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
    if own >= limit.of(asker) > 0 or is_crowd:
        raise BookingError(limit.sentence.format(count=max(own, of_key)), code="too_many_holds")


def check_proof(asker: Asker, booking: Booking, *, is_proved: bool) -> None:
    """Refuse a visitor's booking just submitted where as many unproved ones are open as go without proof.

    Those count that this visitor's session or network keeps, and those under the same address, whoever typed it: its
    owner gets the code. Only older ones count, so that what is sent again is the booking it was.
    Expects the transaction that submitted it, which the refusal rolls back.
    Raises: ProofNeeded.
    """
    most = settings.UNPROVED_HOLDS
    if is_proved or asker.account or not most or kind_of(booking) is None:
        return
    if (kept := _count_unproved(asker, booking)) >= most:
        raise ProofNeeded(booking.guest_email, kept)


def kind_of(booking: Booking) -> str | None:
    """Return which limit an open booking counts against; None once money is held or nothing is kept."""
    if booking.authorized_at is not None:
        return None
    if booking.status == Status.CONFIRMED:
        return "free" if not booking.total_minor else None
    return {Status.PENDING_PAYMENT: "unpaid", Status.PENDING_APPROVAL: "request"}.get(Status(booking.status))


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


def _count_unproved(asker: Asker, but: Booking) -> int:
    """Return the most that are open without proof: of this session, of its network, or under this address."""
    with connection.cursor() as cursor:
        cursor.execute(
            UNPROVED,
            {
                "key": asker.key, "references": list(asker.references), "address": but.guest_email, "but": but.pk,
                "now": clock.now(),
            },
        )  # fmt: skip
        return max(cursor.fetchone())


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
UNPROVED = f"""
    SELECT count(*) FILTER (WHERE reference = ANY(%(references)s::text[])),
           count(*) FILTER (WHERE asked_by = NULLIF(%(key)s, '')),
           count(*) FILTER (WHERE upper(guest_email) = upper(%(address)s))
    FROM bookings_booking
    WHERE ({" OR ".join(f"({is_open})" for is_open in IS_OPEN.values())})
      AND guest_id IS NULL AND authorized_at IS NULL AND ends_at > %(now)s AND id < %(but)s
      AND (reference = ANY(%(references)s::text[]) OR asked_by = NULLIF(%(key)s, '')
           OR upper(guest_email) = upper(%(address)s))
"""  # noqa: S608 - of the table above
