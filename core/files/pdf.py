"""Plain PDF documents: a title, headings, facts, paragraphs and tables on A4, with page numbers.

Texts may hold any script the font has; where no font is installed, letters beyond Latin-1 are shown as question
marks. Nothing typed by people can become anything but text.
"""

import datetime as dt
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path

from django.conf import settings
from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

from core import dates

FONT_FILES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
INK, MUTED, LINE, SHADE = (28, 32, 30), (96, 104, 100), (208, 212, 210), (243, 245, 244)
SIZE, SMALL, LINE_HEIGHT = 9.5, 8, 5
MARGIN = 18
# No row may be taller than a page: longer texts go on in the next. In letters of a narrow column; a line's end
# takes as much as a full line.
LETTERS_A_ROW, LETTERS_A_LINE = 600, 20


class Document(FPDF):
    """One document; `made_at` (UTC) stands in its footer and makes its bytes the same every time.

    `is_wide` lays the page on its side, for tables of many columns.
    """

    def __init__(self, title: str, *, made_at: dt.datetime, is_wide: bool = False) -> None:
        super().__init__(orientation="landscape" if is_wide else "portrait", format="A4")
        self.made_at = made_at
        self.family = self._load_font()
        self.set_creation_date(made_at)
        self.set_title(self.clean(title))
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=MARGIN)
        self.alias_nb_pages()
        self.set_draw_color(*LINE)
        self.add_page()
        self._write(title, size=17, style="B")

    def heading(self, text: str) -> None:
        """Begin a section."""
        if self.get_y() > self.h - 45:
            self.add_page()
        self.ln(4)
        self._write(text, size=12, style="B")
        self.ln(1)

    def paragraph(self, text: str, *, is_muted: bool = False) -> None:
        """Write text; line ends are kept."""
        self._write(text, size=SMALL if is_muted else SIZE, color=MUTED if is_muted else INK)
        self.ln(1)

    def facts(self, rows: Iterable[tuple[str, str]]) -> None:
        """Write labels with their values; rows without a value are left out."""
        self.rows([(label, value) for label, value in rows if value], widths=(30, 70))

    def rows(
        self,
        rows: Sequence[Sequence[str]],
        *,
        headings: Sequence[str] = (),
        widths: Sequence[int] = (),
        right: Iterable[int] = (),
    ) -> None:
        """Write a table: `widths` in per cent, the columns numbered in `right` aligned to the right."""
        if not rows:
            return
        self._use(SIZE - 0.5)
        count = len(rows[0])
        style = FontFace(emphasis="BOLD" if headings else "", fill_color=SHADE if headings else None)
        with self.table(
            first_row_as_headings=bool(headings),
            col_widths=tuple(widths) or (1,) * count,
            text_align=tuple("RIGHT" if column in set(right) else "LEFT" for column in range(count)),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            line_height=LINE_HEIGHT,
            padding=(0.8, 1.2),
            v_align="TOP",
            headings_style=style,
        ) as table:
            for row in ([headings] if headings else []) + list(rows):
                cells = [_pieces(self.clean(str(cell))) for cell in row]
                for pieces in zip_longest(*cells, fillvalue=""):
                    table.row(pieces)
        self.ln(2)

    def as_bytes(self) -> bytes:
        """Return the finished file."""
        return bytes(self.output())

    def footer(self) -> None:
        """Write where it comes from, and the page."""
        self.set_y(-13)
        self._use(SMALL, color=MUTED)
        text = f"Roomhold · {dates.staff_moment_in_zone(self.made_at)} · page {self.page_no()} of {{nb}}"
        self.cell(0, LINE_HEIGHT, self.clean(text), align="C")

    def clean(self, text: str) -> str:
        """Return text without control characters, and without what the font cannot show at all."""
        text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\t", "    ")
        text = "".join(
            sign for sign in text if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cs")
        )
        return text if self.family != "helvetica" else text.encode("latin-1", "replace").decode("latin-1")

    def _write(self, text: str, *, size: float, style: str = "", color: tuple[int, int, int] = INK) -> None:
        self._use(size, style, color)
        self.multi_cell(0, size * 0.52, self.clean(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _use(self, size: float, style: str = "", color: tuple[int, int, int] = INK) -> None:
        self.set_font(self.family, style, size)
        self.set_text_color(*color)

    def _load_font(self) -> str:
        folder = Path(settings.PDF_FONTS)
        if not all((folder / name).is_file() for name in FONT_FILES.values()):
            return "helvetica"
        for style, name in FONT_FILES.items():
            self.add_font("document", style, folder / name)
        return "document"


def _pieces(text: str) -> list[str]:
    """Split text into pieces that each fit on a page as a table's cell; nothing is left out."""
    pieces: list[str] = []
    piece, used = "", 0
    for sign in text:
        piece, used = piece + sign, used + (LETTERS_A_LINE if sign == "\n" else 1)
        if used >= LETTERS_A_ROW:
            pieces, piece, used = [*pieces, piece], "", 0
    return [*pieces, piece] if piece or not pieces else pieces
