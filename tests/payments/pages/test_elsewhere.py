"""Back from paying in a browser that knows nothing of the booking: where to look, and nothing of the booking."""

import pytest
from django.core import mail
from django.test import Client

from bookings.models import BookingEvent
from tests.support import factories
from tests.support.pages import text

pytestmark = pytest.mark.django_db

MISSING = "RHAAAAAAAA"


def body(client: Client, reference: str) -> str:
    response = client.get(f"/bookings/{reference}/return/")
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    return text(response).replace(reference, "REFERENCE")


def test_return_without_the_cookie_says_where_to_look_and_nothing_of_the_booking(client):
    guest = factories.guest_details(name="Ada Lovelace", email="ada@example.org")
    booking = factories.booking(room=factories.room(price_minor=12_345), guest=guest)

    page = body(client, booking.reference)

    assert "If you have paid, we have it" in page
    assert 'action="/bookings/REFERENCE/new-link/"' in page
    for fact in ("Ada", "ada@example.org", booking.room.name, booking.room.venue.name, booking.secret, "123"):
        assert fact not in page


def test_return_without_the_cookie_is_the_same_for_no_booking(client):
    booking = factories.booking(room=factories.room())

    def without_token(page: str) -> str:
        start = page.index('name="csrfmiddlewaretoken"')
        return page[:start] + page[page.index(">", start) :]

    assert without_token(body(client, booking.reference)) == without_token(body(client, MISSING))


def test_return_without_the_cookie_asks_no_provider_and_changes_nothing(client, django_assert_num_queries):
    booking = factories.booking(room=factories.room())
    events = BookingEvent.objects.count()

    with django_assert_num_queries(1):
        body(client, booking.reference)

    assert BookingEvent.objects.count() == events
    assert mail.outbox == []


def test_link_asked_for_from_the_return_page_goes_to_the_address_of_the_booking(client):
    booking = factories.booking(room=factories.room())

    answer = client.post(f"/bookings/{booking.reference}/new-link/")
    other = client.post(f"/bookings/{MISSING}/new-link/")

    assert text(answer).replace(booking.reference, "R") == text(other).replace(MISSING, "R")
    assert list(booking.events.order_by("version").values_list("verb", flat=True)) == ["submit", "link_sent"]
