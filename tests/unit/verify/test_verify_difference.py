"""What a revision changed: each rule with what it permits and what it does not."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.pdf_utils.xref import ObjStreamRef
from unit.verify.verify_pki import make_pdf, stream, update

from verify.errors import MalformedObjectError
from verify.password import Password
from verify.pdf.difference import (
    annotations,
    compare,
    fields,
    form,
    history,
    pages,
    step,
    structure,
)
from verify.pdf.document import open_pdf
from verify.policy import default_policy

LIMITS = default_policy().limits
CATALOG = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> {} >>"
FORM = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R {}] {} >> >>"
TEXT = (
    "<< /Type /Annot /Subtype /Widget /FT /Tx /T (number) /V ({value}) /F {flags} /P 10 0 R"
    " /Rect [50 50 150 70] /DA (/F1 10 Tf) /AP << /N 5 0 R >> {more} >>"
)
PAGE = (
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Annots [4 0 R {annots}]"
    " /Resources << /Font << /F1 3 0 R >> >> /Contents {contents} 0 R {more} >>"
)
NOTE = "<< /Type /Annot /Subtype /{kind} /Rect [{rect}] /Contents ({text}) {more} >>"
SIG = "<< /Type /Annot /Subtype /Widget /FT /Sig /T ({name}) /Rect [{rect}] {more} >>"
VALUE = "<< /Type /{kind} /Filter /F /SubFilter /{sub} /Contents <00> /ByteRange [0 1 2 3] >>"


def page(*, annots="", contents=11, more=""):
    return PAGE.format(annots=annots, contents=contents, more=more)


def text(*, value="12", flags=4, more=""):
    return TEXT.format(value=value, flags=flags, more=more)


def note(*, kind="Text", rect="0 0 20 20", text="a", more=""):
    return NOTE.format(kind=kind, rect=rect, text=text, more=more)


def sig(*, name="S", rect="0 0 0 0", more=""):
    return SIG.format(name=name, rect=rect, more=more)


def value(*, kind="Sig", sub="ETSI.CAdES.detached"):
    return VALUE.format(kind=kind, sub=sub)


def opened(data, **how):
    return open_pdf(data, name="a.pdf", limits=LIMITS, **how)


def changes(before, after):
    """Return what the last of two updates changed of the document, by name."""
    base = update(make_pdf(), before) if before else make_pdf()
    pdf = opened(update(base, after))
    return {each.what for each in pdf.comparison.changes(pdf.revisions - 1)}


def catalog(more=""):
    return CATALOG.format(more)


FONT = "<< /Type /Font /Subtype /Type1 /BaseFont /{} >>"
STRUCTURED = catalog("/StructTreeRoot 60 0 R")
ROOT = "<< /Type /StructTreeRoot /K {kids} /ParentTree 69 0 R {more} >>"
DOCUMENT = {1: STRUCTURED, 60: ROOT.format(kids="61 0 R", more=""), 69: "<< /Nums [] >>",
            61: "<< /S /Document /P 60 0 R /K [62 0 R 63 0 R] >>",
            62: "<< /S /P /P 61 0 R /Pg 10 0 R /K [0 << /Type /MCR /MCID 1 >>] >>",
            63: "<< /S /Form /P 61 0 R /K << /Type /OBJR /Obj 4 0 R >> >>"}  # fmt: skip

CASES = {
    # catalogue
    "nothing": ({}, {90: "null"}, set()),
    "the same catalogue again": ({}, {1: catalog()}, set()),
    "an entry added": ({}, {1: catalog("/OpenAction << /S /JavaScript >>")}, {"catalog"}),
    "an entry removed": ({1: catalog("/Lang (vi)")}, {1: catalog()}, {"catalog"}),
    "a boolean changed": ({1: catalog("/X true")}, {1: catalog("/X false")}, {"catalog"}),
    "a boolean kept": ({1: catalog("/X true")}, {1: catalog("/X true")}, set()),
    "a number changed": ({1: catalog("/X 1")}, {1: catalog("/X 2.5")}, {"catalog"}),
    "a number written otherwise": ({1: catalog("/X 1")}, {1: catalog("/X 1.0")}, set()),
    "a string for a name": ({1: catalog("/X (a)")}, {1: catalog("/X /a")}, {"catalog"}),
    "null for nothing": ({1: catalog("/X null")}, {1: catalog()}, set()),
    "an array grown": ({1: catalog("/X [1]")}, {1: catalog("/X [1 2]")}, {"catalog"}),
    "another object with the same in it": (
        {1: catalog("/X 40 0 R"), 40: "[1]"}, {1: catalog("/X 41 0 R"), 41: "[1]"}, set()),
    "a page named instead of another": (
        {1: catalog("/X 10 0 R")}, {1: catalog("/X 12 0 R")}, {"catalog"}),
    "a page named as before": (
        {1: catalog("/X [10 0 R]")}, {1: catalog("/X [10 0 R]"), 10: page()}, set()),
    "loops that are alike": (
        {1: catalog("/X 40 0 R"), 40: "[41 0 R]", 41: "[40 0 R]"},
        {40: "[41 0 R]", 41: "[40 0 R]"}, set()),
    "the same pair in two places": (
        {1: catalog("/X 40 0 R /Y 40 0 R"), 40: "[1]"}, {40: "[1]"}, set()),
    "evidence added": ({}, {1: catalog("/DSS << /Certs [] >>")}, set()),
    "evidence sorted anew": (
        {1: catalog("/DSS << /Certs [] >>")}, {1: catalog("/DSS << /CRLs [] >>")}, set()),
    "evidence removed": ({1: catalog("/DSS << >>")}, {1: catalog()}, {"store_removed"}),
    "version raised": ({1: catalog("/Version /1.7")}, {1: catalog("/Version /2.0")}, set()),
    "version lowered": ({1: catalog("/Version /1.7")}, {1: catalog("/Version /1.4")}, {"version"}),
    "extension raised": (
        {1: catalog("/Extensions << /ADBE << /BaseVersion /1.7 /ExtensionLevel 3 >> >>")},
        {1: catalog("/Extensions << /ADBE << /BaseVersion /1.7 /ExtensionLevel 8 >>"
                    " /ISO_ [<< /BaseVersion /2.0 /ExtensionLevel /x >> 7] >>")}, set()),
    "extension lowered": (
        {1: catalog("/Extensions << /ADBE << /BaseVersion /1.7 /ExtensionLevel 8 >> >>")},
        {1: catalog("/Extensions << /ADBE << /BaseVersion /1.7 /ExtensionLevel 3 >> >>")},
        {"extensions"}),
    "extension removed": (
        {1: catalog("/Extensions << /ADBE << /ExtensionLevel 8 >> >>")}, {1: catalog()},
        {"extensions"}),
    "metadata written anew": (
        {1: catalog("/Metadata 40 0 R"), 40: stream("<x/>", "/Type /Metadata")},
        {40: stream("<y/>", "/Type /Metadata")}, set()),
    "metadata added": (
        {}, {1: catalog("/Metadata 40 0 R"), 40: stream("<x/>", "/Type /Metadata")}, set()),
    "metadata that are none": (
        {}, {1: catalog("/Metadata 40 0 R"), 40: stream("<x/>", "/Type /XObject")}, {"metadata"}),
    "metadata removed": (
        {1: catalog("/Metadata 40 0 R"), 40: stream("<x/>", "/Type /Metadata")}, {1: catalog()},
        {"metadata"}),
    "an encoding that is not known": (
        {1: catalog("/X 40 0 R"), 40: stream("a", "/Filter /Unknown")},
        {40: stream("b", "/Filter /Unknown")}, {"catalog"}),
    "another encoding of the same": (
        {1: catalog("/X 40 0 R"), 40: stream("a")},
        {40: stream("61>", "/Filter /ASCIIHexDecode")}, {"catalog"}),
    "the annotations in another array": (
        {10: page().replace("[4 0 R ]", "40 0 R"), 40: "[4 0 R]"},
        {10: page().replace("[4 0 R ]", "40 0 R")}, set()),
    "two arrays of fields, the same in both": (
        {1: FORM.format("40 0 R 41 0 R", ""), 40: "<< /T (a) /Kids [42 0 R] >>",
         41: "<< /T (b) /Kids [42 0 R] >>", 42: "<< /FT /Tx /T (c) >>"},
        {42: "<< /FT /Tx /T (c) /V (1) >>"}, {"filled"}),
    "a reference to nothing": (
        {1: catalog("/X 77 0 R")}, {1: catalog("/X 77 0 R")}, set()),
    "a field that another one brings": (
        {1: FORM.format("40 0 R", ""), 40: "<< /T (a) /Kids 41 0 R >>", 41: "[42 0 R]",
         42: "<< /FT /Tx /T (b) >>"},
        {40: "<< /T (a) /Kids 41 0 R /X (1) >>"}, {"field"}),
    "a comment in an object": (
        {1: catalog("/X 40 0 R"), 40: "[ % 7 0 R\n 41 0 R ]", 41: "(a)"}, {41: "(b)"},
        {"catalog"}),
    "an object that cannot be read, left alone": (
        {1: catalog("/X 40 0 R"), 40: ")"}, {90: "null"}, set()),
    "an object that cannot be read, left behind": ({}, {40: ")"}, {"orphan"}),
    "an object that cannot be read, put in a place": ({40: ")"}, {40: ")"}, {"orphan"}),
    "references on and on": (
        {1: catalog("/X 40 0 R"), **{40 + n: f"{41 + n} 0 R" for n in range(20)}},
        {40: "41 0 R"}, None),
    # pages
    "a page removed": (
        {}, {2: "<< /Type /Pages /Kids [10 0 R] /Count 1 >>"}, {"pages"}),
    "pages in another order": (
        {}, {2: "<< /Type /Pages /Kids [12 0 R 10 0 R] /Count 2 >>"}, {"pages"}),
    "a private key in the tree": (
        {}, {2: "<< /Type /Pages /Kids [10 0 R 12 0 R] /Count 2 /ITXT (5) >>"}, set()),
    "resources for all pages": (
        {}, {2: "<< /Type /Pages /Kids [10 0 R 12 0 R] /Count 2 /Rotate 90 >>"}, {"pages"}),
    "another tree over the same pages": (
        {}, {2: "<< /Type /Pages /Kids [40 0 R] /Count 2 >>",
             40: "<< /Type /Pages /Parent 2 0 R /Kids [10 0 R 12 0 R] /Count 2 >>"}, {"pages"}),
    "a loop of pages": ({}, {2: "<< /Type /Pages /Kids [2 0 R] /Count 2 >>"}, None),
    "a page without a number": ({}, {2: "<< /Type /Pages /Kids [<< >>] /Count 2 >>"}, None),
    "no page any more": ({}, {10: "null"}, {"pages"}),
    "content": ({}, {11: stream("BT (Other) Tj ET")}, {"page_shows"}),
    "the same content": ({}, {11: stream("BT /F1 24 Tf 72 720 Td (Page 1) Tj ET")}, set()),
    "content that is none": ({}, {11: "<< >>"}, {"page_shows"}),
    "content elsewhere": ({}, {10: page(contents=13)}, {"page_shows"}),
    "a font that the page uses": ({}, {3: FONT.format("Courier")}, {"page_shows"}),
    "a new key": ({}, {10: page(more="/PieceInfo << >>")}, {"page"}),
    "a date": ({}, {10: page(more="/LastModified (D:2026)")}, set()),
    "tab order": ({}, {10: page(more="/Tabs /S")}, {"page_order"}),
    "no tab order": ({10: page(more="/Tabs /S")}, {10: page()}, {"page_order"}),
    # annotations
    "a note": ({}, {10: page(annots="40 0 R"), 40: note()}, {"annotation_added"}),
    "a note in the structure": (
        {}, {10: page(annots="40 0 R", more="/StructParents 1"), 40: note()},
        {"annotation_added"}),
    "a note gone": (
        {10: page(annots="40 0 R"), 40: note()}, {10: page()}, {"annotation_removed"}),
    "a note with other words": (
        {10: page(annots="40 0 R"), 40: note()}, {40: note(text="b")}, {"annotation_changed"}),
    "a note with the same words": (
        {10: page(annots="40 0 R"), 40: note()}, {40: note()}, set()),
    "notes in another order": (
        {10: page(annots="40 0 R 41 0 R"), 40: note(), 41: note()},
        {10: page(annots="41 0 R 40 0 R")}, {"annotation_order"}),
    "a note with a small icon": (
        {}, {10: page(annots="40 0 R"), 40: note(more="/AP << /N 5 0 R >>")},
        {"annotation_added"}),
    "a note with a large picture": (
        {}, {10: page(annots="40 0 R"), 40: note(rect="0 0 500 500", more="/AP << /N 5 0 R >>")},
        {"drawn_over"}),
    "a note with a picture, nobody knows where": (
        {}, {10: page(annots="40 0 R"), 40: note(rect="0 0 /x 9", more="/AP << /N 5 0 R >>")},
        {"drawn_over"}),
    "a stamp": ({}, {10: page(annots="40 0 R"), 40: note(kind="Stamp")}, {"drawn_over"}),
    "a stamp hidden": (
        {10: page(annots="40 0 R"), 40: note(kind="Stamp")},
        {40: note(kind="Stamp", more="/F 2")}, {"drawn_over"}),
    "a stamp gone": (
        {10: page(annots="40 0 R"), 40: note(kind="Stamp")}, {10: page()}, {"uncovered"}),
    "a link without a number": (
        {10: page(annots=note(kind="Link"))}, {10: page(annots=note(kind="Link", text="b"))},
        {"annotation_changed"}),
    "the same link without a number": (
        {10: page(annots=note(kind="Link"))}, {10: page(annots=note(kind="Link"), more="")},
        set()),
    "one more without a number": (
        {}, {10: page(annots=note(kind="Square"))}, {"drawn_over"}),
    "a widget of no field": ({}, {10: page(annots="40 0 R"), 40: text()}, {"widget"}),
    "a widget of no field changed": (
        {10: page(annots="40 0 R"), 40: text()}, {40: text(value="99")}, {"widget"}),
    "a widget gone from the page": (
        {}, {10: page().replace("4 0 R", "", 1)}, {"widget"}),
    # the form
    "no form any more": ({}, {1: "<< /Type /Catalog /Pages 2 0 R >>"}, {"form"}),
    "a script of the form": ({}, {1: FORM.format("", "/XFA (x)")}, {"form"}),
    "the order of calculation": (
        {1: FORM.format("", "/CO [4 0 R]")}, {4: text(value="34")}, {"filled"}),
    "a default look": ({}, {1: FORM.format("", "/DA (/F1 9 Tf)")}, {"form_drawn_anew"}),
    "all fields drawn anew": (
        {}, {1: FORM.format("", "/NeedAppearances true")}, {"form_drawn_anew"}),
    "resources added": (
        {1: FORM.format("", "/DR << /Font << /A 3 0 R >> >>")},
        {1: FORM.format("", "/DR << /Font << /A 3 0 R /B 40 0 R >> /XObject << >> >>"),
         40: FONT.format("Courier")}, set()),
    "resources exchanged": (
        {1: FORM.format("", "/DR << /Font << /A 3 0 R >> >>")},
        {1: FORM.format("", "/DR << /Font << /A 40 0 R >> >>"), 40: FONT.format("Courier")},
        {"form"}),
    "resources removed": (
        {1: FORM.format("", "/DR << /Font << /A 3 0 R >> >>")}, {1: FORM.format("", "")},
        {"form"}),
    "a field without a number added": (
        {}, {1: FORM.format("<< /FT /Tx /T (x) >>", "")}, {"field"}),
    "a field without a number kept": (
        {1: FORM.format("<< /FT /Tx /T (x) >>", "")},
        {1: FORM.format("<< /FT /Tx /T (x) >>", "/SigFlags 3")}, set()),
    # fields
    "a value": ({}, {4: text(value="34")}, {"filled"}),
    "the same field again": ({}, {4: text()}, set()),
    "a locked flag": ({}, {4: text(more="/Ff 1")}, set()),
    "a password flag": ({}, {4: text(more="/Ff 8192")}, {"field"}),
    "a flag that is none": ({}, {4: text(more="/Ff /x")}, {"field"}),
    "a printed field": ({}, {4: text(flags=0)}, set()),
    "a hidden field": ({}, {4: text(flags=6)}, {"field"}),
    "a field elsewhere": ({}, {4: text().replace("[50 50", "[10 10")}, {"field"}),
    "another name": ({}, {4: text().replace("number", "other")}, {"field"}),
    "another type": ({}, {4: text().replace("/Tx", "/Ch")}, {"field"}),
    "no field any more": ({}, {4: "null"}, {"field"}),
    "a field removed": (
        {}, {1: catalog().replace("[4 0 R]", "[]")}, {"field_removed"}),
    "a field removed below": (
        {1: FORM.format("40 0 R", ""), 40: "<< /T (a) /Kids [41 0 R] >>",
         41: "<< /FT /Tx /T (b) /Parent 40 0 R >>"},
        {40: "<< /T (a) /Kids [] >>"}, {"field_removed"}),
    "a field below filled in": (
        {1: FORM.format("40 0 R", ""), 40: "<< /T (a) /Kids [41 0 R] >>",
         41: "<< /FT /Tx /T (b) /Parent 40 0 R >>"},
        {41: "<< /FT /Tx /T (b) /Parent 40 0 R /V (1) >>"}, {"filled"}),
    "a text field added": ({}, {1: FORM.format("40 0 R", ""), 40: text()}, {"field_added"}),
    "a widget added to a field": (
        {1: FORM.format("40 0 R", ""), 40: "<< /FT /Sig /T (a) /Kids [] /V 41 0 R >>",
         41: value()},
        {40: "<< /FT /Sig /T (a) /Kids [42 0 R] /V 41 0 R >>",
         42: "<< /Subtype /Widget /Parent 40 0 R /Rect [0 0 9 9] /V 41 0 R >>"},
        {"field_added"}),
    "fields in each other": (
        {1: FORM.format("40 0 R", ""), 40: "<< /T (a) /Kids [41 0 R] >>",
         41: "<< /T (b) /Kids [40 0 R] >>"},
        {40: "<< /T (a) /Kids [41 0 R] >>", 41: "<< /T (b) /Kids [40 0 R] >>"}, set()),
    # signature fields
    "a place to sign": ({}, {1: FORM.format("40 0 R", ""), 40: sig()}, {"signature_field_added"}),
    "a place to sign, seen": (
        {}, {1: FORM.format("40 0 R", ""), 40: sig(rect="0 0 9 9")}, {"signature_field_added"}),
    "a picture that nobody signs": (
        {}, {1: FORM.format("40 0 R", ""), 10: page(annots="40 0 R"),
             40: sig(rect="0 0 9 9", more="/AP << /N 5 0 R >>")}, {"drawn_over"}),
    "a picture of its widget": (
        {}, {1: FORM.format("40 0 R", ""), 10: page(annots="41 0 R"),
             40: "<< /FT /Sig /T (a) /Kids [41 0 R] >>",
             41: "<< /Subtype /Widget /Parent 40 0 R /Rect [0 0 9 9] /AP << /N 5 0 R >> >>"},
        {"drawn_over"}),
    "a signature": (
        {}, {1: FORM.format("40 0 R", ""), 10: page(annots="40 0 R", more="/Tabs /S"),
             40: sig(more="/V 41 0 R"), 41: value()}, {"signed"}),
    "a signature below another field": (
        {}, {1: FORM.format("42 0 R", ""), 42: "<< /T (a) /Kids [40 0 R] >>",
             40: sig(more="/V 41 0 R /Parent 42 0 R"), 41: value()}, {"signed"}),
    "signature fields in each other, none with an end": (
        {}, {1: FORM.format("42 0 R", ""), 42: "<< /T (a) /Kids [42 0 R] >>"}, {"field_added"}),
    "fields below a signature": (
        {}, {1: FORM.format("40 0 R", ""), 42: "<< /T (b) >>",
             40: sig(more="/V 41 0 R /Kids [42 0 R]"), 41: value()}, {"field_added"}),
    "a signature without a number": (
        {}, {1: FORM.format("42 0 R", ""), 42: "<< /T (a) /Kids [<< /FT /Sig /T (b) >>] >>"},
        {"field_added"}),
    "a time-stamp": (
        {}, {1: FORM.format("40 0 R", ""), 40: sig(more="/V 41 0 R"),
             41: value(kind="DocTimeStamp", sub="ETSI.RFC3161")}, {"timestamped"}),
    "a time-stamp with a picture": (
        {}, {1: FORM.format("40 0 R", ""), 40: sig(rect="0 0 9 9", more="/V 41 0 R"),
             41: value(kind="DocTimeStamp", sub="ETSI.RFC3161")}, {"signed"}),
    "signing where it was meant": (
        {1: FORM.format("40 0 R", ""), 40: sig()},
        {10: page(annots="40 0 R"), 40: sig(more="/V 41 0 R"), 41: value()}, {"signed"}),
    "signing elsewhere": (
        {1: FORM.format("40 0 R", ""), 40: sig()},
        {40: sig(rect="0 0 9 9", more="/V 41 0 R"), 41: value()}, {"field"}),
    "a picture before signing": (
        {1: FORM.format("40 0 R", ""), 40: sig()}, {40: sig(more="/AP << /N 5 0 R >>")},
        {"signature_field"}),
    "another picture of a signature": (
        {1: FORM.format("40 0 R", ""), 40: sig(more="/V 41 0 R"), 41: value()},
        {40: sig(more="/V 41 0 R /AP << /N 5 0 R >>")}, {"signature_field"}),
    "another signature": (
        {1: FORM.format("40 0 R", ""), 40: sig(more="/V 41 0 R"), 41: value()},
        {41: value(sub="adbe.pkcs7.detached")}, {"signature_field"}),
    "the signature field again": (
        {1: FORM.format("40 0 R", ""), 40: sig(more="/V 41 0 R"), 41: value()},
        {40: sig(more="/V 41 0 R")}, set()),
    # structure
    "structure for a document without": ({}, DOCUMENT, {"structure"}),
    "the same structure": (DOCUMENT, {60: DOCUMENT[60], 61: DOCUMENT[61]}, set()),
    "a structure without an object of its own": (
        {1: catalog("/StructTreeRoot << /Type /StructTreeRoot /X 40 0 R >>"), 40: "[1]"},
        {40: "[1]"}, set()),
    "an index": (DOCUMENT, {69: "<< /Nums [0 62 0 R] >>"}, set()),
    "another role": (DOCUMENT, {60: ROOT.format(kids="61 0 R", more="/RoleMap << /A /P >>")},
                     {"structure"}),
    "other words for a text": (
        DOCUMENT, {62: DOCUMENT[62].replace("/S /P", "/S /P /ActualText (x)")}, {"structure"}),
    "a text less": (DOCUMENT, {62: DOCUMENT[62].replace("[0 ", "[")}, {"structure"}),
    "another text": (DOCUMENT, {62: DOCUMENT[62].replace("MCID 1", "MCID 2")}, {"structure"}),
    "a text element removed": (
        DOCUMENT, {61: DOCUMENT[61].replace("62 0 R", "")}, {"structure"}),
    "a text element added": (
        DOCUMENT, {61: DOCUMENT[61].replace("62 0 R", "62 0 R 64 0 R"),
                   64: "<< /S /P /P 61 0 R /K 7 >>"}, {"structure"}),
    "an element of a field added": (
        DOCUMENT, {61: DOCUMENT[61].replace("63 0 R", "63 0 R 64 0 R"),
                   64: "<< /S /Form /P 61 0 R /K [65 0 R << /Type /OBJR /Obj 4 0 R >>] >>",
                   65: "<< /S /Form /P 64 0 R /K 64 0 R >>"}, set()),
    "an element of a field removed": (
        DOCUMENT, {61: DOCUMENT[61].replace("63 0 R", "")}, set()),
    "an element of a field changed with it": (
        DOCUMENT, {63: DOCUMENT[63].replace("/S /Form", "/S /Form /Alt (x)"),
                   4: text(value="34")}, {"filled"}),
    "an element of a field changed without it": (
        DOCUMENT, {63: DOCUMENT[63].replace("/S /Form", "/S /Form /Alt (x)")}, {"structure"}),
    "an element that refers to itself": (
        {**DOCUMENT, 61: "<< /S /Document /P 60 0 R /K [61 0 R] >>"},
        {61: "<< /S /Document /P 60 0 R /K [61 0 R] >>"}, set()),
    # what nothing leads to
    "something left behind": ({}, {40: FONT.format("Courier")}, set()),
    "a page left behind": ({}, {40: page()}, {"orphan"}),
    "something in the place of an orphan": ({40: "(a)"}, {40: "(b)"}, {"orphan"}),
}  # fmt: skip


@pytest.mark.parametrize("why", CASES)
def test_what_a_revision_changed_is_told(why):
    before, after, expected = CASES[why]
    if expected is None:
        with pytest.raises(MalformedObjectError):
            changes(before, after)
    else:
        assert changes(before, after) == expected


def test_every_kind_of_change_occurs():
    """All but two of them, that have tests of their own."""
    found = {what for _, _, told in CASES.values() for what in told or ()}
    assert {"filled", "signed", "structure", "pages", "orphan"} <= found


def test_a_catalogue_in_another_place_is_compared_all_the_same():
    data = update(make_pdf(), {40: catalog(), 41: catalog("/Lang (vi)")})
    for number, expected in ((40, {"orphan"}), (41, {"orphan", "catalog"})):
        pdf = opened(data.replace(b"/Root 1 0 R /Prev", b"/Root %d 0 R /Prev" % number))
        assert {each.what for each in pdf.comparison.changes(1)} == expected


def test_the_first_part_of_a_linearized_document_is_no_revision():
    """Its trailer may be without a catalogue: nothing could be signed there."""
    data = update(make_pdf(), {90: "null"})
    assert not opened(data).comparison.changes(1)
    with pytest.raises(MalformedObjectError):
        opened(data.replace(b"/Root 1 0 R", b"           ", 1)).comparison.changes(1)


def test_what_cannot_be_compared_is_not_compared_again(monkeypatch):
    before, after, _ = CASES["a loop of pages"]
    assert before == {}
    pdf = opened(update(make_pdf(), after))
    with pytest.raises(MalformedObjectError):
        pdf.comparison.changes(1)
    monkeypatch.setattr(compare, "Step", None)
    with pytest.raises(MalformedObjectError):
        pdf.comparison.changes(1)


def appended(data, body, *, encrypt=None):
    """Append an object in plain to an encrypted document."""
    size = int(re.findall(rb"/Size (\d+)", data)[-1])
    trailer = re.findall(rb"trailer\s*<<(.*?)>>\s*startxref", data, re.DOTALL)[-1]
    trailer = re.sub(rb"/(Prev|Size) \d+", b"", trailer)
    if encrypt:
        trailer = re.sub(rb"/Encrypt \d+", b"/Encrypt %d" % size, trailer)
    later = data + b"%d 0 obj\n%s\nendobj\n" % (size, body)
    previous = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    return later + (
        b"xref\n%d 1\n%010d 00000 n \n" % (size, len(data))
        + b"trailer\n<<%s/Size %d /Prev %d>>\n" % (trailer, size + 1, previous)
        + b"startxref\n%d\n%%%%EOF\n" % len(later)
    )


def told(data):
    pdf = opened(data, password=Password("secret"))
    return {each.what for each in pdf.comparison.changes(pdf.revisions - 1)}


def test_encryption_stays_as_it_is():
    data = bytes(encrypted(lambda _: None).data)
    number = int(re.findall(rb"/Encrypt (\d+) 0 R", data)[-1])
    body = re.search(rb"\n%d 0 obj\s*(<<.*?>>)\s*endobj" % number, data, re.DOTALL).group(1)
    assert told(appended(data, body, encrypt=True)) == set()
    assert told(appended(data, body[:-2] + b"/X 1>>", encrypt=True)) == {"encryption"}


def test_a_string_that_is_not_encrypted_after_all_is_read_as_it_stands():
    data = bytes(encrypted(lambda _: None).data)
    assert told(appended(data, b"<< /Type /Sig /Contents <00ff> >>")) == set()


def test_an_object_set_free_is_nothing():
    """A field set free is gone; one that nothing led to was nothing before."""
    for number, expected in ((4, {"field"}), (90, set())):
        data = update(update(make_pdf(), {90: "(a)"}), {91: "null"})
        freed = data[: data.rindex(b"xref\n0 1")]
        table = data[len(freed) :].replace(b"91 1\n", b"%d 1\n0000000000 00001 f \n91 1\n" % number)
        pdf = opened(freed + table)
        assert {each.what for each in pdf.comparison.changes(2)} == expected


def test_an_object_stream_that_is_filled_anew_changes_all_in_it():
    """pyHanko reads what lay in it from the new one, in the old revisions too."""
    writer = copy_into_new_writer(
        PdfFileReader(BytesIO(make_pdf())), writer_kwargs={"stream_xrefs": True}
    )
    packed = writer.prepare_object_stream()
    writer.root["/X"] = writer.add_object(generic.pdf_name("/a"), obj_stream=packed)
    out = BytesIO()
    writer.write(out)
    data = out.getvalue()
    number = int(re.search(rb"(\d+) 0 obj\s*<<[^>]*/ObjStm", data).group(1))
    later = IncrementalPdfFileWriter(BytesIO(data))
    later.objects[0, number] = generic.pdf_name("/b")
    out = BytesIO()
    later.write(out)
    found = opened(out.getvalue()).comparison.changes(1)
    assert "object_stream" in {each.what for each in found}


def encrypted(change):
    """Return an encrypted document with one revision more."""
    writer = copy_into_new_writer(PdfFileReader(BytesIO(make_pdf())))
    writer.encrypt("secret", pdf_mac=False)
    out = BytesIO()
    writer.write(out)
    later = IncrementalPdfFileWriter(BytesIO(out.getvalue()))
    later.encrypt("secret")
    change(later)
    out = BytesIO()
    later.write(out)
    return opened(out.getvalue(), password=Password("secret"))


def test_encrypted_documents_are_compared_as_they_read():
    def fill(writer):
        field = writer.root["/AcroForm"]["/Fields"][0]
        field["/V"] = generic.pdf_string("34")
        writer.update_container(field)

    def write_again(writer):
        writer.update_container(writer.root["/AcroForm"]["/Fields"][0])
        content = writer.root["/Pages"]["/Kids"][0]["/Contents"]
        content._data = content.data
        content._encoded_data = None
        writer.update_container(content)

    def draw(writer):
        page = writer.root["/Pages"]["/Kids"][0]
        page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"BT ET"))
        writer.update_container(page)

    for change, expected in ((fill, {"filled"}), (write_again, set()), (draw, {"page_shows"})):
        pdf = encrypted(change)
        assert {each.what for each in pdf.comparison.changes(1)} == expected


def test_many_forbidden_changes_are_enough_and_permitted_ones_are_not():
    """Filling in fields first must not hide what was done to a page after them."""
    count = step.MAX_FORBIDDEN + 10
    numbers = range(100, 100 + count)
    shown = " ".join(f"{number} 0 R" for number in numbers)
    before = {1: FORM.format(shown, "")}
    before |= {number: f"<< /FT /Tx /T (f{number}) >>" for number in numbers}
    filled = {number: f"<< /FT /Tx /T (f{number}) /V (1) >>" for number in numbers}
    assert changes(before, {**filled, 11: stream("")}) == {"filled", "page_shows"}
    moved = {number: f"<< /FT /Tx /T (f{number}) /A (1) >>" for number in numbers}
    pdf = opened(update(update(make_pdf(), before), moved))
    assert len(pdf.comparison.changes(2)) == step.MAX_FORBIDDEN


def test_an_object_stream_that_is_not_there_has_no_text():
    reader = opened(make_pdf()).reader
    reference = generic.Reference(4, 0, reader)
    assert b"/FT /Tx" in reader.plain_head(reference, reader.xrefs[reference])
    assert reader.plain_head(reference, ObjStreamRef(99, 0)) is None


def test_values_are_kept_but_not_all(monkeypatch):
    monkeypatch.setattr(history, "_KEPT", 2)
    monkeypatch.setattr(history, "_SMALL", 8)
    assert changes({}, {4: text(value="34"), 11: stream("Other")}) == {"filled", "page_shows"}


@pytest.mark.parametrize(
    ("place", "name", "case"),
    [(structure, "MAX_ELEMENTS", "a text element removed"), (fields, "MAX_KIDS", "a signature"),
     (pages, "MAX_NODES", "a value")],
)  # fmt: skip
def test_beyond_a_bound_nothing_is_taken_for_permitted(monkeypatch, place, name, case):
    before, after, _ = CASES[case]
    monkeypatch.setattr(place, name, 0)
    try:
        assert changes(before, after) & {"structure", "field_added"}
    except MalformedObjectError:
        assert place is pages


MUTANTS = {
    "content": (step.Step, "_same_data", lambda *_: True),
    "a page removed": (compare, "compare_catalogs", lambda *_: None),
    "a stamp": (annotations, "_look", lambda *_: annotations._Look.BESIDE),
    "a picture that nobody signs": (fields, "_visible", lambda *_: False),
    "a time-stamp with a picture": (fields, "_visible", lambda *_: False),
    "a hidden field": (fields, "_HIDING", 0),
    "a password flag": (fields, "_HARMLESS", -1),
    "another picture of a signature": (fields, "_differing", lambda *_: set()),
    "resources exchanged": (form, "_grown", lambda *_: True),
    "a text element removed": (structure._Walk, "_describes_text", lambda *_: False),
    "an element of a field changed without it": (
        structure._Walk, "_goes_with_annotation", lambda *_: True),
    "something in the place of an orphan": (compare, "find_orphans", lambda *_, **__: None),
    "a widget of no field": (annotations, "_added", lambda *_: None),
    "resources for all pages": (pages, "_INHERITED", ()),
    "content elsewhere": (step.Step, "_compare", lambda *_: []),
}  # fmt: skip


@pytest.mark.parametrize("why", MUTANTS)
def test_mutant_without_the_rule_it_would_not_be_told(monkeypatch, why):
    before, after, expected = CASES[why]
    assert changes(before, after) == expected
    monkeypatch.setattr(*MUTANTS[why])
    assert changes(before, after) != expected
