"""What a cancellation policy's tiers look like, whoever writes them."""

from typing import Any

from django.core.exceptions import ValidationError

MOST_HOURS = 365 * 24
MOST = {"hours": MOST_HOURS, "percent": 100}


def validate(tiers: Any) -> None:
    """Raises: ValidationError for what is no list of `{"hours": 0-8760, "percent": 0-100}`."""
    if not isinstance(tiers, list) or not all(map(_is_tier, tiers)):
        raise ValidationError('Write tiers as [{"hours": 48, "percent": 100}].', code="tiers")


def _is_tier(tier: Any) -> bool:
    return (
        isinstance(tier, dict)
        and tier.keys() == MOST.keys()
        and all(type(tier[name]) is int and 0 <= tier[name] <= most for name, most in MOST.items())
    )
