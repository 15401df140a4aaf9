"""Flat pages: what is drawn stays, what acts and what is not drawn goes."""

from __future__ import annotations

from io import BytesIO

import pytest
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NumberObject,
    StreamObject,
    pdf_name,
    pdf_string,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from unit.signing.copying_world import (
    annotated,
    appearance,
    boxed,
    named,
    original,
    reader_of,
    scan,
)
from unit.signing.signing_pages import letter
from unit.signing.signing_world import change_page, make_pdf

from signing.copying.flat import flatten
from signing.copying.importer import ACTS, STAYS_BEHIND
from signing.document import hostile_document
from signing.errors.copying import CopyUnshownError
from signing.errors.documents import DocumentUnsupportedError
from signing.pages import page_references


def flat(data: bytes, *numbers: int, extract: bool = False) -> bytes:
    """Return the pages of a document, flat."""
    reader = reader_of(data)
    pages = [each.get_object() for each in page_references(reader)]
    chosen = [(one, pages[one - 1]) for one in numbers or range(1, len(pages) + 1)]
    with hostile_document():
        made = flatten(reader, chosen, extract=extract)
        out = BytesIO()
        made.writer.write(out)
    return out.getvalue()


def changed(data: bytes, change) -> bytes:
    """Return a document after `change(writer, first page)`."""
    writer = IncrementalPdfFileWriter(BytesIO(data))
    page = writer.find_page_for_modification(0)[0].get_object()
    change(writer, page)
    writer.update_container(page)
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def everything(data: bytes):
    """Yield every dictionary of a document."""
    reader = reader_of(data)
    left, seen = [reader.root], set()
    while left:
        value = left.pop()
        if isinstance(value, IndirectObject):
            if value.reference in seen:
                continue
            seen.add(value.reference)
            value = value.get_object()
        if isinstance(value, DictionaryObject):
            yield value
            left += list(value.values())
        elif isinstance(value, ArrayObject):
            left += list(list.__iter__(value))


def first_page(data: bytes) -> DictionaryObject:
    return reader_of(data).root["/Pages"]["/Kids"][0]


def script(text: str = "app.alert(1)") -> DictionaryObject:
    return named(S="/JavaScript", JS=text)


def test_nothing_acts_in_a_flat_page():
    link = {"Subtype": pdf_name("/Link"), "A": named(S="/URI", URI="https://example.org")}
    button = {
        "Subtype": pdf_name("/Widget"),
        "FT": pdf_name("/Btn"),
        "look": "0 1 0",
        "AA": DictionaryObject({pdf_name("/E"): script()}),
    }
    names = named(JavaScript=named(Names=ArrayObject([pdf_string("x"), script()])))
    data = annotated(
        letter(), link, button, OpenAction=script(), Names=names, AA=named(WC=script())
    )

    def more(_writer, page):
        page[pdf_name("/AA")] = DictionaryObject({pdf_name("/O"): script("page")})
        page[pdf_name("/PieceInfo")] = named(X="secret")

    data = changed(data, more)
    words = {"app.alert(1)", "page", "https://example.org", "secret", "/JavaScript"}
    assert words <= {str(one) for each in everything(data) for one in each.values()}
    made = flat(data)
    assert not words & {str(one) for each in everything(made) for one in each.values()}
    kinds = {str(each.get("/Type")) for each in everything(made)}
    assert not kinds & (STAYS_BEHIND - {"/Catalog", "/Pages", "/Page", "/Metadata"})
    assert not {str(each.get("/S")) for each in everything(made)} & ACTS
    assert "/Annots" not in first_page(made)
    assert set(reader_of(made).root) <= {"/Type", "/Pages", "/Lang", "/Metadata", "/Extensions"}


def test_boxes_turn_and_unit_come_along_from_wherever_they_stand():
    data = change_page(letter(), Rotate=90, UserUnit=2, CropBox=[10.0, 20.0, 400.0, 500.0])

    def inherit(_writer, page):
        parent = page["/Parent"]
        for key in ("/Rotate", "/MediaBox"):
            if key in page:
                parent[pdf_name(key)] = page[key]
                del page[key]
        _writer.update_container(parent)

    page = first_page(flat(changed(data, inherit)))
    assert (page["/Rotate"], page["/UserUnit"]) == (90, 2)
    assert [float(each) for each in page["/CropBox"]] == [10.0, 20.0, 400.0, 500.0]
    assert "/MediaBox" in page


def test_marks_are_drawn_in_their_order_and_the_hidden_are_not():
    widget = {"Subtype": pdf_name("/Stamp")}
    seen = [{**widget, "look": "1 0 0"}, {**widget, "look": "0 1 0"}]
    unseen = [
        {**widget, "look": "0 0 1", "F": NumberObject(2)},
        {**widget, "look": "0 0 1", "F": NumberObject(32)},
        {**widget, "look": "0 0 1", "Rect": boxed(5, 5, 5, 9)},
        {"Subtype": pdf_name("/Popup"), "look": "0 0 1"},
        {"Subtype": pdf_name("/Stamp"), "look": "0 0 1", "Rect": pdf_string("x")},
    ]
    made = flat(annotated(make_pdf(), *seen, *unseen))
    drawings = first_page(made)["/Resources"]["/XObject"]
    assert set(drawings) == {"/Page", "/Mark0", "/Mark1"}
    assert drawings["/Mark0"].data.startswith(b"1 0 0 rg")
    content = first_page(made)["/Contents"].data.decode()
    assert content.splitlines()[1].startswith("q 10.000000 0.000000 0.000000 10.000000 50.")


def test_a_mark_with_an_empty_box_or_none_is_drawn_by_nobody():
    def boxes(writer, page):
        for box in (boxed(0, 0, 0, 10), None):
            reference = appearance(writer)
            form = reference.get_object()
            if box is None:
                del form[pdf_name("/BBox")]
            else:
                form[pdf_name("/BBox")] = box
            annotation = named(Subtype="/Stamp", Rect=boxed(1, 1, 9, 9))
            annotation[pdf_name("/AP")] = DictionaryObject({pdf_name("/N"): reference})
            page[pdf_name("/Annots")].append(annotation)

    data = annotated(make_pdf(), {"Subtype": pdf_name("/Stamp"), "look": "1 0 0"})
    made = flat(changed(data, boxes))
    assert set(first_page(made)["/Resources"]["/XObject"]) == {"/Page", "/Mark0"}


def test_of_a_button_the_state_that_it_has_is_drawn():
    def button(writer, page):
        states = DictionaryObject(
            {
                pdf_name("/On"): appearance(writer, "1 0 0"),
                pdf_name("/Off"): appearance(writer, "0 0 1"),
            }
        )
        for state in ("/On", "/Nowhere"):
            found = named(Subtype="/Widget", FT="/Btn", AS=state, Rect=boxed(1, 1, 9, 9))
            found[pdf_name("/AP")] = DictionaryObject({pdf_name("/N"): states})
            page.setdefault(pdf_name("/Annots"), ArrayObject()).append(found)

    made = flat(changed(make_pdf(), button))
    drawings = first_page(made)["/Resources"]["/XObject"]
    assert set(drawings) == {"/Page", "/Mark0"}
    assert drawings["/Mark0"].data.startswith(b"1 0 0")


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        ({"Subtype": pdf_name("/Text")}, "/Text"),
        ({"Subtype": pdf_name("/FreeText")}, "/FreeText"),
        ({"Subtype": pdf_name("/Widget"), "FT": pdf_name("/Tx"), "V": pdf_string("x")}, "/Widget"),
        (
            {"Subtype": pdf_name("/Widget"), "FT": pdf_name("/Btn"), "MK": named(CA="OK")},
            "/Widget",
        ),
    ],
)
def test_what_every_program_draws_in_its_own_way_is_refused(annotation, kind):
    with pytest.raises(CopyUnshownError) as caught:
        flat(annotated(make_pdf(2), annotation, page=1))
    assert caught.value.facts == {"page": 2, "kind": kind}
    assert flat(annotated(make_pdf(2), annotation, page=1), 1)


@pytest.mark.parametrize(
    "annotation",
    [
        {"Subtype": pdf_name("/Link")},
        {"Subtype": pdf_name("/Widget"), "FT": pdf_name("/Tx")},
        {"Subtype": pdf_name("/Widget"), "FT": pdf_name("/Tx"), "V": pdf_string("")},
        {"Subtype": pdf_name("/Widget"), "FT": pdf_name("/Sig"), "MK": named(CA="OK")},
    ],
)
def test_what_nobody_draws_is_left_out(annotation):
    made = flat(annotated(make_pdf(), annotation))
    assert "/XObject" not in first_page(made)["/Resources"]


def test_an_xfa_form_is_refused():
    data = annotated(make_pdf(), AcroForm=named(XFA="x", Fields=ArrayObject()))
    with pytest.raises(DocumentUnsupportedError):
        flat(data)


def group(writer, name: str) -> IndirectObject:
    return writer.add_object(named(Type="/OCG", Name=name))


def layered(data: bytes) -> bytes:
    """Return a page with a layer that is off, and a mark in another; a third is nowhere."""

    def layers(writer, page):
        off, on, other = (group(writer, name) for name in ("off", "on", "other"))
        resources = page["/Resources"]
        listed = DictionaryObject({pdf_name("/L"): off, pdf_name("/X"): script("hidden")})
        resources[pdf_name("/Properties")] = listed
        writer.update_container(resources)
        stamp = named(Subtype="/Stamp", Rect=boxed(50, 500, 90, 540))
        stamp[pdf_name("/AP")] = DictionaryObject({pdf_name("/N"): appearance(writer)})
        stamp[pdf_name("/OC")] = on
        page[pdf_name("/Annots")] = ArrayObject([stamp])
        drawn = writer.add_object(
            StreamObject(stream_data=b"/OC /L BDC 1 0 0 rg 200 200 99 99 re f EMC")
        )
        page[pdf_name("/Contents")] = ArrayObject([page.raw_get("/Contents"), drawn])
        default = named(BaseState="/ON", Order=ArrayObject([off, on]))
        default[pdf_name("/OFF")] = ArrayObject([off, other])
        properties = DictionaryObject({pdf_name("/D"): default})
        properties[pdf_name("/OCGs")] = ArrayObject([off, on, other, pdf_string("x")])
        writer.root[pdf_name("/OCProperties")] = properties

    return changed(data, layers)


def test_layers_are_as_they_were_shown_and_cannot_be_switched():
    data = flat(layered(make_pdf()))
    made = reader_of(data)
    assert "hidden" not in {str(one) for each in everything(data) for one in each.values()}
    layers = made.root["/OCProperties"]
    names = [str(layers["/OCGs"][index]["/Name"]) for index in range(len(layers["/OCGs"]))]
    assert names == ["off", "on"]
    assert [str(each.get_object()["/Name"]) for each in list.__iter__(layers["/D"]["/OFF"])] == [
        "off"
    ]
    assert "/Order" not in layers["/D"]


def with_pictures(data: bytes, *, through_form: bool = False) -> bytes:
    """Return two pages that share one map of pictures; each draws its own."""

    def pictures(writer, page):
        found = DictionaryObject()
        for name in ("Mine", "Theirs"):
            found[pdf_name(f"/{name}")] = writer.add_object(
                StreamObject(
                    dict(named(Type="/XObject", Subtype="/Form", BBox=boxed(0, 0, 9, 9))),
                    stream_data=f"% picture {name}".encode(),
                )
            )
        shared = writer.add_object(DictionaryObject({pdf_name("/XObject"): found}))
        own = b"/M#69ne Do"
        if through_form:
            form = StreamObject(
                dict(named(Type="/XObject", Subtype="/Form", BBox=boxed(0, 0, 9, 9))),
                stream_data=own,
            )
            form[pdf_name("/Resources")] = shared
            outer = DictionaryObject({pdf_name("/Outer"): writer.add_object(form)})
            shared = writer.add_object(DictionaryObject({pdf_name("/XObject"): outer}))
            own = b"/Outer Do"
        page[pdf_name("/Resources")] = shared
        page[pdf_name("/Contents")] = writer.add_object(StreamObject(stream_data=own))

    return changed(data, pictures)


@pytest.mark.parametrize("through_form", [False, True])
def test_an_extract_has_nothing_that_only_other_pages_draw(through_form):
    data = with_pictures(make_pdf(2), through_form=through_form)
    assert b"picture Theirs" in flat(data, 1), "the whole document has it"
    made = flat(data, 1, extract=True)
    assert b"picture Mine" in made
    assert b"picture Theirs" not in made


def test_a_drawing_without_resources_of_its_own_keeps_the_pages():
    def borrowing(writer, page):
        found = DictionaryObject()
        for name, text in (
            ("Outer", b"/Inner Do /Outer Do"),
            ("Inner", b"% inner"),
            ("Not", b"% not"),
        ):
            found[pdf_name(f"/{name}")] = writer.add_object(
                StreamObject(dict(named(Subtype="/Form", BBox=boxed(0, 0, 9, 9))), stream_data=text)
            )
        page[pdf_name("/Resources")] = DictionaryObject({pdf_name("/XObject"): found})
        page[pdf_name("/Contents")] = writer.add_object(
            StreamObject(stream_data=b"/Outer Do /Caf#E9 gs")
        )

    made = flat(changed(make_pdf(), borrowing), extract=True)
    assert b"% inner" in made
    assert b"% not" not in made


def test_a_page_without_resources_or_drawing_is_an_empty_page():
    def empty(_writer, page):
        for key in ("/Resources", "/Contents"):
            page[pdf_name(key)] = NumberObject(1)

    page = first_page(flat(changed(make_pdf(), empty)))
    assert len(page["/Contents"]) == 0
    assert len(page["/Resources"]) == 0


def test_a_drawing_in_several_parts_is_joined_under_marks_and_programs_are_left_behind():
    def parts(writer, page):
        more = writer.add_object(StreamObject(stream_data=b"Q Q q 5 0 0 5 0 0 cm"))
        page[pdf_name("/Contents")] = ArrayObject(
            [page.raw_get("/Contents"), more, NumberObject(5)]
        )
        program = StreamObject(dict(named(Subtype="/PS")), stream_data=b"showpage")
        found = DictionaryObject({pdf_name("/P"): writer.add_object(program)})
        page["/Resources"][pdf_name("/XObject")] = found
        writer.update_container(page["/Resources"])

    data = annotated(make_pdf(), {"Subtype": pdf_name("/Stamp"), "look": "1 0 0"})
    made = flat(changed(data, parts))
    form = first_page(made)["/Resources"]["/XObject"]["/Page"]
    assert form.data.endswith(b"cm")
    assert b"showpage" not in made


def test_a_mark_that_is_a_program_is_left_behind():
    program = {"Subtype": pdf_name("/PS")}

    def programs(writer, page):
        drawn = StreamObject(
            dict(named(**program, BBox=boxed(0, 0, 9, 9))), stream_data=b"showpage"
        )
        stamp = named(Subtype="/Stamp", Rect=boxed(50, 500, 90, 540))
        stamp[pdf_name("/AP")] = DictionaryObject({pdf_name("/N"): writer.add_object(drawn)})
        page[pdf_name("/Annots")] = ArrayObject([stamp])

    assert b"showpage" not in flat(changed(make_pdf(), programs))


@pytest.mark.parametrize(
    ("filter_name", "content"), [("/FlateDecode", b"damaged"), ("/XXXDecode", b"x")]
)
def test_a_drawing_that_cannot_be_decoded_is_not_copied(filter_name, content):
    def damaged(writer, page):
        drawn = StreamObject(dict(named(Filter=filter_name)), encoded_data=content)
        page[pdf_name("/Contents")] = writer.add_object(drawn)

    with pytest.raises(DocumentUnsupportedError):
        flat(changed(make_pdf(), damaged))


@pytest.mark.parametrize(("name", "kept"), [("Chữ", True), ("Café", False)])
def test_a_resource_is_found_again_under_its_name_or_the_page_is_refused(name, kept):
    def renamed(_writer, page):
        fonts = page["/Resources"]["/Font"]
        fonts[pdf_name(f"/{name}")] = fonts.raw_get(next(iter(fonts)))
        _writer.update_container(fonts)

    data = changed(make_pdf(), renamed)
    if kept:
        assert f"/{name}" in first_page(flat(data))["/Resources"]["/Font"]
    else:
        with pytest.raises(DocumentUnsupportedError):
            flat(data)


def test_pages_that_share_something_have_it_once():
    data = letter(pages=30)
    assert len(flat(data)) < 1.2 * len(data)


def test_the_look_of_a_signature_comes_along():
    drawings = first_page(flat(original()))["/Resources"]["/XObject"]
    assert len([name for name in drawings if name.startswith("/Mark")]) == 5
    assert "/Annots" not in first_page(flat(scan()))
