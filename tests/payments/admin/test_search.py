"""Staff's search: what somebody on the phone reads out finds people, bookings and payments."""

import pytest
from django.test import Client
from django.urls import reverse

from bookings.models import Booking
from payments.models import Payment
from tests.support import factories
from tests.support.admin_pages import logged_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    return logged_in(factories.staff())


@pytest.fixture
def booking() -> Booking:
    """One of €1,234.50, paid with a card, beside another that nothing here fits."""
    other = factories.booking(room=factories.room(name="Attic", venue=factories.venue(name="Elsewhere")))
    Booking.objects.filter(pk=other.pk).update(guest_name="Other Guest", guest_phone="+1 555 000 111")
    room = factories.room(name="Sea room", venue=factories.venue(name="Hotel Aral"))
    found = factories.booking(room=room)
    Booking.objects.filter(pk=found.pk).update(
        guest_name="Ada Lovelace", guest_phone="+998 (91) 234-56-78", total_minor=123_450
    )
    Payment.objects.create(
        booking=found, provider="stripe", n=1, currency="EUR",
        amount_minor=98_700, authorized_minor=98_700, captured_minor=98_700,
        status="CAPTURED", is_two_stage=True, provider_ref="pi_found1", session_ref="cs_found2", charge_ref="ch_found3",
        card_brand="visa", card_last4="4242",
    )  # fmt: skip
    return Booking.objects.get(pk=found.pk)


def hits(client: Client, listing: str, term: str) -> str:
    answer = client.get(reverse(f"admin:{listing}_changelist"), {"q": term})
    assert answer.status_code == 200
    return text_of(answer)


TERMS = [
    "Ada", "lovelace ada", "912 345 678", "+998912345678", "234-56-78", "Sea room", "Aral", "ada aral",
    "1,234.50", "1.234,50", "1234,50", "€1,234.50", "987.00", "987", "4242", "pi_found1", "cs_found2", "ch_found",
]  # fmt: skip


@pytest.mark.parametrize("listing", ["bookings_booking", "payments_payment"])
def test_what_is_known_of_a_booking_finds_it_and_its_payment(staff, booking, listing):
    for term in TERMS:
        shown = hits(staff, listing, term)
        assert booking.reference in shown, term
        assert "Other Guest" not in shown, term


def test_reference_or_part_of_it_finds_the_booking(staff, booking):
    assert "Ada Lovelace" in hits(staff, "bookings_booking", booking.reference)
    assert "Ada Lovelace" in hits(staff, "bookings_booking", booking.reference[3:].lower())


def test_what_fits_nothing_finds_nothing(staff, booking):
    for term in ["4243", "1,234.51", "555 999", "Ada Elsewhere", "pi_nothing", "%"]:
        assert booking.reference not in hits(staff, "bookings_booking", term), term


def test_host_finds_own_bookings_only(booking):
    stranger = logged_in(factories.host(venue=factories.venue()))
    own = logged_in(factories.host(venue=booking.venue))

    assert booking.reference not in hits(stranger, "bookings_booking", "4242")
    assert booking.reference in hits(own, "bookings_booking", "4242")


def test_person_is_found_by_phone_however_it_is_written(staff):
    person = factories.user(name="Grace Hopper")
    person.phone = "+998 91 234 56 78"
    person.save(update_fields=["phone"])

    assert person.email in hits(staff, "accounts_user", "(91) 2345678")
    assert person.email not in hits(staff, "accounts_user", "(91) 2345679")
