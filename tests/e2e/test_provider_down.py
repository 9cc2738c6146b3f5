"""Stripe or Pusher out of reach: nothing is lost, and pages still turn."""

import re

from playwright.sync_api import expect

from tests.flows.journey import wait_for


def test_pay_page_that_cannot_be_opened_keeps_the_room_and_mails_a_link(guest, journey):
    journey.spoil("stripe", "*")
    guest.choose()
    guest.fill_in()
    guest.click("Continue to payment")

    guest.sees("Payment temporarily unavailable")
    expect(guest.page.get_by_text("Payment temporarily unavailable")).to_have_count(1)
    guest.take_note()
    guest.heads("One step left: place the hold")
    guest.checks("payment-unavailable")

    journey.mend()
    journey.advance(minutes=1)
    guest.open_mail(f"Booking Update - {journey.reference}")
    guest.follow_mail("Complete the payment")
    guest.heads("One step left: place the hold")
    guest.click(re.compile("Continue your payment|Place the hold|Try again"))
    guest.pay_and_return()


def test_page_turns_by_polling_while_pusher_is_out_of_reach(guest, journey):
    guest.expects("WebSocket")
    guest.context.route_web_socket(re.compile("/app/"), lambda socket: socket.close())
    guest.page.clock.install()
    guest.book()
    guest.pay_and_return()

    journey.approve()
    journey.reach("CONFIRMED")
    expect(guest.page.get_by_role("heading", name="Awaiting the host")).to_be_visible()
    guest.page.clock.fast_forward(16_000)

    guest.heads("You're booked")


def test_page_catches_up_after_pusher_cut_it_off(guest, journey):
    guest.book()
    guest.pay_and_return()
    wait_for(lambda: guest.page.evaluate("window.Pusher?.instances[0]?.connection.state") == "connected")
    journey.control("pusher/disconnect", {})

    journey.approve()

    guest.heads("You're booked", timeout=20_000)


def test_lost_message_to_pusher_is_sent_again(guest, journey):
    guest.book()
    guest.pay_and_return()
    journey.control(
        "faults", {"provider": "pusher", "operation": "trigger", "fault": "error_500", "times": 2}
    )

    journey.decline()

    guest.heads("The host could not say yes", timeout=30_000)
