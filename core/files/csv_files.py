"""CSV files that spreadsheets open as they are: cells that would run as formulas are made plain text."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

# What makes a spreadsheet take a cell for a formula; a plain number may begin with its sign.
FORMULA = re.compile(r"^\s*[=+\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"^-?\d+(\.\d+)?$")


def csv_file(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a CSV file in UTF-8 with its mark (for Excel), lines ending in CRLF as RFC 4180 has them."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(headings)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def safe_cell(value: object) -> str:
    """Return a cell's text; one that would be taken for a formula gets an apostrophe in front."""
    text = "" if value is None else str(value).replace("\0", "")
    return f"'{text}" if FORMULA.match(text) and not NUMBER.match(text) else text
