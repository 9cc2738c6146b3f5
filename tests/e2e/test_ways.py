"""The other ways to sell, walked in the browser by guest and host: who acts, what each sees, where the money is."""

import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from bookings.states import Status
from tests.e2e.people import SCREENS, Guest, Host
from tests.flows.journey import wait_for
from tests.support import factories


def asks(guest: Guest, **message: str) -> None:
    """Send a request for the journey's room by the hour, with nothing to pay yet."""
    guest.choose_time(days_ahead=5)
    guest.sees("Ask first, pay after.")
    guest.fill_in(**message)
    guest.click("Send request")
    guest.heads("Awaiting the host")
    guest.take_note()


# --- approval before payment ----------------------------------------------------------------------------------


@pytest.mark.parametrize("screen", SCREENS)
def test_request_approved_first_is_paid_by_the_mails_button_and_confirmed(enter, journey, screen):
    journey.sell("conference", price_minor=6_000)
    journey.give_policy("Moderate")
    guest, host = enter(Guest, **SCREENS[screen]), enter(Host, **SCREENS[screen])
    asks(guest, message="We need the projector from nine.")
    guest.sees("Nothing has been charged. The host answers first; you pay after a yes.")
    guest.checks("ways-request-sent")
    is_untouched = guest.stays_on_page()

    host.log_in()
    host.open_request(guest.name)
    host.sees("We need the projector from nine.")
    host.click("Approve", "link")
    host.sees("The guest is asked to pay €60.00. Nothing is charged until the guest does.")
    host.click("Approve")
    host.sees_state("Awaiting payment")

    guest.heads("The host said yes: your turn to pay")
    assert is_untouched()
    expect(guest.page.get_by_role("timer")).to_have_text(re.compile(r"11 h \d\d min left|12 h 0 min left"))
    guest.checks("ways-your-turn-to-pay", full=True)
    assert journey.at_provider() == {}
    guest.open_mail(f"Booking Update - {journey.reference}")
    guest.checks("ways-mail-pay-now")
    guest.follow_mail("Pay now")
    guest.heads("The host said yes: your turn to pay")
    guest.click("Pay €60.00")
    guest.heads("Pay by card")
    guest.pay()
    guest.heads("You're booked")
    guest.click("See your booking", "link")
    guest.sees("€60.00 is paid.")
    guest.checks("ways-paid-after-yes", full=True)
    host.sees_state("Confirmed")
    assert journey.at_provider() == {"status": "succeeded", "captured_minor": 6_000, "refunded_minor": 0}


def test_approved_request_is_paid_from_the_list_of_bookings(guest, host, journey):
    journey.sell("conference", price_minor=6_000)
    user = factories.user(name=guest.name)
    guest.log_in(factories.PASSWORD, user.email)
    guest.email = user.email
    asks(guest)
    guest.open("/bookings/?tab=awaiting")
    expect(guest.page.get_by_role("button", name="Pay now")).to_have_count(0)
    journey.approve()

    guest.open("/bookings/?tab=awaiting")
    guest.checks("ways-list-pay-now")
    guest.click(re.compile("^Pay now"))
    guest.heads("Pay by card")
    guest.pay()
    guest.heads("You're booked")
    journey.reach(Status.CONFIRMED)


def test_request_declined_first_never_touches_a_card(guest, host, journey):
    journey.sell("conference")
    asks(guest)
    host.log_in()
    host.open_request(guest.name)
    host.decline("The house is closed that day.")

    guest.heads("The host could not say yes")
    guest.sees("You have not been charged.")
    guest.sees("The house is closed that day.")
    assert journey.at_provider() == {}
    guest.open(f"{journey.room.get_absolute_url()}?day={journey.booking.starts_at:%Y-%m-%d}")
    expect(guest.page.locator(".times .taken")).to_have_count(0)


def test_request_approved_and_never_paid_is_released(guest, journey):
    journey.sell("conference")
    asks(guest)
    journey.approve()
    guest.heads("The host said yes: your turn to pay")
    is_untouched = guest.stays_on_page()

    journey.advance(hours=13)

    guest.heads("The time to pay has ended")
    guest.sees("You have not been charged.")
    expect(guest.page.locator(".steps .failed")).to_contain_text("Not paid in time")
    assert is_untouched()
    guest.checks("ways-not-paid-in-time")


# --- an appointment -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("screen", SCREENS)
def test_appointment_is_held_confirmed_completed_by_the_host_and_charged_half_an_hour_later(
    enter, journey, screen
):
    journey.sell("expert", price_minor=8_000)
    journey.give_policy("Flexible")
    guest, host = enter(Guest, **SCREENS[screen]), enter(Host, **SCREENS[screen])
    guest.choose_time(days_ahead=2)
    guest.sees("Held today, not taken")
    guest.fill_in(message="We sell to hospitals and do not know what to ask.")
    guest.checks("ways-expert-book", full=True)
    guest.go_to_payment()
    guest.take_note()
    guest.pay()
    guest.heads("You're booked")
    guest.click("See your booking", "link")
    guest.sees("€80.00 is held on your card and taken after your appointment.")
    guest.sees("We sell to hospitals and do not know what to ask.")
    guest.checks("ways-expert-confirmed", full=True)
    assert journey.at_provider()["status"] == "requires_capture"

    booking = journey.booking
    journey.advance_to(booking.starts_at + dt.timedelta(minutes=50))
    host.log_in()
    host.open(f"/admin/bookings/booking/{booking.pk}/change/")
    host.sees("We sell to hospitals and do not know what to ask.")
    host.click("Complete", "link")
    host.sees("€80.00 will be charged to the guest's card soon after.")
    host.checks("ways-expert-complete", guest_page=False)
    host.click("Complete")
    host.sees_state("Completed")
    guest.heads("Thank you for your visit")
    assert journey.at_provider()["captured_minor"] == 0

    journey.advance(minutes=31)
    wait_for(lambda: journey.at_provider()["captured_minor"] == 8_000)
    wait_for(lambda: journey.payment.status == "CAPTURED")


def test_appointment_nobody_completes_is_completed_and_charged_by_the_clock(guest, journey):
    journey.sell("expert", price_minor=8_000)
    guest.choose_time(days_ahead=1)
    guest.fill_in()
    guest.go_to_payment()
    guest.take_note()
    guest.pay()
    guest.heads("You're booked")
    guest.click("See your booking", "link")

    journey.advance_to(journey.booking.ends_at + dt.timedelta(hours=24, minutes=1))
    guest.heads("Thank you for your visit", timeout=30_000)
    journey.advance(minutes=31)

    wait_for(lambda: journey.at_provider()["captured_minor"] == 8_000)


@pytest.mark.parametrize("screen", SCREENS)
def test_appointment_beyond_the_hold_is_charged_today_and_says_so_before(enter, journey, screen):
    journey.sell("expert", price_minor=8_000)
    journey.give_policy("Flexible")
    guest = enter(Guest, **SCREENS[screen])
    guest.choose_time(days_ahead=20)
    guest.sees("further ahead than a card can be held")
    expect(guest.page.get_by_text("Held today, not taken")).to_have_count(0)
    guest.checks("ways-charged-today", full=True)
    guest.fill_in()
    guest.go_to_payment()
    guest.take_note()
    guest.leaves_pay_page()
    guest.sees("It is charged now, as your appointment lies further ahead than a card can be held")
    guest.checks("ways-charged-today-booking")
    guest.click("Continue your payment")
    guest.heads("Pay by card")
    guest.pay()
    guest.heads("You're booked")

    assert journey.at_provider() == {"status": "succeeded", "captured_minor": 8_000, "refunded_minor": 0}
    assert journey.booking.capture == "on_confirmation"


# --- a seat ---------------------------------------------------------------------------------------------------


def test_paid_seats_are_charged_at_once_and_confirmed(guest, journey):
    room = journey.sell("workshop", price_minor=4_500, capacity=12)
    session = factories.session(room=room, capacity=8)
    guest.open(room.get_absolute_url())
    guest.press(guest.page.locator(".times label"))
    seats = guest.page.get_by_role("spinbutton", name="Seats")
    seats.fill("2")
    seats.blur()
    guest.sees("2 seats at €45.00")
    guest.sees("Charged today")
    guest.click("Continue")
    guest.fill_in()
    guest.checks("ways-seats-book", full=True)
    guest.go_to_payment()
    guest.take_note()
    guest.pay()
    guest.heads("You're booked")
    guest.click("See your booking", "link")
    guest.checks("ways-seats-confirmed", full=True)

    session.refresh_from_db()
    assert (journey.booking.status, session.seats_taken) == (Status.CONFIRMED, 2)
    assert journey.at_provider() == {"status": "succeeded", "captured_minor": 9_000, "refunded_minor": 0}
