"""By what of its money a booking is found: the provider's references, the card's last four digits, a sum."""

from django.db.models import Q

from bookings.search import amount
from payments.models import Payment

REFERENCES = ("provider_ref", "session_ref", "charge_ref", "public_id")


def payments_of(word: str) -> Q:
    """Return which payments fit a word."""
    fits = amount(word, "amount_minor") | amount(word, "captured_minor")
    if len(word) == 4 and word.isascii() and word.isdecimal():
        fits |= Q(card_last4=word)
    for name in REFERENCES:
        fits |= Q(**{f"{name}__icontains": word})
    return fits


def bookings_of(word: str) -> Q:
    """Return which bookings have a payment that fits, for settings.BOOKING_SEARCHES."""
    return Q(pk__in=Payment.objects.filter(payments_of(word)).values("booking"))
