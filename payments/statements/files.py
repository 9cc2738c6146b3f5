"""A statement as PDF and as CSV."""

import datetime as dt

from core import dates
from core.files.csv_files import csv_file
from core.files.pdf import Document
from core.money import format_minor
from payments.statements.selectors import Statement, as_rows, headings


def file_name(statement: Statement, suffix: str) -> str:
    """Return a name that sorts: statement-<venue>-<first>-<last>.<suffix>."""
    period = statement.period
    return f"statement-{statement.venue.slug}-{period.first}-{period.last}-{statement.currency}.{suffix}"


def as_csv(statement: Statement) -> bytes:
    """Return every line, amounts in major units; opening, bookings, payouts and closing in that order."""
    return csv_file(
        (*headings(statement), "currency"), [(*row, statement.currency) for row in as_rows(statement)]
    )


def as_pdf(statement: Statement, *, made_at: dt.datetime) -> bytes:
    """Return the statement on A4."""
    period, zone = statement.period, statement.venue.time_zone
    document = Document(f"Statement {statement.venue.name}", made_at=made_at, is_wide=True)
    document.paragraph(
        f"{dates.full_date(period.first)} to {dates.full_date(period.last)}, amounts in {statement.currency}",
        is_muted=True,
    )
    document.facts(
        (label, format_minor(amount, statement.currency))
        for label, amount in (
            ("Opening balance", statement.opening_minor),
            ("Earned", statement.net_minor),
            *(
                [("Taken by the venue's own shop", statement.own_shop_minor)]
                if statement.own_shop_minor
                else []
            ),
            ("Paid out", statement.paid_out_minor),
            ("Closing balance", statement.closing_minor),
        )
    )
    document.heading("Bookings")
    document.rows(
        [
            (line.reference, dates.full_date(line.starts_at, zone), *_amounts(line, statement))
            for line in statement.lines
        ]
        + [("Total", "", *(_figure(total, statement.currency) for total in statement.totals))],
        headings=("Booking", "Start", *(name for _, name in statement.columns)),
        widths=(14, 7, *(11 for _ in statement.columns)),
        right=range(2, 2 + len(statement.columns)),
    )
    if statement.payouts:
        document.heading("Payouts")
        document.rows(
            [
                (dates.full_date(one.at, zone), one.text, one.key,
                 format_minor(one.amount_minor, statement.currency))
                for one in statement.payouts
            ],
            headings=("Date", "", "Payout", "Amount"),
            widths=(18, 18, 46, 18),
            right=(3,),
        )  # fmt: skip
    return document.as_bytes()


def _amounts(line: object, statement: Statement) -> tuple[str, ...]:
    return tuple(_figure(getattr(line, column), statement.currency) for column, _ in statement.columns)


def _figure(amount_minor: int, currency: str) -> str:
    """Write an amount without its currency, which the heading names: columns are narrow."""
    return format_minor(amount_minor, currency).removesuffix(f" {currency}")
