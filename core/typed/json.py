"""What reaches the API as text, read like what is typed into a form: words, moments, and numbers as text.

JSON's own numbers are taken as they are.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Annotated

from annotated_types import GroupedMetadata
from pydantic import AfterValidator, BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from core import zones
from core.money import AmbiguousAmount, InvalidAmount, read_decimal, read_percent, read_whole
from core.typed import addresses
from core.typed.phones import read_phone
from core.typed.text import InvalidText, many_lines, one_line


def _text_by(read: Callable[[str], object], *, code: str) -> BeforeValidator:
    """Read text with `read`; what it refuses is the field's error `code`, or `ambiguous_number`."""

    def validate(value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return read(value)
        except InvalidAmount as error:
            told = "ambiguous_number" if isinstance(error, AmbiguousAmount) else code
            raise PydanticCustomError(told, "{reason}", {"reason": str(error)}) from error

    return BeforeValidator(validate)


# The codes are pydantic's own for text that is no number.
Whole = Annotated[int, _text_by(read_whole, code="int_parsing")]
Amount = Annotated[Decimal, _text_by(partial(read_decimal, places=2), code="decimal_parsing")]
Percent = Annotated[Decimal, _text_by(read_percent, code="decimal_parsing")]
# An instant with an offset, or a wall time without.
Moment = Annotated[dt.datetime, AfterValidator(zones.check_offset)]


@dataclass(frozen=True)
class Reading:
    """How a text is read before its length is looked at; one that is too long is left to whoever refuses that."""

    read: Callable[[str], str]
    longest: int

    def __call__(self, value: object) -> object:
        if not isinstance(value, str) or len(value) > self.longest:
            return value
        try:
            return self.read(value)
        except InvalidText as error:
            # The braces would be a template's.
            raise PydanticCustomError(error.code, "{words}", {"words": str(error)}) from error


@dataclass(frozen=True)
class Typed(GroupedMetadata):
    """Makes of a str one that `read` reads, of `least` to `most` signs: `Annotated[str, Typed(…)]`."""

    read: Callable[[str], str]
    most: int
    least: int = 0

    def __iter__(self) -> Iterator[object]:
        yield from StringConstraints(min_length=self.least or None, max_length=self.most)
        yield BeforeValidator(Reading(self.read, self.most))


def line(most: int, least: int = 0) -> Typed:
    """Return what makes of a str a name, a title or a label."""
    return Typed(one_line, most, least)


def prose(most: int) -> Typed:
    """Return what makes of a str a text of lines."""
    return Typed(many_lines, most)


def _address(text: str) -> str:
    """Read an address that must not be empty. Raises: InvalidText."""
    return addresses.read_email(text) or addresses.read_email("@")


Phone = Annotated[str, Typed(read_phone, 32)]
Email = Annotated[str, Typed(_address, addresses.LONGEST)]
