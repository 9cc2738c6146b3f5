"""A booking in human words: what happened, what happens next and who acts. Pure functions of rows in hand."""

import datetime as dt
from dataclasses import dataclass

from bookings.models import Booking, BookingEvent
from bookings.phrases import money as money_phrases
from bookings.phrases import money_back
from bookings.phrases.money_back import NOTHING_KNOWN, Outlook
from bookings.states import Status
from core.money import format_minor
from rooms import sales_modes
from rooms.models import Room

S = Status
GUEST, HOST, NOBODY, SITE = "guest", "host", "nobody", "site"


@dataclass(frozen=True)
class Step:
    """One stage of a booking's way; `state` is done, current, ahead or failed."""

    label: str
    state: str


@dataclass(frozen=True)
class NextStep:
    """What a booking waits for. `who` is guest, host, site or nobody; `tone` is held, good, bad or quiet."""

    who: str
    headline: str
    sentence: str
    tone: str
    deadline: dt.datetime | None = None
    deadline_label: str = ""


@dataclass(frozen=True)
class Moment:
    """One entry of the timeline. `tone` is held, good, bad or quiet; `quote` is what somebody typed."""

    at: dt.datetime
    title: str
    detail: str
    tone: str
    quote: str = ""
    actor: str = ""


PILLS = {
    S.DRAFT: ("Draft", "quiet"),
    S.PENDING_PAYMENT: ("Awaiting payment", "held"),
    S.PENDING_APPROVAL: ("Awaiting the host", "held"),
    S.CONFIRMED: ("Confirmed", "good"),
    S.DECLINED: ("Declined", "bad"),
    S.CANCELLED: ("Cancelled", "quiet"),
    S.EXPIRED: ("Expired", "quiet"),
    S.COMPLETED: ("Completed", "quiet"),
}


def pill(booking: Booking) -> tuple[str, str]:
    """Return a booking's status to its guest in two words, and its tone."""
    return ("Host said yes", "good") if booking.is_capturing else PILLS[Status(booking.status)]


# --- what happens next ----------------------------------------------------------------------------------------


def next_step(booking: Booking, outlook: Outlook = NOTHING_KNOWN) -> NextStep:
    """Return who acts next, until when, and a sentence to the guest.

    Without an `outlook` the sentence of a booking that has ended names no day: for lists, which do not show it.
    """
    if booking.status == S.PENDING_PAYMENT:
        return _to_pay(booking)
    if booking.status == S.PENDING_APPROVAL:
        return _to_decide(booking)
    if booking.status == S.CONFIRMED:
        return NextStep(NOBODY, "You're booked", _confirmed(booking), "good")
    return _ended(booking, outlook)


def _to_pay(booking: Booking) -> NextStep:
    total = format_minor(booking.card_minor, booking.currency)
    until = (booking.payment_due_at, "Room kept until")
    if booking.is_approved and booking.approval == Room.Approval.AFTER_PAYMENT:
        sentence = (
            "The host said yes, but the payment did not go through. Pay once more and the booking stands."
        )
        return NextStep(GUEST, "Please pay once more", sentence, "held", *until)
    if booking.is_approved and booking.is_two_stage:
        sentence = f"{total} will be held on your card, not taken, and the booking is confirmed. {when_taken(booking)}"
        return NextStep(GUEST, "The host said yes: place the hold", sentence, "held", *until)
    if booking.is_approved:
        sentence = f"Pay {total} and the booking is confirmed.{_why_now(booking)}"
        return NextStep(GUEST, "The host said yes: your turn to pay", sentence, "held", *until)
    if booking.is_two_stage:
        sentence = f"{total} will be held on your card, not taken. {when_taken(booking)}"
        return NextStep(GUEST, "One step left: place the hold", sentence, "held", *until)
    sentence = f"Pay {total} and the booking is confirmed at once.{_why_now(booking)}"
    return NextStep(GUEST, "One step left: payment", sentence, "held", *until)


def when_taken(booking: Booking) -> str:
    """Say when held money is taken."""
    after = f"after your {sales_modes.visit_word(booking.room)}"
    if booking.capture == Room.Capture.ON_CONFIRMATION:
        return "It is taken only if the host says yes."
    if booking.approval == Room.Approval.AFTER_PAYMENT and not booking.decision:
        return f"It is taken only if the host says yes, {after}."
    return f"It is taken only {after}."


def is_charged_ahead(booking: Booking) -> bool:
    """Return whether money is taken at confirmation only because no hold lasts until the visit."""
    if booking.capture == booking.room.capture:
        return False
    return sales_modes.is_too_far_to_hold(booking.room, booking.ends_at, booking.created_at)


def _why_now(booking: Booking) -> str:
    if not is_charged_ahead(booking):
        return ""
    return (
        f" It is charged now, as your {sales_modes.visit_word(booking.room)} lies further ahead"
        " than a card can be held; "
        "what comes back if you cancel is listed below."
    )


def _to_decide(booking: Booking) -> NextStep:
    if booking.is_capturing:
        sentence = (
            "The payment is being completed. This usually takes a few seconds; the page updates by itself."
        )
        return NextStep(SITE, "The host said yes", sentence, "good")
    if booking.authorized_at:
        sentence = _set_aside(booking)
    elif booking.total_minor:
        sentence = "Nothing has been charged. The host answers first; you pay after a yes."
    else:
        sentence = "There is nothing to pay. The host answers next."
    return NextStep(
        HOST,
        "Awaiting the host",
        sentence,
        "held",
        deadline=booking.decide_by,
        deadline_label="Answer due by",
    )


def _set_aside(booking: Booking) -> str:
    """Say where the money is while the host decides: taken, held on the card, or paid without one."""
    if taken_minor := booking.taken_early_minor:
        taken = format_minor(taken_minor, booking.currency)
        return f"{taken} was taken from your card. If the host says no, or nothing at all, it is refunded."
    if held_minor := booking.card_minor:
        held = format_minor(held_minor, booking.currency)
        return (
            f"{held} is held on your card, not taken. If the host says no, or nothing at all, it is released."
        )
    paid = format_minor(booking.due_minor, booking.currency)
    return f"{paid} is paid already. If the host says no, or nothing at all, it comes back to you."


def _confirmed(booking: Booking) -> str:
    total = format_minor(booking.due_minor, booking.currency)
    if not booking.total_minor:
        return "There is nothing to pay. The host looks forward to seeing you."
    mails = "A calendar file and a reminder come by e-mail."
    if booking.paid_at:
        return f"{total} is paid. {mails}"
    if taken_minor := booking.taken_early_minor:
        return f"{format_minor(taken_minor, booking.currency)} was taken from your card. {mails}"
    if booking.authorized_at:
        held = format_minor(booking.card_minor, booking.currency)
        return f"{held} is held on your card and taken after your {sales_modes.visit_word(booking.room)}. {mails}"
    return f"{total} is paid at the venue. {mails}"


def _ended(booking: Booking, outlook: Outlook) -> NextStep:
    if booking.status == S.COMPLETED:
        return NextStep(NOBODY, "Thank you for your visit", "This booking is complete.", "quiet")
    if booking.status == S.DECLINED:
        said = money_back.of_ended(booking, outlook).sentence
        return NextStep(NOBODY, "The host could not say yes", said, "bad")
    if booking.status == S.CANCELLED:
        said = money_back.of_ended(booking, outlook).sentence
        return NextStep(NOBODY, "This booking is cancelled", said, "quiet")
    if booking.status == S.EXPIRED:
        unanswered = was_unanswered(booking)
        headline = "The host did not answer in time" if unanswered else "The time to pay has ended"
        return NextStep(NOBODY, headline, money_back.of_ended(booking, outlook).sentence, "quiet")
    return NextStep(GUEST, "Draft", "This booking has not been sent yet.", "quiet")


# --- the way, stage by stage ----------------------------------------------------------------------------------

HELD, YES, AFTERWARDS = "Money held", "Host says yes", "Charge afterwards"
ASKED, SURE = "Request sent", "Confirmed"

A, C = Room.Approval, Room.Capture
# How a booking goes when money is paid online, by approval and capture.
STAGES: dict[tuple[str, str], tuple[str, ...]] = {
    (A.AFTER_PAYMENT, C.ON_CONFIRMATION): (HELD, YES, "Charge and confirmation"),
    (A.AFTER_PAYMENT, C.AFTER_COMPLETION): (HELD, YES, SURE, AFTERWARDS),
    (A.BEFORE_PAYMENT, C.ON_CONFIRMATION): (ASKED, YES, "Payment and confirmation"),
    (A.BEFORE_PAYMENT, C.AFTER_COMPLETION): (ASKED, YES, "Hold and confirmation", AFTERWARDS),
    (A.NONE, C.ON_CONFIRMATION): ("Paid", SURE),
    (A.NONE, C.AFTER_COMPLETION): (HELD, SURE, AFTERWARDS),
}
ENDS = {
    S.DECLINED: "Host said no", S.CANCELLED: "Cancelled", S.EXPIRED: "Not paid in time",
}  # fmt: skip


def steps(booking: Booking) -> list[Step]:
    """Return the stages of this booking's way, and how far it has come; one that has ended stops there."""
    labels, reached = _stages(booking), _reached(booking)
    if booking.status in ENDS:
        return [*(Step(label, "done") for label in labels[:reached]), Step(_end(booking), "failed")]
    return [Step(label, "done" if n < reached else "current" if n == reached else "ahead") for n, label in
            enumerate(labels)]  # fmt: skip


def _pays_online(booking: Booking) -> bool:
    return booking.total_minor > 0 and booking.venue.takes_online_payment


def _stages(booking: Booking) -> tuple[str, ...]:
    if _pays_online(booking):
        return STAGES[booking.approval, booking.capture]
    return ("Requested", SURE) if booking.approval == A.NONE else (ASKED, YES, SURE)


def _end(booking: Booking) -> str:
    return "No answer in time" if was_unanswered(booking) else ENDS[Status(booking.status)]


def was_unanswered(booking: Booking) -> bool:
    """Return whether a booking expired because its host did not answer."""
    was_asked = booking.authorized_at or (booking.decide_by and not booking.decision)
    return booking.status == S.EXPIRED and bool(was_asked)


def _reached(booking: Booking) -> int:
    """Return the index of the stage the booking stands at, or stopped at."""
    labels = _stages(booking)
    if booking.status == S.COMPLETED:
        return len(labels)
    if booking.status == S.CONFIRMED or booking.confirmed_at:
        waits = labels[-1] == AFTERWARDS and not (booking.paid_at or booking.taken_early_minor)
        return len(labels) - 1 if waits else len(labels)
    if booking.is_approved:
        return 2
    if booking.approval == A.BEFORE_PAYMENT or booking.authorized_at:
        return 1
    return 1 if booking.status == S.PENDING_APPROVAL or booking.decide_by else 0


# --- what happened --------------------------------------------------------------------------------------------


def moment(booking: Booking, event: BookingEvent, viewer: str = GUEST) -> Moment:
    """Return one event in words, addressed to the guest, or to hosts and staff."""
    title, detail, tone = _told(booking, event, viewer)
    return Moment(event.created_at, title, detail, tone, event.reason, _actor(event, viewer))


def _actor(event: BookingEvent, viewer: str) -> str:
    kinds = BookingEvent.Actor
    if event.actor_kind == kinds.GUEST:
        return "You" if viewer == GUEST else "Guest"
    if event.actor_kind in (kinds.HOST, kinds.STAFF):
        name = "Host" if event.actor_kind == kinds.HOST else "Roomhold staff"
        # Guests deal with the venue, not with a person of its team.
        return name if viewer == GUEST or event.actor is None else str(event.actor)
    return "Bank" if event.actor_kind == kinds.PROVIDER else "Roomhold"


def _told(booking: Booking, event: BookingEvent, viewer: str) -> tuple[str, str, str]:
    amount = format_minor(booking.total_minor, booking.currency)
    key = (event.verb, str(event.to_status))
    table: dict[tuple[str, str], tuple[str, str, str]] = {
        ("submit", S.PENDING_PAYMENT): ("Room kept", "The room is set aside while the payment is made.", "quiet"),
        ("submit", S.PENDING_APPROVAL): ("Request sent", "The host has been asked.", "held"),
        ("submit", S.CONFIRMED): ("Booked and confirmed", "Nothing to pay online.", "good"),
        ("authorize", S.PENDING_APPROVAL): (f"{amount} held", "Held on the card, not taken.", "held"),
        ("authorize", S.CONFIRMED): (
            f"{amount} held, booking confirmed", f"Taken only after the {sales_modes.visit_word(booking.room)}.",
            "good",
        ),
        ("approve", S.PENDING_APPROVAL): ("The host said yes", "The held money is now being taken.", "good"),
        ("approve", S.PENDING_PAYMENT): ("The host said yes", "The payment is next.", "good"),
        ("approve", S.CONFIRMED): ("The host said yes", "The booking is confirmed.", "good"),
        ("confirm", S.CONFIRMED): (f"{amount} paid", "The booking is confirmed.", "good"),
        ("capture_failed", S.PENDING_PAYMENT): ("The payment did not go through", "It can be made again.", "bad"),
        ("complete", S.COMPLETED): ("Completed", "The visit took place.", "good"),
    }  # fmt: skip
    if key in table:
        return table[key]
    if told := money_phrases.told(event, is_for_guest=viewer == GUEST):
        return told
    if event.verb == "decline":
        return "The host said no", _nothing_kept(booking), "bad"
    if event.verb == "expire":
        return _expired(booking, event)
    if event.verb == "cancel":
        return _cancelled(event, viewer)
    return NOTICES.get(event.verb, (event.verb.replace("_", " ").capitalize(), "", "quiet"))


NOTICES: dict[str, tuple[str, str, str]] = {
    "payment_available": ("Payment is possible again", "A link to pay was sent by e-mail.", "quiet"),
    "payment_late": ("A payment came too late", "It goes back by itself.", "quiet"),
    "payment_released": ("Hold released", "The money on the card is free again.", "quiet"),
    "link_sent": ("Link sent again", "Somebody asked for the link to this booking.", "quiet"),
    "new_link": ("New link sent", "Older links open nothing now.", "quiet"),
    "remind_guest": ("Reminder sent", "The visit is coming up.", "quiet"),
    "remind_host_half": ("Host reminded", "Half the time to answer has passed.", "quiet"),
    "remind_host_soon": ("Host reminded again", "The time to answer ends soon.", "quiet"),
    "reschedule": ("Moved to another time", "", "quiet"),
}


def _nothing_kept(booking: Booking) -> str:
    if taken_minor := booking.taken_early_minor:
        return f"The {format_minor(taken_minor, booking.currency)} taken from the card is refunded in full."
    return "The hold is released; nothing was charged." if booking.authorized_at else "Nothing was charged."


def _expired(booking: Booking, event: BookingEvent) -> tuple[str, str, str]:
    if event.from_status == S.PENDING_PAYMENT:
        return "Not paid in time", "The room is free again; nothing was charged.", "bad"
    return "No answer in time", _nothing_kept(booking), "bad"


def _cancelled(event: BookingEvent, viewer: str) -> tuple[str, str, str]:
    who = _actor(event, viewer)
    title = "You cancelled" if who == "You" else f"{who} cancelled"
    due_minor = event.data.get("due_minor", 0)
    kept = (
        f"{format_minor(due_minor, event.data.get('currency', ''))} is kept by the policy."
        if due_minor
        else ""
    )
    return title, kept or "Nothing stays due.", "bad"
