"""Numbers that reach the API as text, in an address or in quotes: read like those typed into a form.

JSON's own numbers are taken as they are.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator

from core.money import read_decimal, read_percent, read_whole


def _text_by(read: Callable[[str], Any]) -> BeforeValidator:
    # InvalidAmount is a ValueError: pydantic turns it into the field's error.
    return BeforeValidator(lambda value: read(value) if isinstance(value, str) else value)


Whole = Annotated[int, _text_by(read_whole)]
Amount = Annotated[Decimal, _text_by(partial(read_decimal, places=2))]
Percent = Annotated[Decimal, _text_by(read_percent)]
