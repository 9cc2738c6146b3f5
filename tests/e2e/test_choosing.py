"""Choosing when: in the month's grid, among a day's times, by sessions; the price follows by itself."""

import re

from playwright.sync_api import expect

from tests.e2e.people import PHONE, Guest
from tests.e2e.test_marketplace import ROOM, STUDY, WORKSHOP


def test_price_follows_the_days_chosen_in_the_calendar(market, guest):
    guest.open(ROOM)
    guest.choose_two_nights()

    guest.sees("2 nights at")
    guest.sees("Held today, not taken")
    guests = guest.page.get_by_label("Guests")
    guests.fill("7")
    guests.blur()
    guest.sees("At most 2 guests fit here.")
    guests.fill("1")
    guests.blur()
    guest.click("Continue")
    guest.heads("Complete your booking")
    expect(guest.page.locator(".summary").get_by_text("2 nights", exact=True)).to_be_visible()


def test_room_by_the_hour_is_booked_at_once_where_it_is_free_of_charge(market, guest):
    guest.open(STUDY)
    day = guest.page.get_by_role("link", name=re.compile("free times")).last
    number = day.inner_text()
    day.click()
    # Not the times of the day shown before: they are about to be swapped away.
    expect(guest.page.locator("#slots legend")).to_contain_text(re.compile(rf" {number}\b"))
    guest.page.locator(".times label").last.click()
    guest.sees("Nothing to pay.")
    guest.click("Continue")
    guest.heads("Complete your booking")
    guest.fill_in()
    guest.checks("book-free")
    guest.click("Complete booking")

    guest.heads("You're booked")
    guest.sees("There is nothing to pay.")
    guest.checks("booking-free")
    guest.take_note()
    guest.open_mail(f"Booking Confirmed - {guest.journey.reference}")


def test_time_chosen_before_the_scripts_came_is_priced_once_they_are_there(market, guest):
    guest.open(STUDY)
    day = guest.page.get_by_role("link", name=re.compile("free times")).last.get_attribute("href")
    held = []
    guest.page.route("**/htmx*.js", lambda route: held.append(route))
    guest.page.goto(f"{guest.stack.url}{STUDY}{day}", wait_until="commit")
    guest.page.locator(".times label").last.click()
    expect(guest.page.get_by_role("button", name="Continue")).to_have_count(0)
    for route in held:
        route.continue_()

    expect(guest.page.get_by_role("button", name="Continue").first).to_be_visible()


def test_seat_in_a_workshop_is_booked_at_once(market, guest):
    guest.open(WORKSHOP)
    guest.page.locator(".times label").first.click()
    seats = guest.page.get_by_role("spinbutton", name="Seats")
    seats.fill("2")
    seats.blur()
    guest.click("Continue")
    guest.fill_in()
    guest.click("Complete booking")

    guest.heads("You're booked")
    guest.sees("2 seats")


def test_search_follows_the_wishes_without_a_reload(market, guest):
    guest.open("/rooms/")
    is_untouched = guest.stays_on_page()
    guest.page.get_by_label("City").select_option("Vienna")
    guest.page.wait_for_url(re.compile("city=Vienna"))
    expect(guest.page.get_by_role("article").first).to_contain_text("Vienna")
    guest.page.get_by_text("Meeting rooms").click()
    guest.page.wait_for_url(re.compile("kind=conference"))
    expect(guest.page.get_by_label("Check-in")).to_be_hidden()
    expect(guest.page.get_by_label("Day")).to_be_visible()
    assert is_untouched()
    guest.page.go_back()
    expect(guest.page.get_by_label("Check-in")).to_be_visible()


def test_search_on_a_phone_shows_rooms_first_and_unfolds_its_fields(market, enter):
    guest = enter(Guest, **PHONE)
    guest.open("/rooms/?kind=hotel&city=Lisbon")
    expect(guest.page.get_by_label("City")).to_be_hidden()
    first = guest.page.get_by_role("article").first.bounding_box()
    assert first["y"] < PHONE["viewport"]["height"] / 2
    guest.checks("search-folded")

    guest.click("Where, when, filters")
    guest.page.get_by_label("City").select_option("Vienna")
    guest.page.wait_for_url(re.compile("city=Vienna"))
    expect(guest.page.get_by_role("article").first).to_contain_text("Vienna")


def test_bar_at_the_foot_of_a_phone_goes_on_once_days_are_chosen(market, enter):
    guest = enter(Guest, **PHONE)
    guest.open(ROOM)
    bar = guest.page.locator("#book-bar a")
    expect(bar).to_contain_text("Choose dates")
    guest.choose_two_nights()

    expect(bar).to_contain_text("Continue")
    guest.page.evaluate("window.scrollTo(0, 0)")
    guest.press(bar)
    guest.heads("Complete your booking")
