"""Bookings that end early: withdrawn by the guest, cancelled by the host."""

from bookings.states import Status
from tests.flows.journey import wait_for


def test_withdrawn_request_releases_the_hold(guest, journey):
    guest.book()
    guest.pay_and_return()
    guest.click("Withdraw the request", "link")
    guest.heads("Withdraw this request?")
    guest.sees("The hold of €200.00 is released. Nothing was charged.")
    guest.checks("withdraw")
    guest.page.get_by_label("Why?").fill("Other plans.")
    guest.click("Withdraw the request")

    guest.heads("This booking is cancelled")
    guest.sees("Hold released")
    guest.checks("booking-withdrawn")
    wait_for(lambda: journey.payment.status == "VOIDED")
    assert journey.at_provider() == {"status": "canceled", "captured_minor": 0, "refunded_minor": 0}


def test_host_cancels_a_confirmed_booking_and_the_guest_sees_the_refund(guest, host, journey):
    guest.book()
    guest.pay_and_return()
    journey.approve()
    guest.heads("You're booked")
    is_untouched = guest.stays_on_page()

    host.log_in()
    host.open(f"/admin/bookings/booking/{journey.booking.pk}/change/")
    host.click("Cancel the booking", "link")
    host.sees("€200.00 will be returned to the guest's card, in full.")
    host.checks("host-cancel", guest_page=False)
    host.fill_in_reason("Water damage.")
    host.click("Cancel the booking")
    host.sees_state("Cancelled")

    guest.heads("This booking is cancelled")
    guest.sees("Water damage.")
    guest.sees("Returned to your card")
    assert is_untouched()
    guest.checks("booking-refunded")
    assert journey.at_provider() == {
        "status": "succeeded",
        "captured_minor": 20_000,
        "refunded_minor": 20_000,
    }
    assert journey.booking.status == Status.CANCELLED
