"""Documents to be prepared as others make them: with a form, bold by drawing twice, as pictures."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from fpdf import FPDF
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from unit.signing.outgoing_world import (
    DATE,
    LEADER,
    NUMBER,
    PLACES,
    WISH,
    by_agency,
    by_leader,
    draft,
    numbered,
)

from signing.display.placement import Placement, Rectangle
from signing.errors.documents import DocumentUnsupportedError
from signing.errors.outgoing import NotPreparedError
from signing.errors.placing import NoRoomForSignerError, NoTextError, PlaceAmbiguousError
from signing.outgoing import prepare as outgoing
from signing.outgoing.prepare import OutgoingPlaces, prepare_document
from verify.policy import default_policy

LIMITS = default_policy().limits
SAID = OutgoingPlaces(
    LEADER,
    number=Placement(page=1, rectangle=Rectangle(32, 45, 40, 6)),
    date=Placement(page=1, rectangle=Rectangle(120, 45, 70, 6)),
)


def prepare(data: bytes, places: OutgoingPlaces = PLACES):
    return prepare_document(data, places, name="qd.pdf", limits=LIMITS)


def with_form(*, xfa: bool = False, apart: bool = True) -> bytes:
    """Return the draft with a form that another program made."""
    writer = IncrementalPdfFileWriter(BytesIO(draft()))
    resources = generic.DictionaryObject({pdf_name("/Font"): generic.DictionaryObject()})
    fields = generic.ArrayObject()
    entries = {
        pdf_name("/Fields"): writer.add_object(fields) if apart else fields,
        pdf_name("/DR"): writer.add_object(resources) if apart else resources,
        pdf_name("/NeedAppearances"): generic.BooleanObject(True),
    }
    if xfa:
        entries[pdf_name("/XFA")] = pdf_string("<xdp/>")
    writer.root[pdf_name("/AcroForm")] = writer.add_object(generic.DictionaryObject(entries))
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("apart", [True, False])
def test_a_form_that_is_there_gets_the_fields_and_no_viewer_draws_them_again(apart):
    data = prepare(with_form(apart=apart)).data
    form = PdfFileReader(BytesIO(data)).root["/AcroForm"]
    assert "/NeedAppearances" not in form
    assert "/AntinSerif" in form["/DR"]["/Font"]
    assert len(form["/Fields"]) == 4
    sealed = by_agency(numbered(by_leader(data).data).data)
    assert sealed.field_name == "CoQuan"


def test_a_form_with_a_second_one_behind_it_is_refused():
    with pytest.raises(DocumentUnsupportedError):
        prepare(with_form(xfa=True))
    assert prepare(with_form()).fields


def test_a_picture_of_a_page_needs_every_place_said():
    pdf = FPDF(format="A4")
    pdf.add_page()
    blank = bytes(pdf.output())
    with pytest.raises(NoTextError):
        prepare(blank)
    corner = Placement(page=1, rectangle=Rectangle(120, 200, 45, 25))
    done = prepare(blank, replace(SAID, leader=corner, agency=Placement(width_mm=30.0)))
    assert numbered(by_leader(done.data).data).values["SoVanBan"] == "15"
    assert done.fields[-1].rectangle.width_mm == 30


def test_letters_drawn_twice_to_look_bold_are_read_once():
    once = draft()
    writer = IncrementalPdfFileWriter(BytesIO(once))
    page = writer.find_page_for_modification(0)[0].get_object()
    drawn = page.raw_get("/Contents")
    page[pdf_name("/Contents")] = generic.ArrayObject([drawn, drawn])
    writer.update_container(page)
    out = BytesIO()
    writer.write(out)
    found = {each.name: each.rectangle for each in prepare(out.getvalue()).fields}
    assert (
        found["SoVanBan"]
        == {each.name: each.rectangle for each in prepare(once).fields}["SoVanBan"]
    )


def test_two_places_for_a_number_are_told():
    with pytest.raises(PlaceAmbiguousError) as refused:
        prepare(draft(NUMBER, "Số: ......"))
    assert len(refused.value.facts["places"]) == 2
    assert prepare(draft(NUMBER, DATE)).fields


def test_a_room_with_nothing_left_in_it_is_refused(monkeypatch):
    room = outgoing.find_signer_room
    monkeypatch.setattr(
        outgoing,
        "find_signer_room",
        lambda *given, **more: replace(found := room(*given, **more), top_mm=found.bottom_mm - 1),
    )
    with pytest.raises(NoRoomForSignerError):
        prepare(draft())
    assert prepare(draft(), replace(PLACES, leader=Placement(page=1, corner_mm=(120, 205)))).fields


def test_a_form_that_lacks_a_part_is_no_prepared_one():
    writer = IncrementalPdfFileWriter(BytesIO(prepare(draft()).data))
    fields = writer.root["/AcroForm"]["/Fields"]
    date = next(fields[i] for i in range(len(fields)) if fields[i]["/T"] == "NgayBanHanh")
    date["/Kids"].pop()
    writer.update_container(date)
    out = BytesIO()
    writer.write(out)
    with pytest.raises(NotPreparedError):
        numbered(out.getvalue(), replace(WISH, without_leader=True))
    assert numbered(prepare(draft()).data, replace(WISH, without_leader=True)).values
