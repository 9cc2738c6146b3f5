"""Staff's search: whatever somebody on the phone can read out finds the booking.

Each word must be found somewhere; a phone number or an amount is also read as a whole, however it is written.
`settings.BOOKING_SEARCHES` names who else knows something by which a booking may be found.
"""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from functools import reduce
from operator import and_

from django.conf import settings
from django.db.models import Q
from django.utils.module_loading import import_string

from core.money import CURRENCIES, exponent
from core.phones import digits_of

FIELDS = ("reference", "guest_name", "guest_email", "room__name", "venue__name")
AMOUNT = re.compile(r"[^0-9]*([0-9][0-9 ,.\u00a0]*)[^0-9]*")
Source = Callable[[str], Q]


def found(text: str) -> Q:
    """Return which bookings fit all words of `text`; an empty one fits all."""
    words = text.split()
    if not words:
        return Q()
    return reduce(and_, map(_word, words)) | _phone(text) | amount(text)


def amount(text: str, column: str = "total_minor", currency: str = "currency") -> Q:
    """Return where `column` is the amount that `text` writes, in each currency's own minor units."""
    written = AMOUNT.fullmatch(text)
    value = _decimal(written[1]) if written else None
    if value is None:
        return Q(pk__in=[])
    fits = Q(pk__in=[])
    for code in CURRENCIES:
        minor = value.scaleb(exponent(code))
        if minor == minor.to_integral_value() and minor < 10**15:
            fits |= Q(**{currency: code, column: int(minor)})
    return fits


def _decimal(text: str) -> Decimal | None:
    """Read an amount in the way that finds most: a last group of two digits is decimals, other signs group."""
    plain = re.sub(r"[^0-9.,]", "", text)
    whole, decimals = re.fullmatch(r"(.*?)(?:[.,]([0-9]{1,2}))?", plain).groups()
    try:
        return Decimal(re.sub(r"[^0-9]", "", whole) + (f".{decimals}" if decimals else ""))
    except InvalidOperation:
        return None


def _word(word: str) -> Q:
    own = reduce(lambda fits, name: fits | Q(**{f"{name}__icontains": word}), FIELDS, Q(pk__in=[]))
    sources: Iterable[Source] = map(import_string, settings.BOOKING_SEARCHES)
    return reduce(lambda fits, source: fits | source(word), sources, own)


def _phone(text: str) -> Q:
    digits = digits_of(text)
    return Q(guest_phone_digits__contains=digits) if digits else Q(pk__in=[])
