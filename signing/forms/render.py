"""A filled form as a PDF that is ready to be signed: real text, tagged, PDF/A-2a.

The same form at the same time gives the same octets.

Spec: Decree 68/2024/ND-CP, appendix; Decree 30/2020/ND-CP, Annex I (neither checked against the
official text); ISO 19005-2 (level A).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pki.forms.filled import Filled
from signing.forms.body import put_part
from signing.forms.faces import find_faces
from signing.forms.fields import Fields
from signing.forms.foot import put_foot
from signing.forms.head import put_head
from signing.forms.pages import Pages


@dataclass(frozen=True, slots=True)
class RenderedForm:
    """A form as a document."""

    data: bytes
    pages: int
    fields: tuple[str, ...]
    """Names of its empty fields, in the order in which they are filled."""


def render_form(filled: Filled, *, made: datetime) -> RenderedForm:
    """Return a form as a PDF.

    Args:
        filled: what stands on it, in NFC.
        made: when, for its metadata.

    Raises:
        FontMissingError: no font here has the letters.
    """
    pages = Pages(find_faces(_letters(filled)), landscape=filled.form.landscape)
    fields = Fields(pages)
    put_head(pages, fields, filled)
    for part in filled.parts:
        put_part(pages, part)
    put_foot(pages, fields, filled)
    pages.finish()
    title = f"Mẫu số {filled.form.number}: {filled.form.subject}"
    data = pages.document.written(title, fields.written(), made)
    return RenderedForm(data, pages.count, tuple(fields.names))


def _letters(filled: Filled) -> str:
    """Return every letter of the form once."""
    found: set[str] = set()
    for text in _texts(filled):
        found.update(text, text.upper())
    return "".join(sorted(found - {"\n"}))


def _texts(filled: Filled) -> Iterator[str]:
    head = filled.head
    told = (head.agency, head.above, head.place, head.symbol, head.signer_title)
    yield from (text for text in told if text)
    yield from head.signer.values()
    yield from head.receiver.values()
    yield filled.form.closing
    for part in filled.parts:
        yield part.title
        yield from part.section.notes
        for line in part.lines:
            yield from (place.label for place in line)
        for row in part.rows:
            yield from (text for cell in row for text in cell.texts if text)
