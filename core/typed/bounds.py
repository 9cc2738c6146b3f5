"""The ends of what a row may hold: beyond them dates and sums overflow, in Python or in a query over all rows.

Each bound is told twice by one function here: to forms as a validator, to the database as a constraint.
"""

import datetime as dt

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import CheckConstraint, Q

from core.bases import JsonColumn

# Nothing is booked beyond these years, and conversions between zones keep away from the calendar's ends.
FIRST_YEAR, LAST_YEAR = 2000, 2200
FIRST_INSTANT = dt.datetime(FIRST_YEAR, 1, 1, tzinfo=dt.UTC)
LAST_INSTANT = dt.datetime(LAST_YEAR, 1, 1, tzinfo=dt.UTC)
YEARS = DateTimeTZRange(FIRST_INSTANT, LAST_INSTANT, "[)")
# Of one unit: the most units of a stay (a smallint) times this still fits a bigint.
MOST_MINOR = 10**13
MOST_NOTICE_MINUTES = 2 * 366 * 24 * 60
# Longer than any provider holds money.
MOST_HOLD_MINUTES = 90 * 24 * 60

validate_price = MaxValueValidator(MOST_MINOR, "This is more than any room costs.")


def validate_year(value: dt.date | dt.datetime) -> None:
    """Raises: ValidationError for a date or an instant beyond the years anything happens in."""
    if not FIRST_YEAR <= value.year < LAST_YEAR:
        raise ValidationError(f"Choose a year from {FIRST_YEAR} to {LAST_YEAR - 1}.", code="out_of_range")


def validate_period(value: DateTimeTZRange) -> None:
    """Raises: ValidationError for a period without an end, or one beyond those years."""
    if value.lower is None or value.upper is None:
        raise ValidationError("A period has a beginning and an end.", code="out_of_range")
    validate_year(value.lower)
    validate_year(value.upper)


def ends(period: DateTimeTZRange) -> tuple[dt.datetime, dt.datetime]:
    """Return where a stored period begins and ends. Raises: ValueError for one without an end."""
    if period.lower is None or period.upper is None:
        raise ValueError(f"{period} has no end")
    return period.lower, period.upper


def validate_object(value: object) -> None:
    """Raises: ValidationError for JSON that is no object of plain values."""
    if not isinstance(value, dict) or any(isinstance(one, dict | list) for one in value.values()):
        raise ValidationError("Write a JSON object of plain values.", code="invalid")


class ObjectField(JsonColumn):
    """A JSON object of plain values; what else JSON calls empty is none."""

    empty_values = ({},)
    default_validators = [validate_object]


def within_years(name: str, *columns: str) -> CheckConstraint:
    """Return the constraint that instants lie within those years."""
    inside = Q()
    for column in columns:
        inside &= Q(**{f"{column}__gte": FIRST_INSTANT, f"{column}__lt": LAST_INSTANT})
    return CheckConstraint(condition=inside, name=name)


def dates_within_years(name: str, *columns: str) -> CheckConstraint:
    """Return the constraint that dates, where there are any, lie within those years."""
    inside = Q()
    for column in columns:
        inside &= Q(**{f"{column}__isnull": True}) | Q(
            **{f"{column}__gte": FIRST_INSTANT.date(), f"{column}__lt": LAST_INSTANT.date()}
        )
    return CheckConstraint(condition=inside, name=name)


def at_most(name: str, **most: int) -> CheckConstraint:
    """Return the constraint that no number is above its bound."""
    return CheckConstraint(
        condition=Q(**{f"{column}__lte": bound for column, bound in most.items()}), name=name
    )
