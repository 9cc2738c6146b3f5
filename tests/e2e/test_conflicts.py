"""What changes while a guest fills in the form: the price, and the room itself."""

import re

from playwright.sync_api import expect

from bookings.models import Booking
from bookings.states import Status
from tests.flows.journey import wait_for
from tests.support import factories


def test_changed_price_is_said_and_not_charged(guest, journey):
    guest.choose()
    guest.fill_in(message="A quiet room, please.")
    journey.room.price_minor = 12_500
    journey.room.save()
    guest.expects("status of 409")
    guest.click("Continue to payment")

    guest.sees("The price has changed.")
    guest.sees(re.compile("It was €200.00 when you looked; it is €250.00 now"))
    expect(guest.page.get_by_label("Message to the host")).to_have_value("A quiet room, please.")
    assert not Booking.objects.filter(guest_email=guest.email).exists()
    guest.checks("book-price-changed")

    guest.go_to_payment()
    guest.sees("€250.00")
    guest.take_note()
    assert journey.booking.total_minor == 25_000


def test_room_just_taken_keeps_what_was_typed_and_offers_what_is_free(guest, journey):
    guest.choose(days_ahead=10)
    guest.fill_in(message="We bring our own pillows.")
    rival = factories.booking(room=journey.room, days_ahead=10, nights=2)
    guest.expects("status of 409")
    guest.click("Continue to payment")

    guest.sees("Just taken.")
    expect(guest.page.get_by_label("Your name")).to_have_value(guest.name)
    assert Booking.objects.filter(room=journey.room).count() == 1
    guest.checks("book-just-taken")

    guest.page.locator(".others a").first.click()
    guest.heads("Complete your booking")
    expect(guest.page.get_by_label("Message to the host")).to_have_value("We bring our own pillows.")
    expect(guest.page.get_by_label("E-mail")).to_have_value(guest.email)
    guest.go_to_payment()
    guest.take_note()
    assert journey.booking.starts_at != rival.starts_at
    assert rival.status == Status.PENDING_PAYMENT


def test_form_sent_twice_is_one_booking(guest):
    guest.choose()
    guest.fill_in()
    guest.page.get_by_role("button", name="Continue to payment").dblclick()
    guest.heads("Pay by card")

    assert Booking.objects.filter(guest_email=guest.email).count() == 1


def test_button_says_processing_while_the_booking_is_made(guest):
    guest.choose()
    guest.fill_in()
    button = guest.page.get_by_role("button", name="Continue to payment")

    look = "button => { button.click(); return [button.innerText.trim(), button.getAttribute('aria-disabled')]; }"
    assert button.evaluate(look) == ["Processing…", "true"]
    guest.heads("Pay by card")


def test_chosen_dates_that_are_taken_are_said_on_the_room_page(guest, journey):
    factories.booking(room=journey.room, days_ahead=10, nights=2)
    guest.open(f"{journey.room.get_absolute_url()}?{guest.choice(days_ahead=10)}")

    guest.sees("Taken at that time.")
    guest.checks("room-taken")
    guest.page.locator(".others a").first.click()
    guest.click("Continue")
    guest.heads("Complete your booking")


def test_wrong_answers_are_said_by_the_field_and_nothing_is_lost(guest, journey):
    guest.expects("status of 422")
    guest.choose()
    guest.page.get_by_label("Your name").fill(guest.name)
    guest.page.get_by_label("E-mail").fill("not an address")
    guest.page.get_by_label("Guests").fill("9")
    guest.click("Continue to payment")

    guest.sees("Enter a valid email address.")
    guest.sees(re.compile("2 guests"))
    expect(guest.page.get_by_label("E-mail")).to_have_value("not an address")
    guest.checks()
    assert not Booking.objects.filter(room=journey.room).exists()
    wait_for(lambda: "/book/" in guest.page.url)
