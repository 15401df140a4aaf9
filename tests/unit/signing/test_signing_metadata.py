"""What a document says about itself stays as it is: good XMP, and XMP that is no good XML."""

from __future__ import annotations

from io import BytesIO

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from unit.signing.odd_documents import Assembled, plain_objects, stream
from unit.signing.signing_world import TSA_URL, World, make_pdf

from signing.display.profile import load_display
from signing.options import Level, SigningOptions
from signing.sign import sign_document
from verify.indication import Indication

WORDS = b"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
<pdf:Producer>%s</pdf:Producer></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""
NUL = WORDS % b"M\0i\0c\0r\0o\0s\0o\0f\0t\0 \0W\0o\0r\0d"
"""As a converter of Word's files writes it: UTF-16 put into XML octet by octet."""


def with_metadata(xmp: bytes) -> bytes:
    objects = plain_objects()
    objects[1] = objects[1][:-2] + b"/Metadata 7 0 R>>"
    objects[7] = stream(xmp, b"/Type/Metadata/Subtype/XML")
    made = Assembled(objects)
    made.table()
    return made.data


@pytest.mark.parametrize(
    "xmp",
    [WORDS % b"LibreOffice", NUL, b"", b"<a", b"\xff\xfe"],
    ids=["good", "nul", "empty", "cut", "odd"],
)
@pytest.mark.parametrize("level", [Level.B_B, Level.B_LTA])
def test_metadata_are_not_written_anew(xmp, level):
    data = with_metadata(xmp)
    world = World()
    options = SigningOptions(level=level, display=load_display("none"), tsa_url=TSA_URL)
    done = sign_document(data, signer=world.signer(), options=options, services=world.services())
    assert done.report.indication is Indication.TOTAL_PASSED
    assert b"/Metadata 7 0 R" in done.data[len(data) :]
    assert b"\n7 0 obj" not in done.data[len(data) :]


def test_what_the_information_says_stays():
    """A signature has its own time, and is not another author's work."""
    world = World()
    data = make_pdf()
    done = sign_document(
        data, signer=world.signer(), options=SigningOptions(), services=world.services()
    )
    before, after = (PdfFileReader(BytesIO(each)).trailer["/Info"] for each in (data, done.data))
    assert {key: str(after[key]) for key in after} == {key: str(before[key]) for key in before}
