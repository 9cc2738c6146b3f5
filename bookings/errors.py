"""Why a booking's verb refuses; each has a code a program can act on and a sentence a person understands."""

import datetime as dt

from rooms.pricing import Quote


class BookingError(Exception):
    """Base of all refusals: `code` for programs, `message` for people."""

    code = "booking_error"

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code


class InvalidTransition(BookingError):
    code = "invalid_transition"

    def __init__(self, verb: str, status: str) -> None:
        super().__init__(f"A booking that is {status} cannot {verb.replace('_', ' ')}.")
        self.verb, self.status = verb, status


class AlreadyDecided(BookingError):
    code = "already_decided"

    def __init__(self, decision: str, by: str, at: dt.datetime) -> None:
        super().__init__(f"Already {decision} by {by} at {at:%Y-%m-%d %H:%M} UTC.")
        self.decision, self.by, self.at = decision, by, at


class DecisionOverdue(BookingError):
    code = "decision_overdue"


class PriceChanged(BookingError):
    code = "price_changed"

    def __init__(self, quote: Quote) -> None:
        super().__init__("The price has changed since it was shown.")
        self.quote = quote


class SubmissionConflict(BookingError):
    code = "idempotency_conflict"


class NotPublished(BookingError):
    code = "not_published"
