from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import (
    CURRENCIES,
    InvalidAmount,
    exponent,
    format_minor,
    format_short,
    percent_of,
    round_minor,
    to_decimal,
    to_minor,
)
from core.templatetags.money import money

AMOUNTS = st.integers(min_value=0, max_value=10**13)
PERCENTS = st.decimals(min_value=0, max_value=100, places=2)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("0.4", 0), ("0.5", 1), ("1.5", 2), ("2.5", 3), ("2.4999", 2), ("-0.5", -1), ("-2.5", -3), ("7", 7)],
)
def test_round_minor_halves_go_away_from_zero(value, rounded):
    assert round_minor(Decimal(value)) == rounded


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("150", "EUR", 15_000),
        ("150.5", "USD", 15_050),
        ("0.01", "GBP", 1),
        ("450000", "UZS", 45_000_000),
        ("1200", "JPY", 1_200),
        ("1.234", "KWD", 1_234),
        ("1e3", "USD", 100_000),
    ],
)
def test_to_minor_amount_in_currency_scales_by_its_exponent(text, currency, minor):
    assert to_minor(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [("", "EUR"), ("ten", "EUR"), ("1,5", "EUR"), ("NaN", "EUR"), ("Infinity", "EUR"), ("1e40", "EUR"),
     ("0.001", "EUR"), ("10.5", "JPY"), ("1.2345", "KWD")],
)  # fmt: skip
def test_to_minor_what_is_no_exact_amount_is_refused(text, currency):
    with pytest.raises(InvalidAmount):
        to_minor(text, currency)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (125_000, "USD", "$1,250.00"),
        (8_000, "EUR", "€80.00"),
        (8_050, "gbp", "£80.50"),
        (45_000_000, "UZS", "450,000 UZS"),
        (45_000_001, "UZS", "450,000.01 UZS"),
        (-15_000, "EUR", "−€150.00"),
        (0, "USD", "$0.00"),
        (1_200, "JPY", "1,200 JPY"),
    ],
)
def test_format_minor_amount_is_written_as_people_write_it(minor, currency, text):
    assert format_minor(minor, currency) == text


def test_money_filter_none_is_nothing():
    assert money(None, "EUR") == ""
    assert money(15_000, "EUR") == "€150.00"


@given(AMOUNTS, st.sampled_from([*CURRENCIES, "JPY", "KWD"]))
def test_to_minor_of_to_decimal_any_amount_comes_back(minor, currency):
    assert to_minor(to_decimal(minor, currency), currency) == minor
    assert -to_decimal(minor, currency).as_tuple().exponent == exponent(currency)


@given(AMOUNTS, PERCENTS)
def test_percent_of_any_amount_is_within_half_a_minor_unit(minor, percent):
    exact = Decimal(minor) * percent / 100

    part = percent_of(minor, percent)

    assert abs(part - exact) <= Decimal("0.5")
    assert 0 <= part <= minor


@given(AMOUNTS, PERCENTS)
def test_percent_of_negative_amount_mirrors_the_positive(minor, percent):
    assert percent_of(-minor, percent) == -percent_of(minor, percent)


@pytest.mark.parametrize(
    ("amount_minor", "currency", "text"),
    [
        (21_700, "EUR", "€217"),
        (8_550, "USD", "$85.50"),
        (26_000_000, "UZS", "260k"),
        (999_999, "EUR", "€9,999.99"),
        (1_000_000, "EUR", "€10k"),
    ],
)
def test_format_short_fits_a_narrow_cell(amount_minor, currency, text):
    assert format_short(amount_minor, currency) == text
