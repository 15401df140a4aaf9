"""Documents that no signature can be added to without breaking one: said before any PIN."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from unit.signing.extend_corpora import documents
from unit.signing.odd_documents import plain
from unit.signing.signing_world import World, make_pdf

from pki.errors.tree import PKIError
from signing import document, revision, sign
from signing.display.profile import load_display
from signing.errors.documents import ResultNotValidError, WouldBreakError
from signing.options import Permission, SigningOptions
from signing.sign import SignedDocument, sign_document
from verify.indication import Indication

NONE = SigningOptions(display=load_display("none"))
BROKEN_BY_MORE = "pdf-signed-misc/pdf.js/issue17069.pdf"
LEADING_NOWHERE = [
    "dss-pades/validation/pades-bes.pdf",
    "dss-pades/validation/pades-bes-no-certificates.pdf",
    "dss-pades/validation/self-issued-qesig.pdf",
    "dss-pades/validation/signature-referenced-from-multiple-fields.pdf",
    "pdf-signed-misc/testarea-itext5/n2013.00849449.pdf",
]


@cache
def world() -> World:
    return World()


def signed(data: bytes, options: SigningOptions = NONE) -> SignedDocument:
    return sign_document(
        data, signer=world().signer(), options=options, services=world().services()
    )


def lead_nowhere() -> bytes:
    """A document whose trailer leads to an object that is not there, as LibreOffice's may."""
    return plain(more=b"/AdditionalStreams[/application 40 0 R]")


@cache
def shut() -> bytes:
    """A document that was certified against any change."""
    return signed(make_pdf(), replace(NONE, certify=Permission.NO_CHANGES)).data


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the look at locks, which comes first."""
    monkeypatch.setattr(revision, "check_unlocked", lambda *_, **__: None)


@pytest.mark.usefixtures("unlocked")
def test_a_second_signature_that_would_break_the_first_is_refused_before_the_pin():
    data, before = shut(), world().key_openings
    with pytest.raises(WouldBreakError) as caught:
        signed(data)
    assert world().key_openings == before
    assert caught.value.facts["field"] == "Signature1"
    assert caught.value.facts["findings"]


def test_a_second_signature_that_breaks_nothing_is_made():
    before = world().key_openings
    twice = signed(signed(make_pdf()).data)
    assert [each.indication for each in twice.report.signatures] == [Indication.TOTAL_PASSED] * 2
    assert world().key_openings == before + 2


@pytest.mark.usefixtures("unlocked")
def test_mutant_without_the_look_the_pin_is_asked_first(monkeypatch):
    data, before = shut(), world().key_openings
    monkeypatch.setattr(sign, "check_kept", lambda *_, **__: None)
    with pytest.raises(ResultNotValidError):
        signed(data)
    assert world().key_openings == before + 1


def test_one_of_others_is_refused_before_the_pin(corpora: Path):
    before = world().key_openings
    with pytest.raises(WouldBreakError):
        signed((corpora / BROKEN_BY_MORE).read_bytes())
    assert world().key_openings == before


@pytest.mark.parametrize("name", LEADING_NOWHERE)
def test_references_that_lead_nowhere_are_no_obstacle(corpora: Path, name: str):
    done = signed((corpora / name).read_bytes())
    assert done.report.signatures[-1].indication is Indication.TOTAL_PASSED
    twice = signed(signed(lead_nowhere()).data)
    assert [each.indication for each in twice.report.signatures] == [Indication.TOTAL_PASSED] * 2


def test_one_that_is_broken_already_stands_in_nobodys_way():
    """It was asked for: what was broken before is not looked at."""
    once = signed(lead_nowhere()).data
    broken = once.replace(b"Kinh gui", b"Khac han")
    options = replace(NONE, allow_broken_signatures=True)
    done = signed(broken, options)
    assert done.report.signatures[-1].indication is Indication.TOTAL_PASSED


@pytest.mark.long
def test_whatever_is_refused_is_refused_before_the_pin(corpora: Path):
    made = refused = 0
    late: list[Path] = []
    for path in documents(corpora):
        before = world().key_openings
        try:
            signed(path.read_bytes())
        except PKIError:
            refused += 1
            late += [path] * (world().key_openings - before)
        else:
            made += 1
    assert not late
    assert made > 400
    assert refused > 200


def test_whether_programs_agree_is_looked_at_once(monkeypatch):
    """Also where the text is read to find in whose place somebody signs."""
    looks: list[str] = []
    look = document.check_hybrid
    monkeypatch.setattr(document, "check_hybrid", lambda pdf: (looks.append(pdf.name), look(pdf)))
    options = replace(NONE, display=load_display("person"))
    with pytest.raises(PKIError):
        signed(make_pdf(), options)  # there is no title and name in it
    assert looks == ["document.pdf"]
