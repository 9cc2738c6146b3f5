"""A walk through the demo's marketplace, for the eyes: the pages of guests and hosts, large and small."""

import datetime as dt

import pytest

from core import clock
from tests.e2e.people import PHONE, SCREENS, Guest, Host

ROOM = "/rooms/casa-do-miradouro/terrace-double/"
HALL = "/rooms/copperworks/the-foundry/"
EXPERT = "/rooms/founders-hour/pricing-clinic/"
STUDY = "/rooms/offene-bibliothek/study-room-one/"
WORKSHOP = "/rooms/atelier-baixa/tile-painting/"


def dates(days_ahead: int, nights: int) -> str:
    first = clock.now().date() + dt.timedelta(days=days_ahead)
    return f"check_in={first}&check_out={first + dt.timedelta(days=nights)}"


@pytest.mark.parametrize("screen", SCREENS)
def test_marketplace_is_a_pleasure_to_look_at(market, enter, screen):
    guest = enter(Guest, **SCREENS[screen])
    guest.open("/")
    guest.heads("Where to?")
    guest.checks("home", full=True)
    guest.open(f"/rooms/?city=Lisbon&kind=hotel&{dates(45, 3)}&guests=2")
    guest.sees("free then")
    guest.checks("search")
    guest.open(f"{ROOM}?{dates(45, 3)}&party_size=2")
    guest.checks("room", full=True)
    guest.click("Continue")
    guest.heads("Complete your booking")
    guest.checks("book", full=True)
    for name, path in (("meeting-room", HALL), ("expert", EXPERT), ("workshop", WORKSHOP)):
        guest.open(path)
        guest.checks(name, full=True)


@pytest.mark.parametrize("screen", SCREENS)
def test_guests_and_hosts_own_pages_in_the_demo(market, enter, screen):
    guest = enter(Guest, **SCREENS[screen])
    guest.log_in(market.password, "guest@demo.test")
    guest.checks("my-bookings")
    host = enter(Host, **SCREENS[screen])
    host.log_in("host@demo.test", market.password)
    host.checks("host-requests", guest_page=False)
    host.open("/admin/bookings/booking/")
    host.checks("host-bookings", guest_page=False)
    host.open("/admin/rooms/room/")
    host.checks("host-rooms", guest_page=False)
    guest.open("/demo/mail/")
    guest.checks("demo-mail")


def test_nothing_hangs_out_sideways_on_the_smallest_phone(market, enter):
    guest = enter(Guest, **{**PHONE, "viewport": {"width": 320, "height": 640}})
    guest.log_in(market.password, "guest@demo.test")
    choice = f"{dates(45, 3)}&party_size=2"
    pages = ("/", "/rooms/", f"{ROOM}?{choice}", f"{ROOM}book/?{choice}", HALL, WORKSHOP)
    for path in (*pages, "/bookings/?tab=awaiting", "/account/profile/", "/demo/mail/", "/host/"):
        guest.open(path)
        guest.checks(guest_page=False)
