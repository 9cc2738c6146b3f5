"""Amounts typed with a comma in the browser: read as people mean them, and said again before or after they count."""

from bookings.states import Status
from rooms.models import Room
from tests.e2e.people import Host
from tests.payments.paying import paid_by_hand
from tests.support import factories


def test_staff_type_a_fee_with_a_comma_and_see_it_before_it_is_kept(enter, journey):
    booking = paid_by_hand(room=factories.room(venue=journey.room.venue, approval="none"))
    host = enter(Host)
    host.log_in(factories.staff().email)
    host.open(f"/admin/bookings/booking/{booking.pk}/cancel/")

    host.page.get_by_label("Fee to keep (EUR)").fill("12,50")
    host.fill_in_reason("No-show agreed.")
    host.click("Cancel the booking")
    host.sees("Cancel, keep €12.50 and give back €87.50?")
    host.checks("host-fee-preview", guest_page=False)
    booking.refresh_from_db()
    assert (booking.status, booking.due_minor) == (Status.CONFIRMED, 10_000)
    host.click("Cancel the booking")

    host.sees("€12.50 is kept; €87.50 goes back to the guest.")
    booking.refresh_from_db()
    assert (booking.status, booking.due_minor) == (Status.CANCELLED, 1_250)


def test_host_types_a_price_with_a_comma_and_reads_it_again(enter, journey):
    room = journey.room
    host = enter(Host)
    host.log_in()
    host.open(f"/admin/rooms/room/{room.pk}/change/")

    host.page.get_by_label("Price (EUR)").fill("1.250")
    host.click("Save", "button")
    host.sees("“1.250” may be 1250 or 1.25: write 1250 or 1.25.")
    host.page.get_by_label("Price (EUR)").fill("45,50")
    host.click("Save", "button")

    host.sees("Read as: Price: €45.50.")
    assert Room.objects.get(pk=room.pk).price_minor == 4_550
