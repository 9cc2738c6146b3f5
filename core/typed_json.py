"""Numbers that reach the API as text, in an address or in quotes: read like those typed into a form.

JSON's own numbers are taken as they are.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from core.money import AmbiguousAmount, InvalidAmount, read_decimal, read_percent, read_whole


def _text_by(read: Callable[[str], Any], *, code: str) -> BeforeValidator:
    """Read text with `read`; what it refuses is the field's error `code`, or `ambiguous_number`."""

    def validate(value: Any) -> Any:
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
