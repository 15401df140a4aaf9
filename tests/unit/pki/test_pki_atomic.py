"""A file is written whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pki.atomic import PRIVATE, PUBLIC, part_of, take_name, waiting_beside, write_atomically
from pki.errors.files import DiskFullError, OutputExistsError, OutputUnwritableError
from pki.sync_posix import sync_folder

OLD, NEW = b"old", b"new" * 1000


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "văn bản.pdf"


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_a_new_file_is_written(target):
    write_atomically(target, NEW, overwrite=False)
    assert target.read_bytes() == NEW
    assert names(target.parent) == [target.name]


def test_an_old_file_is_replaced_when_asked(target):
    target.write_bytes(OLD)
    write_atomically(target, NEW, overwrite=True)
    assert target.read_bytes() == NEW


def test_an_old_file_is_not_replaced_unasked(target):
    target.write_bytes(OLD)
    with pytest.raises(OutputExistsError) as caught:
        write_atomically(target, NEW, overwrite=False)
    assert caught.value.facts == {"path": target}
    assert target.read_bytes() == OLD
    assert names(target.parent) == [target.name]


def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)


def test_without_hard_links_a_new_file_is_written_too(target, monkeypatch):
    no_links(monkeypatch)
    write_atomically(target, NEW, overwrite=False)
    assert names(target.parent) == [target.name]


def test_without_hard_links_an_old_file_is_not_replaced_either(target, monkeypatch):
    no_links(monkeypatch)
    target.write_bytes(OLD)
    with pytest.raises(OutputExistsError):
        write_atomically(target, NEW, overwrite=False)
    assert target.read_bytes() == OLD
    assert names(target.parent) == [target.name]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_disk_that_fills_up_at_the_sync_leaves_nothing(target, monkeypatch, number):
    def full(_: int) -> None:
        raise OSError(number, os.strerror(number))

    target.write_bytes(OLD)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFullError):
        write_atomically(target, NEW, overwrite=True)
    assert target.read_bytes() == OLD
    assert names(target.parent) == [target.name]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(OutputUnwritableError) as caught:
        write_atomically(tmp_path / "no" / "x.pdf", NEW, overwrite=False)
    assert caught.value.facts["reason"] == "No such file or directory"


def test_an_interruption_leaves_nothing(target, monkeypatch):
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(target, NEW, overwrite=False)
    assert names(target.parent) == []


def test_on_windows_no_folder_is_opened(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.platform", "win32")
    sync_folder(tmp_path / "not there")
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "not there")


class OpenElsewhere:
    """Windows: a file that another program holds open for so many tries keeps its name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, method: str, tries: float) -> None:
        self.calls = 0
        original = getattr(Path, method)

        def change(path: Path, *arguments: object, **how: object) -> object:
            self.calls += 1
            if self.calls <= tries:
                raise PermissionError(errno.EACCES, "The process cannot access the file")
            return original(path, *arguments, **how)

        monkeypatch.setattr("sys.platform", "win32")
        monkeypatch.setattr(Path, method, change)


@pytest.mark.parametrize("method", ["replace", "unlink"])
def test_on_windows_a_reader_is_waited_for(target, monkeypatch, method):
    target.write_bytes(OLD)
    held = OpenElsewhere(monkeypatch, method, tries=2)
    write_atomically(target, NEW, overwrite=True)
    assert held.calls == 3
    assert target.read_bytes() == NEW
    assert names(target.parent) == [target.name]


def test_on_windows_a_reader_that_stays_is_an_error(target, monkeypatch):
    monkeypatch.setattr("pki.atomic._PATIENCE_SECONDS", 0.1)
    target.write_bytes(OLD)
    held = OpenElsewhere(monkeypatch, "replace", tries=float("inf"))
    with pytest.raises(OutputUnwritableError):
        write_atomically(target, NEW, overwrite=True)
    assert held.calls > 2
    assert target.read_bytes() == OLD
    assert names(target.parent) == [target.name]


def test_elsewhere_nobody_is_waited_for(target, monkeypatch):
    held = OpenElsewhere(monkeypatch, "replace", tries=float("inf"))
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(OutputUnwritableError):
        write_atomically(target, NEW, overwrite=True)
    assert held.calls == 1


WRITE = """
import sys
from pathlib import Path
from pki.atomic import PRIVATE, write_atomically
from pki.errors.files import DiskFullError

target = Path(sys.argv[1])
try:
    write_atomically(target, bytes(128 * 1024), overwrite=True)
except DiskFullError as error:
    print(error.code)
write_atomically(target.with_name("small"), bytes(1024), overwrite=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX limits")
def test_a_write_that_the_system_cuts_short_leaves_nothing(target):
    """No mock: a process that may write 64 KiB a file, as a full disk lets it write no more."""
    target.write_bytes(OLD)
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n{WRITE}"
    command = [sys.executable, "-c", limited, str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "pki.disk_full"
    assert target.read_bytes() == OLD
    assert names(target.parent) == ["small", target.name]


def test_a_disk_that_is_really_full_where_one_can_be_mounted(tmp_path):
    """A file system of 64 KiB; who may not mount one has the test above."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if not shutil.which("mount") or subprocess.run(mount, check=False).returncode:
        return
    try:
        target = tmp_path / "x.pdf"
        target.write_bytes(OLD)
        with pytest.raises(DiskFullError) as caught:
            write_atomically(target, bytes(128 * 1024), overwrite=True)
        assert caught.value.facts == {"path": target}
        assert target.read_bytes() == OLD
        assert names(tmp_path) == ["x.pdf"]
        write_atomically(target, bytes(1024), overwrite=True)
        assert target.stat().st_size == 1024
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_a_private_file_is_only_its_owners(tmp_path):
    """And its twin is as readable as the owner's mask allows."""
    for name, mode in (("private", PRIVATE), ("public", PUBLIC)):
        write_atomically(tmp_path / name, NEW, overwrite=False, mode=mode)
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "public").stat().st_mode) & 0o600 == 0o600
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / "public").stat().st_mode) == 0o666 & ~mask


# A file that waits beside its target


def waiting(target: Path) -> Path:
    part = part_of(target)
    with waiting_beside(target, part) as file:
        file.write(NEW)
    assert names(target.parent) == sorted({part.name, *names(target.parent)})
    assert part.read_bytes() == NEW
    return part


def test_what_waits_takes_its_name_later(target):
    part = waiting(target)
    take_name(part, target, overwrite=False)
    assert (target.read_bytes(), names(target.parent)) == (NEW, [target.name])


def test_what_waits_replaces_another_only_where_that_is_asked_for(target):
    target.write_bytes(OLD)
    with pytest.raises(OutputExistsError):
        take_name(waiting(target), target, overwrite=False)
    assert (target.read_bytes(), names(target.parent)) == (OLD, [target.name])
    take_name(waiting(target), target, overwrite=True)
    assert (target.read_bytes(), names(target.parent)) == (NEW, [target.name])


def test_what_cannot_be_filled_does_not_wait(target):
    with pytest.raises(KeyboardInterrupt), waiting_beside(target, part_of(target)):
        raise KeyboardInterrupt
    with pytest.raises(DiskFullError), waiting_beside(target, part_of(target)):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert names(target.parent) == []


def test_no_file_waits_in_a_folder_that_is_not_there(target):
    below = target.parent / "no" / target.name
    with pytest.raises(OutputUnwritableError), waiting_beside(below, part_of(below)):
        pass
