"""Columns for what people type: forms and `full_clean` keep of a text what core.typed.text says.

To the database, and to migrations, they are what Django's own are. Rows that are here already are left as they are
until somebody types them anew.
"""

from collections.abc import Callable, Sequence

from django.db import models
from django.forms import Field

from core.bases import AddressColumn, CharColumn, Column, TextColumn
from core.security.crypto import EncryptedTextField
from core.typed import fields
from core.typed.addresses import read_email
from core.typed.phones import read_phone
from core.typed.text import many_lines, one_line


class Typed(Column):
    """Adds to a text column how it is read, which field of a form takes it, and what migrations know it as."""

    read: Callable[[str], str]
    form_class: type[Field]
    known_as: str

    def clean(self, value: object, model_instance: models.Model | None) -> object:
        if isinstance(value, str):
            value = fields.typed_text(value, type(self).read, self.max_length)
        return super().clean(value, model_instance)

    def formfield(self, **kwargs: object) -> Field | None:
        options = {"form_class": self.form_class, **kwargs}
        return super().formfield(**options)  # type: ignore[arg-type]  # Django's options, as they came

    def deconstruct(self) -> tuple[str, str, Sequence[object], dict[str, object]]:
        name, _path, args, kwargs = super().deconstruct()
        return name, self.known_as, args, kwargs


class LineColumn(Typed, CharColumn):
    """A name, a title, a label."""

    read = staticmethod(one_line)
    form_class = fields.LineField
    known_as = "django.db.models.CharField"


class EncryptedLineColumn(Typed, EncryptedTextField):
    read = staticmethod(one_line)
    form_class = fields.LineField
    known_as = "core.security.crypto.EncryptedTextField"


class ProseColumn(Typed, TextColumn):
    """A text of lines."""

    read = staticmethod(many_lines)
    form_class = fields.ProseField
    known_as = "django.db.models.TextField"


class EncryptedProseColumn(Typed, EncryptedTextField):
    read = staticmethod(many_lines)
    form_class = fields.ProseField
    known_as = "core.security.crypto.EncryptedTextField"


class PhoneColumn(Typed, CharColumn):
    read = staticmethod(read_phone)
    form_class = fields.PhoneField
    known_as = "django.db.models.CharField"


class EmailColumn(Typed, AddressColumn):
    read = staticmethod(read_email)
    form_class = fields.EmailField
    known_as = "django.db.models.EmailField"
