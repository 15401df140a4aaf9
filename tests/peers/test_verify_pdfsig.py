"""pdfsig (poppler) says the same of our test documents: intact or broken."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from unit.verify.test_verify_integrity import filled
from unit.verify.verify_pki import (
    LATER,
    Signing,
    fresh,
    judge,
    make_document,
    make_pdf,
    make_world,
    official,
    sign,
)

from verify.indication import Indication

pytestmark = pytest.mark.peer("pdfsig")
WORLD = make_world()
RSA = official(WORLD.issuing, common="Peer RSA", kind="rsa2048")


def pdfsig(program: Path, data: bytes, tmp_path: Path) -> str:
    path = tmp_path / "document.pdf"
    path.write_bytes(data)
    done = subprocess.run([program, "-nocert", path], capture_output=True, text=True, check=False)
    return done.stdout


DOCUMENTS = {
    "B-B": make_document("B-B"),
    "B-T": make_document("B-T"),
    "RSA": sign(make_pdf(), Signing(party=RSA, stamped=None)),
    "two": sign(make_document("B-T"), Signing(field="Signature2")),
    "filled": filled(make_document("B-T")),
}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_intact_documents_are_intact_for_both(kind, peer, tmp_path):
    data = DOCUMENTS[kind]
    said = pdfsig(peer("pdfsig"), data, tmp_path)
    report = judge(data, evidence=fresh(WORLD, LATER))
    codes = {item.code for one in report.signatures for item in one.findings}
    assert said.count("Signature is Valid.") == len(report.signatures), said
    assert not {code for code in codes if code.startswith("integrity.") and "filled" not in code}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_changed_documents_are_broken_for_both(kind, peer, tmp_path):
    data = DOCUMENTS[kind].replace(b"Page 1", b"Page 7")
    said = pdfsig(peer("pdfsig"), data, tmp_path)
    assert "Signature is Valid." not in said
    assert "Digest Mismatch" in said or "Invalid" in said
    report = judge(data, evidence=fresh(WORLD, LATER))
    assert report.indication is Indication.TOTAL_FAILED


def test_a_hidden_object_is_found_where_the_peer_sees_none(peer, tmp_path):
    """What pdfsig calls valid though not total, Antin refuses: the reason this package exists."""
    data = make_document("B-T") + b"2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n"
    said = pdfsig(peer("pdfsig"), data, tmp_path)
    assert "Signature is Valid." in said
    assert judge(data, evidence=fresh(WORLD, LATER)).indication is Indication.TOTAL_FAILED
