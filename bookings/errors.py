"""Why a booking's verb refuses; each has a code a program can act on and a sentence a person understands."""

import datetime as dt

from bookings.states import Status
from core import dates
from core.errors import Refusal
from core.money import format_minor
from rooms.pricing.quotes import Quote


class BookingError(Refusal):
    """Base of what a booking's verbs refuse; a class has a code of its own."""

    code = "booking_error"

    def __init__(self, message: str, *, code: str = "", field: str = "") -> None:
        super().__init__(code or type(self).code, message, field)


# How a refusal names what was asked for.
DONE = {
    "adjust": "refunded or corrected", "capture_failed": "paid again",
    "authorize": "authorized", "approve": "approved", "cancel": "cancelled", "complete": "completed",
    "confirm": "confirmed", "decline": "declined", "expire": "expired", "pay": "paid", "submit": "submitted",
}  # fmt: skip


class InvalidTransition(BookingError):
    """The booking's status allows no such step; `status` may also be words for what stands in the way."""

    code = "invalid_transition"

    def __init__(self, verb: str, status: str) -> None:
        is_now = Status(status).label.lower() if status in Status.values else status
        super().__init__(f"This booking is {is_now}; it cannot be {DONE.get(verb, verb)} now.")
        self.verb, self.status = verb, status


class AlreadyDecided(BookingError):
    code = "already_decided"

    def __init__(self, decision: str, by: str, at: dt.datetime, time_zone: str) -> None:
        super().__init__(f"Already {decision} by {by} on {dates.staff_moment_in_zone(at, time_zone)}.")
        self.decision, self.by, self.at = decision, by, at


class DecisionOverdue(BookingError):
    code = "decision_overdue"

    def __init__(self, decide_by: dt.datetime, time_zone: str) -> None:
        super().__init__(f"The time to answer ended on {dates.staff_moment_in_zone(decide_by, time_zone)}.")
        self.decide_by = decide_by


class AboveClerk(BookingError):
    """A clerk decides up to the venue's limit; above it an owner or manager does."""

    code = "above_clerk_limit"

    def __init__(self, limit_minor: int, currency: str) -> None:
        limit = format_minor(limit_minor, currency)
        super().__init__(f"Clerks decide about bookings up to {limit}: ask an owner or manager.")


class PriceChanged(BookingError):
    code = "price_changed"

    def __init__(self, quote: Quote) -> None:
        super().__init__("The price has changed since it was shown.")
        self.quote = quote


class SubmissionConflict(BookingError):
    code = "idempotency_conflict"


class NotPublished(BookingError):
    code = "not_published"


class NotChargeable(BookingError):
    """An amount that the venue's payment provider does not take; waiting changes nothing."""

    code = "not_chargeable"


class InvalidDue(BookingError):
    """An amount that a booking cannot cost."""

    code = "invalid_amount"


class ReasonMissing(BookingError):
    code = "reason_required"
