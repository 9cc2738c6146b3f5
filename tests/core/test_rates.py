"""Exchange rates: exact, of a day, and none when they are stale."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from core import clock
from core.models import ExchangeRate
from core.rates import NoRate, Rates, business_days_between, current
from tests.support import factories

MONDAY = dt.date(2026, 11, 30)
FRIDAY = dt.date(2026, 11, 27)
SOME = Rates({"USD": Decimal("1.25"), "UZS": Decimal("14000")}, FRIDAY)


def test_convert_is_exact_and_rounds_halves_away_from_zero():
    assert SOME.convert(100, "EUR", "USD") == 125
    assert SOME.convert(26_000_000, "UZS", "EUR") == 1_857
    assert SOME.convert(1, "USD", "EUR") == 1
    assert SOME.convert(2, "EUR", "USD") == 3
    assert SOME.convert(7, "GBP", "GBP") == 7
    assert SOME.factor("UZS", "USD") == Fraction(5, 4) / 14_000


@pytest.mark.parametrize(("currency", "into"), [("GBP", "EUR"), ("USD", "GBP")])
def test_convert_without_a_rate_is_refused(currency, into):
    assert not SOME.converts(currency, into)
    with pytest.raises(NoRate):
        SOME.convert(100, currency, into)


def test_limit_is_the_greatest_amount_that_is_not_beyond_it():
    assert SOME.limit(20_000, "EUR", "UZS") == 280_000_000
    assert SOME.limit(10_000, "USD", "EUR") == 8_000
    assert SOME.limit(1, "USD", "EUR") == 0
    assert SOME.limit(9_999, "USD", "EUR") == 7_999


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        (MONDAY, MONDAY, 0),
        (FRIDAY, MONDAY, 1),
        (FRIDAY, dt.date(2026, 11, 29), 0),
        (FRIDAY, dt.date(2026, 12, 2), 3),
        (FRIDAY, dt.date(2026, 12, 3), 4),
        (FRIDAY, dt.date(2026, 12, 11), 10),
    ],
)
def test_business_days_between_leaves_out_weekends(first, last, days):
    assert business_days_between(first, last) == days


@pytest.mark.django_db
def test_current_takes_the_newest_fresh_rate_of_each_currency():
    factories.rates(FRIDAY, USD="1.10", GBP="0.85")
    factories.rates(MONDAY, USD="1.20")
    factories.rates(dt.date(2026, 12, 1), USD="1.30")
    factories.rates(dt.date(2026, 11, 24), UZS="14000")

    rates = current(MONDAY)

    assert rates == Rates({"USD": Decimal("1.20"), "GBP": Decimal("0.85")}, FRIDAY)


@pytest.mark.django_db
@pytest.mark.parametrize(("day", "is_fresh"), [(dt.date(2026, 12, 2), True), (dt.date(2026, 12, 3), False)])
def test_current_rates_are_stale_after_three_business_days(day, is_fresh):
    factories.rates(FRIDAY, USD="1.10")

    assert bool(current(day)) is is_fresh


@pytest.mark.django_db
@pytest.mark.parametrize("rate", ["0", "-1"])
def test_rate_of_nothing_is_refused_by_the_database(rate):
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.rates(MONDAY, USD=rate)

    assert not ExchangeRate.objects.exists()


@pytest.mark.django_db
def test_set_rates_stores_them_and_replaces_those_of_the_day():
    call_command("set_rates", "USD=1.0850", "UZS=13650", "--as-of", "2026-11-20", "--source", "ECB")
    call_command("set_rates", "USD=1,09", "--as-of", "2026-11-20", "--source", "ECB, mended")

    stored = set(ExchangeRate.objects.values_list("currency", "per_base", "as_of", "source"))

    day = dt.date(2026, 11, 20)
    assert stored == {
        ("USD", Decimal("1.09"), day, "ECB, mended"),
        ("UZS", Decimal("13650"), day, "ECB"),
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    "arguments",
    [
        ["USD"],
        ["USD=1,085"],
        ["USD=0"],
        ["USD=NaN"],
        ["EUR=1"],
        ["XXX=1"],
        ["USD=1.123456789"],
        ["USD=1.1", "--as-of", "yesterday"],
        ["USD=1.1", "--as-of", (clock.now().date() + dt.timedelta(days=2)).isoformat()],
        ["USD=1.1", "GBP=x"],
        ["USD=1.085"],
        ["USD=1_0"],
    ],
)
def test_set_rates_refuses_what_is_no_rate_and_stores_nothing(arguments):
    with pytest.raises(CommandError):
        call_command("set_rates", *arguments, "--source", "ECB")

    assert not ExchangeRate.objects.exists()
