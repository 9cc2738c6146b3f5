import csv
import datetime as dt
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from core import clock
from payments.ledger import posting as ledger
from payments.models import LedgerTransaction, PaymentSettings, Payout
from payments.payouts import services as payouts
from payments.statements import files as statement_files
from payments.statements.selectors import Period, month_of, statement
from rooms.models import Venue
from tests.payments import books
from tests.payments.ledger.test_posting import STEPS, Walk

pytestmark = pytest.mark.django_db

HOST = {"processing_fee_bearer": PaymentSettings.FeeBearer.HOST}


def today(venue: Venue) -> Period:
    day = clock.now().astimezone(venue.zone).date()
    return Period(day - dt.timedelta(days=1), day + dt.timedelta(days=1))


def run() -> Payout:
    payouts.begin_run()
    payouts.continue_run()
    return Payout.objects.latest("pk")


def test_line_of_a_booking_parts_gross_into_what_everybody_gets():
    venue = books.payable_venue(settings=HOST)
    booking = books.booking(venue=venue, total_minor=10_000, tax_minor=1_000)
    payment = books.captured(booking, fee_minor=320)
    books.refunded(payment, 2_000)

    [line] = statement(venue, today(venue)).lines

    assert (line.reference, line.gross_minor, line.refunds_minor) == (booking.reference, 10_000, 2_000)
    assert (line.tax_minor, line.platform_fee_minor, line.processing_fee_minor) == (800, 720, 320)
    assert line.net_minor == 6_160 == -ledger.balances(venue=venue)["venue"]


def test_payouts_lower_the_closing_balance_and_returned_ones_raise_it():
    venue = books.payable_venue()
    books.captured(books.booking(venue=venue))
    payout = run()
    payouts.close(payout.pk, Payout.Status.PAID)
    paid = statement(venue, today(venue))
    payouts.close(payout.pk, Payout.Status.RETURNED)

    made = statement(venue, today(venue))

    assert (paid.opening_minor, paid.total("net_minor"), paid.paid_out_minor, paid.closing_minor) == (
        0,
        9_000,
        9_000,
        0,
    )
    assert [(one.text, one.amount_minor) for one in made.payouts] == [
        ("Paid out", 9_000), ("Payout returned", -9_000),
    ]  # fmt: skip
    assert made.closing_minor == 9_000


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walks=st.lists(STEPS, min_size=1, max_size=2), pays=st.booleans())
def test_whatever_happened_opening_plus_earned_less_paid_is_the_ledgers_balance(db, walks, pays):
    venue = books.payable_venue(settings=HOST | {"payout_minimum_minor": 1})
    for steps in walks:
        walk = Walk(books.booking(venue=venue, total_minor=9_999, tax_minor=777, fee_percent="12.5"))
        for verb, amount in steps:
            walk.take(verb, amount)
    if pays:
        payouts.begin_run()
        payouts.continue_run()

    made = statement(venue, today(venue))

    assert made.closing_minor == -ledger.balances(venue=venue).get("venue", 0)
    for line in made.lines:
        entries = {"transaction__booking__reference": line.reference}
        assert line.net_minor == -ledger.balances(**entries).get("venue", 0)
        shared = {**entries, "transaction__kind__in": ledger.SHARING}
        assert line.tax_minor == -ledger.balances(**shared).get("tax", 0)
        assert line.platform_fee_minor == -ledger.balances(**shared).get("platform_fee", 0)


def test_closing_balance_of_a_month_is_the_opening_one_of_the_next(db):
    venue = books.payable_venue()
    moments = [
        dt.datetime(2026, month, day, 12, tzinfo=dt.UTC) for month, day in ((1, 31), (2, 1), (2, 28), (3, 1))
    ]
    with without_the_trigger():
        for moment in moments:
            payment = books.captured(books.booking(venue=venue))
            LedgerTransaction.objects.filter(payment=payment).update(created_at=moment)

    january, february, march = (statement(venue, month_of(dt.date(2026, month, 1))) for month in (1, 2, 3))

    assert [len(month.lines) for month in (january, february, march)] == [1, 2, 1]
    assert january.opening_minor == 0
    assert february.opening_minor == january.closing_minor == 9_000
    assert march.opening_minor == february.closing_minor == 27_000


def test_days_are_those_of_the_venues_zone(db):
    venue = books.payable_venue(time_zone="Asia/Tashkent")
    with without_the_trigger():
        payment = books.captured(books.booking(venue=venue))
        moment = dt.datetime(2026, 2, 28, 20, tzinfo=dt.UTC)  # March 1, 01:00 in Tashkent
        LedgerTransaction.objects.filter(payment=payment).update(created_at=moment)

    assert len(statement(venue, month_of(dt.date(2026, 3, 1))).lines) == 1
    assert statement(venue, month_of(dt.date(2026, 2, 1))).lines == []


def test_csv_adds_up_and_runs_no_formula():
    venue = books.payable_venue()
    books.captured(books.booking(venue=venue))
    books.captured(books.booking(venue=venue, total_minor=5_050))
    run()

    rows = list(
        csv.DictReader(
            io.StringIO(statement_files.as_csv(statement(venue, today(venue))).decode("utf-8-sig"))
        )
    )

    assert [row["what"] for row in rows] == [
        "Opening balance",
        "Booking",
        "Booking",
        "Paid out",
        "Closing balance",
    ]
    assert [row["net"] for row in rows[1:3]] == ["90.00", "45.45"]
    assert [rows[0]["balance"], rows[3]["balance"], rows[4]["balance"]] == ["0.00", "-135.45", "0.00"]


def test_pdf_shows_names_of_any_script_and_every_sum():
    venue = books.payable_venue(name="Меҳмонхона «Gʻalaba»")
    booking = books.booking(venue=venue)
    books.captured(booking)
    run()

    content = statement_files.as_pdf(statement(venue, today(venue)), made_at=clock.now())

    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    for expected in (
        "Меҳмонхона «Gʻalaba»",
        booking.reference,
        "€100.00",
        "€90.00",
        "Closing balance",
        "€0.00",
    ):
        assert expected in text


class without_the_trigger:
    """Lets a test set when a movement was, which the append-only ledger refuses."""

    def __enter__(self) -> None:
        self._set("replica")

    def __exit__(self, *_: object) -> None:
        self._set("origin")

    def _set(self, role: str) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(f"SET session_replication_role = {role}")
