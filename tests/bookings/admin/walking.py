"""What tests of the booking desk ask of its pages."""

import html

from django.urls import reverse

from bookings.actors import member_actor
from bookings.models import Booking


def page(booking, name: str = "change") -> str:
    return reverse(f"admin:bookings_booking_{name}", args=[booking.pk])


def text(response) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


def fresh(booking) -> Booking:
    return Booking.objects.get(pk=booking.pk)


def actor_of(user):
    return member_actor(user)
