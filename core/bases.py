"""Django's columns and functions with the types of what they hold, as bases of our own; and a call of any signature.

When it runs, Django's classes take no types, and a mixin for columns is no column by itself.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from django.db import models
from django.db.models.expressions import Combinable

Done = TypeVar("Done")
# Called with what its caller was given for it: no signature fits all that come.
Work = Callable[..., Done]  # type: ignore[explicit-any]  # the one alias for it

if TYPE_CHECKING:
    Column = models.Field[str | Combinable, str]
    CharColumn = models.CharField[str | Combinable, str]
    TextColumn = models.TextField[str | Combinable, str]
    AddressColumn = models.EmailField[str | Combinable, str]
    JsonColumn = models.JSONField[dict[str, str] | Combinable, dict[str, str]]
    TextFunction = models.Func[CharColumn]
else:
    Column, CharColumn, TextColumn, AddressColumn = (
        object,
        models.CharField,
        models.TextField,
        models.EmailField,
    )
    JsonColumn, TextFunction = models.JSONField, models.Func
