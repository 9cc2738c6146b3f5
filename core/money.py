"""Money as integers in minor units: exponents, the one rounding function, and how amounts are written."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

# ISO 4217 exponents that differ from 2.
EXPONENTS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split(),
        0,
    ),
    **dict.fromkeys("BHD JOD KWD OMR TND".split(), 3),
}
CURRENCIES = ("USD", "EUR", "GBP", "UZS")
# From here on the last three digits tell little, and make a cell of a calendar too wide.
SHORT_THOUSANDS = 10_000
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}


class InvalidAmount(ValueError):
    """An amount that is not a plain, finite, exact number of minor units."""


def exponent(currency: str) -> int:
    """Return how many decimals `currency` (ISO 4217) has."""
    return EXPONENTS.get(currency.upper(), 2)


def round_minor(value: Decimal) -> int:
    """Round to a whole number of minor units, halves away from zero: the only rounding in Roomhold."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def percent_of(amount_minor: int, percent: Decimal) -> int:
    """Return `percent` per cent of an amount in minor units, rounded."""
    return round_minor(Decimal(amount_minor) * percent / 100)


def to_minor(text: str | Decimal, currency: str) -> int:
    """Turn a decimal amount as a person writes it into minor units.

    Raises: InvalidAmount for what is no number, not finite, or has more decimals than the currency.
    """
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise InvalidAmount(f"{text!r} is not an amount") from error
    if not value.is_finite() or abs(value) >= Decimal(10) ** 15:
        raise InvalidAmount(f"{text!r} is not an amount")
    scaled = value.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise InvalidAmount(f"{currency} has {exponent(currency)} decimals")
    return int(scaled)


def to_decimal(amount_minor: int, currency: str) -> Decimal:
    """Return the amount in major units, with exactly the currency's decimals."""
    return Decimal(amount_minor).scaleb(-exponent(currency))


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
