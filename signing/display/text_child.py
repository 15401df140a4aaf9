"""Reads the text of pages, in a process of its own that holds no key and no PIN.

PDFium is native code and the document may be hostile: whatever happens here, the process that signs
only sees an answer that is JSON, or none. It is asked on stdin, answers on stdout, and ends with
stdin.

    question   lengths of head and document, 8 octets each; head (JSON); document
    answer     length, 8 octets; JSON: {"pages": n, "found": [{"page": i, "letters": [...]}]},
               or {"pages": n, "looks": [...]} where the head asks for a look

A large document does not come with the question: the head has its "size", and before the answer the
child asks for what it wants of it.

    wish       length 0, 8 octets; offset and count, 8 octets each
    piece      so many octets

A letter is [text, left, bottom, right, top] in the page's own coordinates.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

import pypdfium2
from pypdfium2 import raw

from signing.display.asked import AskedDocument
from signing.display.fold import fold

LONGEST_SIDE = 400
"""Of a picture of a page, in pixels."""
Letter = tuple[str, float, float, float, float]


def main() -> None:
    """Answer until nothing more is asked."""
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    while len(lengths := questions.read(16)) == 16:
        head = json.loads(questions.read(int.from_bytes(lengths[:8], "big")))
        document: bytes | AskedDocument = questions.read(int.from_bytes(lengths[8:], "big"))
        if "size" in head:
            document = AskedDocument(head["size"], partial(_fetch, questions, answers))
        _put(answers, answer(head, document))


def _fetch(questions: BinaryIO, answers: BinaryIO, offset: int, count: int) -> bytes:
    answers.write(b"".join(number.to_bytes(8, "big") for number in (0, offset, count)))
    answers.flush()
    piece = questions.read(count)
    if len(piece) < count:
        raise EOFError  # whoever asked is gone
    return piece


def answer(head: dict[str, Any], data: bytes | AskedDocument) -> dict[str, Any]:
    """Return the letters of the pages on which one of the needles stands, the last page first."""
    try:
        document = pypdfium2.PdfDocument(data, head.get("password"))
    except pypdfium2.PdfiumError as error:
        return {"error": str(error)}
    with document:
        pages = len(document)
        if head.get("look"):
            return {"pages": pages, "looks": list(_looks(document, head["most_pages"]))}
        asked = [head["page"]] if head["page"] is not None else range(pages - 1, -1, -1)
        looked_at = [index for index in asked if 0 <= index < pages][: head["most_pages"]]
        words, found = 0, []
        for index in looked_at:
            text, letters = _read_page(document, index, head)
            words += len(text)
            if letters:
                found.append({"page": index, "letters": letters})
        return {"pages": pages, "looked_at": len(looked_at), "words": words, "found": found}


def _looks(document: pypdfium2.PdfDocument, most_pages: int) -> Iterator[str]:
    pages, half = len(document), most_pages // 2
    few = range(pages) if pages <= most_pages else (*range(half), *range(pages - half, pages))
    for index in few:
        page = document[index]
        # A page is as large as it says it is; a picture of it need not be.
        scale = min(0.5, LONGEST_SIDE / max(1.0, *page.get_size()))
        bitmap = page.render(scale=scale)
        text_page = page.get_textpage()
        digest = hashlib.sha256(text_page.get_text_bounded().encode())
        digest.update(bytes(bitmap.buffer))
        text_page.close()
        bitmap.close()
        page.close()
        yield digest.hexdigest()


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
