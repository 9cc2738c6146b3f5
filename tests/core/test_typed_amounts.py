"""What people type is read by one rule; a second reading, written another way, agrees with it on any text."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.money import (
    CURRENCIES,
    AmbiguousAmount,
    InvalidAmount,
    NegativeAmount,
    exponent,
    read_amount,
    read_decimal,
    read_percent,
    read_whole,
    write_amount,
)

SPACES = " \u00a0\u2009\u202f"
ALL = [*CURRENCIES, "JPY", "KWD"]


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12,50", "USD", 1_250), ("12.50", "USD", 1_250), ("12,5", "USD", 1_250), ("45,50", "EUR", 4_550),
        ("85,5", "EUR", 8_550), ("1.250,00", "EUR", 125_000), ("1,250.00", "EUR", 125_000), ("0", "EUR", 0),
        ("1,250.5", "EUR", 125_050), ("1.250.000", "UZS", 125_000_000), ("1,250,000", "UZS", 125_000_000),
        ("1.250.000,25", "UZS", 125_000_025), ("1250", "EUR", 125_000), ("1250,00", "EUR", 125_000),
        ("1 250", "JPY", 1_250), ("1\u00a0250,00", "EUR", 125_000), ("1\u202f250\u2009000.10", "EUR", 125_000_010),
        (" 9.90\t", "GBP", 990), ("007", "EUR", 700), ("0,125", "KWD", 125), ("01.250", "KWD", 1_250),
        ("1.250,125", "KWD", 1_250_125),
    ],
)  # fmt: skip
def test_read_amount_unambiguous_text_is_the_amount_meant(text, currency, minor):
    assert read_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "message"),
    [
        ("1,250", "EUR", "“1,250” may be 1250 or 1.25: write 1250 or 1.25."),
        ("1.250", "EUR", "“1.250” may be 1250 or 1.25: write 1250 or 1.25."),
        ("450.000", "UZS", "“450.000” may be 450000 or 450: write 450000 or 450."),
        ("1.234", "EUR", "“1.234” may be 1234 or 1.234: write 1234 or at most 2 decimals."),
        ("1,250", "JPY", "“1,250” may be 1250 or 1.25: write 1250 or no decimals."),
        ("1.234", "KWD", "“1.234” may be 1234 or 1.234: write 1234 or 01.234."),
    ],
)
def test_read_amount_that_may_be_two_is_refused_showing_both(text, currency, message):
    with pytest.raises(AmbiguousAmount) as refusal:
        read_amount(text, currency)

    assert str(refusal.value) == message


def test_read_decimal_with_room_for_a_fourth_decimal_shows_it():
    with pytest.raises(AmbiguousAmount) as refusal:
        read_decimal("1.085", 8)

    assert str(refusal.value) == "“1.085” may be 1085 or 1.085: write 1085 or 1.0850."
    assert read_decimal("1.0850", 8) == Decimal("1.085")


@pytest.mark.parametrize(
    "text",
    ["", " ", "ten", "1_000", "12.5e1", "1e3", "NaN", "Infinity", "+5", "$5", "5 €", "١٢", "１２", "²", "12.", ".5",
     ",5", "12.505,0.1", "1,25,000", "12,50,00", "0,125,000", "1 25", "1  250", "12 50", "1,250 000", "1'250", "0x10",
     "9" * 31, "1" + "0" * 15, "1\n250", "1\x00", "12.505,055"],
)  # fmt: skip
def test_read_amount_of_what_is_no_amount_says_how_to_write_one(text):
    with pytest.raises(InvalidAmount) as refusal:
        read_amount(text, "EUR")

    assert str(refusal.value) == "An amount in EUR, with at most 2 decimals. Write 12.50, for example."


@pytest.mark.parametrize("text", ["12.50", "1250,5", "0.0"])
def test_read_amount_with_decimals_in_yen_is_refused(text):
    with pytest.raises(InvalidAmount, match="at most no decimals"):
        read_amount(text, "JPY")


@pytest.mark.parametrize("text", ["-5", "−5", "-12,50"])
def test_read_amount_below_zero_is_refused_as_such(text):
    with pytest.raises(NegativeAmount):
        read_amount(text, "EUR")


@pytest.mark.parametrize(
    ("text", "percent"), [("12,5", "12.5"), ("12.50", "12.50"), ("0", "0"), ("100", "100")]
)
def test_read_percent_comma_is_a_point(text, percent):
    assert read_percent(text) == Decimal(percent)


@pytest.mark.parametrize("text", ["100.01", "1,250", "-1", "12.345", "1_0", "", "NaN", "1e1", "5%"])
def test_read_percent_out_of_bounds_or_unclear_is_refused(text):
    with pytest.raises(InvalidAmount):
        read_percent(text)


@pytest.mark.parametrize(
    ("text", "number"), [("12", 12), ("1 250", 1_250), ("0", 0), ("1,250,000", 1_250_000)]
)
def test_read_whole_reads_digits(text, number):
    assert read_whole(text) == number


@pytest.mark.parametrize("text", ["1.0", "1.000", "1,000", "1_000", "１", "+1", "1e3", "9" * 5000])
def test_read_whole_of_anything_else_is_refused(text):
    with pytest.raises(InvalidAmount):
        read_whole(text)


# --- any text -----------------------------------------------------------------------------------------------------


def meanings(text: str) -> set[Decimal]:
    """Return every number a text may be: with a point before decimals, and with a comma before them."""
    plain = "".join(" " if sign in SPACES else sign for sign in text.strip(SPACES + "\t\r\n"))
    found = [_meant(plain, decimal=".", group=","), _meant(plain, decimal=",", group=".")]
    return {number for number in found if number is not None}


def _meant(text: str, *, decimal: str, group: str) -> Decimal | None:
    whole, mark, fraction = text.partition(decimal)
    if mark and not _digits(fraction):
        return None
    for separator in (group, " "):
        first, *others = whole.split(separator)
        grouped = all(len(part) == 3 and _digits(part) for part in others)
        if _digits(first) and grouped and (not others or (len(first) <= 3 and not first.startswith("0"))):
            return Decimal(first + "".join(others) + (f".{fraction}" if mark else ""))
    return None


def _digits(text: str) -> bool:
    return bool(text) and set(text) <= set("0123456789")


TEXTS = st.text(alphabet="0123456789.,  \u00a0\u202f-_e٣", max_size=14)
LIKELY = st.from_regex(r"[0-9]{1,4}([., ][0-9]{3}){0,3}([.,][0-9]{1,3})?", fullmatch=True)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.one_of(TEXTS, LIKELY), st.sampled_from(ALL))
@example("1,250", "EUR")
@example("1.250,00", "EUR")
@example("1 250,50", "EUR")
def test_read_amount_of_any_text_is_what_a_second_reading_finds(text, currency):
    found = meanings(text)
    exact = [number.scaleb(exponent(currency)) for number in found]

    if len(found) == 1 and exact[0] == int(exact[0]) and _decimals(text) <= exponent(currency):
        assert read_amount(text, currency) == int(exact[0])
    else:
        with pytest.raises(InvalidAmount):
            read_amount(text, currency)


def _decimals(text: str) -> int:
    """How many digits stand after the mark of decimals, in a text of one meaning."""
    (number,) = meanings(text)
    return max(-number.as_tuple().exponent, 0)


@given(st.integers(min_value=0, max_value=10**14), st.sampled_from(ALL))
def test_write_amount_of_any_amount_is_read_as_the_same(minor, currency):
    assert read_amount(write_amount(minor, currency), currency) == minor


@given(
    st.integers(min_value=0, max_value=10**12), st.sampled_from([".", ","]), st.sampled_from([*SPACES, ""])
)
def test_read_amount_however_written_is_never_another(minor, mark, space):
    whole, cents = divmod(minor, 100)

    written = f"{whole:,}".replace(",", space) + f"{mark}{cents:02}"

    assert read_amount(written, "EUR") == minor
    assert read_decimal(written, 2) == Decimal(minor).scaleb(-2)
