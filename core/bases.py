"""Django's columns and functions with the types of what they hold, as bases of our own.

When it runs, Django's classes take no types, and a mixin for columns is no column by itself.
"""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models.expressions import Combinable

if TYPE_CHECKING:
    Column = models.Field[str | Combinable, str]
    CharColumn = models.CharField[str | Combinable, str]
    TextColumn = models.TextField[str | Combinable, str]
    AddressColumn = models.EmailField[str | Combinable, str]
    JsonColumn = models.JSONField[dict[str, object] | Combinable, dict[str, object]]
    TextFunction = models.Func[CharColumn]
else:
    Column, CharColumn, TextColumn, AddressColumn = (
        object,
        models.CharField,
        models.TextField,
        models.EmailField,
    )
    JsonColumn, TextFunction = models.JSONField, models.Func
