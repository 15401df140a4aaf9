"""Signing a file into a file: what is refused beforehand, what is left behind."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from unit.signing.signing_world import TSA_URL, World, make_pdf

from pki.errors import DiskFullError, OutputExistsError, OutputUnwritableError
from signing.display.profile import load_display
from signing.errors import (
    CertificateRevokedError,
    FileIsDirectoryError,
    FileUnreadableError,
    OutputIsInputError,
    TSAUnavailableError,
)
from signing.files import Existing, sign_file
from signing.options import Level, SigningOptions
from signing.reading import read_document
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
    return sign_file(
        source, target, signer=world.signer(), options=options, services=world.services(), **given
    )


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
    assert done.report.name == source.name
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
