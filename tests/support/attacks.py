"""What tests of attacks share: the book form as a browser sends it, a script to be shown as text, a refund."""

import uuid

from django.urls import reverse

from bookings.models import Booking
from rooms.models import Room
from tests.api.callers import choice

SCRIPT = "<script>alert('x')</script>"


def filled_in(room: Room, **fields) -> dict:
    """The book form as a browser sends it."""
    dates = choice(room)
    return {
        "check_in": dates["check_in"], "check_out": dates["check_out"], "party_size": 2, "name": "Ada Guest",
        "email": "ada@example.org", "phone": "", "message": "", "submission_key": uuid.uuid4(),
        "expected_total_minor": 20_000, **fields,
    }  # fmt: skip


def book_url(room: Room) -> str:
    return reverse("bookings:book", args=[room.venue.slug, room.slug])


def refund_path(booking: Booking) -> str:
    return f"payments/{booking.payments.get().public_id}/refund"


def due(booking: Booking) -> int:
    return Booking.objects.values_list("due_minor", flat=True).get(pk=booking.pk)
