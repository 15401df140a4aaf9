"""Documents with a table and a stream of cross-references, as Word writes them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from unit.signing.odd_documents import CONTENT, hybrid, plain, plain_objects, stream
from unit.signing.signing_world import TSA_URL, World

from pki.errors.tree import PKIError
from signing.display.profile import load_display
from signing.errors.documents import HybridDiffersError, HybridHidesError
from signing.extend import extend_document
from signing.extension import Extension
from signing.options import Level, SigningOptions
from signing.sign import SignedDocument, sign_document
from verify.indication import Indication
from verify.pdf.document import open_pdf
from verify.policy import default_policy

NONE = SigningOptions(display=load_display("none"))


@cache
def world() -> World:
    return World()


def sign(data: bytes, options: SigningOptions = NONE) -> SignedDocument:
    return sign_document(
        data, signer=world().signer(), options=options, services=world().services()
    )


def as_old_programs(data: bytes) -> PdfFileReader:
    """Return a reader that does not look at the stream beside the table."""
    return PdfFileReader(BytesIO(data.replace(b"/XRefStm", b"/XRefOld")), strict=False)


def fields_of(reader: PdfFileReader) -> list[str]:
    return [str(each.get_object()["/T"]) for each in reader.root["/AcroForm"]["/Fields"]]


@pytest.mark.parametrize("options", [NONE, SigningOptions()], ids=["hidden", "visible"])
def test_a_document_of_word_is_signed_for_old_and_new_programs(options):
    data = hybrid()
    signed = sign(data, options)
    assert signed.data.startswith(data)
    assert signed.report.indication is Indication.TOTAL_PASSED
    new = PdfFileReader(BytesIO(signed.data), strict=False)
    old = as_old_programs(signed.data)
    assert fields_of(old) == fields_of(new) == ["Signature1"]
    assert old.root["/Pages"]["/Kids"][0]["/Contents"].data == CONTENT


def test_what_is_appended_names_no_stream_again():
    """One that did would have programs that take the stream's word first read the old objects."""
    appended = sign(hybrid()).data[len(hybrid()) :]
    assert b"/XRefStm" not in appended
    assert b"\nxref\n" in appended


def test_it_is_signed_again_and_raised():
    options = replace(NONE, level=Level.B_LTA, tsa_url=TSA_URL)
    twice = sign(sign(hybrid()).data, NONE)
    assert [each.indication for each in twice.report.signatures] == [Indication.TOTAL_PASSED] * 2
    assert sign(hybrid(), options).level is Level.B_LTA
    services = world().services()
    raised = extend_document(twice.data, wish=Extension(tsa_url=TSA_URL), services=services)
    assert raised.before == "B-B"


def test_an_object_that_the_stream_says_lies_elsewhere_is_refused():
    other = {4: stream(CONTENT.replace(b"Kinh gui", b"Khac han"))}
    with pytest.raises(HybridDiffersError) as caught:
        sign(hybrid(differing=other))
    assert caught.value.facts == {"name": "document.pdf", "object": 4}


@pytest.mark.parametrize("hidden", [1, 2, 3, 4, 5])
def test_an_object_that_is_shown_and_hidden_is_refused(hidden):
    with pytest.raises(HybridHidesError) as caught:
        sign(hybrid(hidden=(hidden,)))
    assert caught.value.facts["object"] == hidden


def test_a_note_that_is_hidden_is_refused():
    objects = plain_objects()
    objects[3] = objects[3][:-2] + b"/Annots[7 0 R]>>"
    objects[7] = b"<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(x)>>"
    assert sign(hybrid(objects=objects)).report.indication is Indication.TOTAL_PASSED
    with pytest.raises(HybridHidesError):
        sign(hybrid(hidden=(6, 7), objects=objects))


def test_an_object_rewritten_for_all_is_the_same_for_all():
    """What a stream said of an object before does not matter after a table says otherwise."""
    data = hybrid(hidden=(6,))
    again = sign(sign(data).data)
    assert again.report.indication is Indication.TOTAL_PASSED


def test_a_plain_document_is_not_looked_through():
    assert sign(plain()).report.indication is Indication.TOTAL_PASSED


def test_those_that_others_made_are_signed_or_refused_in_our_words(corpora: Path):
    outcomes: Counter[str] = Counter()
    for path in sorted(corpora.rglob("*.pdf")):
        data = path.read_bytes()
        if b"/XRefStm" not in data or not _is_hybrid(data):
            continue
        try:
            outcomes[sign(data).report.signatures[-1].indication.value] += 1
        except PKIError as error:
            outcomes[error.code] += 1
    assert outcomes["TOTAL-PASSED"] > 20
    # A program signed with the stream of the revision before in its trailer; another one, of which
    # there are two copies, rewrote objects of a table in streams alone, before it was signed.
    assert outcomes["signing.hybrid_differs"] == 3


def _is_hybrid(data: bytes) -> bool:
    try:
        pdf = open_pdf(data, name="a.pdf", limits=default_policy().limits)
    except PKIError:
        return False
    return pdf.reader.xrefs.hybrid_xrefs_present
