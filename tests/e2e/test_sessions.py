"""A workshop's dates in the browser: a host adds one, then a weekly run, and a guest buys seats."""

import datetime as dt

import pytest

from bookings.states import Status
from core import clock
from rooms.models import Session
from tests.e2e.people import SCREENS, Host


def adds_session(host: Host, title: str, date: dt.date, **fields: str) -> None:
    """Fill in the form of a session, from 18:30 to 21:30 at the venue, and save it."""
    host.open("/admin/rooms/session/add/")
    host.page.locator("#id_room").select_option(label=str(host.journey.room))
    for name, value in {
        "title": title, "capacity": "8", "first_date": date.isoformat(), "starts": "18:30", "ends": "21:30", **fields,
    }.items():  # fmt: skip
        host.page.locator(f"#id_{name}").fill(value)
    host.page.keyboard.press("Escape")
    host.page.get_by_role("button", name="Save", exact=True).click()


@pytest.mark.parametrize("screen", SCREENS)
def test_host_adds_a_session_and_a_weekly_run_and_a_guest_buys_seats(enter, guest, journey, screen):
    room = journey.sell("workshop", price_minor=4_500, capacity=12)
    first = clock.now().astimezone(room.venue.zone).date() + dt.timedelta(days=10)
    host = enter(Host, **SCREENS[screen])
    host.log_in()
    adds_session(host, "Glazed tiles", first, price="60")
    host.sees("was added successfully")
    adds_session(host, "Plain tiles", first + dt.timedelta(days=1), count="3")
    host.sees("Add 3 sessions?")
    host.checks(f"host-sessions-run-{screen}", guest_page=False)
    host.click("Add 3 sessions")
    host.sees("3 sessions were added.")
    host.checks(f"host-sessions-{screen}", guest_page=False)

    guest.open(room.get_absolute_url())
    card = guest.page.locator(".times label").filter(has_text="Glazed tiles")
    assert "6:30 PM – 9:30 PM" in card.inner_text()
    assert "3 hours" in card.inner_text()
    assert "8 seats left" in card.inner_text()
    guest.press(card)
    seats = guest.page.get_by_role("spinbutton", name="Seats")
    seats.fill("2")
    seats.blur()
    guest.sees("2 seats at €60.00")
    guest.checks(f"sessions-choice-{screen}", full=True)
    guest.click("Continue")
    guest.fill_in()
    guest.go_to_payment()
    guest.take_note()
    guest.pay()
    guest.heads("You're booked")

    session = Session.objects.get(room=room, title="Glazed tiles")
    assert (journey.booking.session, journey.booking.status) == (session, Status.CONFIRMED)
    assert (session.seats_taken, journey.booking.total_minor) == (2, 12_000)
    assert Session.objects.filter(room=room, title="Plain tiles").count() == 3
