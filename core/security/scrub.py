"""Takes a person's words (names, addresses, phone numbers) out of stored texts and JSON, and leaves the rest."""

import re
from collections.abc import Iterable
from typing import overload

from django.db.models import CharField, Field, JSONField, Model, QuerySet, TextField

from core.security.crypto import EncryptedTextField

ERASED = "[erased]"
# One letter alone would take a page apart.
SHORTEST = 2


def pattern_of(words: Iterable[str]) -> re.Pattern[str]:
    """Return what finds any of the words, whole and in any case, the longest first."""
    told = sorted({word.strip() for word in words if len(word.strip()) >= SHORTEST}, key=len, reverse=True)
    return re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in told) or r"(?!)", re.IGNORECASE)


@overload
def scrubbed(value: str, pattern: re.Pattern[str]) -> str: ...


@overload
def scrubbed(value: object, pattern: re.Pattern[str]) -> object: ...


def scrubbed(value: object, pattern: re.Pattern[str]) -> object:
    """Return a text, or JSON of any depth, with each of the words replaced; keys of objects too."""
    if isinstance(value, str):
        return pattern.sub(ERASED, value)
    if isinstance(value, dict):
        return {scrubbed(key, pattern): scrubbed(item, pattern) for key, item in value.items()}
    return [scrubbed(item, pattern) for item in value] if isinstance(value, list) else value


def scrub(rows: QuerySet[Model], pattern: re.Pattern[str]) -> int:
    """Take the words out of every text and JSON column of these rows; returns how many rows held any."""
    fields = [field for field in rows.model._meta.concrete_fields if _holds_words(field)]
    changed = 0
    for pk, *values in rows.values_list("pk", *(field.attname for field in fields)).order_by("pk"):
        clean = [scrubbed(value, pattern) for value in values]
        news = {
            field.attname: new for field, old, new in zip(fields, values, clean, strict=True) if old != new
        }
        if news:
            rows.model._base_manager.filter(pk=pk).update(**news)
            changed += 1
    return changed


def _holds_words(field: "Field[object, object]") -> bool:
    is_text = isinstance(field, CharField | TextField | JSONField) and not isinstance(
        field, EncryptedTextField
    )
    # Choices, numbers of ours and what must be unique are no words of people.
    return is_text and not field.choices and not field.unique and not field.primary_key
