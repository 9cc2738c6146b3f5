"""`manage.py set_rates USD=1.0850 GBP=0.8520 UZS=13650 --source ECB`: stores what one euro buys on a day."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from core import clock
from core.models import ExchangeRate
from core.money import InvalidAmount, read_decimal
from core.rates import BASE

# As many decimals as a stored rate has.
RATE_PLACES = 8


class Command(BaseCommand):
    help = (
        f"Store exchange rates of a day: units of each currency for one {BASE}. Prices are compared by them for three "
        "business days; a rate of the same day is replaced."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("rates", nargs="+", metavar="CURRENCY=RATE", help="for example USD=1.0850")
        parser.add_argument("--as-of", help="the day they are of, like 2026-11-30; today when left out")
        parser.add_argument("--source", required=True, help="who says so")

    def handle(
        self, *args: object, rates: list[str], source: str, as_of: str | None = None, **options: object
    ) -> None:
        day = _day(as_of)
        rows = [_row(text, day, source) for text in rates]
        with transaction.atomic():
            for row in rows:
                values = {"per_base": row.per_base, "source": row.source}
                ExchangeRate.objects.update_or_create(currency=row.currency, as_of=day, defaults=values)
        self.stdout.write(f"{len(rows)} rates of {day} stored.")


def _day(text: str | None) -> dt.date:
    today = clock.now().date()
    try:
        day = dt.date.fromisoformat(text) if text else today
    except ValueError as error:
        raise CommandError(f"{text} is no day like 2026-11-30.") from error
    if day > today:
        raise CommandError(f"{day} is yet to come.")
    return day


def _row(text: str, as_of: dt.date, source: str) -> ExchangeRate:
    currency, _, rate = text.partition("=")
    if currency == BASE:
        raise CommandError(f"Rates are for one {BASE}; it has none itself.")
    try:
        row = ExchangeRate(
            currency=currency, per_base=read_decimal(rate, RATE_PLACES), as_of=as_of, source=source
        )
        row.clean_fields()
    except InvalidAmount as error:
        raise CommandError(f"{text} is no rate like USD=1.0850. {error}") from error
    except ValidationError as error:
        raise CommandError(f"{text}: {' '.join(error.messages)}") from error
    return row
