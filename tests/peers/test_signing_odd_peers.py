"""Documents as offices have them, signed by us: what pdfsig, qpdf and pyHanko say of the result."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from unit.signing.encrypted_documents import KINDS, USER, encrypt, without_length
from unit.signing.odd_documents import hybrid, plain, plain_with_stream, point_off
from unit.signing.signing_world import NOW, World, make_pdf

from signing._asn1 import to_asn1
from signing.display.profile import load_display
from signing.options import SigningOptions
from signing.sign import sign_document
from verify.password import Password

DISPLAYS = ("none", "text")


def signed(data: bytes, display: str, password: str | None = None) -> tuple[bytes, World]:
    world = World()
    services = world.services()
    if password is not None:
        services = replace(services, password=Password(password))
    options = SigningOptions(display=load_display(display))
    done = sign_document(data, signer=world.signer(), options=options, services=services)
    return done.data, world


def check_with_peers(peer, path: Path, *password: str) -> None:
    """Have qpdf look at the structure and pdfsig at the last signature."""
    secret = [f"--password={each}" for each in password]
    done = subprocess.run(
        [str(peer("qpdf")), "--check", *secret, str(path)], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    user = [word for each in password for word in ("-upw", each)]
    told = subprocess.run(
        [str(peer("pdfsig")), "-nocert", *user, str(path)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    assert re.findall(r"Signature Validation: (.*)", told)[-1] == "Signature is Valid."
    assert "Total document signed" in told


def check_with_pyhanko(data: bytes, world: World, password: str | None = None) -> None:
    """Have pyHanko's own validator judge the last signature; it reads hybrids only laxly."""
    reader = PdfFileReader(BytesIO(data), strict=False)
    if password is not None:
        reader.decrypt(password)
    roots = [to_asn1(world.root.certificate)]
    context = ValidationContext(
        trust_roots=roots, other_certs=[to_asn1(world.ca.certificate)], moment=NOW
    )
    status = validate_pdf_signature(reader.embedded_signatures[-1], context)
    assert status.intact
    assert status.valid


@pytest.mark.parametrize("display", DISPLAYS)
def test_a_document_of_word_is_accepted(peer, tmp_path, display):
    data, world = signed(hybrid(), display)
    path = tmp_path / "word.pdf"
    path.write_bytes(data)
    check_with_peers(peer, path)
    check_with_pyhanko(data, world)


@pytest.mark.parametrize("name", ["dss-asic/dss-asic-xades/bdoc-spec21.pdf"])
def test_one_that_others_made_is_accepted(peer, corpora, tmp_path, name):
    data, world = signed((corpora / name).read_bytes(), "text")
    path = tmp_path / "others.pdf"
    path.write_bytes(data)
    check_with_peers(peer, path)
    check_with_pyhanko(data, world)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("display", DISPLAYS)
def test_an_encrypted_document_is_accepted(peer, tmp_path, kind, display):
    data, world = signed(encrypt(peer, tmp_path, make_pdf(), kind), display, USER)
    path = tmp_path / "signed.pdf"
    path.write_bytes(data)
    check_with_peers(peer, path, USER)
    check_with_pyhanko(data, world, USER)


@pytest.mark.parametrize("display", DISPLAYS)
def test_one_of_a_length_that_stands_in_its_filter_alone_is_accepted(peer, tmp_path, display):
    """pyHanko does not open it; all others do, before and after."""
    data = without_length(encrypt(peer, tmp_path, make_pdf(), "aes-128"))
    path = tmp_path / "signed.pdf"
    path.write_bytes(signed(data, display, USER)[0])
    check_with_peers(peer, path, USER)


@pytest.mark.parametrize("made", [plain, plain_with_stream])
@pytest.mark.parametrize("display", DISPLAYS)
def test_one_whose_last_pointer_was_off_is_accepted(peer, tmp_path, made, display):
    data, world = signed(point_off(made(), 2), display)
    path = tmp_path / "mended.pdf"
    path.write_bytes(data)
    check_with_peers(peer, path)
    check_with_pyhanko(data, world)
