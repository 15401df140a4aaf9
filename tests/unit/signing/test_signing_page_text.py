"""The text of pages is read by another process: bounded, replaced when it dies, not believed."""

from __future__ import annotations

import io
import json
import os
import secrets
import sys
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from unit.signing.signing_pages import letter
from unit.signing.signing_world import SIGNER_NAME, make_pdf

from signing.display import asked, page_text, text_child
from signing.display.asked import PIECE, AskedDocument
from signing.display.fold import fold
from signing.display.memory_posix import limit_memory
from signing.display.page_text import (
    MAX_ANSWER_BYTES,
    MAX_MEMORY_BYTES,
    MAX_PAGES,
    FoundText,
    TextReader,
    _give,
    _NoPieceError,
    _read_answer,
    _receive,
)
from signing.errors.placing import TextUnreadableError

NEEDLE = (fold(SIGNER_NAME),)


@pytest.fixture(scope="module")
def reader():
    made = TextReader()
    yield made
    made.close()


def test_the_letters_of_the_pages_with_the_name_are_told(reader):
    found = reader.find(BytesIO(letter(pages=3)), NEEDLE, page=None)
    assert (found.pages, found.looked_at) == (3, 3)
    assert [page.index for page in found.found] == [2, 1, 0]
    text = "".join(each.text for each in found.found[0].letters)
    assert "CHỦTỊCH" in text
    assert "NguyễnVănĐức" in text


def test_pages_without_the_name_are_not_told(reader):
    found = reader.find(BytesIO(make_pdf(2)), NEEDLE, page=None)
    assert found == FoundText(2, 2, 10, ())


def test_one_page_alone_is_looked_at_where_one_is_named(reader):
    found = reader.find(BytesIO(letter(pages=3)), NEEDLE, page=1)
    assert ([page.index for page in found.found], found.looked_at) == ([1], 1)
    assert reader.find(BytesIO(letter(pages=3)), NEEDLE, page=7).looked_at == 0


def test_so_many_pages_are_looked_at_from_the_end(reader):
    found = reader.find(BytesIO(letter(pages=MAX_PAGES + 3)), NEEDLE, page=None)
    assert (found.pages, found.looked_at) == (MAX_PAGES + 3, MAX_PAGES)
    assert min(page.index for page in found.found) == 3


def test_one_process_reads_many_documents(reader):
    reader.find(BytesIO(letter()), NEEDLE, page=None)
    first = reader._process
    reader.find(BytesIO(make_pdf()), NEEDLE, page=None)
    assert reader._process is first


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"not a document" * 100])
def test_what_is_no_document_is_refused_and_the_next_one_read(reader, data):
    with pytest.raises(TextUnreadableError):
        reader.find(BytesIO(data), NEEDLE, page=None)
    assert reader.find(BytesIO(letter()), NEEDLE, page=None).found


def test_a_process_that_died_is_replaced(reader):
    reader.find(BytesIO(letter()), NEEDLE, page=None)
    reader._process.kill()
    reader._process.wait()
    assert reader.find(BytesIO(letter()), NEEDLE, page=None).found


def test_a_process_that_dies_over_a_document_is_an_error_and_not_the_end(monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(page_text, "_START", "import os; os._exit(3)  # {root}")
        broken = TextReader()
        with pytest.raises(TextUnreadableError):
            broken.find(BytesIO(letter()), NEEDLE, page=None)
    assert broken.find(BytesIO(letter()), NEEDLE, page=None).found
    broken.close()


def test_a_process_that_does_not_listen_is_an_error_too(monkeypatch):
    """More than a pipe holds: the document cannot even be handed over."""
    monkeypatch.setattr(page_text, "_START", "import os; os.close(0); os._exit(0)  # {root}")
    deaf = TextReader()
    with pytest.raises(TextUnreadableError):
        deaf.find(BytesIO(bytes(4_000_000)), NEEDLE, page=None)
    deaf.close()


@pytest.mark.parametrize(("hard", "expected"), [(-1, 4096), (8192, 4096), (512, 512)])
def test_the_other_process_has_so_much_memory_and_no_more(monkeypatch, hard, expected):
    resource = pytest.importorskip("resource")
    said = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (-1, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: said.append(limits))
    limit_memory(4096)
    assert said == [(expected, hard)]
    monkeypatch.setattr(sys, "platform", "win32")
    limit_memory(1)
    assert len(said) == 1


def test_the_limit_is_on_before_the_document_is_read(reader):
    reader.find(BytesIO(letter()), NEEDLE, page=None)
    limits = Path(f"/proc/{reader._process.pid}/limits")
    if sys.platform == "linux":
        assert f"Max address space         {MAX_MEMORY_BYTES}" in limits.read_text("ascii")


def test_a_process_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(page_text, "_START", "import time; time.sleep(60)  # {root}")
    hanging = TextReader(limit=timedelta(seconds=0.3))
    with pytest.raises(TextUnreadableError):
        hanging.find(BytesIO(letter()), NEEDLE, page=None)
    assert hanging._process is None


def test_a_process_that_cannot_be_started(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "absent"))
    with pytest.raises(TextUnreadableError):
        TextReader().find(BytesIO(letter()), NEEDLE, page=None)


class Pieces(BytesIO):
    """Notes what is read of it."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.read_at: list[tuple[int, int | None]] = []

    def read(self, size: int | None = -1) -> bytes:
        self.read_at.append((self.tell(), size))
        return super().read(size)


def padded(data: bytes, octets: int) -> bytes:
    """Return a document with so much more in it that nobody asks for."""
    writer = IncrementalPdfFileWriter(BytesIO(data))
    writer.add_object(generic.StreamObject(stream_data=secrets.token_bytes(octets)))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_of_a_large_document_pieces_are_read(reader, monkeypatch):
    monkeypatch.setattr(page_text, "WHOLE_BYTES", 2_000_000)
    small, large = Pieces(letter()), Pieces(padded(letter(), 20 * PIECE))
    assert reader.find(small, NEEDLE, page=None) == reader.find(large, NEEDLE, page=None)
    assert small.read_at == [(0, -1)]
    assert 0 < len(large.read_at) < 10
    assert all(size is not None and 0 < size <= PIECE for _, size in large.read_at)
    process = reader._process
    assert reader.find(large, ("nobody",), page=None).found == ()
    assert reader._process is process


def test_a_large_document_that_is_none_is_refused_and_the_next_one_read(reader, monkeypatch):
    monkeypatch.setattr(page_text, "WHOLE_BYTES", 10)
    with pytest.raises(TextUnreadableError):
        reader.find(BytesIO(bytes(3 * PIECE)), NEEDLE, page=None)
    assert reader.find(BytesIO(letter()), NEEDLE, page=None).found


def test_a_document_that_gets_shorter_meanwhile_is_an_error(reader, monkeypatch):
    monkeypatch.setattr(page_text, "WHOLE_BYTES", 10)

    class Shorter(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(size)[:-1]

    with pytest.raises(TextUnreadableError):
        reader.find(Shorter(letter()), NEEDLE, page=None)
    assert reader.find(BytesIO(letter()), NEEDLE, page=None).found


@pytest.mark.parametrize(
    "wish", [b"", bytes(15), bytes(16), bytes(8) + b"\xff" * 8, b"\xff" * 8 + bytes(7) + b"\x01"]
)
def test_what_is_no_piece_is_not_handed_over(wish):
    questions = BytesIO()
    with pytest.raises(_NoPieceError):
        _give(questions, BytesIO(wish), BytesIO(bytes(100)))
    assert questions.getvalue() == b""
    right = (90).to_bytes(8, "big") + (10).to_bytes(8, "big")
    _give(questions, BytesIO(right), BytesIO(bytes(90) + b"0123456789"))
    assert questions.getvalue() == b"0123456789"


@given(
    st.binary(max_size=3000),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 4000)), max_size=20),
)
def test_pieces_give_what_the_document_holds(data, reads):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(asked, "PIECE", 100)
        patched.setattr(asked, "KEPT", 3)
        document = AskedDocument(len(data), lambda offset, count: data[offset : offset + count])
        assert document.seek(0, os.SEEK_END) == len(data)
        assert document.readable()
        assert document.seekable()
        for offset, count in reads:
            document.seek(offset)
            buffer = bytearray(count)
            read = document.readinto(buffer)
            assert bytes(buffer[:read]) == data[offset : offset + count]
            assert document.tell() == offset + read
        with pytest.raises(ValueError, match="-1"):
            document.seek(-1)


def framed(data: bytes) -> BytesIO:
    return BytesIO(len(data).to_bytes(8, "big") + data)


def test_an_answer_is_read_whole_or_not_at_all():
    assert _receive(framed(b"{}")) == b"{}"
    assert _receive(BytesIO(framed(b"{}").getvalue()[:-1])) is None
    assert _receive(BytesIO()) is None
    assert _receive(BytesIO((MAX_ANSWER_BYTES + 1).to_bytes(8, "big"))) is None


SOUND = {"pages": 1, "looked_at": 1, "words": 1, "found": []}


def test_a_sound_answer_is_taken_and_boxes_that_are_none_are_not():
    page = {"page": 0, "letters": [["a", 1, 2, 3, 4], ["b", float("nan"), 2, 3, 4]]}
    answer = _read_answer(json.dumps({**SOUND, "found": [page]}).encode())
    assert [each.text for each in answer.found[0].letters] == ["a"]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        1,
        {**SOUND, "pages": "many"},
        {**SOUND, "found": [1]},
        {**SOUND, "found": [{"page": 0, "letters": [["a", 1, 2, 3]]}]},
        {**SOUND, "found": [{"page": 0, "letters": [["a", 1, 2, 3, None]]}]},
        {**SOUND, "found": [{"page": 0, "letters": [7]}]},
        {"error": "broken"},
    ],
)
def test_an_answer_that_is_not_as_agreed_is_an_error(answer):
    with pytest.raises(TextUnreadableError):
        _read_answer(json.dumps(answer).encode())


@given(st.binary(max_size=200))
def test_whatever_is_answered_is_an_answer_or_our_error(data):
    try:
        _read_answer(data)
    except TextUnreadableError:
        return


def test_the_child_answers_until_nothing_more_is_asked(monkeypatch):
    """The child's own loop, in this process, where coverage sees it."""
    head = json.dumps(
        {"needles": NEEDLE, "page": None, "most_pages": 9, "most_letters": 9999}
    ).encode()
    question = b""
    for data in (letter(), make_pdf(), b"nothing"):
        question += len(head).to_bytes(8, "big") + len(data).to_bytes(8, "big") + head + data

    class Stream:
        def __init__(self, data: bytes = b"") -> None:
            self.buffer = BytesIO(data)

    asked, answered = Stream(question), Stream()
    monkeypatch.setattr(sys, "stdin", asked)
    monkeypatch.setattr(sys, "stdout", answered)
    text_child.main()
    answers = BytesIO(answered.buffer.getvalue())
    first, second, third = (_receive(answers) for _ in range(3))
    assert _read_answer(first).found
    assert not _read_answer(second).found
    with pytest.raises(TextUnreadableError):
        _read_answer(third)


def test_the_child_asks_for_pieces_of_a_large_document(monkeypatch):
    """The child's own loop again; the pieces follow the question, as they would be handed over."""
    data = letter()
    assert len(data) < PIECE
    head = {"needles": NEEDLE, "page": None, "most_pages": 9, "most_letters": 9999}
    told = json.dumps({**head, "size": len(data)}).encode()

    def said_to(pieces: bytes) -> BytesIO:
        question = len(told).to_bytes(8, "big") + bytes(8) + told + pieces
        answers = BytesIO()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(BytesIO(question)))
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(answers))
        text_child.main()
        answers.seek(0)
        return answers

    answers = said_to(data)
    assert _receive(answers) == b""
    assert answers.read(16) == bytes(8) + len(data).to_bytes(8, "big")
    answer = _receive(answers)
    assert answer is not None
    assert _read_answer(answer).found
    with pytest.raises(EOFError):
        text_child._fetch(BytesIO(b"short"), BytesIO(), 0, 10)
