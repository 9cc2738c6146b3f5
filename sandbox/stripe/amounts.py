"""Checks that every amount and currency on the wire must pass."""

from sandbox.stripe import currencies
from sandbox.stripe.errors import invalid


def currency(value: object, name: str) -> str:
    """A schema rule: a known currency, in lower case."""
    code = value.lower() if isinstance(value, str) else ""
    if code not in currencies.PER_DOLLAR:
        known = ", ".join(sorted(currencies.PER_DOLLAR))
        raise invalid(f"Invalid currency: {value}. Stripe currently supports these currencies: {known}", name)
    return code


def check_charge(amount: int, code: str, param: str, *, has_minimum: bool) -> None:
    """Raises: StripeError when nobody could be charged `amount` minor units of `code`."""
    if has_minimum and currencies.is_too_small(amount, code):
        least = currencies.MINIMUM.get(code, currencies.MINIMUM_SETTLED)
        unit = code if code in currencies.MINIMUM else currencies.SETTLEMENT
        smallest = currencies.formatted(least, unit)
        message = f"The Checkout Session's total amount due must add up to at least {smallest} {unit}"
        raise invalid(message, None, "amount_too_small")
    if amount > currencies.LARGEST_CHARGE:
        largest = currencies.formatted(currencies.LARGEST_CHARGE, code)
        raise invalid(f"Amount must be no more than {largest} {code}", param, "amount_too_large")
    if currencies.has_odd_minor_units(amount, code):
        raise invalid(f"Invalid amount for {code}: the last digits must be zero", param)
