"""The journal of a batch: what it knows, what it refuses, when a batch ends early."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest
from unit.signing.signing_world import NOW, World, make_pdf

from hsm.errors import TokenRemovedError, WorkerLostError, WrongPINError
from pki.errors.files import DiskFullError, OutputExistsError
from signing.batch import journal as journal_module
from signing.batch.entry import Entry, FileStamp, stamp_of
from signing.batch.journal import LOCK, MAX_BYTES, NAME, Journal, open_journal
from signing.batch.leftovers import take_away
from signing.batch.made import give_out, make_document
from signing.batch.resume import Resumption
from signing.batch.stop import IN_A_ROW, StopRule
from signing.display.profile import load_display
from signing.errors.batch import (
    BatchBusyError,
    InputChangedError,
    JournalTooLargeError,
    JournalUnreadableError,
    JournalUnwritableError,
    OutputGoneError,
)
from signing.errors.fields import FieldTakenError
from signing.errors.files import FileUnreadableError
from signing.errors.standing import CertificateExpiredError
from signing.errors.times import TSAUnavailableError
from signing.files import Existing
from signing.options import SigningOptions
from signing.sign import Signatory
from verify.errors import NotAPDFError

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.pdf"
    path.write_bytes(make_pdf())
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def entry_of(source: Path, data: bytes = b"signed", name: str = "out.pdf") -> Entry:
    return Entry(
        stamp_of(source, NOW),
        hashlib.sha256(source.read_bytes()).hexdigest(),
        name,
        len(data),
        hashlib.sha256(data).hexdigest(),
    )


def given(source: Path, out: Path, data: bytes = b"signed") -> Path:
    """Give a document out as a batch does."""
    target = out / "out.pdf"
    with open_journal(out) as journal:
        journal.signed(entry_of(source, data))
        target.write_bytes(data)
        journal.given_out(target.name)
    return target


def was_given(source: Path, target: Path, existing: Existing = Existing.REFUSE) -> bool:
    with open_journal(target.parent) as journal:
        return Resumption(journal, NOW, existing).was_given_out(source, target)


# What a journal knows


def test_what_was_given_out_is_not_signed_again(source, out):
    target = given(source, out)
    assert was_given(source, target)
    assert not was_given(source, out / "another.pdf")


def test_what_is_done_is_not_read_again(source, out, monkeypatch):
    target = given(source, out)
    monkeypatch.setattr("signing.batch.resume._sha256", lambda *_: pytest.fail("it was read"))
    assert was_given(source, target)


def test_a_document_that_was_only_touched_is_the_same(source, out):
    target = given(source, out)
    os.utime(source, ns=(1, 1))
    assert was_given(source, target)


def test_a_document_that_changed_is_not_taken_for_the_one_that_was_signed(source, out):
    target = given(source, out)
    data = source.read_bytes()
    source.write_bytes(data[:-1] + b"\r")
    with pytest.raises(InputChangedError):
        was_given(source, target)
    assert target.read_bytes() == b"signed"


def test_a_change_within_the_tick_of_a_clock_is_seen(source, out):
    """FAT counts two seconds: size and time are the same, the document is another."""
    moment = NOW.timestamp() - 1
    os.utime(source, (moment, moment))
    target = given(source, out)
    data = source.read_bytes()
    source.write_bytes(data[:-1] + b"\r")
    os.utime(source, (moment, moment))
    with pytest.raises(InputChangedError):
        was_given(source, target)


def test_another_document_of_that_size_and_time_is_another(source, out, tmp_path):
    target = given(source, out)
    other = tmp_path / "other.pdf"
    other.write_bytes(source.read_bytes()[:-1] + b"\r")
    times = source.stat()
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(InputChangedError):
        was_given(other, target)


def test_a_document_that_moved_is_the_same(source, out, tmp_path):
    """A stick that is mounted elsewhere the next day."""
    target = given(source, out)
    (tmp_path / "moved").mkdir()
    assert was_given(source.rename(tmp_path / "moved" / "in.pdf"), target)


def test_an_output_that_was_taken_away_is_said_and_not_made_again(source, out):
    target = given(source, out)
    target.unlink()
    with pytest.raises(OutputGoneError):
        was_given(source, target)


def test_an_output_that_was_raised_since_stays_done(source, out):
    target = given(source, out)
    target.write_bytes(b"raised, its padding is another")
    assert was_given(source, target)


def test_an_output_that_took_its_name_as_the_process_ended_is_ours(source, out):
    target = out / "out.pdf"
    with open_journal(out) as journal:
        journal.signed(entry_of(source))
    assert not was_given(source, target), "it never left the process"
    target.write_bytes(b"signed, and a time-stamp behind")
    with open_journal(out) as journal:
        assert Resumption(journal, NOW).was_given_out(source, target)
    with open_journal(out) as journal:
        assert journal.entries["out.pdf"].given_out


@pytest.mark.parametrize("foreign", [b"another", b"s"], ids=["as long", "shorter"])
def test_an_output_that_is_not_ours_is_kept_unless_told(source, out, foreign):
    target = out / "out.pdf"
    with open_journal(out) as journal:
        journal.signed(entry_of(source))
    target.write_bytes(foreign)
    with pytest.raises(OutputExistsError):
        was_given(source, target)
    assert not was_given(source, target, Existing.OVERWRITE), "it is to be signed"


def test_files_that_cannot_be_read_are_said(source, out):
    target = given(source, out)
    source.unlink()
    with pytest.raises(FileUnreadableError):
        was_given(source, target)


def test_an_output_that_cannot_be_read_is_said(source, out):
    with open_journal(out) as journal:
        journal.signed(entry_of(source))
    (out / "out.pdf").mkdir()
    with pytest.raises((FileUnreadableError, OutputExistsError)):
        was_given(source, out / "out.pdf")


def test_a_name_that_is_no_text_is_kept(out, tmp_path):
    source = tmp_path / os.fsdecode(b"in\xff.pdf")
    source.write_bytes(b"%PDF")
    with open_journal(out) as journal:
        journal.signed(entry_of(source))
    with open_journal(out) as journal:
        assert journal.entries["out.pdf"].source.path == str(source)


# What it does with a file that is not as it left it


def test_a_torn_last_line_is_cut_off_and_the_next_one_reads(source, out):
    with open_journal(out) as journal:
        journal.signed(entry_of(source, name="a.pdf"))
    path = out / NAME
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:-1])
    with open_journal(out) as journal:
        assert set(journal.entries) == {"a.pdf"}
        journal.signed(entry_of(source, name="b.pdf"))
    with open_journal(out) as journal:
        assert set(journal.entries) == {"a.pdf", "b.pdf"}


def line(**changes: object) -> bytes:
    found = {"state": "signed", "output": "o.pdf", "output_size": 1, "output_sha256": "0" * 64}
    found |= {"input": "/i.pdf", "size": 1, "mtime_ns": 1, "sha256": "0" * 64}
    found |= changes
    return str(found).replace("'", '"').replace("None", "null").encode() + b"\n"


def test_a_line_as_it_should_be(out):
    (out / NAME).write_bytes(line() + line(mtime_ns=None))
    with open_journal(out) as journal:
        known = journal.entries["o.pdf"]
    assert known == Entry(FileStamp("/i.pdf", 1, None), "0" * 64, "o.pdf", 1, "0" * 64)


@pytest.mark.parametrize(
    "bad",
    [
        b"\n",
        b"\0\0\0\n",
        b"[]\n",
        b"{}\n",
        b"[" * 50_000 + b"\n",
        line(state="lost"),
        line(output=""),
        line(output=1),
        line(size=-1),
        line(size="1"),
        line(sha256="0"),
        line(sha256="G" * 64),
        line(input="x" * 70_000),
        b'{"state":"given-out","output":"never-signed.pdf"}\n',
        b"\xff\n",
    ],
)
def test_any_other_line_that_does_not_read_refuses(out, bad):
    """Behind it may stand a document that was given out: it would be signed twice."""
    (out / NAME).write_bytes(line() + bad + line(output="p.pdf"))
    with pytest.raises(JournalUnreadableError) as caught, open_journal(out):
        pass
    assert caught.value.facts["line"] == 2


def test_a_journal_that_is_no_file_or_too_large_refuses(out):
    (out / NAME).mkdir()
    with pytest.raises(JournalUnwritableError), open_journal(out):
        pass
    (out / NAME).rmdir()
    (out / NAME).touch()
    os.truncate(out / NAME, MAX_BYTES + 1)
    with pytest.raises(JournalTooLargeError), open_journal(out):
        pass


def test_it_grows_no_larger_than_can_be_read(source, out, monkeypatch):
    monkeypatch.setattr(journal_module, "MAX_BYTES", 1000)
    with open_journal(out) as journal:
        journal.signed(entry_of(source, name="a.pdf"))
        with pytest.raises(JournalTooLargeError):
            journal.signed(entry_of(source, name="b" * 800))
        assert set(journal.entries) == {"a.pdf"}
    assert (out / NAME).stat().st_size <= 1000


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(JournalUnwritableError), open_journal(tmp_path / "gone" / "away"):
        pass
    (tmp_path / LOCK).mkdir()
    with pytest.raises(JournalUnwritableError), open_journal(tmp_path):
        pass


def test_one_process_at_a_time(out):
    with open_journal(out), pytest.raises(BatchBusyError), open_journal(out):
        pass
    with open_journal(out):
        pass


def test_a_journal_only_its_owner_reads_and_none_where_nothing_was_signed(source, out):
    with open_journal(out):
        pass
    assert {path.name for path in out.iterdir()} <= {LOCK}
    given(source, out)
    if os.name == "posix":
        assert (out / NAME).stat().st_mode & 0o077 == 0


def test_nothing_of_the_signer_stands_in_it(source, out):
    world = World()
    target = out / "out.pdf"
    options = SigningOptions(display=load_display("none"))
    signatory = Signatory(world.signer(), options, world.services())
    refuse = Existing.REFUSE
    made = make_document(source, target, signatory, later=None, existing=refuse)
    with open_journal(out) as journal:
        give_out(made, target, existing=refuse, journal=journal, later=None)
    text = (out / NAME).read_text("ascii")
    assert "in.pdf" in text
    for personal in ("Nguyễn", "Nguy\\u1ec5n", f"{world.certificate.serial_number:x}"):
        assert personal not in text


class Full:
    """A disk that takes half a line, then nothing."""

    def __init__(self, file, number: int) -> None:
        self._file, self._number, self._left = file, number, 20

    def write(self, data: memoryview) -> int:
        if not self._left:
            raise OSError(self._number, "no")
        taken = self._file.write(data[: self._left])
        self._left = 0
        return taken

    def __getattr__(self, name: str):
        return getattr(self._file, name)

    def __enter__(self):
        return self._file.__enter__()

    def __exit__(self, *exception: object) -> None:
        self._file.close()


@pytest.mark.parametrize(
    ("number", "error"), [(28, DiskFullError), (5, JournalUnwritableError)], ids=["full", "broken"]
)
def test_half_a_line_is_taken_away_again(source, out, number, error):
    with open_journal(out) as journal:
        journal.signed(entry_of(source, name="a.pdf"))
        before = (out / NAME).read_bytes()
        journal._file = Full(journal._file, number)
        with pytest.raises(error):
            journal.signed(entry_of(source, name="b.pdf"))
        assert "b.pdf" not in journal.entries
    assert (out / NAME).read_bytes() == before


def test_a_folder_that_takes_no_journal(source, tmp_path):
    journal = Journal(tmp_path / "gone" / NAME, None, {})
    with pytest.raises(JournalUnwritableError):
        journal.signed(entry_of(source))


# Making and giving out


def test_a_document_that_changes_while_it_is_read_is_not_known_by_its_time(source, out):
    world = World()
    signatory = Signatory(
        world.signer(), SigningOptions(display=load_display("none")), world.services()
    )
    make = {"later": None, "existing": Existing.REFUSE}
    os.utime(source, (1, 1))
    assert make_document(source, out / "o.pdf", signatory, **make).source.mtime_ns == 10**9
    os.utime(source, (NOW.timestamp(),) * 2)
    assert make_document(source, out / "o.pdf", signatory, **make).source.mtime_ns is None
    with pytest.raises(FileUnreadableError):
        make_document(out / "no.pdf", out / "o.pdf", signatory, **make)


# What a killed process leaves


def test_files_that_never_took_a_name_are_taken_away_when_nobody_goes_on(tmp_path):
    names = (f".{'0' * 16}.part", f".{'a' * 16}.part", ".b.part", "c.pdf")
    for name in names:
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, ((NOW - HOUR).timestamp(),) * 2)
    os.utime(tmp_path / names[1], (NOW.timestamp(),) * 2)
    assert take_away(tmp_path, NOW) == 1
    assert {path.name for path in tmp_path.iterdir()} == set(names[1:])
    assert take_away(tmp_path / "gone", NOW) == 0


# When a batch ends early

AWAY = TSAUnavailableError(url="http://tsa", reason="no")
TOKEN = {"token": "official"}
TAKEN = FieldTakenError(field="a")


@pytest.mark.parametrize(
    "error",
    [
        WrongPINError(**TOKEN, serial="1"),
        TokenRemovedError(**TOKEN),
        DiskFullError(path=Path("a")),
        CertificateExpiredError(subject="a", not_after=NOW),
    ],
)
def test_what_every_document_would_meet_ends_it(error):
    assert StopRule().stops(error)


@pytest.mark.parametrize("error", [TAKEN, NotAPDFError(name="a"), WorkerLostError(**TOKEN)])
def test_what_one_document_met_does_not(error):
    assert not StopRule().stops(error)


def test_services_that_stay_away_end_it_and_those_that_come_back_do_not():
    rule = StopRule()
    assert [rule.stops(AWAY) for _ in range(IN_A_ROW)] == [False] * (IN_A_ROW - 1) + [True]
    rule = StopRule()
    for _ in range(2 * IN_A_ROW):
        assert not rule.stops(AWAY)
        rule.went_well()
    for _ in range(2 * IN_A_ROW):
        assert not rule.stops(AWAY)
        assert not rule.stops(TAKEN)


def test_an_entry_is_only_given_out_when_it_says_so(source):
    entry = entry_of(source)
    assert not entry.given_out
    assert replace(entry, given_out=True) != entry
