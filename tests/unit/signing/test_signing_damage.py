"""Documents with a wrong last pointer, with an object left open, with bytes before the header."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from io import BytesIO

import pytest
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult
from unit.signing.encrypted_documents import USER, encrypt
from unit.signing.odd_documents import (
    CONTENT,
    Assembled,
    LeftOpen,
    plain,
    plain_objects,
    plain_with_stream,
    point_off,
    stream,
)
from unit.signing.signing_world import TSA_URL, World

from signing import damage, revision
from signing.display.profile import load_display
from signing.errors.documents import DocumentNeedsRepairError
from signing.options import Level, SigningOptions
from signing.sign import SignedDocument, sign_document
from verify.errors import BytesBeforeHeaderError, NotAPDFError
from verify.indication import Indication
from verify.password import Password
from verify.pdf.document import open_pdf
from verify.policy import default_policy

NONE = SigningOptions(display=load_display("none"))
MADE = {
    "table": plain(),
    "stream": plain_with_stream(packed=False),
    "packed": plain_with_stream(),
}
OFF = (-4, 2)


@cache
def world() -> World:
    return World()


def sign(
    data: bytes, options: SigningOptions = NONE, password: str | None = None
) -> SignedDocument:
    services = world().services()
    if password is not None:
        services = replace(services, password=Password(password))
    return sign_document(data, signer=world().signer(), options=options, services=services)


# A wrong last pointer


@pytest.mark.parametrize("by", OFF)
@pytest.mark.parametrize("options", [NONE, SigningOptions()], ids=["hidden", "visible"])
@pytest.mark.parametrize("data", MADE.values(), ids=MADE)
def test_a_last_pointer_that_is_off_is_put_right_by_what_is_appended(data, options, by):
    off = point_off(data, by)
    assert not open_pdf(off, name="a.pdf", limits=default_policy().limits).strict
    done = sign(off, options)
    assert done.data.startswith(off)
    assert done.report.indication is Indication.TOTAL_PASSED
    assert open_pdf(done.data, name="a.pdf", limits=default_policy().limits).strict
    assert PdfFileReader(BytesIO(done.data)).root["/Pages"]["/Kids"][0]["/Contents"].data == CONTENT


@pytest.mark.parametrize("data", MADE.values(), ids=MADE)
def test_it_is_raised_and_signed_again(data):
    options = replace(NONE, level=Level.B_LTA, tsa_url=TSA_URL)
    once = sign(point_off(data, 2), options)
    assert once.report.signatures[0].level == "B-LTA"
    twice = sign(once.data)
    assert twice.report.indication is Indication.TOTAL_PASSED
    assert len(twice.report.signatures) == 3


def test_an_encrypted_one_is_signed_with_its_password(peer, tmp_path):
    data = point_off(encrypt(peer, tmp_path, plain(), "aes-128"), 2)
    assert sign(data, password=USER).report.indication is Indication.TOTAL_PASSED


def with_more(more: bytes) -> bytes:
    made = Assembled()
    made.data += more
    made.table()
    return made.data


def in_a_stream() -> bytes:
    """A program that searches finds another page's words within a stream."""
    other = CONTENT.replace(b"Kinh gui", b"4 0 obj <<>> endobj")
    made = Assembled({**plain_objects(), 4: stream(other)})
    made.table()
    return made.data


def freed() -> bytes:
    """The table says that an object is free which stands there."""
    return plain(hidden=(6,))


def of_two_revisions() -> bytes:
    made = Assembled()
    made.second_table(b"/Prev %d" % made.table())
    return made.data


AMBIGUOUS = {
    "an object that nothing names": with_more(b"7 0 obj\n<</Type/Catalog>>\nendobj\n"),
    "a newer object of the same number": with_more(b"1 0 obj\n<</Type/Catalog>>\nendobj\n"),
    "an object in a comment": with_more(b"% 1 0 obj <</Type/Catalog>> endobj\n"),
    "a trailer in a comment": with_more(b"% trailer <</Root 5 0 R>>\n"),
    "bytes that nothing explains": with_more(b"junk\n"),
    "an object in a stream": in_a_stream(),
    "an object that is freed": freed(),
    "two revisions": of_two_revisions(),
    "an odd stream of objects": plain_with_stream(sign=b"+"),
    "a number hidden in a stream of objects": plain_with_stream(hides=b"<</Type/Catalog>>"),
}


@pytest.mark.parametrize("data", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_where_a_search_may_find_something_else_it_is_refused(data):
    assert sign(data).report.indication is Indication.TOTAL_PASSED
    before = world().key_openings
    with pytest.raises(DocumentNeedsRepairError):
        sign(point_off(data, 2))
    assert world().key_openings == before


@pytest.mark.parametrize("data", [point_off(plain(), 2)[:-4], b"%PDF-1.7\nstartxref\n3\n%%EOF\n"])
def test_what_has_no_last_pointer_is_not_mended(data):
    assert damage.read_mended(data, name="a.pdf", password=None) is None


def test_mutant_without_a_search_of_the_bytes_it_would_be_signed(monkeypatch):
    monkeypatch.setattr(damage, "_is_found_alike", lambda *_: True)
    assert sign(point_off(in_a_stream(), 2)).report.indication is Indication.TOTAL_PASSED


# An object left open


@pytest.mark.parametrize("number", [2, 3, 4, 5, 6])
def test_an_object_that_is_left_open_is_refused(number):
    made = LeftOpen(number)
    made.table()
    with pytest.raises(DocumentNeedsRepairError) as caught:
        sign(made.data)
    assert caught.value.facts["offset"] in {made.places[number], made.places.get(number + 1)}


def test_an_object_that_ends_far_from_the_next_is_whole():
    made = Assembled()
    made.data += b"%" + b" " * 4000 + b"\n"
    made.table()
    assert sign(made.data).report.indication is Indication.TOTAL_PASSED


def test_a_number_that_is_said_to_be_used_and_is_not_is_no_obstacle():
    made = Assembled()
    made.places[7] = 0
    made.table()
    assert sign(made.data).report.indication is Indication.TOTAL_PASSED


def is_held_intact(data: bytes) -> bool:
    """Say whether pyHanko takes what came after the first signature for harmless."""
    first = PdfFileReader(BytesIO(data)).embedded_signatures[0]
    try:
        first.compute_integrity_info()
    except PdfReadError:
        return False
    return isinstance(first.diff_result, DiffResult)


def test_mutant_without_that_look_others_would_not_compare_its_revisions(monkeypatch):
    assert is_held_intact(sign(sign(plain()).data).data)
    monkeypatch.setattr(revision, "check_ended", lambda _: None)
    made = LeftOpen(4)
    made.table()
    assert not is_held_intact(sign(sign(made.data).data).data)


# Bytes before the header


@pytest.mark.parametrize("junk", [b"\n", b"\xef\xbb\xbf", b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1019])
def test_bytes_before_the_header_are_named(junk):
    for data in (junk + plain(), junk + sign(plain()).data):
        with pytest.raises(BytesBeforeHeaderError) as caught:
            sign(data)
        assert caught.value.facts == {"name": "document.pdf", "size": len(junk)}


def test_a_header_that_comes_too_late_is_none():
    with pytest.raises(NotAPDFError):
        sign(b"x" * 1020 + plain())
