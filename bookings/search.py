"""Staff's search: whatever somebody on the phone can read out finds the booking.

Each word must be found somewhere; a phone number or an amount is also read as a whole, however it is written.
`settings.BOOKING_SEARCHES` names who else knows something by which a booking may be found.
"""

import re
from collections.abc import Callable, Iterable
from functools import reduce
from operator import and_

from django.conf import settings
from django.db.models import Q
from django.utils.module_loading import import_string

from core.money import CURRENCIES, InvalidAmount, read_amount
from core.typed.phones import digits_of

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
    """Return where `column` is the amount that `text` writes, in each currency's own minor units.

    What may be read in two ways is looked for in both: nothing is charged by a search.
    """
    fits = Q(pk__in=[])
    written = AMOUNT.fullmatch(text)
    if not written:
        return fits
    for code in CURRENCIES:
        for reading in {written[1].strip(), re.sub(r"[.,]", "", written[1]).strip()}:
            minor = _minor(reading, code)
            if minor is not None:
                fits |= Q(**{currency: code, column: minor})
    return fits


def _minor(text: str, currency: str) -> int | None:
    try:
        return read_amount(text, currency)
    except InvalidAmount:
        return None


def _word(word: str) -> Q:
    own = reduce(lambda fits, name: fits | Q(**{f"{name}__icontains": word}), FIELDS, Q(pk__in=[]))
    sources: Iterable[Source] = map(import_string, settings.BOOKING_SEARCHES)
    return reduce(lambda fits, source: fits | source(word), sources, own)


def _phone(text: str) -> Q:
    digits = digits_of(text)
    return Q(guest_phone_digits__contains=digits) if digits else Q(pk__in=[])
