"""A walk through the demo's marketplace, for the eyes: the pages of guests and hosts, large and small."""

import datetime as dt

import pytest

from core import clock
from tests.e2e.people import DESKTOP, PHONE, Guest, Host

ROOM = "/rooms/casa-do-miradouro/terrace-double/"
HALL = "/rooms/copperworks/the-foundry/"
EXPERT = "/rooms/founders-hour/pricing-clinic/"
WORKSHOP = "/rooms/atelier-baixa/tile-painting/"
SCREENS = {"desktop": DESKTOP, "phone": PHONE}


def dates(days_ahead: int, nights: int) -> str:
    first = clock.now().date() + dt.timedelta(days=days_ahead)
    return f"check_in={first}&check_out={first + dt.timedelta(days=nights)}"


@pytest.mark.parametrize("screen", SCREENS)
def test_marketplace_is_a_pleasure_to_look_at(demo, enter, screen):
    guest = enter(Guest, **SCREENS[screen])
    guest.open("/")
    guest.heads("Where to?")
    guest.checks("home", full=True)
    guest.open(f"/rooms/?city=Lisbon&kind=hotel&{dates(30, 3)}&guests=2")
    guest.sees("free then")
    guest.checks("search")
    guest.open(f"{ROOM}?{dates(30, 3)}&party_size=2")
    guest.checks("room", full=True)
    guest.click("Continue")
    guest.heads("Complete your booking")
    guest.checks("book", full=True)
    for name, path in (("meeting-room", HALL), ("expert", EXPERT), ("workshop", WORKSHOP)):
        guest.open(path)
        guest.checks(name, full=True)


@pytest.mark.parametrize("screen", SCREENS)
def test_guests_and_hosts_own_pages_in_the_demo(demo, enter, screen):
    guest = enter(Guest, **SCREENS[screen])
    guest.log_in(demo.password, "guest@demo.test")
    guest.checks("my-bookings")
    host = enter(Host, **SCREENS[screen])
    host.log_in("host@demo.test", demo.password)
    host.checks("host-requests", guest_page=False)
    host.open("/admin/bookings/booking/")
    host.checks("host-bookings", guest_page=False)
    host.open("/admin/rooms/room/")
    host.checks("host-rooms", guest_page=False)
    guest.open("/demo/mail/")
    guest.checks("demo-mail")
