"""Tells the demo's stories: each ending is a walk through the verbs that hosts, guests and the clock use."""

import datetime as dt
from collections.abc import Callable, Iterable

import requests
import structlog
from django.conf import settings

from accounts.models import User
from bookings.actors import Actor, guest_actor, member_actor
from bookings.lifecycle import services as bookings
from bookings.lifecycle.submission import GuestDetails
from bookings.models import Booking, EventReceipt
from core import clock
from core.errors import Refusal
from payments.demo.scripts import GUEST, PAID, UNPAID, Story
from payments.lifecycle import services as payments
from payments.providers.base import ProviderError
from rooms.availability.stays import Stay, stay_of_hours, stay_of_nights, stay_of_session
from rooms.models import Room, Session
from rooms.search.calendar import upcoming_sessions

log = structlog.get_logger(__name__)

Say = Callable[[str], None]
Ending = Callable[[Booking], None]

GOOD_CARD, DECLINED_CARD = "4242424242424242", "4000000000009995"
CONTROL_SECONDS = 10
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


class NotNow(Exception):
    """A story that cannot be told at this hour."""


def tell(people: dict[str, User], say: Say) -> None:
    """Make the bookings that were not made yet; those that need the sandbox are left out while it is away."""
    told = set(
        Booking.objects.filter(submission_key__startswith="demo-").values_list("submission_key", flat=True)
    )
    stories: list[Story] = [*UNPAID]
    if is_sandbox_up():
        stories += PAID
    else:
        say("the sandbox is out of reach: no bookings with money (run seed_demo again once it is up)")
    count = sum(_tell_one(story, people, told, say) for story in stories)
    say(f"{count} bookings made, {len(told) - count} there before")


def is_sandbox_up() -> bool:
    """Return whether a sandbox is configured and answers."""
    if not settings.SANDBOX_URL:
        return False
    try:
        return requests.get(f"{settings.SANDBOX_URL}/_control/health", timeout=2).ok
    except requests.RequestException:
        return False


def _tell_one(story: Story, people: dict[str, User], told: set[str], say: Say) -> bool:
    key = f"demo-{story.key}"
    if key in told:
        return False
    try:
        booking = _submit(story, key, people)
        told.add(key)
        ENDINGS[story.ending](booking)
    except NotNow:
        return False
    except (Refusal, ProviderError, requests.RequestException) as error:
        log.warning("demo_story_failed", story=story.key, error=str(error))
        say(f"left out or left unfinished: {story.key} ({error or type(error).__name__})")
        return False
    if story.asked > DAY / HOUR:
        _let_rest(booking)
    return True


def _submit(story: Story, key: str, people: dict[str, User]) -> Booking:
    venue_slug, room_slug = story.room.split("/")
    room = Room.objects.select_related("venue", "policy").get(venue__slug=venue_slug, slug=room_slug)
    session = _session(room, story)
    stay = stay_of_session(session) if session else _stay(room, story)
    now = clock.now()
    if story.ending == "left_early" and stay.starts_at > now:
        raise NotNow
    user = people["guest@demo.test"] if story.guest == GUEST else None
    first_name = story.guest.split(" ")[0].lower()
    guest = GuestDetails(
        name=user.name if user else story.guest,
        email=user.email if user else f"{first_name}@demo.test",
        phone="+44 20 7946 0123",
        user=user,
    )
    return bookings.submit(
        room=room,
        stay=stay,
        party_size=story.party_size,
        guest=guest,
        submission_key=key,
        actor=guest_actor(user),
        message=story.message,
        session=session,
        now=now - HOUR * story.asked,
    )


def _session(room: Room, story: Story) -> Session | None:
    if room.kind != Room.Kind.WORKSHOP:
        return None
    sessions = upcoming_sessions(room, clock.now() + DAY, seats=story.party_size)
    if not sessions:
        raise NotNow
    return sessions[0]


def _stay(room: Room, story: Story) -> Stay:
    date = clock.now().astimezone(room.venue.zone).date() + DAY * story.starts_in
    if room.is_by_night:
        return stay_of_nights(room, date, date + DAY * story.units)
    # A closed day is no day for a meeting: take the next open one, the last one for what is past.
    open_days = {row.weekday for row in room.opening_hours.all()} or set(range(7))
    while date.weekday() not in open_days:
        date += DAY if story.starts_in >= 0 else -DAY
    start = dt.datetime.combine(date, dt.time(story.hour))
    length = room.appointment_minutes if room.unit == Room.Unit.APPOINTMENT else 60
    return stay_of_hours(room, start, start + dt.timedelta(minutes=length * story.units))


def _let_rest(booking: Booking) -> None:
    """What lies in the past is no news: nobody gets mail about it now."""
    waiting = EventReceipt.objects.filter(event__booking=booking, done_at__isnull=True)
    waiting.update(done_at=clock.now())


def _decider(booking: Booking) -> Actor:
    """Return the host, or staff where the demo's host does not work."""
    members: Iterable[User] = User.objects.filter(memberships__venue=booking.venue_id)
    user = next(iter(members), None) or User.objects.get(email="staff@demo.test")
    return member_actor(user)


# --- endings with money ---------------------------------------------------------------------------------------


def awaiting(booking: Booking) -> None:
    """The money is held, the host has to answer."""
    pay(booking, GOOD_CARD)


def confirmed(booking: Booking) -> None:
    awaiting(booking)
    bookings.approve(booking_id=booking.pk, actor=_decider(booking))
    payments.settle(booking.pk)


def to_pay(booking: Booking) -> None:
    """Asked first, and the host has said yes: the guest pays next."""
    bookings.approve(booking_id=booking.pk, actor=_decider(booking))


def agreed_and_paid(booking: Booking) -> None:
    to_pay(booking)
    pay(booking, GOOD_CARD)


def declined(booking: Booking) -> None:
    awaiting(booking)
    reason = "We are sorry: the house has only small rooms, and two large dogs would not be happy here."
    bookings.decline(booking_id=booking.pk, actor=_decider(booking), reason=reason)
    payments.settle(booking.pk)


def withdrawn(booking: Booking) -> None:
    awaiting(booking)
    bookings.cancel(booking_id=booking.pk, actor=guest_actor(booking.guest), reason="Our plans have changed.")
    payments.settle(booking.pk)


def refunded(booking: Booking) -> None:
    confirmed(booking)
    reason = "The heating of this room failed. Everything is refunded."
    bookings.cancel(booking_id=booking.pk, actor=_decider(booking), reason=reason)
    payments.settle(booking.pk)


def left_early(booking: Booking) -> None:
    """Arrived today and left again; the host closes the booking."""
    confirmed(booking)
    bookings.complete(booking_id=booking.pk, actor=_decider(booking))


def unpaid(booking: Booking) -> None:
    """The first card was refused; the pay page is still open."""
    pay(booking, DECLINED_CARD)


def pay(booking: Booking, card: str) -> None:
    """Do on the sandbox's pay page what a guest does there, then look at the outcome.

    Raises: ProviderError, requests.RequestException.
    """
    checkout = payments.start_checkout(booking.pk)
    answer = requests.post(
        f"{settings.SANDBOX_URL}/_control/pay",
        json={"url": checkout.url, "card": card},
        timeout=CONTROL_SECONDS,
    )
    answer.raise_for_status()
    payments.sync(checkout.payment.pk)


# --- endings without --------------------------------------------------------------------------------------------


def asked(booking: Booking) -> None:
    """Asked at a venue that is paid at the desk, or after the host's yes; the host has to answer."""


def instant(booking: Booking) -> None:
    """Free of charge and confirmed at once."""


def agreed(booking: Booking) -> None:
    bookings.approve(booking_id=booking.pk, actor=_decider(booking), now=booking.created_at + 2 * HOUR)


def stayed(booking: Booking) -> None:
    agreed(booking)
    bookings.complete(booking_id=booking.pk, now=booking.ends_at + DAY)


def attended(booking: Booking) -> None:
    bookings.complete(booking_id=booking.pk, now=booking.ends_at + DAY)


def turned_down(booking: Booking) -> None:
    reason = "The loft is cleaned until noon; seven in the morning is not possible, sorry."
    later = booking.created_at + 3 * HOUR
    bookings.decline(booking_id=booking.pk, actor=_decider(booking), reason=reason, now=later)


def unanswered(booking: Booking) -> None:
    reason = "The host did not answer in time."
    bookings.expire(booking_id=booking.pk, reason=reason, now=booking.decide_by)


def forgotten(booking: Booking) -> None:
    """The guest never went to the pay page."""
    reason = "The payment did not arrive in time."
    bookings.expire(booking_id=booking.pk, reason=reason, now=booking.payment_due_at)


def called_off(booking: Booking) -> None:
    agreed(booking)
    bookings.cancel(
        booking_id=booking.pk, actor=guest_actor(), reason="We found a train home a week earlier.",
        now=booking.created_at + 2 * DAY,
    )  # fmt: skip


ENDINGS: dict[str, Ending] = {
    ending.__name__: ending
    for ending in (
        awaiting, confirmed, to_pay, agreed_and_paid, declined, withdrawn, refunded, left_early, unpaid,
        asked, instant, agreed, stayed, attended, turned_down, unanswered, forgotten, called_off,
    )
}  # fmt: skip
