"""What a guest submits, before it is a booking: who asks, whether it was asked before, and the frozen draft."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from bookings.errors import SubmissionConflict
from bookings.models import Booking
from rooms.models import Room, Session
from rooms.pricing import Quote
from rooms.stays import Stay


@dataclass(frozen=True)
class GuestDetails:
    """Who books: `user` is None for guests without an account."""

    name: str
    email: str
    phone: str = ""
    user: Any = None


def submitted(submission_key: str, digest: str) -> Booking | None:
    """Return the booking made under this key before. Raises: SubmissionConflict when it was for something else."""
    rows = Booking.objects.filter(submission_key=submission_key)
    # Nearly always there is none: that is asked without the booking's many columns.
    earlier = list(rows.values_list("submission_digest", flat=True)[:1])
    if not earlier:
        return None
    if earlier != [digest]:
        raise SubmissionConflict("This form was already sent with other details.")
    return rows.select_related("room__venue").get()


def digest_of(room: Room, stay: Stay, party_size: int, guest: GuestDetails, message: str, session) -> str:
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
    policy = {"name": room.policy.name, "tiers": room.policy.tiers} if room.policy_id else {}
    return Booking(
        venue=room.venue, room=room, session=session, guest=guest.user, party_size=party_size,
        guest_name=guest.name, guest_email=guest.email, guest_phone=guest.phone,
        starts_at=stay.starts_at, ends_at=stay.ends_at, time_zone=room.venue.time_zone,
        approval=room.approval, capture=price.capture, policy=policy,
        lines=price.as_lines(), currency=price.currency, total_minor=price.total_minor,
        tax_minor=price.tax_minor, due_minor=price.total_minor, fee_percent=room.venue.fee_percent,
    )  # fmt: skip
