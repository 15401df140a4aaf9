"""The fields of a form: to be signed in, and for number and date between the two signatures.

They are those that `antin prepare` puts into any document that goes out, under the same names, so
that `antin sign` and `antin number` find them.

Spec: ISO 32000-1 §12.7.4.5 (signature fields and their lock), §12.7.4.3 (text fields), §14.7.4.3
(fields in the tree of tags); Decree 30/2020/ND-CP Art. 14 (not checked against the official text).
"""

from __future__ import annotations

from dataclasses import dataclass

from signing.forms.document import Document, as_text
from signing.forms.pages import Pages
from signing.outgoing.form import AGENCY, DATE, DATE_PARTS, LEADER, NUMBER
from signing.outgoing.prepare import LABELS, PART_LABELS
from signing.outgoing.text_field import FONT

GIVING, TAKING = "BenGiao", "BenNhan"
"""The two sides of a record."""
_PRINTED = 4
"""Annotation flag: shown on paper."""
_SIGNATURES = 1
"""Of the form: it has signature fields; none is signed yet."""
LABEL_OF = {
    **LABELS,
    GIVING: "Chữ ký số của bên giao",
    TAKING: "Chữ ký số của bên nhận",
    **{f"{DATE}.{part}": label for part, label in zip(DATE_PARTS, PART_LABELS, strict=True)},
}
_LOCKS = {
    LEADER: "<</Type/SigFieldLock/Action/Include/Fields[]/P 2>>",
    AGENCY: "<</Type/SigFieldLock/Action/All/P 1>>",
}
"""After the leader forms may be filled and signed; after the agency nothing may be done."""


@dataclass(frozen=True, slots=True)
class Box:
    """A place on a page, in points from its lower left corner."""

    left: float
    bottom: float
    right: float
    top: float


class Fields:
    """The fields of one document."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._top: list[int] = []
        self._dates: list[int] = []
        self._date = 0
        self.names: list[str] = []

    @property
    def _document(self) -> Document:
        return self._pages.document

    def sign_here(self, name: str, box: Box) -> None:
        """Put an empty signature field on the page that is being written on."""
        lock = ""
        if name in _LOCKS:
            lock = f"/Lock {self._document.put(_LOCKS[name])} 0 R"
        self._top.append(self._widget(name, name, box, f"/FT/Sig{lock}"))

    def fill_here(self, name: str, box: Box, *, size: float, centred: bool) -> None:
        """Put an empty text field on the page that is being written on.

        Args:
            name: `NUMBER`, or a part of the date.
            box: where.
            size: of the words, in points.
            centred: whether they stand in its middle.
        """
        look = f"/FT/Tx/DA({FONT} {size:g} Tf 0 g)/Q {int(centred)}"
        if name == NUMBER:
            self._top.append(self._widget(name, name, box, look))
            return
        if not self._date:
            self._date = self._document.reserve()
        parent = f"{look}/Parent {self._date} 0 R"
        self._dates.append(self._widget(f"{DATE}.{name}", name, box, parent))

    def _widget(self, full: str, name: str, box: Box, more: str) -> int:
        document = self._document
        wide, high = box.right - box.left, box.top - box.bottom
        drawn = b"/Tx BMC EMC" if "/Tx" in more else b""
        look = document.put_stream(
            f"/Type/XObject/Subtype/Form/BBox[0 0 {wide:.2f} {high:.2f}]/Resources<<>>", drawn
        )
        number, label = document.reserve(), as_text(LABEL_OF[full])
        node = document.open("Form", document.tree, f"/Alt {label}")
        node.kids.append(f"<</Type/OBJR/Pg {self._pages.number} 0 R/Obj {number} 0 R>>")
        document.close(node)
        key = document.key_of(f"{node.number} 0 R")
        document.put(
            f"<</Type/Annot/Subtype/Widget{more}/T({name})/TU {label}/P {self._pages.number} 0 R"
            f"/Rect[{box.left:.2f} {box.bottom:.2f} {box.right:.2f} {box.top:.2f}]/F {_PRINTED}"
            f"/AP<</N {look} 0 R>>/StructParent {key}>>",
            number,
        )
        self._pages.fields.append(number)
        self.names.append(full)
        return number

    def written(self) -> int:
        """Return the number of the object with all of them."""
        if self._dates:
            kids = " ".join(f"{each} 0 R" for each in self._dates)
            label = as_text(LABELS[DATE])
            self._document.put(f"<</T({DATE})/TU {label}/Kids[{kids}]>>", self._date)
            self._top.append(self._date)
        listed = " ".join(f"{each} 0 R" for each in self._top)
        font = f"/DR<</Font<<{FONT} {self._document.font_number} 0 R>>>>" if self._dates else ""
        return self._document.put(f"<</Fields[{listed}]/SigFlags {_SIGNATURES}{font}>>")
