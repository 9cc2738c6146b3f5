"""The one way a template writes an amount."""

from django import template

from core.money import format_minor, format_short

register = template.Library()


@register.filter
def money(amount_minor: int | None, currency: str) -> str:
    """`{{ booking.total_minor|money:booking.currency }}` → `$1,250.00`; nothing for None."""
    return "" if amount_minor is None else format_minor(amount_minor, currency)


@register.filter
def short_money(amount_minor: int, currency: str) -> str:
    """An amount where there is little room: `{{ 21700|short_money:"EUR" }}` → `€217`."""
    return format_short(amount_minor, currency)
