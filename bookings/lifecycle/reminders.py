"""Reminders that the clock sends: the day before to guests; at half time and 2 h before the end to hosts."""

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict

from django.db import transaction
from django.db.models import DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from bookings.lifecycle import services as booking_services
from bookings.lifecycle.transitions import Facts
from bookings.models import Booking, BookingEvent
from bookings.states import Status
from core.sweeps import Round

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class Asked(TypedDict):
        asked_at: dt.datetime
        half_reminded: bool

    Waiting = WithAnnotations[Booking, Asked]

DAY_BEFORE = dt.timedelta(hours=24)
SOON = dt.timedelta(hours=2)
BATCH = 200


def send_due_reminders(now: dt.datetime) -> int:
    """Announce every reminder due at `now`, each once per booking; returns how many were announced.

    Raises: RowsFailed, once every other reminder is announced.
    """
    with Round() as this:
        told = [
            this.attempt(remind, booking, now, name=booking.reference)
            for remind, bookings in (
                (_remind_guest, _guests_to_remind(now)),
                (_remind_host, _hosts_to_remind(now)),
            )
            for booking in bookings[:BATCH]
        ]
    return sum(filter(None, told))


def _remind_guest(booking: Booking, now: dt.datetime) -> bool:
    start = booking.starts_at.isoformat()
    return _announce(booking, "remind_guest", {"starts_at": start}, _is_confirmed, now)


def _remind_host(booking: "Waiting", now: dt.datetime) -> bool:
    if booking.decide_by is None:
        return False
    notice = host_notice(booking.asked_at, booking.decide_by, now)
    is_due = notice == "remind_host_soon" or (notice and not booking.half_reminded)
    return bool(is_due) and _announce(booking, notice, {}, _is_undecided, now)


def host_notice(asked_at: dt.datetime, decide_by: dt.datetime, now: dt.datetime) -> str:
    """Return which reminder a host should have had by `now`: only the later one, empty for none.

    A request with less than 4 h to answer has its half time within the last 2 h: one reminder is enough.
    """
    half_time, soon = asked_at + (decide_by - asked_at) / 2, decide_by - SOON
    if now < half_time or now >= decide_by:
        return ""
    return "remind_host_soon" if soon > half_time and now >= soon else "remind_host_half"


def _guests_to_remind(now: dt.datetime) -> QuerySet[Booking]:
    """Return bookings that start within a day; who booked within that day has only just been told."""
    reminded = _notices("remind_guest").filter(created_at__gt=now - DAY_BEFORE)
    return Booking.objects.filter(
        ~Exists(reminded),
        status=Status.CONFIRMED,
        starts_at__gt=now,
        starts_at__lte=now + DAY_BEFORE,
        confirmed_at__lt=F("starts_at") - DAY_BEFORE,
    ).order_by("starts_at")


def _hosts_to_remind(now: dt.datetime) -> "QuerySet[Waiting]":
    """Return undecided bookings past their half time that still lack a reminder, with `asked_at`."""
    asked_at = Coalesce("authorized_at", "created_at")
    return (
        Booking.objects.filter(status=Status.PENDING_APPROVAL, decision="", decide_by__gt=now)
        .annotate(
            asked_at=asked_at,
            waited=_span(Value(now) - asked_at),
            left=_span(F("decide_by") - Value(now)),
            half_reminded=Exists(_notices("remind_host_half")),
        )
        .filter(~Exists(_notices("remind_host_soon")), waited__gte=F("left"))
        .filter(Q(half_reminded=False) | Q(decide_by__lte=now + SOON))
        .order_by("decide_by")
    )


def _span(expression: Combinable) -> "ExpressionWrapper[Combinable]":
    return ExpressionWrapper(expression, output_field=DurationField())


def _notices(verb: str) -> QuerySet[BookingEvent]:
    return BookingEvent.objects.filter(booking=OuterRef("pk"), verb=verb)


def _is_confirmed(booking: Booking) -> bool:
    return booking.status == Status.CONFIRMED


def _is_undecided(booking: Booking) -> bool:
    return booking.is_undecided


def _announce(
    booking: Booking, notice: str, data: Facts, still_due: Callable[[Booking], bool], now: dt.datetime
) -> bool:
    """Announce unless the booking moved on between the list and the lock; a rival sweep's word counts too."""
    with transaction.atomic():
        if not still_due(booking_services.lock(booking.pk)):
            return False
        booking_services.announce(booking_id=booking.pk, notice=notice, data=data, now=now)
        return True
