"""Bookings that are paid, for tests about what comes after."""

from bookings.actors import member_actor
from bookings.models import Booking
from core import clock
from payments.manual import services as manual
from payments.models import OfflinePayment
from tests.support import factories

VISA = "4242424242424242"


def confirmed(journey, *, card: str = VISA):
    """Take a journey's booking of 200 euros all the way: held, approved, captured."""
    journey.pay(card=card)
    journey.sync()
    journey.approve()
    journey.work()
    return journey


def paid_by_hand(*, nights: int = 1, **fields) -> Booking:
    """A confirmed booking of 100 euros a night, paid past the providers."""
    room = fields.pop("room", None) or factories.room(approval="none")
    booking = factories.booking(room=room, nights=nights, **fields)
    manual.record(
        booking_id=booking.pk, actor=member_actor(factories.staff()), amount_minor=booking.due_minor,
        method=OfflinePayment.Method.TRANSFER, reference="T-1", received_date=clock.now().date(),
    )  # fmt: skip
    booking.refresh_from_db()
    return booking
