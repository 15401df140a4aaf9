"""Signing a file into a file: what is refused beforehand, what is left behind."""

from __future__ import annotations

import datetime as dt
import gc
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from unit.signing.signing_world import NOW, TSA_URL, World, make_pdf

from pki.errors.files import DiskFullError, OutputExistsError, OutputUnwritableError
from signing.batch.giving import Giving, sign_each
from signing.batch.journal import open_journal
from signing.batch.made import make_document, sign_file
from signing.batch.makers import Here
from signing.display.profile import load_display
from signing.errors.files import FileIsDirectoryError, FileUnreadableError, OutputIsInputError
from signing.errors.standing import CertificateExpiredError, CertificateRevokedError
from signing.errors.times import TSAUnavailableError
from signing.files import Existing
from signing.options import Level, SigningOptions
from signing.reading import read_document
from signing.sign import Signatory
from signing.standing import STANDING_LASTS
from verify.errors import TooLargeError

OPTIONS = SigningOptions(display=load_display("none"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "công văn.pdf"
    path.write_bytes(make_pdf())
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "out" / "công văn.pdf"


@pytest.fixture(autouse=True)
def _folder(target: Path) -> None:
    target.parent.mkdir()


def sign(source: Path, target: Path, world: World | None = None, **given: object):
    world = world or World()
    options = given.pop("options", OPTIONS)
    return sign_file(source, target, Signatory(world.signer(), options, world.services()), **given)


def each(pairs: list[tuple[Path, Path]], world: World, journal=None):
    """Sign many as `antin sign` does, but for a token and what it tells."""
    signatory = Signatory(world.signer(), OPTIONS, world.services())
    make = partial(make_document, signatory=signatory, later=None, existing=Existing.REFUSE)
    with closing(Giving(existing=Existing.REFUSE, journal=journal)) as giving:
        yield from sign_each(pairs, Here(make), giving)


def refused(error: type[Exception], source: Path, target: Path, **given: object) -> Exception:
    """Check that it is refused before the key is opened, and that nothing changed."""
    before = {path: path.read_bytes() for path in (source, target) if path.is_file()}
    world = given.pop("world", None) or World()
    with pytest.raises(error) as caught:
        sign(source, target, world, **given)
    assert world.key_openings == 0
    assert before == {path: path.read_bytes() for path in (source, target) if path.is_file()}
    if target.parent.is_dir():
        assert not list(target.parent.glob("*.part"))
    return caught.value


def test_the_signed_document_is_in_the_target_and_the_source_untouched(source, target):
    done = sign(source, target)
    assert target.read_bytes() == done.data
    assert source.read_bytes() == make_pdf()
    assert (done.source.path, done.indication) == (str(source), "TOTAL-PASSED")
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_a_directory_as_source(source, target):
    assert refused(FileIsDirectoryError, source.parent, target).facts == {"path": source.parent}


def test_a_directory_as_target(source, target):
    error = refused(FileIsDirectoryError, source, target.parent)
    assert error.facts == {"path": target.parent}


def test_a_source_that_is_not_there(source, target):
    error = refused(FileUnreadableError, source.with_name("no.pdf"), target)
    assert error.facts["reason"] == "No such file or directory"


def test_a_source_that_may_not_be_read(source, monkeypatch):
    """Root reads everything, so the system's answer is put in its mouth."""

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(FileUnreadableError) as caught:
        read_document(source, limit=1000_000)
    assert caught.value.facts == {"path": source, "reason": "Permission denied"}


def test_a_source_below_a_file(source, target):
    error = refused(FileUnreadableError, source / "x.pdf", target)
    assert error.facts["reason"] == "Not a directory"


def test_a_file_of_200_mb_is_refused_without_being_read(source, target):
    with source.open("r+b") as file:
        file.truncate(200 * 1024 * 1024)
    error = refused(TooLargeError, source, target)
    assert error.facts["size"] == 200 * 1024 * 1024


def test_a_file_that_grows_while_it_is_read_is_refused(source, monkeypatch):
    real = Path.stat

    def small(self: Path, **given: object):
        found = real(self, **given)
        return os.stat_result((*found[:6], 0, *found[7:10]))

    monkeypatch.setattr(Path, "stat", small)
    with pytest.raises(TooLargeError):
        read_document(source, limit=100)
    assert len(read_document(source, limit=10_000)) == len(make_pdf())


def test_an_output_that_exists(source, target):
    target.write_bytes(b"old")
    assert refused(OutputExistsError, source, target).facts == {"path": target}
    done = sign(source, target, existing=Existing.OVERWRITE)
    assert target.read_bytes() == done.data


def test_the_source_as_output(source):
    assert refused(OutputIsInputError, source, source).facts == {"path": source}
    refused(OutputIsInputError, source, source, existing=Existing.OVERWRITE)
    done = sign(source, source, existing=Existing.REPLACE_INPUT)
    assert source.read_bytes() == done.data


def test_the_source_by_another_name_as_output(source, target):
    target.symlink_to(source)
    refused(OutputIsInputError, source, target, existing=Existing.OVERWRITE)


def test_an_output_folder_that_is_not_there(source, target):
    refused(OutputUnwritableError, source, target.parent / "no" / "x.pdf")


def test_an_output_path_the_system_does_not_take(source, target):
    world = World()
    with pytest.raises(OutputUnwritableError) as caught:
        sign(source, target.with_name("x" * 300), world)
    assert caught.value.facts["reason"] == "File name too long"
    assert world.key_openings == 0


def test_a_revoked_signer_leaves_no_file(source, target):
    world = World()
    world.revoke(world.certificate)
    refused(CertificateRevokedError, source, target, world=world)
    assert not target.exists()


def test_a_time_stamp_service_that_is_down_leaves_no_file(source, target):
    options = replace(OPTIONS, level=Level.B_T, tsa_url=TSA_URL)
    with pytest.raises(TSAUnavailableError):
        sign(source, target, World(broken={"tsa"}), options=options)
    assert not list(target.parent.iterdir())


def test_a_disk_that_fills_up_leaves_the_source_and_no_half_file(source, target, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFullError) as caught:
        sign(source, target)
    assert caught.value.facts == {"path": target}
    assert source.read_bytes() == make_pdf()
    assert not list(target.parent.iterdir())


def test_many_are_given_in_order_each_when_it_is_on_the_disk(tmp_path):
    world = World()
    pairs = []
    for number in range(7):
        source = tmp_path / f"{number}.pdf"
        source.write_bytes(b"not a document" if number == 3 else make_pdf())
        pairs.append((source, tmp_path / f"{number}-signed.pdf"))
    pairs[5][1].write_bytes(b"there already")
    seen = []
    for attempt, error in each(pairs, world):
        seen.append((attempt.document.name, error.code if error else "signed"))
        if error is None:
            assert attempt.target.read_bytes() == attempt.made.data
    assert seen == [
        ("0.pdf", "signed"),
        ("1.pdf", "signed"),
        ("2.pdf", "signed"),
        ("3.pdf", "verify.not_a_pdf"),
        ("4.pdf", "signed"),
        ("5.pdf", "pki.output_exists"),
        ("6.pdf", "signed"),
    ]
    assert not (tmp_path / "3-signed.pdf").exists()
    assert pairs[5][1].read_bytes() == b"there already"
    assert world.key_openings == 1
    assert not list(tmp_path.glob(".*.part")), "no half file"


def test_a_disk_that_says_no_is_told_of_its_document(tmp_path, monkeypatch):
    """It fills between the check and the writing."""
    world = World()
    source = tmp_path / "a.pdf"
    source.write_bytes(make_pdf())
    full = DiskFullError(path=tmp_path / "b.pdf")

    def write(*_: object, **__: object) -> None:
        raise full

    monkeypatch.setattr("signing.batch.made.waiting_beside", write)
    ((attempt, error),) = each([(source, tmp_path / "b.pdf")], world)
    assert (attempt.document, error) == (source, full)


@pytest.fixture
def usual() -> Iterator[tuple[int, int, int]]:
    """How often the collector looks; a server that another test started may have changed it."""
    before, often = gc.get_threshold(), (700, 10, 10)
    gc.set_threshold(*often)
    yield often
    gc.set_threshold(*before)


def test_the_collector_looks_seldom_while_many_are_signed_and_then_as_before(source, target, usual):
    with open_journal(target.parent) as journal:
        signing = each([(source, target)], World(), journal)
        assert next(signing)[1] is None
        assert gc.get_threshold() > usual
        signing.close()
    assert gc.get_threshold() == usual


def test_a_batch_checks_its_signer_once_and_again_after_a_while():
    """The status of a certificate is asked for once in five minutes, its period each time."""
    world = World()
    signatory = Signatory(world.signer(), OPTIONS, world.services())
    signatory.sign(make_pdf())
    asked = len(world.asked)
    assert asked
    signatory.sign(make_pdf())
    assert len(world.asked) == asked
    world.clock.advance(STANDING_LASTS)
    signatory.sign(make_pdf())
    assert len(world.asked) > asked
    world.revoke(world.certificate)
    world.clock.advance(STANDING_LASTS)
    with pytest.raises(CertificateRevokedError):
        signatory.sign(make_pdf())
    assert world.key_openings == 1


def test_a_certificate_that_ends_in_the_middle_of_a_batch_is_refused():
    world = World()
    certificate = world.issue_signer(not_after=NOW + dt.timedelta(seconds=60))
    signatory = Signatory(world.signer(certificate), OPTIONS, world.services())
    signatory.sign(make_pdf())
    world.clock.advance(dt.timedelta(seconds=61))
    with pytest.raises(CertificateExpiredError):
        signatory.sign(make_pdf())


def test_a_refused_check_is_made_again_for_the_next_document():
    world = World()
    signatory = Signatory(world.signer(), OPTIONS, world.services())
    world.revoke(world.certificate)
    for _ in range(2):
        with pytest.raises(CertificateRevokedError):
            signatory.sign(make_pdf())
    assert world.key_openings == 0
