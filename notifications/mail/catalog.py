"""The table of messages: what each is called, who gets it, which event brings it, how long it stays true."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from bookings.models import Booking, BookingEvent
from bookings.states import DEAD, Status
from core import clock

S = Status
ACTORS = BookingEvent.Actor
GUEST, HOSTS = "guest", "hosts"
# Hosts and platform staff; and staff alone.
TEAM, STAFF = "team", "staff"

Test = Callable[[Booking, BookingEvent], bool]


# --- whom an event concerns, and what a later event makes untrue --------------------------------------------


def _everybody(booking: Booking, event: BookingEvent) -> bool:
    return True


def _hosts_had_heard(booking: Booking, event: BookingEvent) -> bool:
    """Hosts never hear of a booking that was dropped before anybody paid or asked."""
    return event.from_status != S.PENDING_PAYMENT or bool(booking.decision)


def _not_done_by_host(booking: Booking, event: BookingEvent) -> bool:
    return event.actor_kind != BookingEvent.Actor.HOST and _hosts_had_heard(booking, event)


def _awaits_payment(booking: Booking, event: BookingEvent) -> bool:
    return booking.status == S.PENDING_PAYMENT


def _awaits_answer(booking: Booking, event: BookingEvent) -> bool:
    return booking.is_undecided


def _awaits_confirmation(booking: Booking, event: BookingEvent) -> bool:
    """Held, and the guest awaits the host's word: true until the capture, unless approved beforehand."""
    decided_before = booking.decision_made_at is not None and booking.decision_made_at <= event.created_at
    return booking.status == S.PENDING_APPROVAL and not decided_before


def _is_ahead(booking: Booking, event: BookingEvent) -> bool:
    return booking.status == S.CONFIRMED and booking.starts_at > clock.now()


def _stands(booking: Booking, event: BookingEvent) -> bool:
    return booking.status in (S.CONFIRMED, S.COMPLETED)


def _is_dead(booking: Booking, event: BookingEvent) -> bool:
    return booking.status in DEAD


def _was_asked(booking: Booking, event: BookingEvent) -> bool:
    """The host has answered this booking, and knows it by now."""
    return bool(booking.decision)


def _is_news(booking: Booking, event: BookingEvent) -> bool:
    """Hosts first hear of a booking by this event."""
    return event.verb != "confirm" or not booking.decision


def _money_goes_back(booking: Booking, event: BookingEvent) -> bool:
    """A refund somebody decided on; a credit and what was done at the provider have mails of their own."""
    data = event.data
    is_less = data.get("due_minor", 0) < data.get("before_minor", 0)
    return is_less and data.get("source") == "staff" and not data.get("as_credit")


# --- the messages -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Message:
    """One kind of mail; its paragraphs are templates/notifications/mail/<name>.txt.

    `subject` begins the subject and may hold {reference}; `act` says in it what to do or what happened, in words of
    letters.subject_of; `action` is the button's label; `quotes` names a text that somebody typed (the guest's
    "message", the event's "reason"); `ics` is the method of an attached .ics file; `tone` is held, good, bad or
    quiet, as on the site. `after`: how long it waits for a later event to make it needless.
    """

    name: str
    audience: str
    subject: str
    act: str
    heading: str
    action: str
    still_true: Test
    tone: str = "quiet"
    concerns: Test = _everybody
    quotes: str = ""
    ics: str = ""
    after: dt.timedelta = dt.timedelta(0)


RECEIVED = "Booking received - {reference}"
AUTHORIZED = "Payment authorized — awaiting host confirmation ({reference})"
CONFIRMED = "Booking Confirmed - {reference}"
UPDATE = "Booking Update - {reference}"
# Guests' subjects go on with act, room and date; hosts' and staff's begin with the act.
GUEST_TAIL = " · {act}, {what}, {date}"
HOST_SUBJECT = "{act}: {what}, {date}, {size} ({reference})"
# Most guests have paid by then, and the confirmation is all they need.
FIRST_MAIL_AFTER = dt.timedelta(minutes=2)

SEE, PAY, AGAIN = "See your booking", "Complete the payment", "Book these dates again"
PAY_NOW = "Pay now"
ANSWER, OPEN = "Answer the request", "Open the booking"

# fmt: off
MESSAGES = {
    message.name: message
    for message in (
        # To guests. Without an account, the first mail's link is their only way back.
        Message("received", GUEST, RECEIVED, "Pay {on_card} by {pay_by_soon}", "Complete your payment",
                PAY, _awaits_payment, "held", after=FIRST_MAIL_AFTER),
        Message("requested", GUEST, RECEIVED, "Request sent", "Your request is with the host", SEE,
                _awaits_answer, "held"),
        Message("authorized", GUEST, AUTHORIZED, "The host answers by {decide_by_soon}",
                "Your money is held, not taken", SEE, _awaits_confirmation, "held"),
        Message("confirmed", GUEST, CONFIRMED, "You are booked", "Your booking is confirmed", SEE, _stands,
                "good", ics="PUBLISH"),
        Message("approved", GUEST, UPDATE, "Accepted: pay {on_card} by {pay_by_soon}", "The host said yes",
                PAY_NOW, _awaits_payment, "held"),
        Message("declined", GUEST, UPDATE, "Declined", "Your request was declined", SEE, _is_dead, "bad",
                quotes="reason"),
        Message("expired_unpaid", GUEST, UPDATE, "Not paid in time", "Your booking was not paid in time",
                AGAIN, _is_dead, "bad"),
        Message("expired_unanswered", GUEST, UPDATE, "No answer in time",
                "The host did not answer in time", SEE, _is_dead, "bad"),
        Message("cancelled", GUEST, UPDATE, "{cancelled_by}", "Your booking is cancelled", SEE, _is_dead,
                "bad", quotes="reason"),
        Message("cancelled_confirmed", GUEST, UPDATE, "{cancelled_by}", "Your booking is cancelled", SEE,
                _is_dead, "bad", quotes="reason", ics="CANCEL"),
        Message("capture_failed", GUEST, UPDATE, "Pay once more: {on_card} by {pay_by_soon}",
                "Please pay once more", PAY, _awaits_payment, "bad"),
        Message("payment_available", GUEST, UPDATE, "You can pay now: {on_card} by {pay_by_soon}",
                "You can pay now", PAY, _awaits_payment, "held"),
        Message("link_sent", GUEST, UPDATE, "The link to your booking", "The link to your booking", SEE,
                _everybody),
        Message("new_link", GUEST, UPDATE, "Your new link", "Your new link", SEE, _everybody),
        Message("payment_late", GUEST, UPDATE, "Payment came too late", "Your payment came too late",
                AGAIN, _is_dead, "quiet"),
        Message("remind_guest", GUEST, "Booking Reminder - {reference}", "See you soon", "See you soon",
                SEE, _is_ahead, "good"),
        Message("refund_started", GUEST, "Your refund - {reference}", "{amount} on its way",
                "Money is on its way back to you", SEE, _everybody, "good", concerns=_money_goes_back,
                quotes="reason"),
        Message("refund_confirmed", GUEST, "Refund confirmed - {reference}", "{amount} refunded",
                "Your refund is confirmed", SEE, _everybody, "good"),
        Message("credit_given", GUEST, "Your credit - {reference}", "{amount} for a later booking",
                "You have a credit", SEE, _everybody, "good", quotes="reason"),
        # To hosts.
        Message("host_request", HOSTS, HOST_SUBJECT, "New request, answer by {decide_by_soon}",
                "A guest asks for your room", ANSWER, _awaits_answer, "held", quotes="message"),
        Message("host_reminder", HOSTS, HOST_SUBJECT, "Please answer by {decide_by_soon}",
                "A request waits for your answer", ANSWER, _awaits_answer, "held"),
        Message("host_last_reminder", HOSTS, HOST_SUBJECT, "Last call, answer by {decide_by_soon}",
                "A request is about to expire", ANSWER, _awaits_answer, "bad"),
        Message("host_paid", HOSTS, HOST_SUBJECT, "Payment completed", "Paid and confirmed", OPEN, _stands,
                "good", concerns=_was_asked),
        Message("host_booked", HOSTS, HOST_SUBJECT, "New booking", "You have a new booking", OPEN, _stands,
                "good", concerns=_is_news, quotes="message"),
        Message("host_cancelled", HOSTS, HOST_SUBJECT, "Booking cancelled", "A booking was cancelled",
                OPEN, _is_dead, "bad", concerns=_not_done_by_host, quotes="reason"),
        Message("host_expired", HOSTS, HOST_SUBJECT, "{ended}", "A request has expired", OPEN, _is_dead,
                "bad", concerns=_hosts_had_heard),
        # About a bank that takes money back, and about what was done in the provider's dashboard.
        Message("dispute_opened", TEAM, HOST_SUBJECT, "{case} to answer",
                "A guest's bank asks for money back", OPEN, _everybody, "bad"),
        Message("dispute_escalated", TEAM, HOST_SUBJECT, "Dispute to answer once more",
                "The bank took money back", OPEN, _everybody, "bad"),
        Message("dispute_won", TEAM, HOST_SUBJECT, "Dispute won", "The dispute was won", OPEN, _everybody,
                "good"),
        Message("dispute_lost", TEAM, HOST_SUBJECT, "Dispute lost", "The dispute was lost", OPEN,
                _everybody, "bad"),
        Message("dispute_closed", TEAM, HOST_SUBJECT, "Inquiry closed", "The bank's inquiry is closed",
                OPEN, _everybody, "good"),
        Message("external_change", STAFF, HOST_SUBJECT, "Changed at the payment provider",
                "Somebody moved money at the payment provider", OPEN, _everybody, "bad"),
        Message("payment_refused", STAFF, HOST_SUBJECT, "Payment refused for good",
                "The payment provider does not take a payment", OPEN, _everybody, "bad"),
    )
}
# fmt: on

# --- which event brings which -------------------------------------------------------------------------------

ANY = None
Pattern = tuple[str, str | None, str | None]

# (verb or notice, from, to): the messages' names. The first row that fits counts.
TOLD: tuple[tuple[Pattern, tuple[str, ...]], ...] = (
    (("submit", ANY, S.PENDING_PAYMENT), ("received",)),
    (("submit", ANY, S.PENDING_APPROVAL), ("requested", "host_request")),
    (("submit", ANY, S.CONFIRMED), ("confirmed", "host_booked")),
    (("authorize", ANY, S.PENDING_APPROVAL), ("authorized", "host_request")),
    (("authorize", ANY, S.CONFIRMED), ("confirmed", "host_booked")),
    (("approve", ANY, S.PENDING_PAYMENT), ("approved",)),
    (("approve", ANY, S.CONFIRMED), ("confirmed",)),
    (("confirm", ANY, ANY), ("confirmed", "host_paid", "host_booked")),
    (("capture_failed", ANY, ANY), ("capture_failed",)),
    (("decline", ANY, ANY), ("declined",)),
    (("expire", S.PENDING_PAYMENT, ANY), ("expired_unpaid", "host_expired")),
    (("expire", S.PENDING_APPROVAL, ANY), ("expired_unanswered", "host_expired")),
    (("cancel", S.CONFIRMED, ANY), ("cancelled_confirmed", "host_cancelled")),
    (("cancel", ANY, ANY), ("cancelled", "host_cancelled")),
    (("payment_available", ANY, ANY), ("payment_available",)),
    (("payment_late", ANY, ANY), ("payment_late",)),
    (("adjust", ANY, ANY), ("refund_started",)),
    (("refund_confirmed", ANY, ANY), ("refund_confirmed",)),
    (("credit_given", ANY, ANY), ("credit_given",)),
    (("dispute_opened", ANY, ANY), ("dispute_opened",)),
    (("dispute_escalated", ANY, ANY), ("dispute_escalated",)),
    (("dispute_won", ANY, ANY), ("dispute_won",)),
    (("dispute_lost", ANY, ANY), ("dispute_lost",)),
    (("dispute_closed", ANY, ANY), ("dispute_closed",)),
    (("external_refund", ANY, ANY), ("external_change",)),
    (("external_capture", ANY, ANY), ("external_change",)),
    (("external_cancel", ANY, ANY), ("external_change",)),
    (("link_sent", ANY, ANY), ("link_sent",)),
    (("new_link", ANY, ANY), ("new_link",)),
    (("payment_refused", ANY, ANY), ("payment_refused",)),
    (("remind_guest", ANY, ANY), ("remind_guest",)),
    (("remind_host_half", ANY, ANY), ("host_reminder",)),
    (("remind_host_soon", ANY, ANY), ("host_last_reminder",)),
)


def messages_of(event: BookingEvent) -> list[Message]:
    """Return the mails an event brings; none for events that only pages need to hear of."""
    for pattern, names in TOLD:
        if _fits(pattern, (event.verb, event.from_status, event.to_status)):
            messages = [MESSAGES[name] for name in names]
            return [message for message in messages if message.concerns(event.booking, event)]
    return []


def _fits(pattern: Pattern, facts: tuple[str, str, str]) -> bool:
    return all(asked in (ANY, fact) for asked, fact in zip(pattern, facts, strict=True))
