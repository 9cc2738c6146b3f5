"""Hides personal data and secrets in what providers send, for people who look at raw messages."""

import re
from typing import Any

from core.security.logs import mask

HIDDEN = "•••"
# Keys whose whole value names a person, or opens something; as they are without case and underscores.
PERSONAL = frozenset(
    """
    address billingdetails billing customerdetails customeremail customername customerphone
    collectedinformation email fingerprint individualname businessname last4 first6 iin name namecollected
    firstname lastname fullname phone phonenumber receiptemail receiptnumber receipturl shipping shippingdetails
    taxids clientsecret hostedurl url ip ipaddress customerip customeruserid cardholder cardholdername maskedpan
    pan cardnumber iban accountnumber line1 line2 postalcode evidence invoiceurl
    """.split()
)
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
PHONE = re.compile(r"(?<![\w.-])\+\d(?:[ ().-]{0,2}\d){7,14}(?!\w)")
# Ids are full of digits and name nobody.
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def masked(value: Any) -> Any:
    """Return a JSON value with everything personal replaced by dots; empty values stay empty."""
    if isinstance(value, dict):
        return {key: _field(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return masked_text(value) if isinstance(value, str) else value


def masked_text(text: str) -> str:
    """Hide addresses, numbers of phones and cards, and secrets within a text."""
    if UUID.fullmatch(text):
        return text
    return mask(PHONE.sub(HIDDEN, EMAIL.sub(HIDDEN, text)))


def _field(key: str, value: Any) -> Any:
    if key.lower().replace("_", "") in PERSONAL and value not in (None, "", [], {}):
        return HIDDEN
    return masked(value)
