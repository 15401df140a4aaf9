"""Evidence from files: what it is shows in its octets, and what is none is refused by name."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates
from unit.verify.verify_pki import (
    LATER,
    answer,
    crl,
    fresh,
    judge,
    make_document,
    make_world,
)

from verify import evidence_files
from verify.errors import EvidenceFileError
from verify.evidence import NONE
from verify.evidence_files import load_evidence
from verify.indication import Indication

WORLD = make_world()
LIST = crl(WORLD.issuing, LATER)
ANSWER = answer(WORLD.official, WORLD.ocsp, LATER)


def counts(paths):
    found = load_evidence(paths, LATER)
    items = (*found.crls, *found.ocsp_responses, *found.certificates)
    assert all(item.had_at == LATER for item in items)
    return len(found.crls), len(found.ocsp_responses), len(found.certificates)


def test_what_a_file_is_shows_in_its_octets(tmp_path):
    parties = [WORLD.root.certificate, WORLD.issuing.certificate]
    pem = x509.load_der_x509_crl(LIST).public_bytes(Encoding.PEM)
    pem += b"a remark\n" + parties[0].public_bytes(Encoding.PEM)
    files = {
        "list.der": LIST,
        "answer.cer": ANSWER,
        "root.crl": WORLD.root.der,
        "both.pem": pem,
        "bag.p7b": serialize_certificates(parties, Encoding.DER),
        "bag.PEM": serialize_certificates(parties, Encoding.PEM),
        "readme.txt": b"not evidence",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "deeper.crl").mkdir()
    assert counts([tmp_path]) == (2, 1, 6)
    assert counts([tmp_path / "list.der", tmp_path / "root.crl"]) == (1, 0, 1)
    assert load_evidence([], LATER) == NONE


@pytest.mark.parametrize(
    "content",
    [b"", b"text", b"-----BEGIN X509 CRL-----\n!\n-----END X509 CRL-----\n", LIST[:-1], None],
)
def test_a_file_that_is_no_evidence_is_refused(tmp_path, content):
    path = tmp_path / "status.crl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EvidenceFileError) as caught:
        load_evidence([path], LATER)
    assert caught.value.facts["path"] == path


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "status.crl"
    path.write_bytes(LIST)
    assert counts([path]) == (1, 0, 0)
    monkeypatch.setattr(evidence_files, "_LARGEST", len(LIST) - 1)
    with pytest.raises(EvidenceFileError):
        load_evidence([path], LATER)


def test_a_document_without_evidence_passes_with_that_from_files(tmp_path):
    data = make_document("B-T")
    assert judge(data).indication is Indication.INDETERMINATE
    for number, item in enumerate(fresh(WORLD, LATER).ocsp_responses):
        (tmp_path / f"{number}.ocsp").write_bytes(item.der)
    found = load_evidence([tmp_path], LATER)
    assert judge(data, evidence=found).indication is Indication.TOTAL_PASSED
