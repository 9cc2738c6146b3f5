"""What happened to a booking's money after it was paid, in words for its timeline. Pure functions."""

from bookings.models import BookingEvent
from bookings.states import Status
from core.money import format_minor

SOLUTIONS = {
    "retry": "It is sent again.",
    "credit": "The guest gets a credit instead.",
    "hand": "It was paid back by hand.",
}
# A refund that failed is staff's to mend; its guest is told so without alarm.
TITLES: dict[str, tuple[str, str]] = {
    "refund_confirmed": ("{amount} refunded", "good"),
    "refund_failed": ("A refund of {amount} did not arrive", "bad"),
    "refund_solved": ("The failed refund of {amount} is dealt with", "quiet"),
    "credit_given": ("Credit of {amount} given", "good"),
    "credit_used": ("{amount} paid with a credit", "good"),
    "credit_ended": ("Credit of {amount} ended", "quiet"),
    "paid_offline": ("{amount} paid by hand", "good"),
    "payment_refused": ("The payment provider does not take {amount}", "bad"),
    "dispute_opened": ("{amount} disputed", "bad"),
    "dispute_escalated": ("The bank took {amount} back", "bad"),
    "dispute_answered": ("The dispute was answered", "held"),
    "dispute_won": ("The dispute was won", "good"),
    "dispute_lost": ("The dispute was lost", "bad"),
    "dispute_closed": ("The bank's inquiry is closed", "good"),
    "external_refund": ("{amount} refunded at the payment provider", "quiet"),
    "external_capture": ("{amount} taken at the payment provider", "quiet"),
    "external_cancel": ("The hold of {amount} was released at the payment provider", "quiet"),
}
# What a guest reads of a dispute of their own.
TO_THE_GUEST: dict[str, str] = {
    "dispute_opened": "Your bank asks for the money back.",
    "dispute_inquiry": "Your bank asks about the charge; no money was taken back.",
    "dispute_lost": "The money went back to you.",
    "credit_ended": "Your bank gave you this money back instead.",
}
DETAILS: dict[str, str] = {
    "payment_refused": "Nothing was charged. Our staff look into it.",
    "refund_failed": "Our staff take care of it.",
    "credit_given": "The code comes by e-mail.",
    "credit_ended": "The guest has this money back from elsewhere.",
    "dispute_opened": "The guest's bank asks for the money back.",
    "dispute_escalated": "The inquiry has become a dispute.",
    "dispute_answered": "The bank decides next.",
    "dispute_won": "The money stays paid.",
    "dispute_lost": "The money went back to the guest.",
    "dispute_closed": "No money was taken back.",
    "external_refund": "Not asked for here; the amount due follows it.",
    "external_capture": "Not asked for here; a decline gives it back.",
    "external_cancel": "Not asked for here.",
}


def told(event: BookingEvent, *, is_for_guest: bool = False) -> tuple[str, str, str] | None:
    """Return (title, detail, tone) of an event about money; None for any other."""
    if event.verb == "adjust":
        return _adjusted(event)
    if event.verb not in TITLES:
        return None
    title, tone = TITLES[event.verb]
    is_inquiry = event.verb == "dispute_opened" and event.data.get("is_inquiry")
    to_guest = TO_THE_GUEST.get("dispute_inquiry" if is_inquiry else event.verb, "") if is_for_guest else ""
    return title.format(amount=_amount(event, "amount_minor")), to_guest or _detail(event), tone


def _adjusted(event: BookingEvent) -> tuple[str, str, str]:
    lowered = event.data.get("before_minor", 0) - event.data.get("due_minor", 0)
    if lowered <= 0 or not event.data.get("currency"):
        return "Amount corrected", "", "quiet"
    amount = format_minor(lowered, event.data["currency"])
    if event.data.get("source") == "dashboard":
        return f"{amount} less is due", "Taken over from the payment provider.", "quiet"
    return f"{amount} is given back", f"{_amount(event, 'due_minor')} stays paid.", "good"


def _detail(event: BookingEvent) -> str:
    data = event.data
    if event.verb == "refund_confirmed":
        where = {"hand": "Paid back by hand.", "credit": "It is back on the credit."}
        return where.get(data.get("channel", ""), "The payment provider has confirmed it.")
    if event.verb == "refund_solved":
        return SOLUTIONS.get(data.get("solution", ""), "")
    if event.verb == "dispute_opened" and data.get("is_inquiry"):
        return "The guest's bank asks about the charge; no money was taken back."
    if event.verb == "external_capture" and event.to_status != Status.PENDING_APPROVAL:
        return "Not asked for here."
    return DETAILS.get(event.verb, "")


def _amount(event: BookingEvent, name: str) -> str:
    return format_minor(event.data.get(name, 0), event.data.get("currency") or event.booking.currency)
