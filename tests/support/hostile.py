"""Rows pushed to whatever their models accept: the worst a tenant can store without being refused.

`push` writes one flavor of value into every field of the rows it is given. What validators or the database refuse
is not accepted, and stays as it was.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DatabaseError, models, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

APPS = ("accounts", "rooms", "bookings", "payments", "notifications", "calendars")
TEXTS = {
    "longest": "W" * 5_000,
    "turned": "\u202e\u2066txet denrut\u200f" + "Z\u0335\u0321\u0322" * 5,
    "invisible": "\u200b\ufeff\u2060\u00ad",
    "markup": "<script>alert('x')</script>\"'><img src=x>&#0;{{ 7|add:7 }}{% load x %} %s %(x)s {x} {0!r} ${7*7}",
    "lines": "=1+1\r\nBcc: x@example.org\r\n\x0b\x0c\x85\u2028end",
    "nul": "a\0b",
    "half": "\ud800",
    "empty": "",
}
FLAVORS = tuple(name for name in TEXTS if name not in ("nul", "half"))
# Odd but accepted zones and currencies: clocks and decimals unlike those of most places.
ZONES = {"turned": "Pacific/Kiritimati", "markup": "Etc/GMT+12", "lines": "Asia/Kathmandu"}
CURRENCIES = {"turned": "JPY", "markup": "UZS", "lines": "KWD"}
JSONS: dict[str, Any] = {
    "longest": [[[[["x" * 2000]]]]], "turned": [{"hours": 10**30, "percent": -1}], "invisible": {}, "markup": [],
    "lines": "text", "empty": [None],
}  # fmt: skip
INSTANTS = {
    "longest": dt.datetime.max.replace(tzinfo=dt.UTC), "turned": dt.datetime.min.replace(tzinfo=dt.UTC),
    "markup": dt.datetime(2199, 12, 31, 23, 59, 59, tzinfo=dt.UTC), "lines": dt.datetime(2000, 1, 1, tzinfo=dt.UTC),
}  # fmt: skip
DAY = dt.timedelta(days=1)
# Instants that people name; all others are the clock's or a provider's.
NAMED_INSTANTS = ("starts_at", "ends_at", "expires_at")
# What our own code alone puts together, out of what is checked elsewhere.
OURS = {
    "bookings.Booking": ("policy", "lines", "submission_key", "submission_digest"),
    "bookings.BookingEvent": ("data",),
    "payments.PaymentOperation": ("params",),
    "payments.Payout": ("provider_ref", "key"),
    "accounts.ApiToken": ("digest",),
    "rooms.Invitation": ("digest",),
    "rooms.VenueNotice": ("paragraphs", "link"),
    "accounts.User": ("password",),
}
COUNTERS = frozenset("n attempts version link_version fetch_started fetch_applied up_to_entry".split())
MOST = {
    "PositiveSmallIntegerField": 2**15 - 1, "PositiveIntegerField": 2**31 - 1,
    "PositiveBigIntegerField": 2**63 - 1, "BigIntegerField": 2**63 - 1,
}  # fmt: skip


def all_rows() -> dict[type[models.Model], list[int]]:
    """Return the keys of every row of ours, by model."""
    return {
        model: list(model._base_manager.values_list("pk", flat=True))
        for name in APPS
        for model in apps.get_app_config(name).get_models()
        if not model._meta.proxy
    }


def push(flavor: str, rows: dict[type[models.Model], list[int]], kinds: tuple[str, ...] = ()) -> int:
    """Write one flavor into every field (of some kinds) of the rows; return how many values were accepted."""
    accepted = 0
    for model, keys in rows.items():
        for field in reversed(model._meta.concrete_fields):  # ends before starts
            is_meant = not kinds or field.get_internal_type() in kinds
            if (
                is_meant
                and field.editable
                and field.name not in {*COUNTERS, *OURS.get(model._meta.label, ())}
            ):
                values = list(_values(field, flavor))
                accepted += sum(any(_write(model, pk, field, value) for value in values) for pk in keys)
    return accepted


def _values(field: models.Field, flavor: str) -> Iterator[Any]:
    """Yield what to try in a field, worst first; the first that is accepted stays."""
    kind = field.get_internal_type()
    if field.primary_key or field.is_relation or (field.choices and field.name != "currency"):
        return
    special = {"time_zone": ZONES, "currency": CURRENCIES}.get(field.name)
    if special is not None:
        yield from filter(None, [special.get(flavor)])
    elif kind in ("CharField", "TextField", "SlugField"):
        yield from (TEXTS[flavor], TEXTS[flavor][: field.max_length or None])
    elif kind == "JSONField":
        yield JSONS[flavor]
    elif kind in MOST:
        yield from _numbers(MOST[kind], flavor)
    elif isinstance(field, models.DecimalField) and flavor in ("longest", "empty"):
        yield from (
            (10 ** (field.max_digits - field.decimal_places) - 1, 100, 50) if flavor == "longest" else (0,)
        )
    elif kind == "TimeField" and flavor in ("longest", "turned"):
        yield dt.time.max if flavor == "longest" else dt.time.min
    elif flavor in INSTANTS:
        yield from _moments(field, kind, INSTANTS[flavor])


def _numbers(most: int, flavor: str) -> Iterator[int]:
    if flavor == "empty":
        yield from (0, 1)
    elif flavor in ("longest", "turned"):
        # From the type's own end down to what validators let through.
        yield from (most, *(10**digits for digits in range(18, 0, -1)), 100, 50, 1)


def _moments(field: models.Field, kind: str, instant: dt.datetime) -> Iterator[Any]:
    if kind == "DateTimeField" and field.name in NAMED_INSTANTS:
        yield instant
    elif kind == "DateField":
        yield instant.date()
    elif kind == "DateTimeRangeField":
        yield DateTimeTZRange(instant, None)
        late = instant.year > 2100
        yield DateTimeTZRange(instant - DAY, instant) if late else DateTimeTZRange(instant, instant + DAY)


def _write(model: type[models.Model], pk: int, field: models.Field, value: Any) -> bool:
    row = model._base_manager.get(pk=pk)
    try:
        with transaction.atomic():
            setattr(row, field.attname, value)
            row.clean_fields(exclude={one.name for one in model._meta.fields if one is not field})
            model._base_manager.filter(pk=pk).update(**{field.attname: getattr(row, field.attname)})
    except (ValidationError, DatabaseError, ValueError, OverflowError):
        return False
    return True
