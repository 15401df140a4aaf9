"""Forms that programs may show otherwise than the pages do: XFA, and looks drawn anew.

A dynamic XFA form has no pages of its own: a program that knows XFA draws them when it opens the
file, all others show one page that asks to wait. Nobody could say what was signed. A static one
has pages, which show the same; it is signed as it is.

Spec: ISO 32000-1 §12.7.8 (XFA), table 28 (NeedsRendering), §12.7.2 (NeedAppearances); XFA 3.3,
config (dynamicRender).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyhanko.pdf_utils.generic import ArrayObject, BooleanObject, PdfObject, StreamObject

from signing.document import hostile_document
from signing.errors.documents import DynamicFormError
from signing.objects import entry
from verify.finding import Finding, warning
from verify.pdf.document import OpenPDF

_DYNAMIC = re.compile(rb"<(?:\w+:)?dynamicRender\s*>\s*required")
_PACKETS = 32
"""That are looked at; forms have some ten."""


def check_form_kind(pdf: OpenPDF) -> tuple[Finding, ...]:
    """Return warnings about a document's form.

    Raises:
        DynamicFormError: it is drawn by whoever opens it.
        DocumentUnsupportedError: it cannot be read.
    """
    with hostile_document():
        root = pdf.reader.root
        form = entry(root, "/AcroForm")
        xfa = entry(form, "/XFA")
        if _is_true(entry(root, "/NeedsRendering")) or any(
            _DYNAMIC.search(each.data) for each in _packets(xfa)
        ):
            raise DynamicFormError(name=pdf.name)
        found = []
        if xfa is not None:
            found.append(warning("signing.xfa_kept", name=pdf.name))
        if _is_true(entry(form, "/NeedAppearances")):
            found.append(warning("signing.looks_redrawn", name=pdf.name))
        return tuple(found)


def _is_true(value: PdfObject | None) -> bool:
    return isinstance(value, BooleanObject) and bool(value.value)


def _packets(xfa: PdfObject | None) -> Iterator[StreamObject]:
    if isinstance(xfa, StreamObject):
        yield xfa
    if isinstance(xfa, ArrayObject):
        members = (xfa[index] for index in range(min(len(xfa), 2 * _PACKETS)))
        yield from (each for each in members if isinstance(each, StreamObject))
