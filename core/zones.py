"""Time zones: the names that Python and PostgreSQL both know, and mean the same by.

Pages reckon in Python's zones, searches in PostgreSQL's. A name that only one of them knows would break a query over
all rows, whoever stored it: so a column of zones is a ZoneField, and its table has the constraint of `known`.
"""

import datetime as dt
import functools
import zoneinfo
from collections.abc import Sequence

from django import forms
from django.apps import apps
from django.core.checks import CheckMessage, Warning
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models.lookups import IsNull

from core import clock, countries
from core.bases import CharColumn

# In Python's list wherever a system keeps them, and no place on earth: what they mean changes with the machine.
NO_PLACE = frozenset({"Factory", "localtime", "posixrules"})
# PostgreSQL takes CET for the abbreviation, without summer time; ZoneInfo("CET") has it.
BOTH = """
    SELECT name FROM pg_timezone_names
    WHERE name = ANY(%s) AND (name = 'UTC' OR upper(name) NOT IN (SELECT upper(abbrev) FROM pg_timezone_abbrevs))
"""
# PostgreSQL's own bound.
MOST_OFFSET = dt.timedelta(hours=16)
# A year ahead, as far as most people book.
MONTHS_COMPARED = 12
WALLS = "SELECT instant, instant AT TIME ZONE %s FROM unnest(%s::timestamptz[]) AS instant"


@functools.cache
def names() -> tuple[str, ...]:
    """Return every name that may be chosen, in order; read once a process."""
    with connection.cursor() as cursor:
        cursor.execute(BOTH, [sorted(zoneinfo.available_timezones() - NO_PLACE)])
        return tuple(sorted(name for (name,) in cursor.fetchall()))


def city_of(name: str) -> str:
    """Return what a zone is called after: `Buenos Aires` of America/Argentina/Buenos_Aires."""
    return name.rsplit("/", 1)[-1].replace("_", " ")


@functools.cache
def offered() -> dict[str, list[str]]:
    """Return the zones in use that may be chosen, by the name of their country, in its order."""
    known = set(names())
    found = {
        country: [name for name in countries.zones().get(code, ()) if name in known]
        for code, country in countries.names().items()
    }
    return {country: zones for country, zones in found.items() if zones}


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the zones for a form, country by country; those kept for old programs are not among them."""
    return [
        (country, [(name, f"{city_of(name)}, {country} ({name})") for name in zones])
        for country, zones in offered().items()
    ]


def validate(name: str) -> None:
    """Raises: ValidationError for a name that is not offered."""
    if name not in names():
        raise ValidationError("Unknown time zone.", code="unknown_zone")


class ZoneField(CharColumn):
    """The name of a time zone, one of `names`."""

    default_validators = [validate]

    def formfield(self, **kwargs: object) -> forms.Field | None:
        # Past CharField, which would hand on a length that a choice does not take.
        options = {"form_class": ZoneChoice, **kwargs}
        return models.Field.formfield(self, **options)  # type: ignore[arg-type]  # Django's options, as they came


class ZoneChoice(forms.ChoiceField):
    """A choice of zones, listed when a page is shown. What a row has already stays, obsolete or not."""

    def __init__(self, **kwargs: object) -> None:
        options = {"choices": choices, **kwargs}
        super().__init__(**options)  # type: ignore[arg-type]  # Django's options, as they came

    def keep(self, name: str) -> None:
        """Offer a zone that is not listed, too."""
        if name and not self.valid_value(name):
            self.choices = [("As it is", [(name, name)]), *choices()]


def known(column: str, name: str) -> models.CheckConstraint:
    """Return a constraint by which PostgreSQL itself refuses to store a zone it does not know."""
    instant = models.Value(dt.datetime(2000, 1, 1, tzinfo=dt.UTC), output_field=models.DateTimeField())
    wall = models.Func(models.F(column), instant, function="timezone", output_field=models.DateTimeField())
    return models.CheckConstraint(condition=IsNull(wall, False), name=name)


def check(databases: Sequence[str] | None = None, **_options: object) -> list[CheckMessage]:
    """Say which zones in use the database lacks, or reckons otherwise than Python does in the coming year."""
    if not databases:
        return []
    return [message for name in sorted(_in_use()) if (message := _complaint(name))]


def _in_use() -> set[str]:
    tables = set(connection.introspection.table_names())
    found: set[str] = set()
    for model in apps.get_models():
        for column in model._meta.concrete_fields:
            if isinstance(column, ZoneField) and model._meta.db_table in tables:
                found |= set(model._base_manager.order_by().values_list(column.name, flat=True).distinct())
    return found


def _complaint(name: str) -> CheckMessage | None:
    if name not in names():
        return Warning(
            f"A row is in the time zone {name!r}, which this database or this Python does not know.",
            hint="Update tzdata on both, or choose another zone for that venue.", id="core.W001",
        )  # fmt: skip
    if differs(name):
        return Warning(
            f"PostgreSQL and Python reckon {name} differently in the coming year.",
            hint="Bring both to one version of tzdata: else search and booking disagree by an hour.", id="core.W002",
        )  # fmt: skip
    return None


def differs(name: str) -> bool:
    """Return whether wall times of the coming year in this zone differ between PostgreSQL and Python."""
    zone, now = zoneinfo.ZoneInfo(name), clock.now()
    instants = [now + dt.timedelta(days=30 * month) for month in range(MONTHS_COMPARED + 1)]
    with connection.cursor() as cursor:
        cursor.execute(WALLS, [name, instants])
        return any(
            instant.astimezone(zone).replace(tzinfo=None) != wall for instant, wall in cursor.fetchall()
        )


def check_offset(value: dt.datetime) -> dt.datetime:
    """Return a moment whose offset, if it has one, PostgreSQL takes, too: less than 16 hours. Raises: ValueError.

    Python knows offsets up to a day; no place on earth is further from UTC than 14 hours.
    """
    offset = value.utcoffset()
    if offset is not None and abs(offset) >= MOST_OFFSET:
        raise ValueError("no place is so far from UTC")
    return value
