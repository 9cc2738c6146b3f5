"""What a choice means: its price, whether it is to be had, and what else there is."""

import datetime as dt
from dataclasses import dataclass, field

from rooms.availability import Alternatives, alternatives, free
from rooms.forms import ChoiceForm, choice_query, wall_query
from rooms.models import Room, Session
from rooms.pricing import Quote, quote
from rooms.stays import Stay, period_of


@dataclass(frozen=True)
class Suggestion:
    """Another stay in the same room, or another room, with the address that chooses it."""

    room: Room
    stay: Stay | None
    session: Session | None
    query: str


@dataclass(frozen=True)
class Offer:
    """A valid choice in a room with its price; `others` is filled where it is not free."""

    room: Room
    stay: Stay
    party_size: int
    session: Session | None
    quote: Quote
    is_free: bool
    query: str
    others: list[Suggestion] = field(default_factory=list)

    @property
    def is_instant(self) -> bool:
        """True where nobody has to say yes."""
        return self.room.approval == Room.Approval.NONE

    @property
    def pays_now(self) -> bool:
        """True where the next step is the provider's page."""
        asks_first = self.room.approval == Room.Approval.BEFORE_PAYMENT
        return bool(self.quote.total_minor) and self.room.venue.takes_online_payment and not asks_first


def offer(choice: ChoiceForm, *, with_others: bool = True) -> Offer:
    """Return what a valid choice comes to: one query, two or three more where it is taken and others are asked."""
    room, stay, session = choice.room, choice.stay, choice.chosen_session
    party_size = choice.cleaned_data["party_size"]
    if session is not None:
        is_free = session.seats_left >= party_size and session.starts_at > choice.now
    else:
        is_free = free(room, period_of(room, stay))
    others = [] if is_free or not with_others else suggestions(room, stay, party_size, choice.now)
    price = quote(room, stay, party_size)
    return Offer(room, stay, party_size, session, price, is_free, choice.query(), others)


def suggestions(room: Room, stay: Stay, party_size: int, now: dt.datetime) -> list[Suggestion]:
    """Return what a guest may take instead: other times of the room first, then other rooms at that time."""
    return _suggestions(alternatives(room, stay, party_size, now), room, stay, party_size)


def _suggestions(found: Alternatives, room: Room, stay: Stay, party_size: int) -> list[Suggestion]:
    near = [Suggestion(room, other, None, choice_query(room, other, party_size)) for other in found.stays]
    for session in found.sessions:
        other = Stay(session.starts_at, session.ends_at, 1)
        near.append(Suggestion(room, other, session, choice_query(room, other, party_size, session)))
    query = wall_query(room, stay, party_size)
    return near + [Suggestion(other, None, None, query) for other in found.rooms]
