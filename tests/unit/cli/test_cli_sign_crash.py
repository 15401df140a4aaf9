"""A batch that is killed at any point of its journal loses no document and signs none twice."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import pytest
from unit.signing.signing_world import TSA_URL, World, make_pdf

from cli.documents.sign_batch import SignJob
from cli.documents.signed_text import Teller
from cli.exit_status import ExitStatus
from cli.homes.home import find_home
from cli.homes.keys import PINs
from cli.session import Session
from pki.words import Language
from signing.batch import giving as giving_module
from signing.batch import journal as journal_module
from signing.batch.ahead import Ahead
from signing.batch.begun import prepare_begin, prepare_document
from signing.batch.journal import NAME, Journal
from signing.batch.overlap import Overlapped
from signing.display.profile import load_display
from signing.files import Existing
from signing.options import Level, SigningOptions
from signing.sign import Signatory

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a child is forked and killed")

DOCUMENTS = 3
REFUSE = Existing.REFUSE


class Batch:
    """Three documents, signed as `antin sign` does, but for a token and its start.

    At B-T the next ones are signed while a time-stamp service answers for those before.
    """

    def __init__(self, folder: Path, level: Level) -> None:
        self.folder = folder
        self.level = level
        self.world = World()
        self.out = folder / "out"
        self.sources = [folder / f"{number}.pdf" for number in range(DOCUMENTS)]
        for number, source in enumerate(self.sources):
            source.write_bytes(make_pdf() + b"%" * number + b"\n")
            os.utime(source, (1, 1))

    def begin(self) -> None:
        self.out.mkdir()

    def end(self) -> None:
        for path in self.out.iterdir():
            path.unlink()
        self.out.rmdir()

    def sign(self) -> ExitStatus:
        options = SigningOptions(display=load_display("none"), level=self.level, tsa_url=TSA_URL)
        signatory = Signatory(self.world.signer(), options, self.world.services())
        how = {"signatory": signatory, "existing": REFUSE}
        if self.level.needs_timestamp:
            maker = Overlapped(partial(prepare_begin, later=None, **how))
        else:
            maker = Ahead(partial(prepare_document, **how))
        session = Session(Language.EN, clock=self.world.clock)
        outputs = {source: self.out / f"{source.stem}-signed.pdf" for source in self.sources}
        teller = Teller(session, self.world.certificate)
        pins = PINs(session, find_home(self.folder / "home", None))
        job = SignJob(session, outputs, maker, teller, REFUSE, None, pins)
        return job.sign_all(resume=True, json_lines=False)

    def outputs(self) -> dict[str, str]:
        found = sorted(self.out.glob("*.pdf"))
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


class Point:
    """Kills this process at one of the moments at which something reaches the disk."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.met = 0

    def moment(self) -> None:
        self.met += 1
        if self.met == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, call: Callable[..., object]) -> Callable[..., object]:
        def wrapped(*args: object, **more: object) -> object:
            self.moment()
            done = call(*args, **more)
            self.moment()
            return done

        return wrapped

    def torn(self, write: Callable[..., object]) -> Callable[..., object]:
        def wrapped(file: object, line: bytes) -> None:
            half = len(line) // 2
            self.moment()
            write(file, line[:half])
            self.moment()
            write(file, line[half:])
            self.moment()

        return wrapped

    def set(self) -> None:
        journal_module._write_all = self.torn(journal_module._write_all)
        os.fsync = self.around(os.fsync)
        os.link = self.around(os.link)
        Path.unlink = self.around(Path.unlink)


def in_child(work: Callable[[], int]) -> int:
    """Do work in a process of its own; return its status, negative where it was killed."""
    child = os.fork()
    if child == 0:
        status = 99
        try:
            status = work()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def lived(batch: Batch, at: int, mutant: Callable[[], None] | None = None) -> list[str] | None:
    """Kill a batch at a moment, go on, and return what is wrong; None where nobody was killed."""

    def die() -> int:
        if mutant:
            mutant()
        Point(at).set()
        return batch.sign()

    batch.begin()
    try:
        if in_child(die) != -signal.SIGKILL:
            return None
        before = batch.outputs()
        status = in_child(batch.sign)
        return list(_wrong(batch, before, status))
    finally:
        batch.end()


def _wrong(batch: Batch, before: dict[str, str], status: int) -> Iterable[str]:
    after = batch.outputs()
    if status != 0:
        yield f"going on ended in {status}"
    if len(after) != DOCUMENTS:
        yield f"lost: {DOCUMENTS - len(after)}"
    if any(after.get(name) != digest for name, digest in before.items()):
        yield "signed twice"
    for source in batch.sources:
        data = (batch.out / f"{source.stem}-signed.pdf").read_bytes()
        if not data.startswith(source.read_bytes()) or data.count(b"/ByteRange") != 1:
            yield "another document"
    given = [json.loads(line) for line in (batch.out / NAME).read_bytes().splitlines()]
    if {one["output"] for one in given if one["state"] == "given-out"} != set(after):
        yield "not noted"


@pytest.fixture(params=[Level.B_B, Level.B_T])
def batch(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Batch:
    """Two of the three documents are given out together, however long each takes."""
    monkeypatch.setattr(giving_module, "GROUP", 2)
    monkeypatch.setattr(giving_module, "LINGER_SECONDS", 60)
    return Batch(tmp_path, request.param)


def moments(batch: Batch) -> int:
    """Return at how many moments something reaches the disk."""
    batch.begin()
    reached = batch.folder / "moments"

    def count() -> int:
        point = Point(0)
        point.set()
        status = batch.sign()
        reached.write_text(str(point.met), "utf-8")
        return status

    assert in_child(count) == 0
    batch.end()
    return int(reached.read_text("utf-8"))


def test_killed_here_and_there_nothing_is_lost_or_signed_twice(batch):
    """The moments in the middle, the first ones, the last one."""
    every = moments(batch)
    assert every >= 13 * DOCUMENTS
    third = every // DOCUMENTS
    for at in (1, 2, *range(third + 1, 2 * third + 3, 2), every):
        assert lived(batch, at) == [], at


@pytest.mark.long
def test_killed_at_every_moment_nothing_is_lost_or_signed_twice(batch):
    for at in range(1, moments(batch) + 1):
        assert lived(batch, at) == [], at


def notes_late() -> None:
    """Note that something was signed only when it was given out."""
    signed, given_out = Journal.signed, Journal.given_out
    pending = {}

    def sign(_self: Journal, *entries: object) -> None:
        pending.update((entry.output, entry) for entry in entries)

    def give(self: Journal, output: str) -> None:
        signed(self, pending[output])
        given_out(self, output)

    Journal.signed, Journal.given_out = sign, give


def test_a_journal_that_notes_too_late_is_found_out(batch):
    """The mutant: what took its name as the process ended is nobody's, so the batch cannot end."""
    wrong = [lived(batch, at, notes_late) for at in range(1, 20)]
    assert any(each and "going on ended in 3" in each for each in wrong)


def test_what_a_power_cut_leaves_of_a_line_is_cut_off(batch):
    batch.begin()
    assert in_child(batch.sign) == 0
    before = batch.outputs()
    with (batch.out / NAME).open("ab") as file:
        file.write(b'{"state":"signed","output":"2-sig' + b"\0" * 4000)
    assert in_child(batch.sign) == 0
    assert batch.outputs() == before
