import datetime as dt
import io

import pytest
from pypdf import PdfReader

from core.files.pdf import Document

NOON = dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC)


def text_of(document: Document) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(document.as_bytes())).pages)


@pytest.mark.parametrize("text", ["W" * 5_000, "Z\n" * 400], ids=["one word", "many lines"])
def test_table_cell_longer_than_a_page_goes_on_on_the_next(text):
    document = Document("Evidence", made_at=NOON)

    document.rows([("Label", text)], widths=(30, 70))

    written = text_of(document)
    assert (written.count("W"), written.count("Z")) == (text.count("W"), text.count("Z"))
    assert written.count("Label") == 1
