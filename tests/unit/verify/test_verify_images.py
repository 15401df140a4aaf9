"""Images of a mapped file stay in it, and are what pyHanko reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import Reference
from pyhanko.pdf_utils.misc import PdfReadError
from unit.signing.odd_documents import Assembled, plain_objects, stream

from signing import damage
from verify import content as content_module
from verify.content import LOOKS, shown
from verify.pdf import images
from verify.pdf import reader as reader_module
from verify.pdf.document import open_pdf
from verify.pdf.reader import Reader
from verify.policy import default_policy

LARGE = bytes(range(256)) * 80
IMAGE = b"/Type/XObject/Subtype/Image/Width 8/Height 8"


def document(text: bytes) -> bytes:
    made = Assembled({**plain_objects(), 7: text, 8: b"%d" % len(LARGE)})
    made.table()
    return made.data


def read_mapped(path: Path, data: bytes) -> tuple[generic.PdfObject, object, bytes]:
    """Return object 7 of a mapped file, the type of what it holds, and that."""
    path.write_bytes(data)
    with path.open("rb") as file, shown(file) as content:
        found = Reader(content, strict=True)
        held = Reference(7, 0, found).get_object()
        told = held.encoded_data if isinstance(held, generic.StreamObject) else b""
        after = Reference(1, 0, found).get_object()
        assert after["/Type"] == "/Catalog"
        return dict(held), type(told), bytes(told)


def with_end(end: bytes) -> bytes:
    return b"<<%s/Length %d>>%s%s" % (IMAGE, len(LARGE), end % LARGE, b"")


STAYS = {
    "plain": stream(LARGE, IMAGE),
    "other ends of lines": with_end(b"\r\nstream\r\n%s\r\nendstream"),
    "the end of the line counted": b"<<%s/Length %d>>stream\n%s\nendstream"
    % (IMAGE, len(LARGE) + 1, LARGE),
    "no end of line": with_end(b"\nstream\n%sendstream"),
}
READ = {
    "small": stream(LARGE[:100], IMAGE),
    "no image": stream(LARGE, b"/Type/XObject/Subtype/Form"),
    "a length elsewhere": b"<<%s/Length 8 0 R>>stream\n%s\nendstream" % (IMAGE, LARGE),
    "blanks before the line ends": with_end(b"stream \n%s\nendstream"),
    "no stream": b"<<%s/Length %d>>" % (IMAGE, len(LARGE)),
}


@pytest.mark.parametrize("text", [*STAYS.values(), *READ.values()], ids=[*STAYS, *READ])
def test_what_is_read_is_what_pyhanko_reads(tmp_path, monkeypatch, text):
    data = document(text)
    found, kind, held = read_mapped(tmp_path / "a.pdf", data)
    monkeypatch.setattr(generic, "_maybe_read_stream_payload", images._read_payload)
    monkeypatch.setattr(images, "read_payload", images._read_payload)
    assert (found, held) == read_mapped(tmp_path / "a.pdf", data)[::2]
    assert kind is (memoryview if text in STAYS.values() else bytes)


def test_a_length_that_is_wrong_is_refused_as_ever(tmp_path):
    text = b"<<%s/Length %d>>stream\n%s\nendstream" % (IMAGE, len(LARGE) - 500, LARGE)
    with pytest.raises(PdfReadError):
        read_mapped(tmp_path / "a.pdf", document(text))


def test_what_is_in_memory_is_read_as_ever():
    held = Reference(7, 0, Reader(document(STAYS["plain"]), strict=True)).get_object()
    assert held.encoded_data == LARGE
    assert isinstance(held.encoded_data, bytes)


def test_an_image_that_is_held_on_to_keeps_the_file_readable(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(document(STAYS["plain"]))
    with path.open("rb") as file, shown(file) as content:
        held = Reference(7, 0, Reader(content, strict=True)).get_object()
    assert bytes(held.encoded_data) == LARGE
    assert not content.closed


def test_a_reader_that_nobody_has_any_more_holds_on_to_nothing(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(document(STAYS["plain"]))
    with path.open("rb") as file, shown(file) as content:
        reader = Reader(content, strict=True)
        reader.itself = reader
        assert Reference(7, 0, reader).get_object().encoded_data
        del reader
    assert content.closed


def test_what_was_seen_of_a_mapped_file_is_let_go_again_and_again(tmp_path, monkeypatch):
    """A look at a byte may bring in megabytes, which count as memory until they are let go."""
    path = tmp_path / "a.pdf"
    path.write_bytes(document(STAYS["plain"]))
    let_go: list[object] = []
    for module in (content_module, reader_module, damage, images):
        monkeypatch.setattr(module, "forget", let_go.append)
    limits = default_policy().limits
    with path.open("rb") as file, shown(file) as content:
        pdf = open_pdf(content, name="a.pdf", limits=limits)
        for looks in (
            lambda: pdf.reader.plain_bytes(Reference(1, 0, pdf.reader)),
            lambda: (pdf.reader.stream.seek(0), pdf.reader.stream.read(20_000)),
            lambda: Reader(content, strict=True).get_object(Reference(7, 0, None)),
            lambda: damage.check_ended(pdf),
        ):
            let_go.clear()
            for _ in range(2 * LOOKS):
                looks()
            assert len(let_go) >= 2
            assert all(each is content for each in let_go)
