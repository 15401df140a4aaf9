"""A PDF in the making: pages that are finished one after another, and the tree of their tags.

Most objects are written down as they will stand in the file, so that a document of many pages
takes little memory. Nothing in it asks a clock or chance.

Spec: ISO 32000-1 §7.7 (document structure), §14.7, §14.8 (tagged PDF); ISO 19005-2 (level A).
"""

from __future__ import annotations

import hashlib
import zlib
from datetime import datetime
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.writer import PdfFileWriter

from signing.display.colour import rgb_profile
from signing.display.xmp import pdfa_metadata
from signing.forms.faces import Face, Fonts

LANGUAGE = "vi-VN"
_TOGETHER = 200
"""Elements that are packed together: they are many, and much like each other."""


class Written(generic.PdfObject):
    """An object as it will stand in the file."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def write_to_stream(self, stream: Any, handler: Any = None, container_ref: Any = None) -> None:  # noqa: ANN401  as pyHanko declares it
        """Write it."""
        del handler, container_ref
        stream.write(self._data)


class Node:
    """An element of the tree of tags: what it is, and what belongs to it."""

    __slots__ = ("kids", "more", "number", "parent", "tag")

    def __init__(self, number: int, tag: str, parent: int, more: str = "") -> None:
        self.number = number
        self.tag = tag
        self.parent = parent
        self.more = more
        self.kids: list[str] = []


class Document(PdfFileWriter):
    """A document to which pages are added, then written once."""

    def __init__(self, fonts: Fonts, size: tuple[float, float]) -> None:
        super().__init__(stream_xrefs=True)  # type: ignore[no-untyped-call]  # pyHanko's
        added = {font.name: font.add_to(self).idnum for font in dict.fromkeys(fonts.values())}
        used = "".join(f"/{face} {added[fonts[face].name]} 0 R" for face in Face)
        self.font_number = added[fonts[Face.REGULAR].name]
        self._resources = self.put(f"<</Font<<{used}>>>>")
        self._size = size
        self._root_number = self.reserve()
        self._parents: list[str] = []
        self._closed = 0
        self._digest = hashlib.sha256()
        self.tree = Node(self.reserve(), "Document", self._root_number)

    def _update_meta(self) -> None:
        """Leave the metadata as they are: pyHanko names itself and the time in them."""

    def reserve(self) -> int:
        """Return the number of an object that is written later."""
        number: int = self.allocate_placeholder().idnum
        return number

    def put(self, text: str, number: int | None = None) -> int:
        """Add an object that is not a stream."""
        own: int = self.add_object(Written(text.encode("ascii")), idnum=number).idnum
        return own

    def put_stream(self, entries: str, data: bytes, *, packed: bool = True) -> int:
        """Add a stream."""
        if packed:
            entries, data = f"{entries}/Filter/FlateDecode", zlib.compress(data, 9)
        head = f"<<{entries}/Length {len(data)}>>\nstream\n".encode("ascii")
        own: int = self.add_object(Written(head + data + b"\nendstream")).idnum
        return own

    def open(self, tag: str, parent: Node, more: str = "") -> Node:
        """Begin an element."""
        node = Node(self.reserve(), tag, parent.number, more)
        parent.kids.append(f"{node.number} 0 R")
        return node

    def close(self, node: Node) -> None:
        """Write an element to which nothing is added any more."""
        if self._closed % _TOGETHER == 0:
            self._packed = self.prepare_object_stream()  # type: ignore[no-untyped-call]  # pyHanko's
        self._closed += 1
        text = (
            f"<</Type/StructElem/S/{node.tag}/P {node.parent} 0 R{node.more}"
            f"/K[{' '.join(node.kids)}]>>"
        )
        self.add_object(Written(text.encode("ascii")), self._packed, node.number)

    def key_of(self, owner: str) -> int:
        """Return the key under which the tree finds who owns a page's marks, or a field."""
        self._parents.append(owner)
        return len(self._parents) - 1

    def add_page(self, number: int, content: str, owners: list[int], fields: list[int]) -> None:
        """Add a page whose number was reserved."""
        data = content.encode("ascii")
        self._digest.update(data)
        drawn = self.put_stream("", data)
        key = self.key_of(f"[{' '.join(f'{each} 0 R' for each in owners)}]")
        pages = self.root["/Pages"]
        on = f"/Annots[{' '.join(f'{each} 0 R' for each in fields)}]" if fields else ""
        width, height = self._size
        self.put(
            f"<</Type/Page/Parent {self.root.raw_get('/Pages').idnum} 0 R"
            f"/MediaBox[0 0 {width:.2f} {height:.2f}]/Resources {self._resources} 0 R"
            f"/Contents {drawn} 0 R/StructParents {key}/Tabs/S{on}>>",
            number,
        )
        pages["/Kids"].append(generic.IndirectObject(number, 0, self))
        pages[pdf_name("/Count")] = generic.NumberObject(len(pages["/Kids"]))

    def written(self, title: str, form: int, made: datetime) -> bytes:
        """Return the whole document.

        Args:
            title: of it.
            form: the number of the object with its fields.
            made: when.
        """
        self.close(self.tree)
        nums = " ".join(f"{key} {owner}" for key, owner in enumerate(self._parents))
        parents = self.put(f"<</Nums[{nums}]>>")
        self.put(
            f"<</Type/StructTreeRoot/K[{self.tree.number} 0 R]/ParentTree {parents} 0 R"
            f"/ParentTreeNextKey {len(self._parents)}>>",
            self._root_number,
        )
        colours = self.put_stream("/N 3", rgb_profile())
        metadata = pdfa_metadata(title, LANGUAGE, made)
        described = self.put_stream("/Type/Metadata/Subtype/XML", metadata, packed=False)
        for key, value in {
            "/StructTreeRoot": f"{self._root_number} 0 R",
            "/MarkInfo": "<</Marked true>>",
            "/Lang": f"({LANGUAGE})",
            "/ViewerPreferences": "<</DisplayDocTitle true>>",
            "/Metadata": f"{described} 0 R",
            "/AcroForm": f"{form} 0 R",
            "/OutputIntents": "[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)"
            f"/Info(sRGB)/DestOutputProfile {colours} 0 R>>]",
        }.items():
            self.root[pdf_name(key)] = Written(value.encode("ascii"))
        self._digest.update(metadata)
        own = generic.ByteStringObject(self._digest.digest()[:16])
        self._document_id = generic.ArrayObject([own, own])
        output = BytesIO()
        self.write(output)  # type: ignore[no-untyped-call]  # pyHanko's
        return output.getvalue()


def as_text(text: str) -> str:
    """Return a text as a string of PDF."""
    return f"<FEFF{text.encode('utf-16-be').hex().upper()}>"
