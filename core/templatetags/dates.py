"""How templates write dates and times: the forms of core.dates, and ISO 8601 for machines."""

import datetime as dt

from django import template

from core import dates

register = template.Library()

# `{{ booking.starts_at|guest_moment:booking.time_zone }}`: an instant and its zone, or a date.
FORMS = (
    dates.guest_time, dates.guest_date, dates.guest_day, dates.guest_moment, dates.full_date, dates.full_moment,
    dates.full_moment_in_zone, dates.long_day, dates.month, dates.staff_time, dates.staff_moment,
    dates.staff_moment_in_zone,
)  # fmt: skip
for form in FORMS:
    register.filter(form.__name__, form)

for span in (dates.date_span, dates.guest_span, dates.staff_span, dates.staff_span_in_zone):
    register.simple_tag(span, name=span.__name__)


@register.simple_tag
def zone_at(time_zone: dates.Zone, *instants: dt.datetime) -> str:
    """`{% zone_at zone starts_at ends_at %}` → `Lisbon time, WEST`: as of the instants it stands beside."""
    return dates.zone_name(time_zone, *(instant for instant in instants if instant))


@register.filter
def zone_name(time_zone: dates.Zone) -> str:
    """`{{ "Europe/Lisbon"|zone_name }}` → `Lisbon time`: beside times of more than one season."""
    return dates.zone_name(time_zone)


@register.filter
def iso(value: dates.Moment | None, time_zone: dates.Zone = dates.UTC) -> str:
    """`<time datetime="{{ at|iso:zone }}">`: an instant with its offset, or a plain date; nothing for None."""
    return dates.local(value, time_zone).isoformat(timespec="seconds") if isinstance(value, dt.datetime) else (
        value.isoformat() if value else ""
    )  # fmt: skip


@register.filter
def iso_month(value: dt.date) -> str:
    """`?month={{ month|iso_month }}` → `2027-04`."""
    return value.isoformat()[:7]


@register.filter
def iso_date(value: dates.Moment, time_zone: dates.Zone = dates.UTC) -> str:
    """`<input type="date" value="{{ at|iso_date:zone }}">` → `2027-04-06`."""
    return dates.local(value, time_zone).strftime("%Y-%m-%d")
