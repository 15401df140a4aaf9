"""Prepares a document that is to go out: fields for number, date, the leader and the agency.

Everything that will be seen has to have its field before the first signature: a number written on
the page afterwards breaks the leader's signature, a number written into a field does not.

Spec: Decree 30/2020/ND-CP Art. 14 (number, date, then the agency's digital signature), Annex I (not
checked against the official text); ISO 32000-2 §12.7.5.5 (signature field lock).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    pdf_name,
    pdf_string,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SigFieldSpec,
    append_signature_field,
)

from signing.display.appearance import frame
from signing.display.look import Size
from signing.display.placement import Placement, Rectangle, check_on_page, page_index
from signing.display.profile import load_display
from signing.display.resolve import Pages, find_signer_room, resized
from signing.display.tables import PersonPlace, SignerPlace
from signing.document import append_to, hostile_document
from signing.encryption import check_permitted
from signing.errors.documents import DocumentUnsupportedError
from signing.errors.outgoing import PreparedAlreadyError, PrepareSignedError
from signing.errors.placing import NoRoomForSignerError
from signing.objects import entry
from signing.outgoing.blanks import Blank, DateBlanks, find_blanks
from signing.outgoing.form import AGENCY, DATE, DATE_PARTS, LEADER, NUMBER, find_names
from signing.outgoing.text_field import (
    TextField,
    add_field_font,
    add_printed_field,
    add_text_field,
)
from signing.pages import pages_of
from verify.password import Password
from verify.pdf.document import open_pdf
from verify.pdf.fields import find_signature_fields
from verify.policy import Limits

LABELS = {
    LEADER: "Chữ ký số của người có thẩm quyền",
    AGENCY: "Dấu, chữ ký số của cơ quan, tổ chức",
    NUMBER: "Số, ký hiệu văn bản",
    DATE: "Ngày, tháng, năm ban hành văn bản",
}
PART_LABELS = ("Ngày ban hành văn bản", "Tháng ban hành văn bản", "Năm ban hành văn bản")


@dataclass(frozen=True, slots=True)
class OutgoingPlaces:
    """Where the fields go; what is not said is found in the text."""

    leader: Placement
    """A rectangle, or the leader's name (and title) as the document has them."""
    agency: Placement = field(default_factory=Placement)
    """By default over the left third of the leader's field."""
    number: Placement = field(default_factory=Placement)
    date: Placement = field(default_factory=Placement)


@dataclass(frozen=True, slots=True)
class PlacedField:
    """One field that was put in."""

    name: str
    page: int
    """From 1."""
    rectangle: Rectangle


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """A document that can be signed, numbered and sealed."""

    data: bytes
    fields: tuple[PlacedField, ...]


def prepare_document(
    data: bytes,
    places: OutgoingPlaces,
    *,
    name: str,
    limits: Limits,
    password: Password | None = None,
) -> PreparedDocument:
    """Return the document with the fields in it; `data` is kept to the byte in front of it.

    Args:
        data: a PDF document that nobody has signed.
        places: where the fields go.
        name: what to call the document in messages.
        limits: of the policy.
        password: of a document that is encrypted.

    Raises:
        PrepareSignedError: somebody has signed it.
        PreparedAlreadyError: it has fields of these names.
        NumberPlaceNotFoundError, NumberPrintedError, DatePlaceNotFoundError, BlankTooSmallError,
        PlaceAmbiguousError, NoTextError: see `find_blanks`.
        SignerNameNotFoundError, TitleNotFoundError, NoRoomForSignerError: see `find_signer_room`.
        PageNotFoundError, OutsidePageError: a place is not in the document.
        FontMissingError: no font here has the letters.
        NewFieldForbiddenError: it is encrypted, and its author permits no new fields.
        InvalidInputError: it is no document that can be written to.
    """
    pdf = open_pdf(data, name=name, limits=limits, password=password)
    for signed in find_signature_fields(pdf, name=name, limit=limits.signatures):
        raise PrepareSignedError(field=signed.name)
    for taken in find_names(pdf):
        raise PreparedAlreadyError(field=taken)
    check_permitted(pdf.access, name=name, creates=True)
    writer = append_to(pdf)
    with hostile_document():
        work = _Work(writer, pages_of(writer, password))
        work.add_texts(places)
        work.add_signature_fields(places)
        output = BytesIO()
        writer.write(output)
    return PreparedDocument(output.getvalue(), tuple(work.placed))


class _Work:
    """The fields of one document, put in one after another."""

    def __init__(self, writer: IncrementalPdfFileWriter, pages: Pages) -> None:
        self.placed: list[PlacedField] = []
        self._writer = writer
        self._pages = pages
        self._form = _form_of(writer)
        add_field_font(writer, self._form)

    def add_texts(self, places: OutgoingPlaces) -> None:
        """Put in the fields for number and date."""
        number, date = self._said(places.number), self._said(places.date)
        found = find_blanks(self._pages, number=number is None, date=date is None)
        at, blank = number or (0, found.number)
        assert blank is not None  # noqa: S101  it was said, or found
        self._list(self._text(NUMBER, LABELS[NUMBER], at, blank))
        if date is not None:
            self._list(self._text(DATE, LABELS[DATE], *date))
        elif found.date is not None:
            self._add_date(found.date)

    def add_signature_fields(self, places: OutgoingPlaces) -> None:
        """Put in the fields of the leader and of the agency."""
        page, leader = _leader_place(self._pages, places.leader)
        # Fields may be filled and signed after the leader, and nothing else be done.
        open_lock = FieldMDPSpec(FieldMDPAction.INCLUDE, [])
        self._signature(LEADER, page, leader, (open_lock, MDPPerm.FILL_FORMS))
        at, agency = _agency_place(self._pages, places.agency, (page, leader))
        shut = FieldMDPSpec(FieldMDPAction.ALL)
        self._signature(AGENCY, at, agency, (shut, MDPPerm.NO_CHANGES))

    def _add_date(self, date: DateBlanks) -> None:
        kids = ArrayObject()
        for name, label, part in zip(DATE_PARTS, PART_LABELS, date.parts, strict=True):
            if isinstance(part, Blank):
                kids.append(self._text(name, label, 0, part, parent=DATE))
            else:
                kids.append(add_printed_field(self._writer, name, str(part)))
        parent = DictionaryObject(
            {
                pdf_name("/T"): pdf_string(DATE),
                pdf_name("/TU"): pdf_string(LABELS[DATE]),
                pdf_name("/Kids"): kids,
            }
        )
        reference = self._writer.add_object(parent)
        for kid in list.__iter__(kids):
            kid.get_object()[pdf_name("/Parent")] = reference
        self._list(reference)

    def _text(
        self, name: str, label: str, page: int, blank: Blank, *, parent: str = ""
    ) -> IndirectObject:
        geometry = self._pages.geometry(page)
        box = geometry.to_user_space(check_on_page(blank.box, geometry, page=page + 1))
        full = f"{parent}.{name}" if parent else name
        self.placed.append(PlacedField(full, page + 1, blank.box))
        asked = TextField(
            name, label, page, box, blank.size_pt, blank.centred, blank.filled, blank.limit
        )
        return add_text_field(self._writer, asked, geometry)

    def _signature(
        self, name: str, page: int, place: Rectangle, lock: tuple[FieldMDPSpec, MDPPerm]
    ) -> None:
        geometry = self._pages.geometry(page)
        spec = SigFieldSpec(
            name,
            on_page=page,
            box=geometry.to_user_space(place),  # type: ignore[arg-type]  # takes floats
            readable_field_name=LABELS[name],
            field_mdp_spec=lock[0],
            doc_mdp_update_value=lock[1],
        )
        append_signature_field(self._writer, spec)
        widget = self._form["/Fields"][-1]
        left, bottom, right, top = map(float, widget["/Rect"])  # as pyHanko rounded them
        frame(widget["/AP"]["/N"], (right - left, top - bottom), geometry.rotate)
        self.placed.append(PlacedField(name, page + 1, place))

    def _said(self, placement: Placement) -> tuple[int, Blank] | None:
        """Return the page and the place that a person named; None where none did."""
        if placement.rectangle is None:
            return None
        page = 1 if placement.page is None else placement.page
        return page_index(page, self._pages.count), Blank(placement.rectangle, 13.0)

    def _list(self, reference: IndirectObject) -> None:
        fields = self._form["/Fields"]
        fields.append(reference)
        self._writer.update_container(fields)


def _form_of(writer: IncrementalPdfFileWriter) -> DictionaryObject:
    """Return the document's form, made where there is none."""
    form = entry(writer.root, "/AcroForm")
    if not isinstance(form, DictionaryObject):
        form = DictionaryObject()
        writer.root[pdf_name("/AcroForm")] = writer.add_object(form)
        writer.update_root()
    if "/XFA" in form:  # its readers show another form than this one
        raise DocumentUnsupportedError(reason="XFA form")
    if not isinstance(entry(form, "/Fields"), ArrayObject):
        form[pdf_name("/Fields")] = ArrayObject()
        form["/Fields"].container_ref = form.container_ref
    writer.update_container(form)
    return form


def _leader_place(pages: Pages, placement: Placement) -> tuple[int, Rectangle]:
    profile = resized(load_display("person"), placement)
    assert profile.image is not None  # noqa: S101  the profile is ours
    assert isinstance(profile.place, SignerPlace)  # noqa: S101  as above
    size = Size(profile.image.width_mm, profile.image.height_mm)
    asked = _asked(pages, placement, size)
    if asked is not None:
        return asked
    room = find_signer_room(
        pages,
        name=placement.name or "",
        title=placement.title or "",
        page=placement.page,
        size=size,
    )
    high = min(size.height_mm, room.height_mm - 2 * profile.place.clearance_mm)
    if high <= 0:
        raise NoRoomForSignerError(page=room.page + 1, room_mm=f"{room.height_mm:.1f}")
    place = room.centred(size.width_mm * high / size.height_mm, high)
    return room.page, _checked(pages, room.page, place)


def _agency_place(
    pages: Pages, placement: Placement, leader: tuple[int, Rectangle]
) -> tuple[int, Rectangle]:
    profile = resized(load_display("agency"), placement)
    assert profile.image is not None  # noqa: S101  the profile is ours
    assert isinstance(profile.place, PersonPlace)  # noqa: S101  as above
    wide = placement.width_mm or profile.image.width_mm
    size = Size(wide, placement.height_mm or min(profile.image.height_mm, wide))
    asked = _asked(pages, placement, size)
    if asked is not None:
        return asked
    page, person = leader
    right = person.left_mm + profile.place.share * person.width_mm
    top = person.top_mm + (person.height_mm - size.height_mm) / 2
    place = Rectangle(right - size.width_mm, top, size.width_mm, size.height_mm)
    return page, _checked(pages, page, place)


def _asked(pages: Pages, placement: Placement, size: Size) -> tuple[int, Rectangle] | None:
    rectangle = placement.rectangle
    if rectangle is None and placement.corner_mm is not None:
        rectangle = Rectangle(*placement.corner_mm, size.width_mm, size.height_mm)
    if rectangle is None:
        return None
    index = page_index(-1 if placement.page is None else placement.page, pages.count)
    return index, _checked(pages, index, rectangle)


def _checked(pages: Pages, page: int, place: Rectangle) -> Rectangle:
    return check_on_page(place, pages.geometry(page), page=page + 1)
