"""What a signer may bring that is no good: each said with its own code, and no half file."""

from __future__ import annotations

import re
import struct
import zlib

import pytest
from unit.signing.signing_world import World
from unit.signing.tsa_servers import tsa_server


@pytest.fixture
def refused(antin, demo_home, letter, tmp_path):
    """Sign the letter with options; return status and code. Nothing may be written."""

    def run(*options, document=None):
        target = tmp_path / "out" / "signed.pdf"
        target.parent.mkdir(exist_ok=True)
        source = document or letter
        before = source.read_bytes()
        ran = antin("--home", demo_home, "sign", source, "-o", target, *options)
        assert source.read_bytes() == before
        assert list(target.parent.iterdir()) == []
        assert "hint: " in ran.err
        return ran.status, ran.code

    return run


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_an_image_of_100_megapixels_is_not_decoded(refused, tmp_path):
    path = tmp_path / "seal.png"
    header = struct.pack(">IIBBBBB", 10_000, 10_000, 8, 6, 0, 0, 0)
    ends = chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + ends)
    options = ("--display", "agency", "--image", path)
    assert refused(*options) == (5, "signing.image_too_large")


def test_letters_that_no_font_here_has(refused):
    options = ("--display", "annex", "--number", "12/\U00013080-UBND")
    assert refused(*options) == (4, "signing.font_missing")


@pytest.mark.parametrize(
    ("manner", "status", "code"),
    [
        ("refusing", 3, "signing.tsa_rejected"),
        ("nonsense", 4, "signing.tsa_wrong_answer"),
        ("of another", 4, "signing.tsa_other_request"),
    ],
)
def test_a_time_stamp_that_is_none_of_this_document(refused, demo_home, manner, status, code):
    with tsa_server(World(), manner=manner) as service:
        configuration = demo_home / "antin.toml"
        text = configuration.read_text(encoding="utf-8")
        allowed = f'"127.0.0.1:{service.port}"'
        configuration.write_text(re.sub(r"allow = \[", f"allow = [{allowed}, ", text), "utf-8")
        options = ("--level", "B-T", "--tsa", service.url)
        if manner == "of another":
            service.manner = "right"
            refused(*options)  # whose answer the next one gets: it is not of this authority
            service.manner = manner
        assert refused(*options) == (status, code)


def test_a_dynamic_form(refused, tmp_path):
    from unit.signing.test_signing_forms import XFA, form

    path = tmp_path / "form.pdf"
    path.write_bytes(form(XFA["stream"], b"/NeedsRendering true"))
    assert refused(document=path) == (5, "signing.dynamic_form")


def test_documents_that_programs_see_differently_or_must_repair(refused, tmp_path):
    from unit.signing.odd_documents import CONTENT, hybrid, plain, stream

    path = tmp_path / "odd.pdf"
    for data, code in (
        (hybrid(differing={4: stream(CONTENT[:-2] + b" ET")}), "signing.hybrid_differs"),
        (hybrid(hidden=(4,)), "signing.hybrid_hides"),
        (plain(size=6), "signing.document_needs_repair"),
    ):
        path.write_bytes(data)
        assert refused(document=path) == (5, code)
