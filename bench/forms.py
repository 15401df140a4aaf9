"""A form with many people on it, as a document that is ready to be signed.

The floor is its words alone: encoded in the font and deflated. The peer draws the same table and
nothing else: no tags, no fields, no head and no foot.
"""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import Any

from fpdf import FPDF
from pyhanko.pdf_utils.reader import PdfFileReader

from bench.material import Material
from bench.rounds import Contender, Task
from pki.clock import SystemClock
from pki.forms.filled import Filled, Head, Line, fill
from pki.forms.form import About, Fill, load_form
from pki.records.people import Person
from pki.registry.example import example
from signing.display.fonts import find_font
from signing.forms.faces import Face, find_faces
from signing.forms.render import render_form

PEOPLE = 1000


def filled() -> Filled:
    """Return form 01 with invented people."""
    lines = []
    for person in example(Person, PEOPLE):
        assert isinstance(person, Person)
        facts = {
            Fill.NAME: person.name,
            Fill.NUMBER: person.citizen_number or "",
            Fill.EMAIL: person.email or "",
            Fill.AGENCY: "UBND xã Mẫu",
            Fill.TITLE: "Chuyên viên",
            Fill.PROVINCE: "Tỉnh Mẫu",
        }
        lines.append(Line(About.PERSON, facts))
    return fill(load_form("01"), Head("UBND xã Mẫu"), lines, unmasked=True)


class Antin(Task):
    """The whole form."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._form, self._now = filled(), SystemClock().now()

    def work(self) -> None:
        self._made = render_form(self._form, made=self._now)

    def check(self) -> None:
        reader = PdfFileReader(BytesIO(self._made.data))
        assert int(reader.root["/Pages"]["/Count"]) == self._made.pages > PEOPLE // 20


class Floor(Task):
    """The words."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        rows = filled().parts[-1].rows
        self._texts = [text for row in rows for cell in row for text in cell.texts if text]
        self._font = find_faces("")[Face.REGULAR]

    def work(self) -> None:
        self._packed = zlib.compress(b"".join(map(self._font.encode, self._texts)), 9)

    def check(self) -> None:
        assert len(self._packed) > len(self._texts)


class Table(Task):
    """fpdf2's table."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        part = filled().parts[-1]
        self._columns = part.section.columns
        self._rows = [[" ".join(filter(None, cell.texts)) for cell in row] for row in part.rows]
        self._font = find_font()

    def work(self) -> None:
        pdf = FPDF(orientation="landscape", format="A4")
        for style in ("", "B"):
            pdf.add_font("Serif", style=style, fname=self._font)
        pdf.set_margins(30, 20, 15)
        pdf.set_font("Serif", size=10)
        pdf.add_page()
        widths: Any = [column.width for column in self._columns]
        with pdf.table(col_widths=widths) as table:
            table.row([column.title for column in self._columns])
            for row in self._rows:
                table.row(row)
        self._made = bytes(pdf.output())

    def check(self) -> None:
        pages = PdfFileReader(BytesIO(self._made)).root["/Pages"]["/Count"]
        assert int(pages) > len(self._rows) // 40


CONTENDERS = (
    Contender("Antin", Antin),
    Contender("floor", Floor),
    Contender("fpdf2, a bare table", Table),
)
