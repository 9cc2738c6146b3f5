"""The hotel way in the browser: the money is held, the host decides, both pages turn by themselves."""

from playwright.sync_api import expect

from bookings.states import Status
from tests.flows.journey import wait_for


def test_approved_request_turns_confirmed_on_both_open_pages(guest, host, journey):
    guest.choose()
    guest.fill_in(message="We arrive late, around 22:00.")
    guest.checks()
    guest.go_to_payment()
    guest.take_note()
    guest.checks("pay-page", guest_page=False)
    guest.pay_and_return()
    guest.checks("booking-awaiting")
    is_untouched = guest.stays_on_page()

    host.log_in()
    host.checks("host-requests", guest_page=False)
    host.open_request(guest.name)
    host.checks("host-request", guest_page=False, full=True)
    host.sees("We arrive late, around 22:00.")
    host.approve()
    host.sees("is being charged")
    host.sees_state("Confirmed")

    guest.heads("You're booked")
    expect(guest.page.locator(".status-hero .pill").first).to_have_text("Confirmed")
    assert is_untouched()
    guest.checks("booking-confirmed")
    assert journey.at_provider() == {"status": "succeeded", "captured_minor": 20_000, "refunded_minor": 0}


def test_confirmation_mail_has_a_calendar_file(guest, journey):
    guest.book()
    guest.pay_and_return()
    journey.approve()
    guest.heads("You're booked")

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

    guest.heads("The host could not say yes")
    guest.sees("Nothing was charged.")
    guest.sees("The roof is being mended that week.")
    guest.sees("Hold released")
    assert is_untouched()
    guest.checks("booking-declined")
    wait_for(lambda: journey.payment.status == "VOIDED")
    assert journey.at_provider() == {"status": "canceled", "captured_minor": 0, "refunded_minor": 0}
    assert journey.booking.status == Status.DECLINED
