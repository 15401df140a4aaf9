"""Journals of batches: any tear leaves whole lines, any bytes raise our error alone."""

from __future__ import annotations

import string
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from signing.batch.entry import Entry, FileStamp, given_line, signed_line
from signing.batch.journal import read_journal
from signing.errors.batch import JournalUnreadableError

PATH = Path("journal")
COUNTS = st.integers(0, 2**63)
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
NAMES = st.text(min_size=1, max_size=20)
"""Lone surrogates too: names on POSIX are octets."""
ENTRIES = st.builds(
    Entry,
    st.builds(FileStamp, NAMES, COUNTS, st.none() | st.integers(-(2**63), 2**63)),
    DIGESTS,
    st.sampled_from(["a.pdf", "b.pdf"]) | NAMES,
    COUNTS,
    DIGESTS,
    st.booleans(),
)
JOURNALS = st.lists(ENTRIES, max_size=6)


def lines_of(entry: Entry) -> list[bytes]:
    return [signed_line(entry), *([given_line(entry.output)] if entry.given_out else [])]


@given(JOURNALS)
def test_what_is_written_is_read(entries):
    data = b"".join(line for entry in entries for line in lines_of(entry))
    assert read_journal(data, PATH) == ({entry.output: entry for entry in entries}, len(data))


@given(JOURNALS, st.data())
def test_a_tear_anywhere_leaves_the_whole_lines_before_it(entries, data):
    lines = [line for entry in entries for line in lines_of(entry)]
    whole = b"".join(lines)
    at = data.draw(st.integers(0, len(whole)))
    kept = whole[:at].count(b"\n")
    read, end = read_journal(whole[:at], PATH)
    assert (read, end) == read_journal(b"".join(lines[:kept]), PATH)
    assert end <= at


@given(JOURNALS, st.integers(0), st.binary(min_size=1, max_size=4))
def test_what_is_overwritten_is_refused_or_read_as_lines(entries, at, junk):
    data = b"".join(line for entry in entries for line in lines_of(entry))
    at %= len(data) + 1
    _only_our_error(data[:at] + junk + data[at + len(junk) :])


@given(st.binary(max_size=300) | st.text(string.printable).map(str.encode))
def test_arbitrary_bytes_raise_our_error_alone(data):
    _only_our_error(data)


def _only_our_error(data: bytes) -> None:
    try:
        entries, end = read_journal(data, PATH)
    except JournalUnreadableError as error:
        assert isinstance(error.facts["line"], int)  # noqa: PT017
        return
    assert end <= len(data)
    assert all(isinstance(each, Entry) for each in entries.values())
