"""The report as a PDF: real text in an embedded font, tagged, PDF/A-2a.

The same report gives the same bytes: nothing in it asks a clock or chance. Letters that the font
has not are written as their code, so that nothing that stood in the document is lost.

Spec: ISO 19005-2 (level A); ISO 32000-1 §14.7, §14.8 (tagged PDF).
"""

from __future__ import annotations

from pathlib import Path

from pki.words import Language
from signing.display.fonts import VIETNAMESE, characters_of, embed_font, find_font
from signing.display.letters import normalise
from signing.reporting.blocks import Block, Content, Drawing, make_blocks
from signing.reporting.document import Document
from signing.reporting.layout import Setter
from verify.render.timeline import Lane, Timeline
from verify.report import Report

_DIGITS = "0123456789/ "
_ESCAPES = "[U+0123456789ABCDEF]"
"""Letters that the report adds to its words: the pages' numbers, codes of letters."""
_SIMPLER = str.maketrans({"✓": "√", "✗": "×"})
"""Marks that fonts of letters have not, and the ones they have."""


def render_pdf(report: Report, language: Language = Language.VI, font: Path | None = None) -> bytes:
    """Return the report as a PDF.

    Args:
        report: what was judged.
        language: of its words.
        font: a TrueType file; None looks for one on this machine.

    Raises:
        FontMissingError: no font here has Vietnamese letters.
    """
    path = font or find_font(VIETNAMESE + _ESCAPES)
    title, content = make_blocks(report, language)
    has = characters_of(path)
    content = tuple(_shown(each, has) for each in content)
    letters = frozenset(_DIGITS).union(*(_letters(each) for each in content))
    embedded = embed_font(path, letters)
    setter = Setter(embedded)
    setter.put(content)
    document = Document(embedded)
    for number, page in enumerate(setter.pages, 1):
        document.add(page, f"{number} / {len(setter.pages)}")
    return document.written(_in_letters(title, has), language, report)


def _shown(content: Content, has: frozenset[str]) -> Content:
    if isinstance(content, Block):
        return Block(
            _in_letters(content.text, has),
            content.tag,
            content.tone,
            _in_letters(content.label, has),
            content.indent,
        )
    line = content.timeline
    lanes = tuple(
        Lane(each.y, _in_letters(each.name, has), each.start, each.width, each.marks)
        for each in line.lanes
    )
    first, last = _in_letters(line.first, has), _in_letters(line.last, has)
    timeline = Timeline(line.width, line.height, line.now, first, last, lanes)
    return Drawing(timeline, normalise(content.words))


def _in_letters(text: str, has: frozenset[str]) -> str:
    return "".join(
        letter if letter in has else f"[U+{ord(letter):04X}]"
        for letter in normalise(text).translate(_SIMPLER)
    )


def _letters(content: Content) -> set[str]:
    if isinstance(content, Block):
        return set(content.text + content.label)
    line = content.timeline
    return set(line.first + line.last).union(*(each.name for each in line.lanes))
