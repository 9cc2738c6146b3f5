"""How mails write amounts and what people typed."""

import datetime as dt

import pytest

from bookings.models import Booking
from notifications.mail.phrases import inert, plain

NOON = dt.datetime(2026, 11, 21, 14, 0, tzinfo=dt.UTC)


def ended(**fields) -> Booking:
    defaults = {"total_minor": 40_000, "due_minor": 0, "currency": "EUR", "time_zone": "Europe/Paris"}
    return Booking(**{**defaults, **fields})


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("Ada  Guest", "Ada Guest"),
        ("Ada\r\nBcc: all@example.org", "Ada Bcc: all@example.org"),
        ("Ada\x00\x1b[31m\u202eGuest", "Ada [31m Guest"),
        ("Ada\u2028Guest\u00a0", "Ada Guest"),
        ("A" * 200, "A" * 119 + "…"),
        ("", ""),
    ],
)
def test_plain_brings_text_onto_one_clean_line(typed, line):
    assert plain(typed) == line


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("http://evil.example/x", "http: //evil. example/x"),
        ("HTTPS://EVIL.EXAMPLE", "HTTPS: //EVIL. EXAMPLE"),
        ("go to www.evil.example now", "go to www. evil. example now"),
        ("mail me@evil.example", "mail me@evil. example"),
        ("evil。example", "evil。 example"),
        ("J. R. Hartley", "J. R. Hartley"),
        ("at 15.30, room 2.5", "at 15.30, room 2.5"),
    ],
)
def test_inert_text_holds_no_link(typed, line):
    assert inert(typed) == line
