"""Hides personal data and secrets in what providers send, for people who look at raw messages."""

from typing import Any

HIDDEN = "•••"
# Keys whose whole value names a person, or opens something.
PERSONAL = frozenset(
    """
    address billing_details billing customer_details customer_email customer_name customer_phone
    collected_information email fingerprint individual_name business_name last4 name name_collected phone
    phone_number receipt_email receipt_number receipt_url shipping shipping_details tax_ids client_secret
    hosted_url url ip ip_address customer_ip card_holder cardholder_name iban account_number
    """.split()
)


def masked(value: Any) -> Any:
    """Return a JSON value with everything personal replaced by dots; empty values stay empty."""
    if isinstance(value, dict):
        return {key: _field(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return value


def _field(key: str, value: Any) -> Any:
    if key.lower() in PERSONAL and value not in (None, "", [], {}):
        return HIDDEN
    return masked(value)
