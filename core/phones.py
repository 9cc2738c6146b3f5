"""Phone numbers as people type and read them out: found by their digits, however they are written."""

import re

from django.db.models import CharField, F, Func, Value

# Fewer digits are found in too many numbers to say anything.
LEAST_DIGITS = 5
WRITTEN = re.compile(r"[+0-9()./\s-]+")


class Digits(Func):
    """The digits of a text column, and nothing else."""

    function = "regexp_replace"
    output_field = CharField()

    def __init__(self, name: str) -> None:
        super().__init__(F(name), Value(r"\D"), Value(""), Value("g"))


def digits_of(text: str) -> str:
    """Return the digits of a text that looks like (part of) a phone number, or nothing."""
    digits = re.sub(r"[^0-9]", "", text)
    return digits if WRITTEN.fullmatch(text) and len(digits) >= LEAST_DIGITS else ""
