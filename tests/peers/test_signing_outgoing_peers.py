"""Documents prepared, signed, numbered and sealed by us, judged by pdfsig, qpdf and pyHanko."""

from __future__ import annotations

import subprocess
import unicodedata
from io import BytesIO

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from unit.signing.outgoing_world import WORLD, by_agency, by_leader, numbered, prepared
from unit.signing.signing_world import NOW, TSA_URL

from signing._asn1 import to_asn1
from signing.coroutine import finish
from signing.options import Level


def pyhanko_accepts(data: bytes) -> bool:
    """Say whether pyHanko finds every signature intact, and permitted what came after it."""
    reader = PdfFileReader(BytesIO(data))
    context = ValidationContext(
        trust_roots=[to_asn1(WORLD.root.certificate)],
        other_certs=[to_asn1(WORLD.ca.certificate)],
        moment=NOW,
        allow_fetching=False,
    )
    found = [
        finish(async_validate_pdf_signature(each, context, ts_validation_context=context))
        for each in reader.embedded_regular_signatures
    ]
    return all(one.intact and one.valid and one.docmdp_ok and one.bottom_line for one in found)


@pytest.mark.parametrize(
    ("rotate", "level"), [(0, Level.B_B), (90, Level.B_B), (270, Level.B_B), (0, Level.B_LTA)]
)
def test_every_step_is_valid_to_programs_nobody_here_wrote(peer, tmp_path, rotate, level):
    more = {"level": level, "tsa_url": TSA_URL}
    signed = by_leader(prepared(rotate=rotate), **more).data
    done = numbered(signed).data
    sealed = by_agency(done, **more).data
    for number, (data, signatures) in enumerate([(signed, 1), (done, 1), (sealed, 2)]):
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(data)
        told = run(peer("pdfsig"), "-nocert", path)
        assert told.stdout.count("Signature is Valid.") == signatures
        assert run(peer("qpdf"), "--check", path).returncode == 0
        assert pyhanko_accepts(data)
    text = run(peer("pdftotext"), "-layout", path, "-").stdout
    words = " ".join(unicodedata.normalize("NFC", text).split())
    assert "Số: 15 /QĐ-UBND" in words
    assert "ngày 02 tháng 11 năm 2026" in words


def run(*command):
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
