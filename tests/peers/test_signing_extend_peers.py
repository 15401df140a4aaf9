"""What `antin extend` made, judged by pdfsig, qpdf and openssl."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from unit.signing.extend_corpora import extend_as_trusted
from unit.signing.signing_world import NOW, TSA_URL, World, make_pdf

from signing.display.profile import load_display
from signing.extend import extend_document
from signing.extension import Extension
from signing.options import Level, SigningOptions
from signing.sign import sign_document

RAISED = [level for level in Level if level is not Level.B_B]


def run(*command: object) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def raised(folder: Path, level: Level, *, room: bool) -> tuple[Path, World]:
    """Sign at B-B, raise, and write into a file."""
    world = World("rsa-2048")
    options = SigningOptions(display=load_display("none"), timestamp_later=room)
    services = replace(world.services(), pause=lambda _: None)
    signer = world.signer()
    data = sign_document(make_pdf(), signer=signer, options=options, services=services).data
    done = extend_document(data, wish=Extension(level, tsa_url=TSA_URL), services=services)
    path = folder / "raised.pdf"
    path.write_bytes(done.data)
    return path, world


@pytest.mark.parametrize("room", [True, False], ids=["inside", "over the document"])
@pytest.mark.parametrize("level", RAISED)
def test_others_accept_what_was_raised(peer, tmp_path, level, room):
    path, _ = raised(tmp_path, level, room=room)
    told = run(peer("pdfsig"), "-nocert", path)
    verdicts = re.findall(r"Signature Validation: (.*)", told)
    # poppler 22.12 knows no document time-stamps (SubFilter ETSI.RFC3161) and says so
    stamps = (level is Level.B_LTA) + (not room)
    assert verdicts == ["Signature is Valid.", *["Signature has not yet been verified."] * stamps]
    run(peer("qpdf"), "--check", path)


def test_openssl_verifies_the_time_stamp_that_was_put_in(peer, tmp_path):
    path, world = raised(tmp_path, Level.B_T, room=True)
    (signature,) = PdfFileReader(BytesIO(path.read_bytes())).embedded_signatures
    content_info = cms.ContentInfo.load(signature.pkcs7_content)
    (info,) = content_info["content"]["signer_infos"]
    (attribute,) = info["unsigned_attrs"]
    (tmp_path / "token").write_bytes(attribute["values"][0].dump())
    (tmp_path / "value").write_bytes(info["signature"].native)
    (tmp_path / "root.pem").write_bytes(world.root.certificate.public_bytes(Encoding.PEM))
    told = run(
        *(peer("openssl"), "ts", "-verify", "-token_in", "-in", tmp_path / "token"),
        *("-data", tmp_path / "value", "-CAfile", tmp_path / "root.pem"),
        *("-attime", int(NOW.timestamp())),
    )
    assert "Verification: OK" in told


OTHERS = [
    "itext-sign/PdfPKCS7Test/simpleSignature.pdf",
    "itext-sign/SignatureUtilTest/simpleSignatureWithXfa.pdf",
    "itext-sign/sign/PadesSigTest/cmp_padesEccSigTest01.pdf",
    "itext-sign/sign/PdfASigningTest/cmp_signPdfCades.pdf",
    "itext-sign/sign/TaggedPdfSigningTest/cmp_simpleTaggedDocumentAppendMode.pdf",
    "itext-sign/sign/SequentialSignaturesTest/signedWithAnnots.pdf",
    "pdf-signed-misc/node-signpdf/signed-once.pdf",
    "pyhanko/pdf/minimal-signed-twice-both-created.pdf",
]
"""Signed by iText, node-signpdf and pyHanko: in place or over the document, whichever fits."""


@pytest.mark.parametrize("name", OTHERS)
def test_pdfsig_says_the_same_of_what_others_signed_before_and_after(peer, corpora, tmp_path, name):
    data = (corpora / name).read_bytes()
    before, after = tmp_path / "before.pdf", tmp_path / "after.pdf"
    before.write_bytes(data)
    done = extend_as_trusted(World(), data, Level.B_T)
    assert done.steps
    after.write_bytes(done.data)
    told = [verdicts_of(peer("pdfsig"), each) for each in (before, after)]
    assert told[0]
    assert set(told[0]) == {"Signature is Valid."}
    assert told[1][: len(told[0])] == told[0]


def verdicts_of(pdfsig: Path, path: Path) -> list[str]:
    return re.findall(r"Signature Validation: (.*)", run(pdfsig, "-nocert", path))
