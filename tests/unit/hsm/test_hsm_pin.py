"""A PIN shows itself nowhere, and comes from where it was said to."""

from __future__ import annotations

import copy
import os
import pickle
import threading
from pathlib import Path

import pytest

from hsm.errors import (
    PINFileExposedError,
    PINMalformedError,
    PINSourceError,
    PINSourceUnavailableError,
)
from hsm.pin import (
    EnvPinSource,
    FdPinSource,
    FilePinSource,
    GivenPinSource,
    Pin,
    PromptPinSource,
    parse_pin_source,
)
from hsm.posix import keep_private, others_may_read
from hsm.tokens import TokenInfo

TOKEN = TokenInfo(label="thiết bị", serial="01")
SECRET = "mật khẩu 123"  # noqa: S105  of nothing


def write(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.fixture
def pipe():
    """Return what fills a pipe and gives its reading end."""
    opened = []
    writers = []

    def fill(content: bytes) -> int:
        reading, writing = os.pipe()

        def write_all() -> None:  # a pipe of Windows holds 4096 bytes, then the writer waits
            os.write(writing, content)
            os.close(writing)

        writers.append(threading.Thread(target=write_all))
        writers[-1].start()
        opened.append(reading)
        return reading

    yield fill
    for writer in writers:
        writer.join()
    for fd in opened:
        os.close(fd)


def test_a_pin_shows_itself_nowhere():
    pin = Pin(SECRET)
    shown = (repr(pin), str(pin), f"{pin}", f"{pin:>20}", f"{pin!r}", "%s" % pin, repr([pin]))  # noqa: UP031
    assert not any(SECRET in text or "123" in text for text in shown)
    assert not hasattr(pin, "__dict__")
    assert pin.reveal() == SECRET
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leave(pin)
    with pytest.raises(TypeError):
        hash(pin)


def test_pins_compare():
    assert Pin(SECRET) == Pin(SECRET)
    assert Pin(SECRET) != Pin("other")
    assert Pin(SECRET) != SECRET


def test_an_empty_pin_is_refused_before_it_costs_a_try():
    with pytest.raises(PINMalformedError):
        Pin("")


@pytest.mark.parametrize(
    "content",
    [
        SECRET.encode(),
        SECRET.encode() + b"\n",
        SECRET.encode() + b"\r\n",
        b"\xef\xbb\xbf" + SECRET.encode() + b"\r\n",  # as Windows' Notepad writes UTF-8
    ],
)
def test_one_line_break_at_the_end_is_not_the_pins(tmp_path, pipe, content):
    assert FilePinSource(write(tmp_path / "pin", content)).ask(TOKEN).reveal() == SECRET
    assert FdPinSource(pipe(content)).ask(TOKEN).reveal() == SECRET


@pytest.mark.parametrize(
    ("content", "secret"), [(b"12\n\n", "12\n"), (b" 12 \n", " 12 "), (b"12\r", "12\r")]
)
def test_everything_else_is(tmp_path, content, secret):
    assert FilePinSource(write(tmp_path / "pin", content)).ask(TOKEN).reveal() == secret


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf\n", b"\xff\xfe1234", b"1" * 4097])
def test_what_is_no_pin(tmp_path, pipe, content):
    for source in (FilePinSource(write(tmp_path / "pin", content)), FdPinSource(pipe(content))):
        with pytest.raises(PINMalformedError) as caught:
            source.ask(TOKEN)
        assert caught.value.__cause__ is None
        assert [*caught.value.facts] == ["source"]


@pytest.mark.skipif(os.name != "posix", reason="modes mean nothing here")
@pytest.mark.parametrize(
    ("mode", "exposed"),
    [(0o600, False), (0o400, False), (0o620, False), (0o640, True), (0o604, True)],
)
def test_a_pin_file_others_can_read_is_refused(tmp_path, mode, exposed):
    source = FilePinSource(write(tmp_path / "pin", b"1234", mode))
    if not exposed:
        assert source.ask(TOKEN).reveal() == "1234"
        return
    with pytest.raises(PINFileExposedError) as caught:
        source.ask(TOKEN)
    assert caught.value.facts == {"path": tmp_path / "pin"}


@pytest.mark.skipif(os.name != "posix", reason="modes mean nothing here")
def test_where_modes_mean_nothing_nothing_is_said(tmp_path, monkeypatch):
    path = write(tmp_path / "pin", b"1234", 0o644)
    assert others_may_read(path.stat())
    monkeypatch.setattr("sys.platform", "win32")
    assert not others_may_read(path.stat())
    keep_private(path)
    monkeypatch.undo()
    assert others_may_read(path.stat())
    keep_private(path)
    assert not others_may_read(path.stat())


def test_sources_that_are_not_there(tmp_path, pipe, monkeypatch):
    monkeypatch.delenv("ANTIN_TEST_PIN", raising=False)
    gone = pipe(b"1234")
    for source in (
        FilePinSource(tmp_path / "none"),
        FilePinSource(tmp_path),
        FilePinSource(Path("a\0b")),
        EnvPinSource("ANTIN_TEST_PIN"),
        FdPinSource(987654),
        FdPinSource(2**70),
    ):
        with pytest.raises(PINSourceUnavailableError) as caught:
            source.ask(TOKEN)
        assert caught.value.facts["source"]
    assert FdPinSource(gone).ask(TOKEN).reveal() == "1234"


def test_the_environment(monkeypatch):
    monkeypatch.setenv("ANTIN_TEST_PIN", SECRET)
    assert EnvPinSource("ANTIN_TEST_PIN").ask(TOKEN).reveal() == SECRET
    monkeypatch.setenv("ANTIN_TEST_PIN", "")
    with pytest.raises(PINMalformedError):
        EnvPinSource("ANTIN_TEST_PIN").ask(TOKEN)


def test_bytes_that_are_no_text_are_refused_without_showing_them(monkeypatch):
    monkeypatch.setenv("ANTIN_TEST_PIN", "12\udcff34")
    with pytest.raises(PINMalformedError) as caught:
        EnvPinSource("ANTIN_TEST_PIN").ask(TOKEN)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert caught.value.facts == {"source": "env:ANTIN_TEST_PIN"}


def test_a_descriptor_is_read_once_and_answers_again(pipe):
    source = FdPinSource(pipe(b"1234\n"))
    assert source.ask(TOKEN) == source.ask(TOKEN) == Pin("1234")


def test_the_prompt_is_told_which_token():
    asked = []

    def prompt(token: TokenInfo) -> str:
        asked.append(token)
        return SECRET

    assert PromptPinSource(prompt).ask(TOKEN).reveal() == SECRET
    assert asked == [TOKEN]
    assert GivenPinSource(Pin(SECRET)).ask(TOKEN) == Pin(SECRET)


def test_sources_by_their_words(tmp_path, pipe, monkeypatch):
    monkeypatch.setenv("ANTIN_TEST_PIN", "từ env")
    path = write(tmp_path / "pin: of An", "từ file".encode())
    fd = pipe("từ fd".encode())
    read = {
        text: parse_pin_source(text, lambda _: "từ prompt").ask(TOKEN).reveal()
        for text in ("prompt", "env:ANTIN_TEST_PIN", f"file:{path}", f"fd:{fd}")
    }
    assert [*read.values()] == ["từ prompt", "từ env", "từ file", "từ fd"]


@pytest.mark.parametrize(
    "text",
    ["", "1234", "env", "env:", "file:", "fd:", "fd:x", "fd:-1", "fd:²", "prompt:1234", "pin:1234"],
)
def test_other_words_are_refused_and_not_repeated(text):
    with pytest.raises(PINSourceError) as caught:
        parse_pin_source(text, lambda _: "")
    assert caught.value.facts == {}
