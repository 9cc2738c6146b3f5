"""Who sees what: guests with the link of a mail, guests with an account, and strangers."""

import re

from playwright.sync_api import expect

from tests.e2e.people import Guest

PASSWORD = "a rather long phrase 71"


def test_guest_without_account_comes_back_by_the_mails_link_and_strangers_do_not(guest, enter, journey):
    guest.book()
    guest.pay_and_return()
    guest.open_mail(f"Payment authorized — awaiting host confirmation ({journey.reference})")
    link = guest.page.frame_locator("iframe.mail-frame").get_by_role("link", name="See your booking").first
    address = link.get_attribute("href")

    at_home = enter(Guest)
    at_home.open(address)
    at_home.heads("Awaiting the host")
    assert at_home.page.url == f"{journey.stack.url}/bookings/{journey.reference}/"

    stranger = enter(Guest)
    stranger.expects("status of 404")
    stranger.open(f"/bookings/{journey.reference}/")
    stranger.checks("not-found")
    stranger.heads("This door leads nowhere")
    assert journey.reference not in stranger.page.content()
    stranger.open(re.sub(r"[0-9a-f]{32}", "0" * 32, address))
    assert "Awaiting the host" not in stranger.page.content()


def test_guest_with_account_signs_up_by_mail_and_finds_bookings_in_tabs(guest, journey):
    guest.open("/account/signup/")
    guest.checks("sign-up")
    guest.sign_up(PASSWORD)
    guest.open_mail("confirm")
    guest.follow_mail(re.compile("onfirm"))
    guest.click("Yes, confirm")
    guest.open("/account/login/")
    guest.checks("sign-in")
    guest.log_in(PASSWORD)
    guest.heads("My bookings")
    guest.checks("my-bookings-empty")

    guest.choose()
    expect(guest.page.get_by_label("E-mail")).to_have_value(guest.email)
    expect(guest.page.get_by_label("Your name")).to_have_value(guest.name)
    guest.go_to_payment()
    guest.take_note()
    guest.pay_and_return()

    guest.open("/bookings/")
    guest.click(re.compile("Awaiting"), "link")
    guest.sees(journey.reference)
    guest.checks("my-bookings-awaiting")
    journey.approve()
    journey.reach("CONFIRMED")
    guest.click(re.compile("Upcoming"), "link")
    guest.sees(journey.reference)
    guest.click(journey.room.name, "link")
    guest.heads("You're booked")
    guest.click("Cancel the booking", "link")
    guest.click("Cancel the booking")
    guest.heads("This booking is cancelled")
    guest.open("/bookings/?tab=cancelled")
    guest.sees(journey.reference)
