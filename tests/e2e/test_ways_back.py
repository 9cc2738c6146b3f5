"""Ways back: the address keeps what was chosen, and the return from paying ends well in another browser."""

import re

from playwright.sync_api import expect

from tests.e2e.people import Guest
from tests.e2e.test_marketplace import ROOM, STUDY


def test_choice_of_nights_outlives_a_reload(market, guest):
    guest.open(ROOM)
    guest.choose_two_nights()
    guest.sees("2 nights at")
    expect(guest.page).to_have_url(re.compile(r"check_in=.*-15&check_out=.*-17&party_size="))
    guest.checks("room-chosen")

    guest.page.reload()

    guest.sees("2 nights at")
    expect(guest.page.get_by_label("Check-in")).to_have_value(re.compile("-15$"))
    expect(guest.page.locator("#calendar button[aria-pressed=true]").first).to_be_visible()


def test_choice_of_hours_and_day_outlives_a_reload(market, guest):
    guest.open(STUDY)
    guest.page.get_by_role("link", name=re.compile("free times")).last.click()
    expect(guest.page).to_have_url(re.compile(r"day="))
    legend = guest.page.locator("#slots legend").inner_text()
    guest.page.reload()
    expect(guest.page.locator("#slots legend")).to_have_text(legend)

    guest.page.locator(".times label").last.click()
    expect(guest.page).to_have_url(re.compile(r"start="))
    guest.page.reload()

    guest.sees("Nothing to pay.")
    expect(guest.page.locator(".times input:checked")).to_have_count(1)


def test_calendar_follows_the_day_field(market, guest):
    guest.open(STUDY)
    field = guest.page.get_by_label("Day", exact=True)
    first_month = guest.page.locator("#calendar h3").inner_text()
    guest.page.evaluate("window.untouched = true")
    year, month, _day = field.input_value().split("-")
    later = (int(year) * 12 + int(month) + 2) % 12 + 1
    field.fill(f"{int(year) + (int(month) + 3 > 12)}-{later:02d}-09")
    field.blur()

    expect(guest.page.locator("#calendar h3")).not_to_have_text(first_month)
    expect(guest.page.locator("#slots legend")).to_contain_text(re.compile(r"\b9\b"))
    assert guest.page.evaluate("window.untouched") is True


def test_stepper_counts_within_the_limit_and_a_refused_field_is_marked(market, guest):
    guest.open(ROOM)
    guests = guest.page.get_by_label("Guests")
    expect(guests).to_have_value("2")
    guest.click("One more")
    expect(guests).to_have_value("2")
    guest.click("One less")
    expect(guests).to_have_value("1")

    guest.choose_two_nights()
    guest.sees("2 nights at")
    guests.fill("7")
    guests.blur()
    guest.sees("At most 2 guests fit here.")
    expect(guests).to_have_attribute("aria-invalid", "true")
    guest.checks("room-refused")


def test_return_from_paying_in_another_browser_leads_to_the_mail(journey, guest, enter):
    guest.book()
    guest.pay_and_return()
    other = enter(Guest)
    other.open(f"/bookings/{journey.reference}/return/")

    other.heads("If you have paid, we have it")
    other.checks("return-elsewhere")
    other.click("Send me the link again")
    other.heads("Look into your mail")
    other.checks("link-asked")
