"""A font as it stands in a document: made once for a set of letters, put into many documents.

A composite font with Identity-H: a letter is written as its glyph's number, and ToUnicode says
which letter that is, so that words can be searched, copied and read aloud as they were written.

Spec: ISO 32000-1 §9.7.4 (CIDFontType2), §9.9 (embedding), §9.10.3 (ToUnicode).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.writer import BasePdfFileWriter

from signing.display.pdfa import is_pdfa_1

SYMBOLIC = 4
"""FontDescriptor flag: glyphs are named by number, not by a Latin encoding."""


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedFont:
    """The letters of a font that are needed, ready for PDF."""

    name: str
    """PostScript name, with the tag of a subset in front."""
    glyphs: Mapping[str, int]
    """Number of each letter's glyph."""
    widths: Mapping[str, float]
    """Advance of each letter, in thousandths of the font size."""
    ascent: float
    descent: float
    box: tuple[float, ...]
    file: bytes
    """The font file, deflated."""
    file_length: int
    glyph_count: int
    """Of the font file; they are numbered from 0."""
    to_unicode: bytes
    """The CMap that says which letter each glyph is, deflated."""

    def width(self, text: str) -> float:
        """Return how wide a text is, in font sizes."""
        return sum(self.widths[letter] for letter in text) / 1000

    def encode(self, text: str) -> bytes:
        """Return a text as the operand of Tj."""
        return b"<%s>" % b"".join(b"%04x" % self.glyphs[letter] for letter in text)

    def add_to(self, writer: BasePdfFileWriter) -> generic.IndirectObject:
        """Put the font into a document and return the reference to it."""
        program = _deflated(self.file)
        program[pdf_name("/Length1")] = generic.NumberObject(self.file_length)
        descriptor = {
            "/Type": pdf_name("/FontDescriptor"),
            "/FontName": pdf_name(f"/{self.name}"),
            "/Flags": generic.NumberObject(SYMBOLIC),
            "/FontBBox": _numbers(*self.box),
            "/ItalicAngle": generic.NumberObject(0),
            "/Ascent": generic.FloatObject(self.ascent),
            "/Descent": generic.FloatObject(self.descent),
            "/CapHeight": generic.FloatObject(self.ascent),
            "/StemV": generic.NumberObject(80),
            "/FontFile2": writer.add_object(program),
        }
        if is_pdfa_1(writer.root):
            descriptor["/CIDSet"] = writer.add_object(self._cid_set())
        system = {
            "/Registry": pdf_string("Adobe"),
            "/Ordering": pdf_string("Identity"),
            "/Supplement": generic.NumberObject(0),
        }
        descendant = {
            "/Type": pdf_name("/Font"),
            "/Subtype": pdf_name("/CIDFontType2"),
            "/BaseFont": pdf_name(f"/{self.name}"),
            "/CIDSystemInfo": _dictionary(system),
            "/FontDescriptor": writer.add_object(_dictionary(descriptor)),
            "/DW": generic.NumberObject(1000),
            "/W": self._width_array(),
            "/CIDToGIDMap": pdf_name("/Identity"),
        }
        font: dict[str, generic.PdfObject] = {
            "/Type": pdf_name("/Font"),
            "/Subtype": pdf_name("/Type0"),
            "/BaseFont": pdf_name(f"/{self.name}"),
            "/Encoding": pdf_name("/Identity-H"),
            "/DescendantFonts": generic.ArrayObject([writer.add_object(_dictionary(descendant))]),
            "/ToUnicode": writer.add_object(_deflated(self.to_unicode)),
        }
        reference: generic.IndirectObject = writer.add_object(_dictionary(font))
        return reference

    def _cid_set(self) -> generic.StreamObject:
        """Return the stream with a bit for each glyph that is there (ISO 19005-1 §6.3.5)."""
        whole, rest = divmod(self.glyph_count, 8)
        bits = b"\xff" * whole + bytes([0xFF00 >> rest & 0xFF] if rest else [])
        return _deflated(zlib.compress(bits))

    def _width_array(self) -> generic.ArrayObject:
        """Return the advances, one array for each run of glyphs without a gap."""
        array = generic.ArrayObject()
        following = -1
        for letter, glyph in sorted(self.glyphs.items(), key=lambda item: item[1]):
            if glyph != following:
                array += [generic.NumberObject(glyph), generic.ArrayObject()]
            array[-1].append(generic.NumberObject(round(self.widths[letter])))
            following = glyph + 1
        return array


def _deflated(data: bytes) -> generic.StreamObject:
    return generic.StreamObject({pdf_name("/Filter"): pdf_name("/FlateDecode")}, encoded_data=data)


def _to_unicode(glyphs: Mapping[str, int]) -> bytes:
    pairs = [
        b"<%04x> <%s>" % (glyph, letter.encode("utf-16-be").hex().encode())
        for letter, glyph in sorted(glyphs.items(), key=lambda item: item[1])
    ]
    blocks = [pairs[start : start + 100] for start in range(0, len(pairs), 100)]
    told = (b"%d beginbfchar\n%s\nendbfchar" % (len(each), b"\n".join(each)) for each in blocks)
    return _CMAP % b"\n".join(told)


_CMAP = b"""/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <ffff>
endcodespacerange
%s
endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""


@dataclass(frozen=True, slots=True)
class FontMetrics:
    """What a font file says of itself, in thousandths of the font size."""

    name: str
    """PostScript name."""
    glyphs: Mapping[str, int]
    widths: Mapping[str, float]
    ascent: float
    descent: float
    box: tuple[float, ...]
    glyph_count: int
    """Of the file; they are numbered from 0."""


def build_font(data: bytes, metrics: FontMetrics) -> EmbeddedFont:
    """Return the font in the bytes of a file, made ready for documents."""
    return EmbeddedFont(
        name=f"{_tag(data)}+{''.join(c for c in metrics.name if c.isalnum() or c == '-')}",
        glyphs=MappingProxyType(dict(metrics.glyphs)),
        widths=MappingProxyType(dict(metrics.widths)),
        ascent=metrics.ascent,
        descent=metrics.descent,
        box=metrics.box,
        file=zlib.compress(data, 9),
        file_length=len(data),
        glyph_count=metrics.glyph_count,
        to_unicode=zlib.compress(_to_unicode(metrics.glyphs), 9),
    )


def _tag(data: bytes) -> str:
    """Return six letters that tell this subset from others (ISO 32000-1 §9.6.4)."""
    return "".join(chr(ord("A") + octet % 26) for octet in sha256(data).digest()[:6])


def _numbers(*values: float) -> generic.ArrayObject:
    return generic.ArrayObject(generic.FloatObject(round(value, 3)) for value in values)


def _dictionary(entries: Mapping[str, generic.PdfObject]) -> generic.DictionaryObject:
    return generic.DictionaryObject({pdf_name(key): value for key, value in entries.items()})
