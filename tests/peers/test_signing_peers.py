"""What we sign, judged by programs nobody here wrote: pdfsig, qpdf, openssl, poppler's renderer."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.serialization import Encoding
from fontTools.ttLib import TTFont
from fpdf import FPDF
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from unit.signing.signing_world import (
    NOW,
    SIGNER_NAME,
    TSA_URL,
    World,
    change_page,
    make_pdf,
    wide_policy,
)

from signing._asn1 import to_asn1
from signing.display.block import build_lines
from signing.display.fonts import find_font
from signing.display.placement import Placement, Rectangle
from signing.display.profile import load_display
from signing.options import Commitment, FieldLock, Form, Level, Permission, SigningOptions
from signing.sign import sign_document

PIXEL_MM = 25.4 / 144
"""Letters begin at the very edge of their box, and a renderer blurs edges."""
KINDS = ("rsa-2048", "rsa-2048/pkcs1", "rsa-3072", "ec-p256", "ec-p384", "ec-p521")
QUIET = SigningOptions(display=load_display("none"), tsa_url=TSA_URL)


def run(*command: object) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


WISHES = (
    {"role": "Chủ tịch", "commitment": Commitment.APPROVAL},
    {"reason": "Phê duyệt", "location": "Hòa Bình", "contact": "vp@hoabinh.gov.vn"},
    {"certify": Permission.NO_CHANGES},
    {"certify": Permission.ANNOTATIONS, "lock": FieldLock()},
    {"lock": FieldLock(permission=Permission.NO_CHANGES)},
)


def signed(folder: Path, kind: str = "ec-p256", *, data: bytes | None = None, **changed: object):
    """Sign into a file; return it and the world it was signed in."""
    world = World(kind, policy=wide_policy())
    options = replace(QUIET, pss=not kind.endswith("/pkcs1"), **changed)
    done = sign_document(
        make_pdf() if data is None else data,
        signer=world.signer(),
        options=options,
        services=world.services(),
    )
    path = folder / "signed.pdf"
    path.write_bytes(done.data)
    return path, world


def embedded(path: Path):
    """Return signature dictionaries and the bytes each covers, in the order of the file."""
    data = path.read_bytes()
    for each in PdfFileReader(BytesIO(data)).embedded_signatures:
        a, b, c, d = (int(number) for number in each.sig_object["/ByteRange"])
        yield each.sig_object, data[a : a + b] + data[c : c + d]


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("kind", KINDS)
def test_pdfsig_and_qpdf_accept_each_level_with_each_key(peer, tmp_path, kind, level):
    path, _ = signed(tmp_path, kind, level=level)
    told = run(peer("pdfsig"), "-nocert", path)
    verdicts = re.findall(r"Signature Validation: (.*)", told)
    # poppler 22.12 knows no document time-stamps (SubFilter ETSI.RFC3161) and says so
    archive = ["Signature has not yet been verified."] if level is Level.B_LTA else []
    assert verdicts == ["Signature is Valid.", *archive]
    assert "Signature Type: ETSI.CAdES.detached" in told
    run(peer("qpdf"), "--check", path)


@pytest.mark.parametrize("kind", KINDS)
def test_pdfsig_qpdf_and_openssl_accept_the_older_form_with_each_key(peer, tmp_path, kind):
    path, world = signed(tmp_path, kind, form=Form.PKCS7)
    told = run(peer("pdfsig"), "-nocert", path)
    assert re.findall(r"Signature Validation: (.*)", told) == ["Signature is Valid."]
    assert "Signature Type: adbe.pkcs7.detached" in told
    run(peer("qpdf"), "--check", path)
    openssl_verifies(peer, tmp_path, path, world)


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize("kind", [*KINDS, "ed25519"])
def test_pyhankos_own_validator_accepts_each_form_with_each_key(tmp_path, kind, form):
    """pyHanko 0.38 reads no ML-DSA in CMS."""
    path, world = signed(tmp_path, kind, form=form)
    context = ValidationContext(
        trust_roots=[to_asn1(world.root.certificate)], moment=NOW, allow_fetching=False
    )
    with path.open("rb") as file:
        (embedded_one,) = PdfFileReader(file).embedded_signatures
        status = validate_pdf_signature(embedded_one, context)
    assert status.bottom_line, status.pretty_print_details()
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("kind", KINDS)
def test_pyhankos_own_validator_accepts_each_level_with_each_key(tmp_path, kind, level):
    """At B-LT and B-LTA every status has to come out of the document."""
    path, world = signed(tmp_path, kind, level=level)
    known = {
        "trust_roots": [to_asn1(world.root.certificate)],
        "allow_fetching": False,
        "moment": NOW,
    }
    with path.open("rb") as file:
        reader = PdfFileReader(file)
        if level.needs_evidence:
            store = DocumentSecurityStore.read_dss(reader)
            context = store.as_validation_context({**known, "revocation_mode": "require"})
        else:
            context = ValidationContext(**known)
        (one,) = reader.embedded_regular_signatures
        status = validate_pdf_signature(one, context, ts_validation_context=context)
        stamps = [
            validate_pdf_timestamp(one, context) for one in reader.embedded_timestamp_signatures
        ]
    assert status.bottom_line, status.pretty_print_details()
    assert (status.timestamp_validity is not None) is level.needs_timestamp
    assert [each.valid and each.trusted and each.intact for each in stamps] == [True] * (
        level is Level.B_LTA
    )


@pytest.mark.parametrize("changed", WISHES, ids="+".join)
def test_pdfsig_and_qpdf_accept_what_signers_may_ask_for(peer, tmp_path, changed):
    path, world = signed(tmp_path, "rsa-2048", **changed)
    told = run(peer("pdfsig"), "-nocert", path)
    assert re.findall(r"Signature Validation: (.*)", told) == ["Signature is Valid."]
    run(peer("qpdf"), "--check", path)
    openssl_verifies(peer, tmp_path, path, world)


def test_pdfsig_sees_a_changed_byte(peer, tmp_path):
    """The twin of the test above: the verdict does depend on the bytes."""
    path, _ = signed(tmp_path)
    data = bytearray(path.read_bytes())
    data[data.index(b"595.28")] ^= 1
    path.write_bytes(data)
    told = run(peer("pdfsig"), "-nocert", path)
    assert "Signature Validation: Digest Mismatch." in told


def test_pdfsig_finds_the_first_of_two_signatures_valid_still(peer, tmp_path):
    first, _ = signed(tmp_path, level=Level.B_LTA)
    second, _ = signed(tmp_path, "rsa-2048", data=first.read_bytes(), level=Level.B_LTA)
    told = run(peer("pdfsig"), "-nocert", second)
    assert told.count("Signature Validation: Signature is Valid.") == 2
    assert "Digest Mismatch" not in told


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("kind", KINDS)
def test_openssl_verifies_the_cms_over_the_byte_range(peer, tmp_path, kind, level):
    path, world = signed(tmp_path, kind, level=level)
    openssl_verifies(peer, tmp_path, path, world)


def openssl_verifies(peer, tmp_path: Path, path: Path, world: World) -> None:
    """Have openssl verify the CMS over the byte range, and refuse another byte."""
    signature, covered = next(embedded(path))  # a time-stamp over the document may follow
    (tmp_path / "cms.der").write_bytes(cms.ContentInfo.load(signature["/Contents"]).dump())
    (tmp_path / "covered").write_bytes(covered)
    (tmp_path / "root.pem").write_bytes(world.root.certificate.public_bytes(Encoding.PEM))
    command = [peer("openssl"), "cms", "-verify", "-cades", "-binary", "-inform", "DER"]
    command += ["-in", tmp_path / "cms.der", "-content", tmp_path / "covered"]
    command += ["-CAfile", tmp_path / "root.pem", "-attime", int(NOW.timestamp())]
    command += ["-purpose", "any", "-out", tmp_path / "out"]
    run(*command)
    assert (tmp_path / "out").read_bytes() == covered
    (tmp_path / "covered").write_bytes(covered + b" ")
    assert subprocess.run(list(map(str, command)), capture_output=True, check=False).returncode


def test_openssl_verifies_the_signature_time_stamp(peer, tmp_path):
    path, world = signed(tmp_path, level=Level.B_T)
    ((signature, _),) = embedded(path)
    (info,) = cms.ContentInfo.load(signature["/Contents"])["content"]["signer_infos"]
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


def ink(peer, path: Path, *, dpi: int = 72) -> tuple[float, float, float, float]:
    """Return the box of all ink on the last page in millimetres from its top left corner."""
    out = path.with_suffix("")
    run(peer("pdftoppm"), "-r", dpi, "-png", "-singlefile", "-cropbox", path, out)
    with Image.open(out.with_suffix(".png")) as page:
        box = page.convert("L").point(lambda value: 255 if value < 200 else 0).getbbox()
    assert box is not None
    return tuple(side * 25.4 / dpi for side in box)


@pytest.fixture(scope="module")
def blank() -> bytes:
    """A page with nothing on it: all ink is the signature's."""
    pdf = FPDF()
    pdf.add_page()
    return bytes(pdf.output())


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, [50, 60, 500, 700]], ids=["whole", "cropped"])
def test_the_ink_lies_in_the_box_and_the_name_is_found(peer, tmp_path, blank, rotate, crop):
    data = change_page(blank, Rotate=rotate, **({"CropBox": crop} if crop else {}))
    place = Rectangle(20, 30, 80, 25)
    path, _ = signed(
        tmp_path, data=data, display=load_display("text"), placement=Placement(1, place)
    )
    left, top, right, bottom = ink(peer, path, dpi=144)
    assert place.left_mm - PIXEL_MM <= left < right <= place.right_mm + PIXEL_MM
    assert place.top_mm - PIXEL_MM <= top < bottom <= place.bottom_mm + PIXEL_MM
    assert right - left > 40, "four lines of text are wider than this"
    text = run(peer("pdftotext"), "-layout", path, "-")
    assert f"Ký bởi: {SIGNER_NAME}" in text
    assert "Thời gian ký: 2026-11-21T21:00:00+07:00" in text


def test_letters_stand_as_far_apart_as_the_font_says(peer, tmp_path, blank):
    """pyHanko would write the widths of a 2048-unit font unscaled: twice as wide."""
    place = Placement(1, Rectangle(10, 10, 190, 40))
    path, _ = signed(tmp_path, data=blank, display=load_display("text"), placement=place)
    left, _, right, _ = ink(peer, path, dpi=144)
    lines = build_lines(load_display("text"), World().certificate, NOW)
    with TTFont(find_font()) as font:
        cmap, widths, em = font.getBestCmap(), font["hmtx"], font["head"].unitsPerEm
        longest = max(sum(widths[cmap[ord(char)]][0] for char in line) for line in lines)
    points = 10 * longest / em
    assert right - left == pytest.approx(points * 25.4 / 72, abs=1)


def test_nothing_is_drawn_for_an_invisible_signature(peer, tmp_path):
    path, _ = signed(tmp_path)
    assert SIGNER_NAME not in run(peer("pdftotext"), path, "-")


def test_a_long_name_is_broken_and_then_made_smaller(peer, tmp_path, blank):
    place = Rectangle(20, 30, 30, 12)
    path, _ = signed(
        tmp_path, data=blank, display=load_display("text"), placement=Placement(1, place)
    )
    left, top, right, bottom = ink(peer, path, dpi=144)
    assert place.left_mm - PIXEL_MM <= left < right <= place.right_mm + PIXEL_MM
    assert place.top_mm - PIXEL_MM <= top < bottom <= place.bottom_mm + PIXEL_MM
    words = run(peer("pdftotext"), path, "-").split()
    assert {"Nguyễn", "Hòa", "2026-11-21T21:00:00+07:00"} <= set(words)
