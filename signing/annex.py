"""The main document that an annex in a file of its own belongs to: issued, and under what number.

The number is read from the first page as it is seen, from fields that were filled in too: the page
is made flat, and its text read.

Spec: Decree 30/2020/ND-CP, Annex I (annex in a separate file: the main document's number and
symbol; not checked against the official text).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from io import BytesIO

from pki.errors.tree import RefusedError, phrase
from signing.copying.draft import page_objects
from signing.copying.flat import flatten
from signing.copying.source import judge_source
from signing.display.fold import fold
from signing.display.lines import COLUMN_GAP, WORD_GAP, rows_of
from signing.display.page_text import READER
from signing.display.placement import read_geometry
from signing.document import hostile_document
from signing.errors.outgoing import (
    AnnexMainRefusedError,
    AnnexNumberDiffersError,
    AnnexNumberUnreadError,
)
from signing.outgoing.blanks import Cell, begins_column, cells_of, text_of
from signing.outgoing.words import number_words
from signing.services import SigningServices
from verify.errors import EncryptedPDFError
from verify.pdf.copied import CopyKind
from verify.pdf.document import OpenPDF, open_pdf

_NUMBER = re.compile(r"số:([0-9]{1,6}[^\W\d_]{0,4})(/[^\W_](?:[^\W_]|[/.\-–&])*)")


@dataclass(frozen=True, slots=True)
class MainDocument:
    """A main document that was issued."""

    number: str
    """With its symbol: `15/QĐ-UBND`."""
    sha256: str

    @property
    def reason(self) -> str:
        """What the annex's signature says it is made for."""
        return f"Văn bản kèm theo văn bản số {self.number} (SHA-256: {self.sha256})"


def read_main(
    data: bytes,
    *,
    services: SigningServices,
    number: str | None = None,
    name: str = "document.pdf",
    accept_unknown: bool = False,
) -> MainDocument:
    """Return the number of a main document that a person and an agency have signed, validly.

    Args:
        data: the document.
        services: network, trust and policy.
        number: as somebody says it; it has to be the one on the page, where that can be read.
        name: what to call the document in messages.
        accept_unknown: take it too where nothing but a certificate's status is wanting.

    Raises:
        AnnexMainRefusedError: it is no valid original.
        AnnexNumberUnreadError: its number cannot be read, and none was said.
        AnnexNumberDiffersError: another one was said.
        NumberMalformedError: what was said is no number.
        InvalidInputError: it cannot be read.
    """
    pdf = open_pdf(data, name=name, limits=services.policy.limits)
    if pdf.reader.encrypted:
        raise EncryptedPDFError(name=name)
    try:
        judge_source(pdf, CopyKind.SAO_Y, None, services=services, accept_unknown=accept_unknown)
    except RefusedError as error:
        reason = phrase(error.code, **error.facts)
        raise AnnexMainRefusedError(name=name, reason=reason) from error
    found = _read_number(pdf)
    said = None if number is None else number_words(number, symbol_printed=False)
    if found is not None and said not in (None, found):
        raise AnnexNumberDiffersError(number=said or "", found=found)
    told = found or said
    if told is None:
        raise AnnexNumberUnreadError(name=name)
    return MainDocument(told, hashlib.sha256(data).hexdigest())


def _read_number(pdf: OpenPDF) -> str | None:
    """Return the one number of the first page's upper half; None where that is not plain."""
    with hostile_document():
        page = page_objects(pdf.reader)[0]
        geometry = read_geometry(page)
        output = BytesIO()
        flatten(pdf.reader, ((1, page),), extract=True).writer.write(output)
    text = READER.find(output, (fold("Số:"),), page=0)
    letters = [letter for each in text.found for letter in each.letters]
    found = [
        _whole(cells, match)
        for row in rows_of(letters, geometry)
        if (cells := cells_of(row, geometry))
        for match in _NUMBER.finditer(text_of(cells))
        if cells[match.start()][0] == "S" and begins_column(cells, match.start())
    ]
    return found[0] if len(found) == 1 else None


def _whole(cells: list[Cell], match: re.Match[str]) -> str | None:
    """Return a number with its symbol; None where it may go on after a gap, or not."""
    end = match.start(2) + 1
    while end < match.end():
        before, box = cells[end - 1][1], cells[end][1]
        gap = (box.left_mm - before.right_mm) / before.height_mm
        if gap > COLUMN_GAP:
            break
        if gap > WORD_GAP:
            return None
        end += 1
    written = "".join(letter for letter, _ in cells[match.start(1) : end])
    return number_words(written, symbol_printed=False)
