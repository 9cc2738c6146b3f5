"""How mails write amounts and what people typed."""

import datetime as dt

import pytest

from bookings.models import Booking
from notifications.wording import inert, money_back, plain

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


def test_money_back_of_released_hold_names_the_last_day():
    held_until = NOON + dt.timedelta(days=7)

    said = money_back(ended(authorized_at=NOON, held_until=held_until))

    assert "othing was charged" in said
    assert said.endswith("The hold leaves your statement by Nov 28, 2026 at the latest.")


def test_money_back_of_refund_speaks_of_no_hold():
    said = money_back(ended(paid_at=NOON, authorized_at=NOON, held_until=NOON + dt.timedelta(days=7)))

    assert "€400.00" in said
    assert "statement" not in said
    assert "Nov" not in said


def test_money_back_without_payment_says_so():
    assert money_back(ended()) == "You have not been charged."
