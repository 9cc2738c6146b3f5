"""The hotel way in the browser: the money is held, the host decides, both pages turn by themselves."""

import re

import pytest
from playwright.sync_api import expect

from bookings.states import Status
from rooms.models import Room
from tests.e2e.people import SCREENS, Guest, Host
from tests.flows.journey import wait_for

# Two rooms of the demo, whose pages have something to show.
ROOMS = {"desktop": "Terrace Double", "phone": "River Suite"}


@pytest.mark.parametrize("screen", SCREENS)
def test_approved_request_turns_confirmed_on_both_open_pages(demo, enter, journey, screen):
    journey.room = Room.objects.select_related("venue").get(name=ROOMS[screen])
    guest, host = enter(Guest, **SCREENS[screen]), enter(Host, **SCREENS[screen])
    guest.open(f"/rooms/?{guest.choice(days_ahead=30)}&guests=2&kind=hotel&city=Lisbon")
    guest.open_room(journey.room.name)
    guest.click("Continue")
    guest.heads("Complete your booking")
    guest.fill_in(message="We arrive late, around 22:00.")
    guest.checks()
    guest.go_to_payment()
    guest.take_note()
    guest.fill_in_card()
    guest.checks("pay-page", guest_page=False)
    guest.click(re.compile("^Pay "))
    guest.heads("Your money is held, not taken")
    guest.checks("payment-held")
    guest.click("See your booking", "link")
    guest.heads("Awaiting the host")
    guest.checks("booking-awaiting")
    is_untouched = guest.stays_on_page()

    host.log_in(journey.clerk.email) if host.is_on_phone else host.log_in("host@demo.test", demo.password)
    host.checks("host-requests", guest_page=False)
    host.open_request(guest.name)
    host.checks("host-request", guest_page=False)
    host.sees("We arrive late, around 22:00.")
    host.click("Approve", "link")
    host.sees(re.compile("will be charged to the guest's card now"))
    host.checks("host-approve", guest_page=False)
    host.click("Approve")
    host.sees("is being charged")
    host.sees_state("Confirmed")
    host.checks("host-request-confirmed", guest_page=False)

    guest.heads("You're booked")
    expect(guest.page.locator(".status-hero .pill").first).to_have_text("Confirmed")
    assert is_untouched()
    guest.checks("booking-confirmed")
    total = journey.booking.total_minor
    assert journey.at_provider() == {"status": "succeeded", "captured_minor": total, "refunded_minor": 0}

    guest.open_mail(f"Booking Confirmed - {journey.reference}")
    guest.checks("mail-confirmed")
    with guest.page.expect_download() as download:
        guest.click(f"roomhold-{journey.reference}.ics", "link")
    text = download.value.path().read_text()
    assert "BEGIN:VEVENT" in text
    assert journey.reference in text
    guest.follow_mail("See your booking")
    guest.heads("You're booked")


def test_declined_request_says_nothing_was_charged_and_is_voided(guest, host, journey):
    guest.book()
    guest.pay_and_return()
    is_untouched = guest.stays_on_page()

    host.log_in()
    host.open_request(guest.name)
    host.decline("The roof is being mended that week.")
    host.sees_state("Declined")
    host.sees("Released, never taken")

    guest.heads("The host could not say yes")
    guest.sees("Nothing was charged.")
    guest.sees("The roof is being mended that week.")
    guest.sees("Hold released")
    assert is_untouched()
    guest.checks("booking-declined")
    wait_for(lambda: journey.payment.status == "VOIDED")
    assert journey.at_provider() == {"status": "canceled", "captured_minor": 0, "refunded_minor": 0}
    assert journey.booking.status == Status.DECLINED


def test_slow_capture_is_shown_on_both_pages_until_it_is_known(guest, host, journey):
    guest.book()
    guest.pay_and_return()
    host.log_in()
    host.open_request(guest.name)
    slow = {"provider": "stripe", "operation": "payment_intents.capture", "fault": "delay", "seconds": 5}
    journey.control("faults", slow)
    host.approve()

    host.sees_state("Capturing…")
    guest.heads("The host said yes")
    guest.sees("Being charged now")
    guest.checks("booking-capturing")
    host.sees_state("Confirmed")
    guest.heads("You're booked")
