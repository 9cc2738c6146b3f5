"""What a choice means: its price, whether it is to be had, and what else there is."""

import datetime as dt
from dataclasses import dataclass, field, replace

from rooms.availability import occupancy
from rooms.availability.stays import Stay
from rooms.models import Room, Session
from rooms.pages.forms import ChoiceForm, choice_query, wall_query
from rooms.pricing.policies import RefundStep, refund_schedule, steps_ahead
from rooms.pricing.quotes import Quote, quote
from rooms.search.calendar import Alternatives, alternatives


@dataclass(frozen=True)
class Suggestion:
    """Another stay in the same room, or another room, with the address that chooses it."""

    room: Room
    stay: Stay | None
    session: Session | None
    query: str


@dataclass(frozen=True)
class Offer:
    """A valid choice in a room with its price; `others` is filled where it is not free.

    `refunds` is what comes back when, from now on, once it is booked; empty where nothing is paid online.
    """

    room: Room
    stay: Stay
    party_size: int
    session: Session | None
    quote: Quote
    is_free: bool
    query: str
    others: list[Suggestion] = field(default_factory=list)
    refunds: tuple[RefundStep, ...] = ()

    @property
    def pays_now(self) -> bool:
        """True where the next step is the provider's page."""
        asks_first = self.room.approval == Room.Approval.BEFORE_PAYMENT
        return self.pays_online and not asks_first

    @property
    def pays_online(self) -> bool:
        return bool(self.quote.total_minor) and self.room.venue.takes_online_payment

    @property
    def is_charged_ahead(self) -> bool:
        """True where it is charged at confirmation only because no hold lasts until the visit."""
        return self.quote.capture != self.room.capture


def offer(choice: ChoiceForm, *, with_others: bool = True) -> Offer:
    """Return what a valid choice comes to: one query, two or three more where it is taken and others are asked."""
    room, stay, session = choice.room, choice.chosen_stay, choice.chosen_session
    party_size = choice.cleaned_data["party_size"]
    if session is not None:
        is_free = session.seats_left >= party_size and session.starts_at > choice.now
    else:
        is_free = occupancy.is_free(room, stay)
    others = [] if is_free or not with_others else suggestions(room, stay, party_size, choice.now)
    price = quote(room, stay, party_size, now=choice.now, session=session)
    made = Offer(room, stay, party_size, session, price, is_free, choice.query(), others)
    return replace(made, refunds=_refunds(made, choice.now)) if made.pays_online else made


def _refunds(made: Offer, now: dt.datetime) -> tuple[RefundStep, ...]:
    schedule = refund_schedule(
        made.room.tiers, starts_at=made.stay.starts_at, amount_minor=made.quote.total_minor
    )  # fmt: skip
    return steps_ahead(schedule, now)


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
