"""What comes back of a booking's money, and when: the one answer before cancelling, after it, in mails and the API.

What only the payments know, how long a bank takes and what it has taken back by itself, comes as an Outlook from the
function that settings.BOOKING_MONEY_BACK names.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from bookings.models import Booking
from bookings.states import Status
from core.dates import full_date
from core.money import format_minor


@dataclass(frozen=True)
class Outlook:
    """What payments know of money on its way back, in minor units.

    `expected_by` is the day by which a bank shows what goes back; None where nothing was taken, or it is there at
    once. `taken_back_minor` is what the guest's own bank took back by a dispute; while its case is open
    (`is_case_open`) nothing else of the payment can be returned. `is_all_card`: no part was paid without a card.
    """

    expected_by: dt.date | None = None
    taken_back_minor: int = 0
    is_case_open: bool = False
    is_all_card: bool = True


NOTHING_KNOWN = Outlook()


@dataclass(frozen=True)
class Back:
    """What ending a booking does to its money: what it cost, what is kept of it, what is returned now."""

    cost_minor: int
    kept_minor: int
    returned_minor: int
    sentence: str


def outlook(booking: Booking, since: dt.datetime) -> Outlook:
    """Ask payments what a guest may expect of money that is sent back at `since`."""
    source: Callable[[Booking, dt.datetime], Outlook] = import_string(settings.BOOKING_MONEY_BACK)
    return source(booking, since)


def shown_by(day: dt.date | None) -> str:
    """Say by when a guest sees money that comes back; empty where there is no day to name."""
    return f"Your bank shows it by {full_date(day)}." if day else ""


def hold_leaves(booking: Booking) -> str:
    """Say when a released hold is gone from the guest's statement."""
    if booking.held_until is None:
        return "Banks usually drop the hold from the statement within a few days."
    return (
        f"The hold leaves your statement by {full_date(booking.held_until, booking.time_zone)} at the latest."
    )


def if_cancelled(booking: Booking, fee_minor: int, known: Outlook) -> Back:
    """Return what cancelling now would do, where `fee_minor` stays due."""
    return _back(booking, booking.due_minor, min(fee_minor, booking.due_minor), known)


def of_ended(booking: Booking, known: Outlook) -> Back:
    """Return what became of the money of a booking that has ended."""
    was_cancelled = booking.status == Status.CANCELLED
    cost_minor = booking.cost_before_cancel_minor if was_cancelled else booking.total_minor
    return _back(booking, cost_minor, min(booking.due_minor, cost_minor), known)


def _back(booking: Booking, cost_minor: int, kept_minor: int, known: Outlook) -> Back:
    is_moved = bool(booking.authorized_at or booking.paid_at)
    back_minor = cost_minor - kept_minor if is_moved else 0
    returned_minor = 0 if known.is_case_open else max(back_minor - known.taken_back_minor, 0)
    sentence = _sentence(booking, cost_minor, kept_minor, known)
    return Back(cost_minor, kept_minor, returned_minor, sentence)


def _sentence(booking: Booking, cost_minor: int, kept_minor: int, known: Outlook) -> str:
    if not booking.total_minor:
        return "There was nothing to pay."
    if booking.paid_at:
        return _of_payment(booking, cost_minor, kept_minor, known)
    if taken_minor := booking.taken_early_minor:
        return _of_early_capture(booking, taken_minor, kept_minor, known)
    if booking.authorized_at:
        return _of_hold(booking, cost_minor, kept_minor)
    return "You have not been charged."


def _of_payment(booking: Booking, cost_minor: int, kept_minor: int, known: Outlook) -> str:
    kept = f"{_amount(kept_minor, booking)} is kept by the cancellation policy." if kept_minor else ""
    back_minor = cost_minor - kept_minor
    if not back_minor:
        return kept or "Nothing is left to give back."
    if known.taken_back_minor or known.is_case_open:
        return _join(_of_dispute(booking, back_minor, known), kept)
    where = "to your card" if known.is_all_card else "to you, the way you paid"
    return _join(f"{_amount(back_minor, booking)} goes back {where}.", shown_by(known.expected_by), kept)


def _of_dispute(booking: Booking, back_minor: int, known: Outlook) -> str:
    taken = _amount(known.taken_back_minor, booking)
    if known.is_case_open and not known.taken_back_minor:
        return "Your bank disputes this payment; nothing is returned while the case is open."
    if known.is_case_open:
        return f"Your bank has taken {taken} back already; nothing more is returned while the case is open."
    left_minor = back_minor - known.taken_back_minor
    if left_minor <= 0:
        return f"Your bank has given you {taken} back already; nothing more is returned."
    said = f"Your bank has given you {taken} back already; {_amount(left_minor, booking)} goes back to your card."
    return _join(said, shown_by(known.expected_by))


def _of_early_capture(booking: Booking, taken_minor: int, kept_minor: int, known: Outlook) -> str:
    when = shown_by(known.expected_by)
    if not kept_minor:
        return _join(f"The {_amount(taken_minor, booking)} taken from the card is refunded in full.", when)
    kept = f"{_amount(kept_minor, booking)} is kept by the cancellation policy"
    if taken_minor <= kept_minor:
        return f"{kept}."
    return _join(f"{kept}; {_amount(taken_minor - kept_minor, booking)} is refunded.", when)


def _of_hold(booking: Booking, cost_minor: int, kept_minor: int) -> str:
    if kept_minor:
        kept = f"{_amount(kept_minor, booking)} is kept by the cancellation policy"
        return f"{kept}; the rest of the hold is released." if kept_minor < cost_minor else f"{kept}."
    without_minor = booking.without_card_minor
    held_minor = cost_minor - without_minor
    released = f"The hold of {_amount(held_minor, booking)} is released. Nothing was charged."
    without = f"{_amount(without_minor, booking)} paid without a card comes back the way it was paid."
    return _join(
        *([released, hold_leaves(booking)] if held_minor > 0 else []), without if without_minor else ""
    )


def _amount(amount_minor: int, booking: Booking) -> str:
    return format_minor(amount_minor, booking.currency)


def _join(*sentences: str) -> str:
    return " ".join(filter(None, sentences))
