"""Phone numbers as people type and read them out: found by their digits, however they are written."""

import re
import unicodedata

from django.db.models import CharField, F, Value

from core.bases import TextFunction
from core.typed.text import InvalidText, one_line

# Fewer digits are found in too many numbers to say anything.
LEAST_DIGITS = 5
WRITTEN = re.compile(r"[+0-9()./\s-]+")
# A house's own numbers are short; ITU-T E.164 ends at 15, and a prefix for abroad may stand before.
SHORTEST, LONGEST = 3, 18
NUMBER = re.compile(r"\+?[0-9()./ \u2010-\u2013-]+")
EXTENSION = re.compile(r"[ ,;]*(?:x|ext\.?|extension) ?[0-9]{1,6}$", re.IGNORECASE)


class Digits(TextFunction):
    """The digits of a text column, and nothing else."""

    function = "regexp_replace"
    output_field = CharField()

    def __init__(self, name: str) -> None:
        super().__init__(F(name), Value(r"\D"), Value(""), Value("g"))


def digits_of(text: str) -> str:
    """Return the digits of a text that looks like (part of) a phone number, or nothing."""
    digits = re.sub(r"[^0-9]", "", text)
    return digits if WRITTEN.fullmatch(text) and len(digits) >= LEAST_DIGITS else ""


def read_phone(text: str) -> str:
    """Return a phone number as it is kept: as it was typed, its digits those of every phone.

    Raises: InvalidText.
    """
    line = "".join(_plain_digit(sign) for sign in one_line(text))
    number = EXTENSION.sub("", line)
    digits = re.sub(r"[^0-9]", "", number)
    if line and not (NUMBER.fullmatch(number) and SHORTEST <= len(digits) <= LONGEST):
        raise InvalidText("invalid_phone", "A phone number, in digits: +998 90 123 45 67, for example.")
    return line


def _plain_digit(sign: str) -> str:
    digit = unicodedata.decimal(sign, None)
    return sign if digit is None else str(digit)
