"""What a guest submits, before it is a booking: who asks, whether it was asked before, and the frozen draft."""

import datetime as dt
import hashlib
import json
import uuid
from dataclasses import asdict, dataclass

from django.utils.crypto import salted_hmac

from accounts.models import User
from bookings.errors import SubmissionConflict
from bookings.models import Booking
from rooms.availability.stays import InvalidStay, Stay, stay_of_session
from rooms.models import Room, Session
from rooms.pricing.quotes import Quote


@dataclass(frozen=True)
class GuestDetails:
    """Who books: `user` is None for guests without an account; `asked_by` is what limits count by."""

    name: str
    email: str
    phone: str = ""
    user: User | None = None
    asked_by: str = ""


# Keys a program chose. They begin so, and live a day; a page's own key is good for one form for ever.
CHOSEN = "api:"
CHOSEN_LIVES = dt.timedelta(hours=24)


def chosen_key(key: str, *, user_id: str, email: str, network: str) -> str:
    """Return the submission key of a program's own `key` (a new one without), at most 80 characters long.

    Of users each has a space of their own. Of everybody else the guest's address makes it, and what follows the last
    colon tells the network: who comes from another one and asks for the same is answered with the same booking (see
    `submitted`), who asks for something else is somebody else.
    """
    owner = f"user:{user_id}" if user_id else f"guest:{email.strip().lower()}"
    whose = hashlib.sha256(f"{owner}:{key or uuid.uuid4()}".encode()).hexdigest()[:40]
    return f"{CHOSEN}{whose}:{'' if user_id else _mark_of(network)}"


def is_from(booking: Booking, network: str) -> bool:
    """Return whether a booking made under a chosen key came from this network."""
    return booking.submission_key.rpartition(":")[2] == _mark_of(network)


def _mark_of(network: str) -> str:
    # Keyed: nobody reads a guest's address on the net out of the database.
    return salted_hmac("bookings.lifecycle.submission.network", network, algorithm="sha256").hexdigest()[:24]


def submitted(submission_key: str, digest: str, now: dt.datetime) -> Booking | None:
    """Return the booking made under this key before. Raises: SubmissionConflict when it was for something else.

    Under a chosen key the same request is the same booking whatever network it comes from.
    """
    whose = submission_key.rpartition(":")[0]
    is_chosen = submission_key.startswith(CHOSEN)
    rows = Booking.objects.filter(
        **({"submission_key__startswith": f"{whose}:"} if is_chosen else {"submission_key": submission_key})
    )
    # Nearly always there is none: that is asked without the booking's many columns.
    for pk, key, earlier, made_at in rows.values_list(
        "pk", "submission_key", "submission_digest", "created_at"
    ):
        if is_chosen and made_at <= now - CHOSEN_LIVES:
            forget_key(pk)
        elif earlier == digest:
            return Booking.objects.select_related("room__venue").get(pk=pk)
        elif key == submission_key:
            raise SubmissionConflict("This form was already sent with other details.")
    return None


def forget_key(booking_id: int) -> None:
    """Free a booking's submission key; the booking keeps one nobody can send."""
    Booking.objects.filter(pk=booking_id).update(submission_key=f"ended:{booking_id}")


def as_it_is_now(session: Session | None, stay: Stay) -> Session | None:
    """Return a session as its locked room has it. Raises: InvalidStay when it was moved since the guest chose it."""
    if session is None:
        return None
    fresh = Session.objects.get(pk=session.pk)
    if stay_of_session(fresh) != stay:
        raise InvalidStay(
            "session", "moved", "This session was moved meanwhile: please look at its time again."
        )
    return fresh


def digest_of(
    room: Room, stay: Stay, party_size: int, guest: GuestDetails, message: str, session: Session | None
) -> str:
    """Return a digest of everything a guest asked for: the same form sent again has the same."""
    facts = {
        "room": room.pk, "stay": asdict(stay), "party_size": party_size, "message": message,
        "guest": [guest.name, guest.email, guest.phone, getattr(guest.user, "pk", None)],
        "session": getattr(session, "pk", None),
    }  # fmt: skip
    return hashlib.sha256(json.dumps(facts, default=str, sort_keys=True).encode()).hexdigest()


def new_draft(
    room: Room, stay: Stay, party_size: int, guest: GuestDetails, price: Quote, session: Session | None
) -> Booking:
    """Return an unsaved booking that freezes price, policy and way of selling as they are now."""
    policy = {"name": room.policy.name, "tiers": room.policy.tiers} if room.policy else {}
    return Booking(
        venue=room.venue, room=room, session=session, guest=guest.user, party_size=party_size,
        asked_by=guest.asked_by, guest_name=guest.name, guest_email=guest.email, guest_phone=guest.phone,
        starts_at=stay.starts_at, ends_at=stay.ends_at, time_zone=room.venue.time_zone,
        approval=room.approval, capture=price.capture, policy=policy,
        lines=price.as_lines(), currency=price.currency, total_minor=price.total_minor,
        tax_minor=price.tax_minor, due_minor=price.total_minor, fee_percent=room.venue.fee_percent,
    )  # fmt: skip
