"""The embedded token: its own directory, its own configuration, nobody else's."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hsm_world import SO_PIN, USER_PIN

import hsm
from hsm.embedded import CONFIGURATION, EmbeddedTokens, find_softhsm
from hsm.errors import (
    EmbeddedConflictError,
    EmbeddedDirectoryError,
    ForkedError,
    LabelTooLongError,
    ModuleUnusableError,
    PINNotAcceptedError,
    SoftHSMMissingError,
    TokenExistsError,
)
from hsm.loading import close_modules, find_loaded, open_module
from hsm.pin import Pin
from hsm.posix import others_may_read

LABEL = "Sở Nội vụ"

USE = f"""
import sys
from pathlib import Path
from hsm.embedded import EmbeddedTokens
from hsm.generate import generate_key
from hsm.keys import open_key
from hsm.pin import GivenPinSource, Pin
from pki.keys import KeyType, sign_data
embedded = EmbeddedTokens(Path(sys.argv[1]))
pin = Pin("246810")
if not embedded.module().tokens():
    embedded.create_token({LABEL!r}, pin, Pin("13579135"))
uri = generate_key(embedded.module(), {LABEL!r}, pin, label="k", key_type=KeyType.EC_P256)
key = open_key(uri, [embedded.module()], GivenPinSource(pin))
"""
FORK = (
    USE
    + """
import os
child = os.fork()
if child == 0:
    try:
        sign_data(key, b"x")
    except Exception as error:
        os._exit(7 if getattr(error, "code", "") == "hsm.forked" else 8)
    os._exit(9)
_, status = os.waitpid(child, 0)
sign_data(key, b"x")
sys.exit(os.waitstatus_to_exitcode(status))
"""
)


def run(script: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != "SOFTHSM2_CONF"}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, *map(str, arguments)],
        env={**kept, "PYTHONPATH": str(Path(hsm.__file__).parent.parent), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=Path(str(arguments[0])).parent,
    )


def trace(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() + str(path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and os.access(path, os.R_OK)
    }


def test_the_systems_and_the_users_softhsm_are_left_alone(tmp_path):
    home = tmp_path / "home"
    (home / ".config" / "softhsm2" / "tokens").mkdir(parents=True)
    users = home / ".config" / "softhsm2" / "softhsm2.conf"
    users.write_text(f"directories.tokendir = {users.parent}/tokens\n", encoding="utf-8")
    folders = (Path("/etc/softhsm"), Path("/var/lib/softhsm"), home)
    before = [trace(folder) for folder in folders]
    done = run(USE, tmp_path / "antin", HOME=str(home))
    assert done.returncode == 0, done.stderr
    assert [trace(folder) for folder in folders] == before
    assert any((tmp_path / "antin" / "tokens").iterdir())


def test_tokens_are_there_in_the_next_process_and_after_a_move(tmp_path):
    assert run(USE, tmp_path / "một").returncode == 0
    (tmp_path / "một").rename(tmp_path / "hai")
    done = run(USE + "print(len(embedded.module().tokens()))", tmp_path / "hai")
    assert (done.returncode, done.stdout) == (0, "1\n")
    assert not (tmp_path / "một").exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_is_refused_and_the_parent_goes_on(tmp_path):
    done = run(FORK, tmp_path)
    assert done.returncode == 7, done.stderr


def test_a_changed_process_is_refused(module, token, monkeypatch):
    pid = os.getpid()
    with monkeypatch.context() as patch:
        patch.setattr("hsm.module.os.getpid", lambda: pid + 1)
        with pytest.raises(ForkedError):
            module.refresh(token)
        close_modules()  # a child leaves its parent's modules open
    assert module.refresh(token) == token


def test_a_parents_pin_is_not_in_any_processs_arguments():
    """Only what knows of no PIN starts processes."""
    sources = [path.read_text(encoding="utf-8") for path in Path(hsm.__file__).parent.rglob("*.py")]
    starting = [text for text in sources if "subprocess" in text or "os.exec" in text]
    assert starting
    assert not any("hsm.pin" in text or "reveal" in text for text in starting)


@pytest.mark.skipif(os.name != "posix", reason="modes mean nothing here")
def test_nobody_else_may_read_it(embedded, new_token):
    new_token()
    paths = [embedded.directory, *embedded.directory.rglob("*")]
    assert any(path.name == "token.object" for path in paths)
    for path in paths:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_a_directory_that_was_open_to_others_is_closed(tmp_path, module):
    folder = tmp_path / "mở"
    folder.mkdir(mode=0o755)
    with pytest.raises(EmbeddedConflictError):
        EmbeddedTokens(folder).module()
    assert not others_may_read(folder.stat())
    assert module.tokens()


def test_an_unchanged_configuration_is_not_written_again(embedded):
    configuration = embedded.directory / CONFIGURATION
    before = configuration.stat().st_mtime_ns
    embedded.module()
    assert configuration.stat().st_mtime_ns == before


@pytest.mark.parametrize("name", ["có # trong tên", "file/tokens"])
def test_a_directory_softhsm_cannot_use(tmp_path, name):
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    with pytest.raises(EmbeddedDirectoryError):
        EmbeddedTokens(tmp_path / name).module()


def test_labels_and_pins_are_checked_before_anything_is_made(embedded, new_token):
    taken = new_token()
    count = len(embedded.module().tokens())
    with pytest.raises(TokenExistsError):
        embedded.create_token(taken.label, USER_PIN, SO_PIN)
    with pytest.raises(LabelTooLongError):
        embedded.create_token("ệ" * 11, USER_PIN, SO_PIN)
    for user, officer in ((Pin("123"), SO_PIN), (USER_PIN, Pin("x" * 256))):
        with pytest.raises(PINNotAcceptedError):
            embedded.create_token("mới", user, officer)
    assert len(embedded.module().tokens()) == count
    assert new_token("ệ" * 10).label == "ệ" * 10


def test_softhsm_is_found_where_it_is_told_to_be(monkeypatch, tmp_path):
    usual = find_softhsm()
    assert usual.is_file()
    monkeypatch.setenv("ANTIN_SOFTHSM_MODULE", str(usual))
    assert find_softhsm() == usual
    monkeypatch.setenv("ANTIN_SOFTHSM_MODULE", str(tmp_path / "nothing.so"))
    with pytest.raises(SoftHSMMissingError) as caught:
        find_softhsm()
    assert caught.value.facts["looked"] == (str(tmp_path / "nothing.so"),)


def test_softhsm_in_none_of_the_usual_places(monkeypatch):
    monkeypatch.delenv("ANTIN_SOFTHSM_MODULE", raising=False)
    monkeypatch.setattr("hsm.embedded._USUAL_PLACES", ())
    with pytest.raises(SoftHSMMissingError):
        find_softhsm()


def test_files_that_are_no_modules(tmp_path):
    text = tmp_path / "text.so"
    text.write_text("no library", encoding="utf-8")
    narrow = tmp_path / "narrow.so"  # an ELF header of 32 bits, as some token drivers have
    narrow.write_bytes(b"\x7fELF\x01\x01\x01" + bytes(9) + b"\x03\x00\x03\x00\x01" + bytes(200))
    library = Path(sys.modules["_ctypes"].__file__)  # a library, and no PKCS#11 module
    for path in (tmp_path / "none.so", text, narrow, library, tmp_path, Path("a\0b")):
        with pytest.raises(ModuleUnusableError) as caught:
            open_module(path)
        assert caught.value.facts["module"] == path
        assert caught.value.facts["reason"]
    assert find_loaded(text) is None
