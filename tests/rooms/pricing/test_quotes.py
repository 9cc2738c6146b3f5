import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.availability.stays import stay_of_hours, stay_of_nights, stay_of_session
from rooms.models import PriceRule
from rooms.pricing.quotes import Line, quote
from tests.support.factories import unsaved_room

MONDAY = dt.date(2026, 12, 7)
WEEKEND = PriceRule(pk=1, name="Weekend", weekdays=[4, 5], price_minor=15_000)
CHRISTMAS = PriceRule(
    pk=2,
    name="Christmas",
    first_date=dt.date(2026, 12, 20),
    last_date=dt.date(2026, 12, 31),
    price_minor=20_000,
)
WINTER = PriceRule(
    pk=3, name="Winter", first_date=dt.date(2026, 12, 1), last_date=dt.date(2027, 2, 28), price_minor=9_000
)
WEEKLY = PriceRule(pk=4, name="Weekly stay", min_units=7, discount_percent=Decimal("10.00"))
MONTHLY = PriceRule(pk=5, name="Monthly stay", min_units=28, discount_percent=Decimal("25.00"))


def price(room, first: dt.date = MONDAY, nights: int = 1, party_size: int = 1):
    stay = stay_of_nights(room, first, first + dt.timedelta(days=nights))
    return quote(room, stay, party_size, now=stay.starts_at - dt.timedelta(days=3))


def test_quote_nights_of_one_price_are_one_line():
    priced = price(unsaved_room(price_minor=12_000), nights=3)

    assert priced.lines == (Line("stay", "3 nights at €120.00", 3, 12_000, 36_000),)
    assert (priced.total_minor, priced.tax_minor, priced.currency, priced.units) == (36_000, 0, "EUR", 3)


def test_quote_one_night_is_singular():
    assert price(unsaved_room()).lines[0].label == "1 night at €100.00"


def test_quote_weekend_nights_are_their_own_line():
    priced = price(unsaved_room(rules=[WEEKEND]), first=dt.date(2026, 12, 10), nights=4)

    assert [(line.label, line.amount_minor) for line in priced.lines] == [
        ("2 nights at €100.00", 20_000),
        ("2 nights at €150.00", 30_000),
    ]


def test_quote_narrowest_season_wins_over_the_weekend_and_the_longer_season():
    room = unsaved_room(rules=[WEEKEND, WINTER, CHRISTMAS])

    priced = price(room, first=dt.date(2026, 12, 18), nights=4)

    # Friday and Saturday lie in winter, which is narrower than every weekend; then Christmas begins.
    assert [(line.quantity, line.unit_minor) for line in priced.lines] == [(2, 9_000), (2, 20_000)]


def test_quote_two_rules_as_narrow_the_newer_wins():
    newer = PriceRule(pk=9, name="Fair", weekdays=[4, 5], price_minor=18_000)

    assert price(unsaved_room(rules=[WEEKEND, newer]), first=dt.date(2026, 12, 11)).total_minor == 18_000


@pytest.mark.parametrize(
    ("nights", "discount"),
    [(6, None), (7, ("Weekly stay, −10%", -7_000)), (28, ("Monthly stay, −25%", -70_000))],
)
def test_quote_longest_stay_reached_sets_the_discount(nights, discount):
    priced = price(unsaved_room(rules=[WEEKLY, MONTHLY]), nights=nights)

    lines = [(line.label, line.amount_minor) for line in priced.lines if line.kind == "discount"]
    assert lines == ([discount] if discount else [])


def test_quote_tax_is_on_everything_and_comes_last():
    room = unsaved_room(
        venue={"tax_percent": Decimal("7.50")}, rules=[WEEKLY], cleaning_fee_minor=3_333, price_minor=9_999
    )

    priced = price(room, nights=7)

    assert priced.lines == (
        Line("stay", "7 nights at €99.99", 7, 9_999, 69_993),
        Line("discount", "Weekly stay, −10%", 1, -6_999, -6_999),
        Line("cleaning", "Cleaning", 1, 3_333, 3_333),
        Line("tax", "Tax, 7.5%", 1, 4_975, 4_975),
    )
    assert (priced.total_minor, priced.tax_minor) == (71_302, 4_975)


def test_quote_hours_are_priced_by_the_local_date_they_begin_on():
    room = unsaved_room(kind="conference", rules=[WEEKEND], price_minor=4_000)
    stay = stay_of_hours(room, dt.datetime(2026, 12, 10, 22), dt.datetime(2026, 12, 11, 1))

    assert [(line.label, line.amount_minor) for line in quote(room, stay, 1, now=stay.starts_at).lines] == [
        ("2 hours at €40.00", 8_000),
        ("1 hour at €150.00", 15_000),
    ]


def test_quote_seats_are_priced_by_the_party():
    room = unsaved_room(kind="workshop", price_minor=5_000)
    session = type("Session", (), {})()
    session.starts_at = dt.datetime(2026, 12, 7, 9, tzinfo=dt.UTC)
    session.ends_at = dt.datetime(2026, 12, 7, 11, tzinfo=dt.UTC)

    priced = quote(room, stay_of_session(session), 3, now=session.starts_at)

    assert priced.lines == (Line("stay", "3 seats at €50.00", 3, 5_000, 15_000),)
    assert priced.units == 3


def test_quote_free_room_says_so():
    priced = price(unsaved_room(price_minor=0), nights=2)

    assert priced.lines == (Line("stay", "2 nights, free of charge", 2, 0, 0),)
    assert priced.total_minor == 0


@pytest.mark.parametrize(
    ("approval", "capture", "online", "held"),
    [
        ("after_payment", "on_confirmation", True, 10_000),
        ("after_payment", "on_confirmation", False, 0),
        ("before_payment", "on_confirmation", True, 0),
        ("before_payment", "after_completion", True, 0),
        ("none", "after_completion", True, 10_000),
        ("none", "on_confirmation", True, 0),
    ],
)
def test_quote_held_today_follows_the_way_it_is_sold(approval, capture, online, held):
    room = unsaved_room(approval=approval, capture=capture, venue={"takes_online_payment": online})

    assert price(room).held_today_minor == held


def test_quote_as_lines_is_plain_json():
    assert price(unsaved_room()).as_lines() == [
        {
            "kind": "stay",
            "label": "1 night at €100.00",
            "quantity": 1,
            "unit_minor": 10_000,
            "amount_minor": 10_000,
        }
    ]


@given(
    price_minor=st.integers(0, 10**8),
    weekend_minor=st.integers(0, 10**8),
    cleaning_minor=st.integers(0, 10**6),
    discount=st.decimals(0, 100, places=2),
    tax=st.decimals(0, 50, places=2),
    nights=st.integers(1, 60),
    first=st.dates(dt.date(2026, 1, 1), dt.date(2028, 1, 1)),
)
def test_quote_any_stay_adds_up_to_its_lines(
    price_minor, weekend_minor, cleaning_minor, discount, tax, nights, first
):
    rules = [
        PriceRule(pk=1, name="Weekend", weekdays=[4, 5], price_minor=weekend_minor),
        PriceRule(pk=2, name="Weekly", min_units=7, discount_percent=discount),
    ]
    room = unsaved_room(
        price_minor=price_minor, cleaning_fee_minor=cleaning_minor, rules=rules, venue={"tax_percent": tax}
    )

    priced = price(room, first, nights)

    assert priced.total_minor == sum(line.amount_minor for line in priced.lines) >= 0
    assert sum(line.quantity for line in priced.lines if line.kind == "stay") == nights
    assert all(line.amount_minor == line.quantity * line.unit_minor for line in priced.lines)
    assert all(type(line.amount_minor) is int for line in priced.lines)
    assert priced.tax_minor == sum(line.amount_minor for line in priced.lines if line.kind == "tax")
