"""What bookings hold about a person, as a guest."""

import datetime as dt
from typing import Any

from django.db.models import Q, QuerySet

from accounts.people import Blocker, Keeper, Person, rows_of
from bookings import links
from bookings.actors import CLOCK
from bookings.models import Booking, BookingEvent, BulkCancellation, BulkCancellationItem, EventReceipt
from bookings.states import BLOCKING, Status
from core.security.scrub import scrub
from rooms.models import Occupancy

ERASED_NAME = "Erased guest"
# A stay is completed by the clock a day after its end.
COMPLETED_AFTER = dt.timedelta(days=1)
INTERNAL = ("submission_key", "submission_digest", "link_version", "fee_percent")


def bookings_of(person: Person) -> QuerySet[Booking]:
    """Return the bookings made by the person, logged in or with any of their addresses."""
    mine = Q(guest=person.user) if person.user else Q()
    for email in person.emails:
        mine |= Q(guest_email__iexact=email)
    return Booking.objects.filter(mine)


class BookingKeeper(Keeper):
    def words(self, person: Person) -> set[str]:
        columns = ("guest_name", "guest_email", "guest_phone")
        return {word for row in bookings_of(person).values_list(*columns) for word in row}

    def export(self, person: Person) -> dict[str, Any]:
        bookings = bookings_of(person)
        return {
            "bookings": rows_of(bookings, *INTERNAL),
            "booking_events": rows_of(BookingEvent.objects.filter(booking__in=bookings)),
        }

    def blockers(self, person: Person) -> list[Blocker]:
        going_on = bookings_of(person).filter(status__in=BLOCKING - {Status.COMPLETED})
        return [
            Blocker(f"Booking {booking.reference} is not over", (booking.ends_at + COMPLETED_AFTER).date())
            for booking in going_on.order_by("ends_at")
        ]

    def erase(self, person: Person, pattern: Any) -> None:
        # Taken as a list: once their addresses are gone, they are not found by them any more.
        ids = list(bookings_of(person).values_list("pk", flat=True))
        references = Booking.objects.filter(pk__in=ids).values("reference")
        events = BookingEvent.objects.filter(booking__in=ids)
        events.filter(actor_kind=BookingEvent.Actor.GUEST).exclude(reason="").update(reason="")
        bulk = BulkCancellationItem.objects.filter(booking__in=ids)
        for rows in (
            events, EventReceipt.objects.filter(event__booking__in=ids), bulk,
            BulkCancellation.objects.filter(pk__in=bulk.values("bulk")),
            Occupancy.objects.filter(reference__in=references),
        ):  # fmt: skip
            scrub(rows, pattern)
        for pk in ids:
            links.renew(booking_id=pk, actor=CLOCK, tell=False)
            Booking.objects.filter(pk=pk).update(
                guest_name=ERASED_NAME, guest_email=f"erased-{pk}@erased.invalid", guest_phone="", message="",
                submission_key=f"erased:{pk}", submission_digest="",
            )  # fmt: skip
        scrub(Booking.objects.filter(pk__in=ids), pattern)
