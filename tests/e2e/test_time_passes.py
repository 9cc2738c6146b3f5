"""Deadlines, with the clock of sandbox and site moved ahead: they only ever come last."""

import re

from playwright.sync_api import expect

from bookings.models import Booking
from bookings.states import Status
from tests.flows.journey import wait_for


def test_unpaid_booking_expires_before_the_guests_eyes_and_frees_the_room(guest, enter, journey):
    guest.book()
    guest.leaves_pay_page()
    expect(guest.page.get_by_role("timer")).to_have_text(re.compile(r"3\d:\d\d left"))
    is_untouched = guest.stays_on_page()
    search = f"/rooms/?{guest.choice()}&q={journey.room.name}&guests=2"
    other = enter(type(guest))
    other.open(search)
    other.sees("Nothing is free that fits")
    other.checks("search-nothing-free")

    journey.advance(minutes=40)
    guest.heads("The time to pay has ended")
    guest.sees("You have not been charged.")
    assert is_untouched()
    guest.checks("booking-expired")

    other.open(search)
    other.heads(journey.room.name)
    guest.click("Book the same dates again")
    guest.heads("Pay by card")
    guest.take_note()
    assert journey.booking.status == Status.PENDING_PAYMENT


def test_payment_that_comes_too_late_is_released_and_the_dates_offered_again(guest, journey):
    guest.book()
    first = journey.reference
    journey.advance(minutes=30)
    journey.spoil("stripe", "*")
    guest.pay()
    guest.heads("One moment…")
    guest.checks("payment-working")
    journey.advance(minutes=30)
    journey.reach(Status.EXPIRED)
    journey.mend()

    guest.heads("Your payment came too late", timeout=30_000)
    guest.checks("payment-late")
    wait_for(lambda: journey.payment.status == "VOIDED")
    assert journey.at_provider() == {"status": "canceled", "captured_minor": 0, "refunded_minor": 0}

    guest.click("See what you can do", "link")
    guest.sees("The same dates are free right now.")
    guest.click("Book the same dates again")
    guest.heads("Pay by card")
    guest.take_note()
    assert journey.reference != first
    guest.pay_and_return()
    assert Booking.objects.filter(guest_email=guest.email).count() == 2


def test_unanswered_request_expires_and_releases_the_hold(guest, journey):
    guest.book()
    guest.pay_and_return()
    expect(guest.page.get_by_role("timer")).to_have_text(re.compile(r"23 h \d\d min left|1 d 0 h left"))
    is_untouched = guest.stays_on_page()

    journey.advance(hours=25)

    guest.heads("The host did not answer in time")
    guest.sees("Hold released")
    assert is_untouched()
    guest.checks("booking-unanswered")
    assert journey.at_provider() == {"status": "canceled", "captured_minor": 0, "refunded_minor": 0}


def test_past_stay_is_completed(guest, journey):
    guest.book(days_ahead=1, nights=1)
    guest.pay_and_return()
    journey.approve()
    guest.heads("You're booked")

    journey.advance(days=4)

    guest.heads("Thank you for your visit")
    guest.checks("booking-completed")
