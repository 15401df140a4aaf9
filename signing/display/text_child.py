"""Reads the text of pages, in a process of its own that holds no key and no PIN.

PDFium is native code and the document may be hostile: whatever happens here, the process that signs
only sees an answer that is JSON, or none. It is asked on stdin, answers on stdout, and ends with
stdin.

    question   lengths of head and document, 8 octets each; head (JSON); document
    answer     length, 8 octets; JSON: {"pages": n, "found": [{"page": i, "letters": [...]}]}

A letter is [text, left, bottom, right, top] in the page's own coordinates.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import pypdfium2
from pypdfium2 import raw

from signing.display.fold import fold

Letter = tuple[str, float, float, float, float]


def main() -> None:
    """Answer until nothing more is asked."""
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    while len(lengths := questions.read(16)) == 16:
        head = json.loads(questions.read(int.from_bytes(lengths[:8], "big")))
        document = questions.read(int.from_bytes(lengths[8:], "big"))
        _put(answers, answer(head, document))


def answer(head: dict[str, Any], data: bytes) -> dict[str, Any]:
    """Return the letters of the pages on which one of the needles stands, the last page first."""
    try:
        document = pypdfium2.PdfDocument(data, head.get("password"))
    except pypdfium2.PdfiumError as error:
        return {"error": str(error)}
    with document:
        pages = len(document)
        asked = [head["page"]] if head["page"] is not None else range(pages - 1, -1, -1)
        looked_at = [index for index in asked if 0 <= index < pages][: head["most_pages"]]
        words, found = 0, []
        for index in looked_at:
            text, letters = _read_page(document, index, head)
            words += len(text)
            if letters:
                found.append({"page": index, "letters": letters})
        return {"pages": pages, "looked_at": len(looked_at), "words": words, "found": found}


def _read_page(
    document: pypdfium2.PdfDocument, index: int, head: dict[str, Any]
) -> tuple[str, list[Letter]]:
    page = document[index]
    try:
        text_page = page.get_textpage()
        try:
            count = min(text_page.count_chars(), head["most_letters"])
            text = fold(text_page.get_text_range(0, count)) if count > 0 else ""
            wanted = any(needle in text for needle in head["needles"])
            return text, list(_letters(text_page, count)) if wanted else []
        finally:
            text_page.close()
    finally:
        page.close()


def _letters(text_page: pypdfium2.PdfTextPage, count: int) -> Iterator[Letter]:
    box = raw.FS_RECTF()
    for index in range(count):
        code = raw.FPDFText_GetUnicode(text_page, index)
        letter = chr(code) if 0x20 < code < 0x110000 else " "
        # Spaces stand where PDFium guesses them; gaps between letters tell as much.
        guessed = raw.FPDFText_IsGenerated(text_page, index) == 1
        if letter.isspace() or guessed or not raw.FPDFText_GetLooseCharBox(text_page, index, box):
            continue
        yield letter, box.left, box.bottom, box.right, box.top


def _put(stream: BinaryIO, told: dict[str, Any]) -> None:
    data = json.dumps(told).encode()
    stream.write(len(data).to_bytes(8, "big") + data)
    stream.flush()
