"""E-mail addresses as people type them: kept as mail servers and payment providers everywhere take them."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.encoding import punycode

from core.typed.text import InvalidText, one_line

LONGEST = 254


def read_email(text: str) -> str:
    """Return an e-mail address as it is kept: lower case, without what nobody sees. Empty stays empty.

    The domain may have letters of any script. The part before the @ may not: many mail servers cannot deliver to it,
    and no booking's link may get lost.

    Raises: InvalidText.
    """
    try:
        address = one_line(text).lower()
    except InvalidText as error:
        raise InvalidText("invalid_email", str(error)) from error
    if not address:
        return ""
    try:
        validate_email(address)
    except ValidationError as error:
        raise _refusal(address) from error
    return address


def _refusal(address: str) -> InvalidText:
    name, at, _domain = address.rpartition("@")
    odd = sorted({sign for sign in name if not sign.isascii()})
    if at and odd:
        return InvalidText(
            "invalid_email",
            f"Not every mail server delivers to addresses with {' '.join(odd[:3])} before the @. "
            "Use one of plain letters.",
        )
    return InvalidText("invalid_email", "Enter a valid email address.")


def ascii_email(address: str) -> str:
    """Return an address for those who know plain letters alone: a domain of others in Punycode."""
    name, at, domain = address.rpartition("@")
    return f"{name}{at}{punycode(domain)}" if not domain.isascii() else address
