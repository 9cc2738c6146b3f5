"""Money as integers in minor units: exponents, the one rounding function, how amounts are read and written.

What a person types is read by `read_amount`, `read_percent` or `read_whole`, by one rule in every language: nothing
is cleaned away, and what could be two numbers is refused. `to_minor` is for programs' decimals.
"""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Literal, get_args

# ISO 4217 exponents that differ from 2.
EXPONENTS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split(),
        0,
    ),
    **dict.fromkeys("BHD JOD KWD OMR TND".split(), 3),
}
Currency = Literal["USD", "EUR", "GBP", "UZS"]
CURRENCIES: tuple[Currency, ...] = get_args(Currency)
# From here on the last three digits tell little, and make a cell of a calendar too wide.
SHORT_THOUSANDS = 10_000
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}


# What groups threes: a space, or one that does not break or is thin.
SPACES = " \u00a0\u2009\u202f"
# Numbers as people write them, with an optional fraction. ASCII digits: other scripts' are not guessed.
WRITTEN = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?P<whole>[0-9]+)(?:[.,](?P<fraction>[0-9]+))?",
        rf"(?P<whole>[1-9][0-9]{{0,2}}(?:[{SPACES}][0-9]{{3}})+)(?:[.,](?P<fraction>[0-9]+))?",
        r"(?P<whole>[1-9][0-9]{0,2}(?:,[0-9]{3})+)\.(?P<fraction>[0-9]+)",
        r"(?P<whole>[1-9][0-9]{0,2}(?:\.[0-9]{3})+),(?P<fraction>[0-9]+)",
        r"(?P<whole>[1-9][0-9]{0,2}(?:,[0-9]{3}){2,}|[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,})",
    )
)
# A thousand, or a one with three decimals: nobody but the writer knows.
EITHER = re.compile(r"([1-9][0-9]{0,2})[.,]([0-9]{3})")
MINUS = ("-", "−")
NOT_DIGITS = re.compile("[^0-9]")
# What is longer is no number of anybody's.
MOST_DIGITS = 30
# Far below what the database's whole numbers hold.
BEYOND_ANY_PRICE = Decimal(10) ** 15


class InvalidAmount(ValueError):
    """What is no plain, finite, exact amount, percentage or number; the message is for whoever typed it."""


class AmbiguousAmount(InvalidAmount):
    """What may be two numbers; the message shows both."""


class NegativeAmount(InvalidAmount):
    """Less than zero where that makes no sense."""


def exponent(currency: str) -> int:
    """Return how many decimals `currency` (ISO 4217) has."""
    return EXPONENTS.get(currency.upper(), 2)


def round_minor(value: Decimal) -> int:
    """Round to a whole number of minor units, halves away from zero: the only rounding in Roomhold."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def percent_of(amount_minor: int, percent: Decimal) -> int:
    """Return `percent` per cent of an amount in minor units, rounded."""
    return round_minor(Decimal(amount_minor) * percent / 100)


def read_amount(text: str, currency: str) -> int:
    """Return the minor units of an amount a person typed: `12,50`, `12.50`, `1,250.00`, `1.250,00`, `1 250`.

    Raises: AmbiguousAmount for `1,250` and `1.250`, NegativeAmount, InvalidAmount for what is no such amount.
    """
    places = exponent(currency)
    example = to_decimal(1250, currency)
    told = f"An amount in {currency}, with at most {places or 'no'} decimals. Write {example}, for example."
    amount = _read(text, places, told)
    if amount >= BEYOND_ANY_PRICE:
        raise InvalidAmount(told)
    return to_minor(amount, currency)


def read_percent(text: str) -> Decimal:
    """Return a percentage a person typed, from 0 to 100 with at most two decimals. Raises: InvalidAmount."""
    percent = _read(text, 2, "A percentage, with at most 2 decimals. Write 12.5, for example.")
    if percent > 100:
        raise InvalidAmount("From 0 to 100.")
    return percent


def read_decimal(text: str, places: int) -> Decimal:
    """Return a number a person typed, with at most `places` decimals, of no currency. Raises: InvalidAmount."""
    return _read(text, places, f"A number with at most {places} decimals.")


def read_whole(text: str) -> int:
    """Return a whole number a person typed: `1250`, `1 250`. Raises: InvalidAmount, for `1.250` and `12.0`, too."""
    return int(_read(text, 0, "A whole number, such as 12."))


def _read(text: str, places: int, told: str) -> Decimal:
    """Read a number of no less than zero; `told` is what is said of what is none."""
    text = text.strip(SPACES + "\t\r\n")
    if either := EITHER.fullmatch(text):
        thousands, rest = either.groups()
        raise AmbiguousAmount(_both_readings(text, thousands, rest, places))
    match = next((match for written in WRITTEN if (match := written.fullmatch(text))), None)
    if match is None:
        is_negative = text[:1] in MINUS and text[1:2].isdecimal()
        raise NegativeAmount("Not less than zero.") if is_negative else InvalidAmount(told)
    parts = match.groupdict()
    whole, fraction = NOT_DIGITS.sub("", parts["whole"]), parts.get("fraction") or ""
    if len(whole) > MOST_DIGITS or len(fraction) > places:
        raise InvalidAmount(told)
    return Decimal(f"{whole}.{fraction}" if fraction else whole)


def _both_readings(text: str, thousands: str, rest: str, places: int) -> str:
    """Show what `1,250` may mean, and how to write each: another zero tells three decimals from a thousand."""
    whole, decimal = f"{thousands}{rest}", f"{thousands}.{rest}".rstrip("0").rstrip(".")
    way = decimal
    if EITHER.fullmatch(decimal):
        way = f"{decimal}0" if places > 3 else f"0{decimal}"
    if len(rest.rstrip("0")) > places:
        way = f"at most {places} decimals" if places else "no decimals"
    return f"“{text}” may be {whole} or {decimal}: write {whole} or {way}."


def to_minor(text: str | Decimal, currency: str) -> int:
    """Turn a program's decimal amount into minor units; what people type goes through `read_amount`.

    Raises: InvalidAmount for what is no number, not finite, or has more decimals than the currency.
    """
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise InvalidAmount(f"{text!r} is not an amount") from error
    if not value.is_finite() or abs(value) >= BEYOND_ANY_PRICE:
        raise InvalidAmount(f"{text!r} is not an amount")
    scaled = value.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise InvalidAmount(f"{currency} has {exponent(currency)} decimals")
    return int(scaled)


def to_decimal(amount_minor: int, currency: str) -> Decimal:
    """Return the amount in major units, with exactly the currency's decimals."""
    return Decimal(amount_minor).scaleb(-exponent(currency))


def write_amount(amount_minor: int, currency: str) -> str:
    """Write an amount of no less than zero for a field, as `read_amount` reads it: `1250.00`."""
    text = str(to_decimal(amount_minor, currency))
    return f"0{text}" if EITHER.fullmatch(text) else text


def format_minor(amount_minor: int, currency: str) -> str:
    """Write an amount for people: `$1,250.00`, `€80.00`, `450,000 UZS`."""
    currency = currency.upper()
    value = to_decimal(abs(amount_minor), currency)
    sign = "−" if amount_minor < 0 else ""
    if symbol := SYMBOLS.get(currency):
        return f"{sign}{symbol}{value:,}"
    text = f"{value:,}"
    # So'm are never quoted with tiyin unless there are some.
    if currency == "UZS":
        text = text.removesuffix(".00")
    return f"{sign}{text} {currency}"


def format_short(amount_minor: int, currency: str) -> str:
    """Write a price for a narrow place: no decimals where there are none, thousands as k: `€217`, `$85.50`, `260k`."""
    value = to_decimal(amount_minor, currency)
    if value >= SHORT_THOUSANDS:
        return f"{SYMBOLS.get(currency, '')}{value / 1000:,.0f}k"
    text = f"{value:,}"
    whole, _, decimals = text.partition(".")
    return f"{SYMBOLS.get(currency, '')}{text if decimals.strip('0') else whole}"
