"""Cancels every booking of a session, or of a room between two instants: first a preview, then in the background.

`begin` closes the session or the dates and writes one item per booking, all in one transaction; `work` takes the
items one by one, each in a transaction of its own with its booking's cancellation, so that whatever is interrupted
goes on where it stopped. The money follows each booking's event, like after any cancellation.
"""

import datetime as dt
from dataclasses import dataclass

import structlog
from django.db import DatabaseError, transaction
from django.db.models import QuerySet

from bookings.actors import Actor
from bookings.errors import BookingError, InvalidTransition, ReasonMissing
from bookings.lifecycle import services as booking_services
from bookings.models import Booking, BulkCancellation, BulkCancellationItem
from bookings.phrases import money_back
from bookings.states import Status
from core import clock
from core.queue import ring
from core.retries import Policy
from core.sweeps import Round
from rooms import services as rooms
from rooms.availability import closings, occupancy
from rooms.models import Room, Session

log = structlog.get_logger(__name__)

TASK = "bookings.tasks.cancel_in_bulk"
CANCELLABLE = (Status.PENDING_PAYMENT, Status.PENDING_APPROVAL, Status.CONFIRMED)
# An item that failed so often waits for a person.
MOST_ATTEMPTS = 8
# The sweep's own pace is the wait.
RETRIES = Policy(first=dt.timedelta(0), most=dt.timedelta(0), park_after=MOST_ATTEMPTS)


class NothingToCancel(BookingError):
    """The session has been cancelled or is over, or the dates have passed."""

    code = "nothing_to_cancel"


@dataclass(frozen=True)
class Target:
    """What is to be cancelled: a session, or whatever lies in a room from `starts_at` to `ends_at`."""

    room: Room
    starts_at: dt.datetime
    ends_at: dt.datetime
    session: Session | None = None

    @classmethod
    def of_session(cls, session: Session) -> "Target":
        return cls(session.room, session.starts_at, session.ends_at, session)


@dataclass(frozen=True)
class Sum:
    """Money of one currency that goes back or is released, in minor units."""

    currency: str
    refunded_minor: int = 0
    released_minor: int = 0

    @property
    def total_minor(self) -> int:
        return self.refunded_minor + self.released_minor


@dataclass(frozen=True)
class Preview:
    """Which bookings would be cancelled, and what goes back of them, by currency."""

    bookings: list[Booking]
    sums: list[Sum]

    @property
    def count(self) -> int:
        return len(self.bookings)


@dataclass(frozen=True)
class Progress:
    """How far a bulk cancellation has come; `failed` items wait for a person."""

    total: int
    done: int
    failed: int

    @property
    def is_over(self) -> bool:
        return self.done + self.failed == self.total


def preview(target: Target, now: dt.datetime | None = None) -> Preview:
    """Return what cancelling at `now` would do; writes nothing."""
    now = now or clock.now()
    found = list(_bookings_of(target).select_related("venue", "room").order_by("starts_at", "pk"))
    sums: dict[str, Sum] = {}
    for booking in found:
        known = sums.get(booking.currency, Sum(booking.currency))
        returned, is_taken = _returned(booking, now), bool(booking.paid_at or booking.taken_early_minor)
        sums[booking.currency] = Sum(
            booking.currency,
            known.refunded_minor + (returned if is_taken else 0),
            known.released_minor + (0 if is_taken else returned),
        )
    return Preview(found, [one for one in sums.values() if one.total_minor])


def _returned(booking: Booking, now: dt.datetime) -> int:
    # Only of what was paid do payments know more than the booking does.
    known = money_back.outlook(booking, now) if booking.paid_at else money_back.NOTHING_KNOWN
    return money_back.if_cancelled(booking, 0, known).returned_minor


@transaction.atomic
def begin(*, target: Target, actor: Actor, reason: str, now: dt.datetime | None = None) -> BulkCancellation:
    """Close a session or a room's dates and write down which bookings go; asked again it answers with the first.

    Nothing new is booked there from now on. Raises: ReasonMissing, NothingToCancel.
    """
    now = now or clock.now()
    room = occupancy.lock_room(target.room.pk)
    if earlier := _earlier(target):
        return earlier
    if not reason.strip():
        raise ReasonMissing("Say why, for the guests to read.")
    if target.ends_at <= now:
        raise NothingToCancel("This is over: nothing is left to cancel.")
    found = list(_bookings_of(target).values_list("pk", flat=True))
    _close(target, room, reason)
    bulk = BulkCancellation.objects.create(
        venue_id=room.venue_id, room=room, session=target.session, starts_at=target.starts_at,
        ends_at=target.ends_at, reason=reason.strip(), actor_kind=actor.kind, actor=actor.user, created_at=now,
        finished_at=None if found else now,
    )  # fmt: skip
    BulkCancellationItem.objects.bulk_create(BulkCancellationItem(bulk=bulk, booking_id=pk) for pk in found)
    log.info("bulk_cancellation_begun", bulk=bulk.pk, bookings=len(found))
    ring(TASK, bulk.pk)
    return bulk


def work(bulk_id: int) -> None:
    """Cancel what is still to be cancelled, one booking after the other; safe to run twice, also at once.

    Raises: RowsFailed, once every other booking is cancelled.
    """
    bulk = BulkCancellation.objects.select_related("actor").get(pk=bulk_id)
    with Round() as this:
        for item_id in open_items(bulk).order_by("pk").values_list("pk", flat=True):
            this.attempt(_cancel_one, bulk, item_id, name=f"item {item_id} of {bulk_id}")
        this.attempt(_finish, bulk, name=str(bulk_id))


def _finish(bulk: BulkCancellation) -> None:
    if not open_items(bulk).exists():
        BulkCancellation.objects.filter(pk=bulk.pk, finished_at=None).update(finished_at=clock.now())


@transaction.atomic
def try_again(bulk_id: int) -> None:
    """Give the items that failed too often all their tries again."""
    items = BulkCancellationItem.objects.filter(bulk_id=bulk_id, done_at=None)
    if items.update(attempts=0, error=""):
        BulkCancellation.objects.filter(pk=bulk_id).update(finished_at=None)
        ring(TASK, bulk_id)


def progress(bulk: BulkCancellation) -> Progress:
    """Return how many bookings are cancelled, and how many could not be (two queries)."""
    items = BulkCancellationItem.objects.filter(bulk=bulk)
    done = items.filter(done_at__isnull=False).count()
    return Progress(items.count(), done, items.filter(done_at=None, attempts__gte=MOST_ATTEMPTS).count())


def open_items(bulk: BulkCancellation) -> QuerySet[BulkCancellationItem]:
    """Return the items that are still to be done."""
    return BulkCancellationItem.objects.filter(bulk=bulk, done_at=None, attempts__lt=MOST_ATTEMPTS)


# --- steps ------------------------------------------------------------------------------------------------------


def _bookings_of(target: Target) -> QuerySet[Booking]:
    alive = Booking.objects.filter(status__in=CANCELLABLE)
    if target.session:
        return alive.filter(session=target.session)
    # Who is there then; a turnover that reaches into the dates keeps nobody from staying.
    return alive.filter(room=target.room, **_inside(target))


def _sessions_in(target: Target) -> QuerySet[Session]:
    return Session.objects.filter(room=target.room, is_cancelled=False, **_inside(target))


def _inside(target: Target) -> dict[str, dt.datetime]:
    return {"starts_at__lt": target.ends_at, "ends_at__gt": target.starts_at}


def _earlier(target: Target) -> BulkCancellation | None:
    """A session is cancelled once; the same dates are not closed twice while they are being closed."""
    if target.session:
        return BulkCancellation.objects.filter(session=target.session).first()
    same = {"room": target.room, "starts_at": target.starts_at, "ends_at": target.ends_at}
    return BulkCancellation.objects.filter(**same, session=None, finished_at=None).first()


def _close(target: Target, room: Room, reason: str) -> None:
    if target.session is None:
        closings.close_over(room=room, starts_at=target.starts_at, ends_at=target.ends_at, note=reason[:120])
    sessions = (
        [target.session.pk] if target.session else list(_sessions_in(target).values_list("pk", flat=True))
    )
    for session_id in sorted(sessions):
        rooms.cancel_session(session_id=session_id)


def _cancel_one(bulk: BulkCancellation, item_id: int) -> None:
    """Cancel one booking and mark its item in the same transaction; what fails is noted and tried again, not for ever.

    Raises: what nobody foresaw, once it is noted.
    """
    item = BulkCancellationItem.objects.select_related("booking").get(pk=item_id)
    if item.done_at:
        return
    try:
        with transaction.atomic():
            note = _cancel(bulk, item.booking_id)
            BulkCancellationItem.objects.filter(pk=item_id).update(done_at=clock.now(), error=note)
    except Exception as error:
        log.exception("bulk_item_failed", bulk=bulk.pk, booking=item.booking.reference)
        BulkCancellationItem.objects.filter(pk=item_id, done_at=None).update(
            attempts=item.attempts + 1, error=str(error)[:255]
        )
        if not isinstance(error, BookingError | DatabaseError):
            raise


def _cancel(bulk: BulkCancellation, booking_id: int) -> str:
    """Return what is to be noted: a booking that ended by itself meanwhile has nothing to cancel."""
    try:
        booking_services.cancel(
            booking_id=booking_id, actor=Actor(bulk.actor_kind, bulk.actor), reason=bulk.reason
        )
    except InvalidTransition as error:
        return error.message[:255]
    return ""
