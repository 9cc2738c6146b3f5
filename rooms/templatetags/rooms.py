"""What room pages need beside the site's own tags."""

from django import template

from core.icons import ICONS
from rooms.places import AMENITIES

register = template.Library()


@register.filter
def amenity_name(code: str) -> str:
    """`sea_view` → `Sea view`; codes of old rooms we do not know any more are made readable."""
    return AMENITIES.get(code, code.replace("_", " ").capitalize())


@register.filter
def amenity_icon(code: str) -> str:
    return code if code in ICONS else "check"


@register.filter
def with_article(unit: str) -> str:
    """`night` → `a night`, `hour` → `an hour`."""
    return f"an {unit}" if unit in ("hour", "appointment") else f"a {unit}"
