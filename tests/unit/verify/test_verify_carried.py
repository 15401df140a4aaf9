"""Certificates that documents carry: in signatures, in the store, and in none at all."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from test_verify_bare import bare_document, signer
from verify_pki import Signing, add_store, make_pdf, make_world, sign

from pki.errors.tree import PKIError
from verify import carried
from verify.carried import SignedDocuments
from verify.certificate import read_certificate
from verify.errors import NotAPDFError

WORLD = make_world()
READER = SignedDocuments()


def twice():
    return sign(sign(make_pdf()), Signing(field="Signature2"))


def names(data):
    found = READER.certificates_in(data, name="x.pdf")
    return [read_certificate(der).subject.rfc4514_string() for der in found]


def test_a_document_nobody_signed_carries_none():
    assert names(make_pdf()) == []


def test_certificates_of_a_signature_are_found_once():
    told = names(sign(make_pdf()))
    assert any("Nguyễn Văn A" in one for one in told)
    assert len(told) == len(set(told))
    assert names(twice()) == told


def test_those_of_the_store_are_found_too():
    signed = sign(make_pdf())
    stored = add_store(signed, certificates=(WORLD.root,))
    assert names(stored)[-1] == WORLD.root.certificate.subject.rfc4514_string()


def test_a_bare_signature_has_its_certificates_beside_it():
    party = signer()
    told = names(bare_document(party, hashes.SHA256()))
    assert told[0] == party.certificate.subject.rfc4514_string()


def test_a_signature_whose_range_is_none_is_passed_over():
    assert names(sign(make_pdf()).replace(b"/ByteRange", b"/ByteRonge")) == []


def test_so_many_and_no_more(monkeypatch):
    monkeypatch.setattr(carried, "MOST", 1)
    assert len(names(sign(make_pdf()))) == 1


def test_a_signature_that_cannot_be_read_stops_no_other():
    signed = twice()
    start = signed.index(b"/Contents <") + 11
    broken = signed[:start] + b"00" * 40 + signed[start + 80 :]
    assert names(broken) == names(signed)


def test_what_is_no_document_is_told():
    with pytest.raises(NotAPDFError):
        READER.certificates_in(b"nothing", name="x.pdf")
    with pytest.raises(PKIError):
        READER.certificates_in(b"%PDF-1.7 nothing", name="x.pdf")
