"""A mapped file is to readers what its bytes are."""

from __future__ import annotations

import datetime as dt
import hashlib
import mmap
import sys
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.signing.signing_world import World, make_pdf

from signing.display.profile import load_display
from signing.options import SigningOptions
from signing.sign import sign_document
from verify import content as content_module
from verify.content import Hashed, begins_with, let_go, map_file, pieces_of, stream_of
from verify.document import verify_document
from verify.finding import Severity

DATA = bytes(range(256)) * 100


def mapped(folder: Path, data: bytes) -> mmap.mmap:
    path = folder / "content"
    path.write_bytes(data)
    with path.open("r+b") as file:
        return map_file(file)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_module, "_PIECE", 1000)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(-1, 60_000)),
        st.tuples(st.sampled_from(["set", "end"]), st.integers(0, 40_000)),
        st.tuples(st.just("by"), st.integers(-300, 300)),
    )
)


@given(steps=STEPS)
def test_a_stream_over_a_mapped_file_reads_as_one_over_its_bytes(steps, tmp_path_factory):
    streams = (stream_of(DATA), stream_of(mapped(tmp_path_factory.mktemp("mapped"), DATA)))
    assert isinstance(streams[0], BytesIO)
    for what, number in steps:
        told = []
        for stream in streams:
            if what == "read":
                told.append(stream.read(number))
            elif what == "by":
                told.append(stream.seek(max(0, stream.tell() + number) - stream.tell(), 1))
            else:
                told.append(stream.seek(number if what == "set" else -number % len(DATA), 0))
            told.append(stream.tell())
        half = len(told) // 2
        assert told[:half] == told[half:]
    assert [stream.seek(-3, 2) for stream in streams] == [len(DATA) - 3] * 2
    assert [stream.read(9) for stream in streams] == [DATA[-3:]] * 2


def test_a_place_before_the_start_is_refused(tmp_path):
    with pytest.raises(ValueError, match="25601"):
        stream_of(mapped(tmp_path, DATA)).seek(-len(DATA) - 1, 2)


@pytest.mark.usefixtures("small_pieces")
def test_the_pieces_are_the_whole(tmp_path):
    found = mapped(tmp_path, DATA)
    assert b"".join(pieces_of(found)) == DATA
    assert [len(piece) for piece in pieces_of(found)] == [1000] * 25 + [600]
    assert [bytes(piece) for piece in pieces_of(DATA)] == [DATA]
    assert b"".join(pieces_of(memoryview(found)[10:3000])) == DATA[10:3000]


@pytest.mark.usefixtures("small_pieces")
def test_what_was_hashed_is_not_hashed_again(tmp_path):
    begun = Hashed()
    assert begun.of(DATA[:1500]) == hashlib.sha256(DATA[:1500]).hexdigest()
    assert begun.of(DATA[:1500]) == hashlib.sha256(DATA[:1500]).hexdigest()
    grown = begun.copy()
    for content in (DATA, mapped(tmp_path, DATA)):
        assert grown.of(content) == hashlib.sha256(DATA).hexdigest()
    assert begun.of(DATA[:1500] + b"other") == hashlib.sha256(DATA[:1500] + b"other").hexdigest()
    assert begun.of(bytes(len(DATA))) != hashlib.sha256(bytes(len(DATA))).hexdigest()


@pytest.mark.usefixtures("small_pieces")
def test_pieces_go_on_from_what_was_hashed(tmp_path):
    found, begun = mapped(tmp_path, DATA), Hashed()
    begun.of(DATA[:1500])
    for content in (DATA, found):
        for first, second in ((1500, 1500), (1501, 5000), (9000, len(DATA)), (1499, 1600), (0, 7)):
            view = memoryview(content)
            pieces = view[:first], view[second:]
            expected = hashlib.sha256(DATA[:first] + DATA[second:]).digest()
            assert begun.of_pieces(pieces) == expected
            assert Hashed().of_pieces(pieces) == expected
    assert begun.of_pieces(()) == hashlib.sha256().digest()
    assert begun.of_pieces((memoryview(bytes(2000)),)) != hashlib.sha256(bytes(2000)).digest()
    assert begun.of(DATA) == hashlib.sha256(DATA).hexdigest()  # it knows what it knew


@pytest.mark.usefixtures("small_pieces")
def test_a_beginning_is_told_from_any_other(tmp_path):
    found = mapped(tmp_path, DATA)
    for start in (DATA, DATA[:1], DATA[:1000], DATA[:1001], b""):
        assert begins_with(found, start)
        assert begins_with(DATA, start)
    (tmp_path / "other").mkdir()
    assert begins_with(DATA, mapped(tmp_path / "other", DATA[:5000]))
    for place in (0, 999, 1000, 25_599):
        other = bytearray(DATA)
        other[place] ^= 1
        assert not begins_with(found, bytes(other))
        assert not begins_with(DATA, bytes(other))
    assert not begins_with(found, DATA + b"x")


def test_where_the_system_cannot_be_told_to_forget_nothing_else_changes(tmp_path, monkeypatch):
    """Windows has no such call."""
    monkeypatch.setattr(sys, "platform", "win32")
    assert b"".join(pieces_of(mapped(tmp_path, DATA))) == DATA


def test_it_is_let_go_unless_somebody_looks_at_it(tmp_path):
    found = mapped(tmp_path, DATA)
    with memoryview(found):
        let_go(found)
        assert not found.closed
    let_go(found)
    assert found.closed
    let_go(DATA)


@pytest.mark.parametrize("change", [None, 100, -1000], ids=["whole", "changed", "changed later"])
def test_a_mapped_document_is_judged_as_its_bytes_are(tmp_path, change):
    world = World()
    options = SigningOptions(display=load_display("none"))
    done = sign_document(
        make_pdf(), signer=world.signer(), options=options, services=world.services()
    )
    data = bytearray(done.data)
    if change is not None:
        data[change] ^= 1
    at = world.clock.now() + dt.timedelta(minutes=1)
    judge = {"policy": world.policy, "trust": world.trust, "at": at}
    in_memory = verify_document(bytes(data), **judge)
    assert verify_document(mapped(tmp_path, bytes(data)), **judge) == in_memory
    broken = any(each.severity is Severity.ERROR for each in in_memory.signatures[0].findings)
    assert broken or change is None
