"""PDF/A stays PDF/A: veraPDF judges documents before and after they are signed.

Spec: ISO 19005-1 to -4; Circular 05/2025/TT-BNV (digitised files are PDF/A).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from peers.maven import made, run
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from unit.signing.outgoing_world import KY, LEADER, WORLD, by_agency, by_leader, draft, prepared
from unit.signing.outgoing_world import numbered as with_number
from unit.signing.signing_world import TSA_URL, make_pdf

from signing.display.placement import Placement, Rectangle
from signing.display.profile import load_display
from signing.extend import extend_document
from signing.extension import Extension
from signing.options import Level, SigningOptions
from signing.sign import sign_document

PARTS = ("1B", "2B", "2U", "3B", "3U", "4")
LOOKS: dict[str, dict[str, object]] = {
    "none": {"display": load_display("none")},
    "text": {"display": load_display("text"), "placement": LEADER},
    "person": {"display": load_display("person"), "image": KY, "placement": LEADER},
    "digitised": {"display": load_display("digitised")},
}


def judged(folder: Path, peer: Callable[[str], Path]) -> dict[str, tuple[str, str]]:
    """Return the flavour that each document claims, and the clauses it breaks."""
    done = run(made("verapdf", peer), "Conformance", str(folder))
    assert not done.returncode, done.stderr
    lines = (line.split("\t") for line in done.stdout.splitlines())
    return {name: (flavour, broken) for name, flavour, broken in lines}


def with_script(data: bytes) -> bytes:
    """Return the document with a script that runs when it is opened, which PDF/A forbids."""
    writer = IncrementalPdfFileWriter(BytesIO(data))
    script = {"/S": pdf_name("/JavaScript"), "/JS": generic.TextStringObject("1")}
    action = generic.DictionaryObject({pdf_name(key): value for key, value in script.items()})
    writer.root[pdf_name("/OpenAction")] = writer.add_object(action)
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def sign(data: bytes, **wishes: object) -> bytes:
    options = SigningOptions(tsa_url=TSA_URL, **wishes)
    services = WORLD.services()
    return sign_document(data, signer=WORLD.signer(), options=options, services=services).data


def raised(data: bytes) -> bytes:
    """Return the document raised to B-LTA, its signature time-stamp in a field of its own."""
    services = replace(WORLD.services(), pause=lambda _: None)
    wish = Extension(Level.B_LTA, tsa_url=TSA_URL)
    return extend_document(data, wish=wish, services=services).data


@pytest.mark.long
def test_documents_in_pdfa_stay_so_at_every_step(peer, tmp_path):
    expected = {}

    def put(name: str, data: bytes, broken: str = "") -> None:
        (tmp_path / name).write_bytes(data)
        expected[name] = (name.split(maxsplit=1)[0].lower(), broken)

    for part in PARTS:
        data = draft(pdfa=part)
        put(f"{part} unsigned", data)
        for label, look in LOOKS.items():
            for level in Level:
                put(f"{part} {label} {level}", sign(data, level=level, **look))
        put(f"{part} raised", raised(sign(data, display=load_display("none"))))
        approved = by_leader(prepared(pdfa=part)).data
        put(f"{part} approved", approved)
        issued = with_number(approved).data
        put(f"{part} numbered", issued)
        put(f"{part} sealed", by_agency(issued, level=Level.B_LTA, tsa_url=TSA_URL).data)
    (tmp_path / "0 plain").write_bytes(make_pdf())
    expected["0 plain"] = ("0", "")
    (tmp_path / "2B scripted").write_bytes(with_script(draft(pdfa="2B")))
    expected["2B scripted"] = ("2b", "6.5.1-1")
    assert judged(tmp_path, peer) == expected


TAGGED = ["dss-pades/validation/pkcs7_sha1.pdf", "pdf-signed-misc/clienteafirma/cosigned.pdf"]
"""PDF/A-1a and -2a of other programs, which break a few clauses of their own."""


@pytest.mark.long
def test_tagged_documents_break_no_clause_more_than_before(peer, corpora, tmp_path):
    place = Placement(1, Rectangle(20, 20, 60, 30))
    for number, name in enumerate(TAGGED):
        data = (corpora / name).read_bytes()
        (tmp_path / f"{number} before").write_bytes(data)
        for look in ("none", "text"):
            display = load_display(look)
            signed = sign(data, display=display, placement=place, allow_broken_signatures=True)
            (tmp_path / f"{number} {look}").write_bytes(signed)
    answers = judged(tmp_path, peer)
    assert [answers[f"{number} before"][0] for number in range(2)] == ["1a", "2a"]
    for name, answer in answers.items():
        assert answer == answers[f"{name[0]} before"], name
