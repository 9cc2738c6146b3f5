import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.files.csv_files import FORMULA, csv_file, safe_cell


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+33 1 23", "'+33 1 23"),
        ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
        ("\t=1", "'\t=1"),
        (" =1", "' =1"),
        ("＝1", "'＝1"),
        ("-12.50", "-12.50"),
        (-1250, "-1250"),
        ("Ada", "Ada"),
        (None, ""),
        ("a\0b", "ab"),
    ],
)
def test_cell_that_would_run_is_made_text(value, cell):
    assert safe_cell(value) == cell


@given(st.text())
def test_no_text_at_all_stays_a_formula(text):
    cell = safe_cell(text)

    assert not FORMULA.match(cell) or cell.lstrip("-").replace(".", "").isdigit()


def test_file_reads_back_as_it_was_written():
    content = csv_file(("name", "amount"), [("Отель, «Мир»", "-1.50"), ('a "b"\nc', 2)])

    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows == [["name", "amount"], ["Отель, «Мир»", "-1.50"], ['a "b"\nc', "2"]]
