"""A large document is signed in a file, and all is as with a small one."""

from __future__ import annotations

import hashlib
import os
import tempfile
import tracemalloc
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from unit.signing.odd_documents import Assembled, stream
from unit.signing.outgoing_world import KY
from unit.signing.signing_pages import letter
from unit.signing.signing_world import TSA_URL, World, make_pdf

from pki.errors.files import DiskFullError, OutputExistsError, OutputUnwritableError
from pki.errors.tree import UnavailableError
from signing import large
from signing import later as later_module
from signing.batch import large as large_module
from signing.batch.giving import Giving, sign_each
from signing.batch.journal import NAME, open_journal
from signing.batch.made import give_out, make_document, sign_file
from signing.batch.makers import Here
from signing.batch.resume import Resumption
from signing.display.profile import load_display
from signing.embed import Embedding
from signing.errors.batch import JournalUnwritableError
from signing.errors.documents import ResultNotValidError
from signing.errors.files import FileUnreadableError, OutputIsInputError
from signing.errors.times import TSAUnavailableError
from signing.extend import extend_in
from signing.extended_files import extend_file
from signing.extension import Extension
from signing.files import Existing
from signing.large import is_large, open_document
from signing.later import Later, work_on
from signing.options import Level, SigningOptions
from signing.queue import Entry, Queue
from signing.sign import Signatory
from verify.document import verify_document
from verify.errors import NotAPDFError, TooLargeError
from verify.indication import Indication
from verify.policy import default_policy

OPTIONS = SigningOptions(display=load_display("none"))
REFUSE = Existing.REFUSE


@pytest.fixture(autouse=True)
def _all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "LARGE", 10)


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


def signatory(world: World, **wishes: object) -> Signatory:
    return Signatory(world.signer(), replace(OPTIONS, **wishes), world.services())


def refused(error: type[Exception], source: Path, out: Path, world: World | None = None):
    """Check that nothing is left of it, and that the source is what it was."""
    before = source.read_bytes() if source.is_file() else None
    with pytest.raises(error) as caught:
        sign_file(source, out / "o.pdf", signatory(world or World()))
    assert not list(out.iterdir())
    assert before == (source.read_bytes() if source.is_file() else None)
    return caught.value


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("display", ["none", "text"])
def test_it_is_signed_and_holds(source, out, level, display):
    world = World()
    wishes = {"level": level, "tsa_url": TSA_URL, "display": load_display(display)}
    made = sign_file(source, out / "o.pdf", signatory(world, **wishes))
    data = (out / "o.pdf").read_bytes()
    assert data.startswith(make_pdf())
    assert (made.data, made.size, made.part.exists()) == (b"", len(data), False)
    assert made.output_sha256 == hashlib.sha256(data).hexdigest()
    assert made.sha256 == hashlib.sha256(make_pdf()).hexdigest()
    assert (made.indication, made.level) == ("TOTAL-PASSED", level.value)
    assert [path.name for path in out.iterdir()] == ["o.pdf"]
    report = verify_document(data, policy=world.policy, trust=world.trust, at=world.clock.now())
    assert report.sha256 == made.output_sha256
    assert report.signatures[0].covers_whole_document == (not level.needs_evidence)
    if level.needs_evidence:
        assert report.signatures[0].level == level


def test_signed_again_both_signatures_hold(source, out):
    world = World()
    sign_file(source, out / "a.pdf", signatory(world))
    sign_file(out / "a.pdf", out / "b.pdf", signatory(world))
    data = (out / "b.pdf").read_bytes()
    assert data.startswith((out / "a.pdf").read_bytes())
    report = verify_document(data, policy=world.policy, trust=world.trust, at=world.clock.now())
    assert [each.field for each in report.signatures] == ["Signature1", "Signature2"]
    assert {each.sub_indication for each in report.signatures} <= {None, "TRY_LATER"}


def test_a_batch_notes_it_and_knows_it_again(source, out):
    world = World()
    make = partial(make_document, signatory=signatory(world), later=None, existing=REFUSE)
    with open_journal(out) as journal:
        with closing(Giving(existing=REFUSE, journal=journal)) as giving:
            ((_, error),) = sign_each([(source, out / "o.pdf")], Here(make), giving)
        assert error is None
        assert Resumption(journal, world.clock.now(), REFUSE).was_given_out(source, out / "o.pdf")


def test_what_happens_to_the_source_meanwhile_changes_nothing(source, out):
    """The key is opened between judging and signing."""
    world = World()
    signer = world.signer()

    class Meddling(Signatory):
        def _check_signer(self):
            source.write_bytes(b"something else")
            return super()._check_signer()

    made = sign_file(source, out / "o.pdf", Meddling(signer, OPTIONS, world.services()))
    assert (out / "o.pdf").read_bytes().startswith(make_pdf())
    assert made.sha256 == hashlib.sha256(make_pdf()).hexdigest()


def change_a_byte(monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    """A disk, or a fault of ours, changes a byte after it was digested."""
    real = Embedding.fill

    def fill(self: Embedding, cms: bytes) -> bytes:
        contents = real(self, cms)
        self.output.seek(place, 0 if place > 0 else 2)
        byte = self.output.read(1)
        self.output.seek(-1, 1)
        self.output.write(bytes([byte[0] ^ 1]))
        return contents

    monkeypatch.setattr(Embedding, "fill", fill)


PLACES = pytest.mark.parametrize("place", [200, -600], ids=["what was there", "what was appended"])


@PLACES
def test_a_result_that_does_not_hold_is_not_given_out(source, out, monkeypatch, place):
    change_a_byte(monkeypatch, place)
    refused(ResultNotValidError, source, out)


@PLACES
def test_without_the_judging_it_would_be(source, out, monkeypatch, place):
    """The mutant: what is refused above is refused by the verdict and by nothing else."""
    change_a_byte(monkeypatch, place)
    monkeypatch.setattr("signing.verdict._holds", lambda *_: True)
    monkeypatch.setattr("signing.verdict.is_broken", lambda _: False)
    sign_file(source, out / "o.pdf", signatory(World()))
    assert not (out / "o.pdf").read_bytes().startswith(make_pdf()) or place < 0


def test_no_document(source, out):
    source.write_bytes(b"no document at all")
    refused(NotAPDFError, source, out)


def test_a_source_that_is_not_there(source, out):
    source.unlink()
    refused(FileUnreadableError, source, out)
    assert not is_large(source / "x")
    assert not is_large(source.with_name("x" * 300)), "the system does not take it"


def test_a_source_that_may_not_be_read(source, out, monkeypatch):
    real = Path.open

    def denied(self: Path, *args: object, **more: object):
        if self == source:
            raise PermissionError(13, "Permission denied")
        return real(self, *args, **more)

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(FileUnreadableError):
        sign_file(source, out / "o.pdf", signatory(World()))
    assert not list(out.iterdir())


def test_a_source_that_goes_away_as_it_is_looked_at(source, out, monkeypatch):
    def gone(*_: object) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(large_module, "stamp_of", gone)
    refused(FileUnreadableError, source, out)


@pytest.mark.parametrize("grows", [False, True])
def test_more_than_the_policy_allows(source, out, monkeypatch, grows):
    world = World()
    limits = default_policy().limits.model_copy(update={"document_bytes": 100})
    small = world.policy.model_copy(update={"limits": limits})
    world.policy = small
    if grows:
        real = Path.stat

        def stat(self: Path, **more: bool) -> os.stat_result:
            found = real(self, **more)
            return os.stat_result((*found[:6], 50, *found[7:])) if self == source else found

        monkeypatch.setattr(Path, "stat", stat)
    refused(TooLargeError, source, out, world)


def test_a_disk_that_fills_up(source, out, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert refused(DiskFullError, source, out).facts == {"path": out / "o.pdf"}


def test_a_folder_that_is_not_there(source, out):
    with pytest.raises(OutputUnwritableError):
        sign_file(source, out / "no" / "o.pdf", signatory(World()))


def test_an_output_that_came_to_be_meanwhile_is_kept_and_nothing_else_is_left(source, out):
    made = make_document(source, out / "o.pdf", signatory(World()), later=None, existing=REFUSE)
    assert made.part.exists()
    (out / "o.pdf").write_bytes(b"another")
    with pytest.raises(OutputExistsError):
        give_out(made, out / "o.pdf", existing=REFUSE, journal=None, later=None)
    assert [path.read_bytes() for path in out.iterdir()] == [b"another"]


def test_where_the_journal_cannot_be_written_nothing_is_given_out(source, out):
    made = make_document(source, out / "o.pdf", signatory(World()), later=None, existing=REFUSE)
    with open_journal(out) as journal:
        (out / NAME).mkdir()
        with pytest.raises(JournalUnwritableError):
            give_out(made, out / "o.pdf", existing=REFUSE, journal=journal, later=None)
    assert not made.part.exists()
    assert not (out / "o.pdf").exists()


@pytest.mark.parametrize("level", [Level.B_B, Level.B_LTA])
@pytest.mark.parametrize("display", ["none", "person"])
def test_it_is_never_in_memory_as_a_whole(source, out, level, display):
    filler = 48 * 1024 * 1024
    source.write_bytes(letter())
    filled(source, filler)
    world = World()
    # A person's is placed between title and name, which are searched for.
    image = KY if display == "person" else None
    wishes = {"display": load_display(display), "image": image}
    who = signatory(world, level=level, tsa_url=TSA_URL, **wishes)
    who.sign(letter())
    tracemalloc.start()
    try:
        made = sign_file(source, out / "o.pdf", who)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert made.size > filler
    assert most < filler / 3


# Raised


@pytest.mark.parametrize("try_first", [True, False])
@pytest.mark.parametrize("down", [True, False])
def test_it_goes_out_at_once_and_is_raised_later(source, out, tmp_path, try_first, down):
    world = World()
    later = Later(Queue(tmp_path / "queue"), Level.B_LTA, try_first=try_first, tsa_url=TSA_URL)
    world.broken |= {"crl", "ocsp"} if down and try_first else set()
    who = signatory(world, timestamp_later=True)
    made = sign_file(source, out / "o.pdf", who, later=later)
    data = (out / "o.pdf").read_bytes()
    assert made.data == b""
    assert (made.output_sha256, made.size) == (hashlib.sha256(data).hexdigest(), len(data))
    at_once = try_first and not down
    assert made.level == ("B-LTA" if at_once else "B-B")
    assert bool(later.queue.ids()) is not at_once
    world.broken.clear()
    assert [each.state for each in work_on(later.queue, world.services())] == ["done"] * (
        not at_once
    )
    report = verify_document(
        (out / "o.pdf").read_bytes(),
        policy=world.policy,
        trust=world.trust,
        at=world.clock.now(),
    )
    assert report.signatures[0].level == "B-LTA"
    assert len(list(out.iterdir())) == 1


@pytest.mark.parametrize("level", [Level.B_T, Level.B_LT, Level.B_LTA, None])
@pytest.mark.parametrize("room", [True, False])
def test_it_is_raised_and_holds(source, out, level, room):
    world = World()
    sign_file(source, out / "a.pdf", signatory(world, timestamp_later=room))
    wish = Extension(level, tsa_url=TSA_URL)
    done = extend_file(out / "a.pdf", out / "b.pdf", wish=wish, services=world.services())
    raised = (out / "b.pdf").read_bytes()
    assert done.data == b""
    assert done.report.indication is Indication.TOTAL_PASSED
    assert done.report.sha256 == hashlib.sha256(raised).hexdigest()
    assert level is None or done.level == level
    assert {path.name for path in out.iterdir()} == {"a.pdf", "b.pdf"}
    again = extend_file(
        out / "b.pdf",
        out / "b.pdf",
        wish=wish,
        services=world.services(),
        existing=Existing.REPLACE_INPUT,
    )
    assert bool(again.steps) == (level is None)
    assert (out / "b.pdf").read_bytes().startswith(raised)
    assert len(list(out.iterdir())) == 2


def test_what_cannot_be_raised_leaves_nothing(source, out):
    world = World()
    sign_file(source, out / "a.pdf", signatory(world))
    world.broken.add("tsa")
    before = (out / "a.pdf").read_bytes()
    wish = Extension(tsa_url=TSA_URL)
    with pytest.raises(TSAUnavailableError):
        extend_file(out / "a.pdf", out / "b.pdf", wish=wish, services=world.services())
    with pytest.raises(OutputIsInputError):
        extend_file(out / "a.pdf", out / "a.pdf", wish=wish, services=world.services())
    assert [path.read_bytes() for path in out.iterdir()] == [before]


@pytest.mark.parametrize("room", [True, False])
def test_a_file_that_cannot_be_raised_all_the_way_is_what_it_was(source, out, room):
    """The time-stamp was had, and the evidence was not."""
    world = World()
    sign_file(source, out / "a.pdf", signatory(world, timestamp_later=room))
    data = (out / "a.pdf").read_bytes()
    world.broken |= {"ocsp", "crl"}
    services = world.services()
    with (out / "a.pdf").open("r+b") as file:
        with pytest.raises(UnavailableError):
            extend_in(file, wish=Extension(tsa_url=TSA_URL), services=services, name="a.pdf")
        asked = sum("tsa" in each for each in world.asked)
    assert asked == 1
    assert (out / "a.pdf").read_bytes() == data


@pytest.mark.parametrize("room", [True, False])
def test_mutant_without_the_undoing_it_would_be_half_raised(source, out, room, monkeypatch):
    monkeypatch.setattr("signing.extending.Work.undo", lambda *_: None)
    with pytest.raises(AssertionError):
        test_a_file_that_cannot_be_raised_all_the_way_is_what_it_was(source, out, room)


def queued(source: Path, out: Path, queue: Queue) -> World:
    world = World()
    later = Later(queue, Level.B_LTA, try_first=False, tsa_url=TSA_URL)
    sign_file(source, out / "o.pdf", signatory(world, timestamp_later=True), later=later)
    return world


@pytest.mark.parametrize("lacking", [{"crl", "ocsp"}, set()], ids=["on the way", "all the way"])
def test_what_was_signed_meanwhile_is_not_replaced(source, out, tmp_path, monkeypatch, lacking):
    queue = Queue(tmp_path / "queue")
    world = queued(source, out, queue)
    world.broken |= lacking
    real = later_module._extend

    def extend(entry: Entry, *rest: object):
        done = real(entry, *rest)
        entry.path.write_bytes(b"another")
        return done

    monkeypatch.setattr(later_module, "_extend", extend)
    (attempt,) = work_on(queue, world.services())
    assert attempt.state == ("later" if lacking else "refused")
    assert [path.read_bytes() for path in out.iterdir()] == [b"another"]


def test_what_is_queued_is_not_in_memory_when_it_is_raised(source, out, tmp_path):
    size = scanned(source, 20)
    queue = Queue(tmp_path / "queue")
    world = queued(source, out, queue)
    tracemalloc.start()
    try:
        (attempt,) = work_on(queue, world.services())
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (attempt.state, attempt.level) == ("done", "B-LTA")
    assert most < size / 2


def scanned(source: Path, pages: int) -> int:
    """Write pages of one image of a megabyte each; return how large it is."""
    kids = b" ".join(b"%d 0 R" % (3 + 2 * page) for page in range(pages))
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, kids),
    }
    image = stream(b"\xff" * 2**20, b"/Type/XObject/Subtype/Image/Width 1024/Height 1024")
    for page in range(3, 3 + 2 * pages, 2):
        objects[page] = (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]"
            b"/Resources<</XObject<</I %d 0 R>>>>>>" % (page + 1)
        )
        objects[page + 1] = image
    made = Assembled(objects)
    made.table()
    source.write_bytes(made.data)
    return len(made.data)


def test_comparing_revisions_has_no_images_in_memory(source, out):
    """Each signature is compared with what comes after it, object by object."""
    size = scanned(source, 40)
    who = signatory(World(), level=Level.B_LTA, tsa_url=TSA_URL)
    who.sign(make_pdf())
    tracemalloc.start()
    try:
        sign_file(source, out / "a.pdf", who)
        made = sign_file(out / "a.pdf", out / "b.pdf", who)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert made.indication == "TOTAL-PASSED"
    assert most < size / 2


@pytest.mark.parametrize("lasting", [True, False])
def test_a_document_to_look_at_lies_in_a_copy(source, tmp_path, monkeypatch, lasting):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.delenv("TMPDIR", raising=False)
    if not lasting:
        monkeypatch.setenv("TMPDIR", str(scratch))
    with open_document(source, limit=10**6) as content:
        source.write_bytes(b"something else")
        assert bytes(content[:]) == make_pdf()
    assert not list(scratch.iterdir())
    monkeypatch.setattr(large, "LARGE", 10**6)
    with open_document(source, limit=10**6) as content:
        assert content == b"something else"


def test_a_copy_that_cannot_be_made_is_told(source, monkeypatch, tmp_path):
    with pytest.raises(TooLargeError), open_document(source, limit=100):
        pass
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))
    with pytest.raises(OutputUnwritableError), open_document(source, limit=10**6):
        pass
    with pytest.raises(FileUnreadableError), open_document(source / "x", limit=10**6):
        pass


def filled(source: Path, size: int) -> None:
    """Blow the document up by lines of comments before its end."""
    data = source.read_bytes()
    comment = b"%" + b"x" * 70 + b"\n"
    with source.open("wb") as file:
        file.write(data)
        for _ in range(size // len(comment)):
            file.write(comment)
        file.write(data[data.rindex(b"startxref") :])


def test_raising_it_never_has_it_in_memory(source, out):
    size = 48 * 1024 * 1024
    filled(source, size)
    world = World()
    sign_file(source, out / "a.pdf", signatory(world))
    wish = Extension(tsa_url=TSA_URL)
    tracemalloc.start()
    try:
        done = extend_file(out / "a.pdf", out / "b.pdf", wish=wish, services=world.services())
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert done.level == "B-LTA"
    assert most < size / 3
