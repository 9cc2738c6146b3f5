"""Text that the database holds encrypted: hosts' keys and bank details.

`FIELD_ENCRYPTION_KEY` may hold several keys with commas between: the first encrypts, all of them decrypt, so a key
is rotated by putting a new one in front and running `manage.py rotate_field_keys`.
"""

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.validators import ProhibitNullCharactersValidator

from core.bases import TextColumn


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEY must be set to keep secrets")
    return MultiFernet([Fernet(key) for key in keys])


def cipher() -> MultiFernet:
    """Return the cipher of the current keys. Raises: ImproperlyConfigured when there is none."""
    return _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS))


def encrypt(text: str) -> str:
    """Return `text` encrypted; empty stays empty."""
    return cipher().encrypt(text.encode()).decode() if text else ""


def decrypt(token: str) -> str:
    """Return what `encrypt` was given. Raises: ValueError when no key fits."""
    if not token:
        return ""
    try:
        return cipher().decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise ValueError("encrypted with a key that is not in FIELD_ENCRYPTION_KEY") from error


def rotate(token: str) -> str:
    """Return the same text encrypted with the first key."""
    return cipher().rotate(token.encode()).decode() if token else ""


class EncryptedTextField(TextColumn):
    """Text encrypted on its way to the database; it can be neither searched nor ordered by."""

    # Encrypted, the database would take it; nothing that text is handed on to does.
    default_validators = [ProhibitNullCharactersValidator()]

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        return value and decrypt(value)

    def get_prep_value(self, value: str | None) -> str | None:
        return value and encrypt(super().get_prep_value(value))

    def get_lookup(self, lookup_name: str) -> type | None:
        if lookup_name not in ("isnull",):
            raise TypeError(f"an encrypted field has no {lookup_name} lookup")
        return super().get_lookup(lookup_name)
